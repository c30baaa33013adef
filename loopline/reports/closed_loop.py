"""The closed-loop report: what each row of a dimension cost, and what it earned."""

from collections.abc import Iterable

from loopline.reports.at_window import AtWindow
from loopline.reports.balance import sum_records
from loopline.reports.cost_gaps import unbooked
from loopline.reports.dimension import DIMENSIONS, NOTHING, OTHER_UNITS, TOTAL, UNATTRIBUTED, UNMAPPED, Dimension
from loopline.reports.figures import Figures
from loopline.reports.metric import METRICS, Metric
from loopline.reports.naming import names_of
from loopline.reports.options import OptionError, Scope
from loopline.reports.over_time.slices import slices
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.periods import DAY
from loopline.reports.report import Report
from loopline.reports.result import ReportResult, Row
from loopline.reports.ripeness import YOUNG, ripeness, ripeness_words
from loopline.reports.side_by_side import CONVERSIONS, METRIC, side_by_side
from loopline.reports.tally import Tally, tallies_of, tally_of
from loopline.reports.warn import warnings_of
from loopline.store.engine import Engine

OF_CONVERSION: dict[str, tuple[str, ...]] = {
    "lead": ("leads", "converted", "cost_per_lead_minor"),
    "qualified": ("qualified", "cost_per_qualified_minor"),
    "opportunity": ("opportunities", "cost_per_opportunity_minor"),
    "won": ("won", "cost_per_won_minor"),
}
"""Columns of a run that is about one conversion, beside visits, revenue and cost."""


def columns_of(report: Report, scope: Scope) -> list[Metric]:
    own = OF_CONVERSION.get(scope.options.conversion)
    if own is None:
        return [*report.metrics]
    return [METRICS[key] for key in ("sessions", "people", *own, "revenue_minor", "cost_minor", "romi")]


def run(report: Report, scope: Scope, engine: Engine) -> ReportResult:
    return _told(report, tally_of(scope, engine, periods=slices(scope)[1]), engine)


def run_both(report: Report, before: Scope, scope: Scope, engine: Engine) -> tuple[ReportResult, ReportResult] | None:
    """The report of a period and of the one just before, in one question; None where they have to be asked apart."""
    model, follows = scope.model, before.last + DAY == scope.first
    if not follows or model.is_fitted or model.overlaps or scope.options.clock != "period":
        return None
    earlier, later = tallies_of(before, scope, engine)
    return _told(report, earlier, engine, is_before=True), _told(report, later, engine)


def _told(report: Report, tally: Tally, engine: Engine, *, is_before: bool = False) -> ReportResult:
    """`is_before`: its figures only stand beside those of the period that follows; its books are not balanced again,
    and nobody is told what is unknown of its cost."""
    scope = tally.scope
    step, periods = slices(scope)
    dimension = DIMENSIONS[scope.options.by]
    sums = None if is_before else sum_records(engine, scope)
    metrics = columns_of(report, scope)
    if not is_before:
        tally.take_unbooked(engine.rows(unbooked(dimension), scope.params))
    rows = _rows(tally, dimension, metrics, scope, engine)
    is_cohort = scope.options.clock == "cohort"
    ripe = ripeness(tally.earned_after, scope) if is_cohort else None
    return ReportResult(
        report=report.key,
        title=f"{report.label} by {dimension.label.lower()}",
        question=dimension.question,
        by=dimension.key,
        model=scope.options.model,
        clock=scope.options.clock,
        first=scope.first,
        last=scope.last,
        as_of=scope.as_of,
        lookback_days=scope.options.lookback_days,
        metrics=metrics,
        rows=rows,
        totals=Row(TOTAL, "Total", values=_values(tally.total, metrics), cost_note=tally.gap.words),
        currency=scope.books.currency,
        head=dimension.label,
        balance=tally.balance(sums) if sums else None,
        warnings=[
            *(ripeness_words(ripe, scope) if is_cohort else ()),
            *(warnings_of(tally, sums, rows, dimension, scope, engine) if sums else ()),
        ],
        ripe=ripe,
        is_young=is_cohort and (ripe is None or ripe < YOUNG),
        machine_sessions=tally.machine_sessions,
        counts=scope.options.counts,
        over_time=Sparks(step, tuple(periods), {key: tuple(points) for key, points in tally.points.items()}),
    )


def _rows(tally: Tally, dimension: Dimension, metrics: list[Metric], scope: Scope, engine: Engine) -> list[Row]:
    names = names_of(dimension, tally.figures.keys(), scope, engine)
    rows = []
    for key, figures in tally.figures.items():
        name = names[key]
        figures.has_visits = figures.has_own_cost = key != UNATTRIBUTED
        rows.append(
            Row(
                key=key,
                label=name.label,
                note=name.note,
                is_rest=key.startswith("~") or key == NOTHING,
                values=_values(figures, metrics),
                cost_note=tally.cost_note(key, dimension),
            )
        )
    order = [UNATTRIBUTED, OTHER_UNITS, UNMAPPED, NOTHING]

    def place(row: Row) -> tuple[int, int, int, str]:
        figures = tally.figures[row.key]
        rest = len(order) - order.index(row.key) if row.key in order else 0
        return rest, -figures.revenue_minor, -(figures.cost_minor or 0), row.label

    return sorted(rows, key=place)


def at_window(scope: Scope, engine: Engine) -> AtWindow:
    """The credit of the conversion that the run is about, else of revenue, by its model."""
    conversion, key = scope.options.conversion or "revenue", scope.model.key
    found = side_by_side(scope, [key], conversion, engine)
    if key in found.refused:
        raise OptionError(found.refused[key], "model")
    rows = {row.key: row.credit[key] for row in found.rows}
    records, what = None, ""
    if scope.options.clock == "period":  # in a cohort a window decides which conversions lie in it
        sums = sum_records(engine, scope)
        records = sums.revenue_minor if sums.records is None else sums.records
        what = "won in the period" if sums.records is None else f"{CONVERSIONS[conversion].lower()} in the period"
    names = {row.key: row.name for row in found.rows}
    return AtWindow(METRICS[METRIC[conversion]], rows, names, found.totals[key], records, what)


def _values(figures: Figures, metrics: Iterable[Metric]) -> dict[str, int | float | None]:
    return {metric.key: metric.value(figures) for metric in metrics}
