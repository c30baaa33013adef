"""The closed-loop report: credit from the ledger, visits from the touchpoints, cost from the cost ledger, row by row.

Each side is summed before they meet: three answers with the same row keys, put together here.
"""

from collections import defaultdict
from collections.abc import Iterable

from loopline.attribution.model import MODELS
from loopline.reports import closed_loop_sql as sql
from loopline.reports.balance import Sums, number, sum_records
from loopline.reports.dimension import DIMENSIONS, NOTHING, OTHER_UNITS, TOTAL, UNATTRIBUTED, UNMAPPED, Dimension
from loopline.reports.figures import Figures
from loopline.reports.metric import METRICS, Metric
from loopline.reports.naming import names_of
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import Balance, ReportResult, Row
from loopline.reports.warn import warnings_of
from loopline.store.engine import Engine
from loopline.store.engine import Row as Found

_FIELDS = {"lead": "leads", "opportunity": "opportunities", "won": "won"}
"""Where the credit of each kind of conversion counts."""


def run(report: Report, scope: Scope, engine: Engine) -> ReportResult:
    tally = Tally(scope)
    dimension, model = DIMENSIONS[scope.options.by], MODELS[scope.options.model]
    tally.take_credit(engine.rows(sql.credit_and_visits(dimension, model), scope.params))
    if model.overlaps:
        tally.take_once(engine.rows(sql.credit_once(dimension, model), scope.params))
    tally.take_cost(engine.rows(sql.cost(dimension), scope.params))
    sums = sum_records(engine, scope)
    metrics = [METRICS[key] for key in report.metrics]
    rows = _rows(tally, dimension, metrics, scope, engine)
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
        totals=Row(
            TOTAL, "Total", values=_values(tally.total, metrics), cost_note="; ".join(tally.cost_notes(dimension, rows))
        ),
        balance=tally.balance(sums),
        warnings=warnings_of(tally, sums, rows, dimension, scope, engine),
        machine_sessions=tally.machine_sessions,
    )


class Tally:
    """Figures per row, gathered from the answers."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.overlaps = MODELS[scope.options.model].overlaps
        self.figures: dict[str, Figures] = defaultdict(Figures)
        self.total = Figures()
        self.machine_sessions = 0
        self.credited = self.credited_outside = 0
        self.reasons: dict[str, int] = {}
        self.allocated = self.unallocated = 0
        self.without_rate: dict[str, int] = {}

    def take_credit(self, found: Iterable[Found]) -> None:
        for row in found:
            match row["section"]:
                case "visits":
                    figures = self.figures[str(row["row_key"])]
                    figures.sessions, figures.people = number(row["amount"]), number(row["converted"])
                    self.total.sessions += figures.sessions
                case "everyone":
                    self.total.people, self.machine_sessions = number(row["converted"]), number(row["amount"])
                case "credit" if self.overlaps:
                    self._credit(self.figures[str(row["row_key"])], row)
                case "credit":
                    self._credit(self.figures[str(row["row_key"])], row)
                    self._credit(self.total, row)
                    self._count_credit(row)
                case _:
                    self._count_unattributed(row)

    def take_once(self, found: Iterable[Found]) -> None:
        """The total where rows overlap: the rows are never summed."""
        for row in found:
            self._credit(self.total, row)
            self._count_credit(row)

    def _credit(self, figures: Figures, row: Found) -> None:
        amount, kind = number(row["amount"]), str(row["kind"])
        if kind == "revenue":
            figures.revenue_minor += amount
            figures.contribution += amount * self.scope.books.margins.get(str(row["unit_id"]), 100)
        else:
            setattr(figures, _FIELDS[kind], getattr(figures, _FIELDS[kind]) + amount)
            figures.converted += number(row["converted"])

    def _count_credit(self, row: Found) -> None:
        if row["kind"] == "revenue":
            self.credited += number(row["amount"]) + number(row["outside"])
            self.credited_outside += number(row["outside"])

    def _count_unattributed(self, row: Found) -> None:
        """A conversion without touchpoints has no touchpoint date, so no cohort holds it: there it only balances."""
        if row["kind"] == "revenue":
            reason = str(row["row_key"])
            self.reasons[reason] = self.reasons.get(reason, 0) + number(row["amount"])
        if self.scope.options.clock == "period":
            self._credit(self.figures[UNATTRIBUTED], row)
            self._credit(self.total, row)

    def take_cost(self, found: Iterable[Found]) -> None:
        for row in found:
            key = str(row["row_key"])
            known = number(row["cost_minor"]) if number(row["lines"]) > number(row["without_rate"]) else None
            self.figures[key or UNATTRIBUTED].add_cost(known)
            self.total.add_cost(known)
            self.without_rate[key or UNATTRIBUTED] = number(row["without_rate"])
            if key:
                self.allocated += known or 0
            else:
                self.unallocated += known or 0

    def balance(self, sums: Sums) -> Balance:
        return Balance(
            currency=self.scope.books.currency,
            revenue_minor=sums.revenue_minor,
            credited_minor=self.credited,
            unattributed_minor=sum(self.reasons.values()),
            cost_minor=sums.cost_minor,
            allocated_minor=self.allocated,
            unallocated_minor=self.unallocated,
            credited_outside_minor=self.credited_outside,
            unattributed_reasons=self.reasons,
        )

    def cost_note(self, key: str, dimension: Dimension) -> str:
        """Why the cost of a row is incomplete; "" when it is not, or when no cost can be expected there."""
        if lines := self.without_rate.get(key, 0):
            return f"cost incomplete: {lines} cost line{'s' if lines > 1 else ''} without an exchange rate"
        is_value = key not in {NOTHING, UNMAPPED, OTHER_UNITS, UNATTRIBUTED}
        if is_value and dimension.key == "campaign" and self.figures[key].cost_minor is None:
            return "cost incomplete: no cost line in this period"
        return ""

    def cost_notes(self, dimension: Dimension, rows: Iterable[Row]) -> list[str]:
        incomplete = sum(1 for row in rows if row.cost_note)
        if not incomplete:
            return []
        return [f"cost incomplete in {incomplete} {dimension.label.lower()} row{'s' if incomplete > 1 else ''}"]


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


def _values(figures: Figures, metrics: Iterable[Metric]) -> dict[str, int | float | None]:
    return {metric.key: metric.value(figures) for metric in metrics}
