"""Model comparison: the revenue of each row by several attribution models, and how far they are apart."""

from collections.abc import Sequence
from dataclasses import replace

from loopline.attribution.model import MODELS, Model
from loopline.attribution.own_model import PREFIX as OWN
from loopline.attribution.own_model import is_own
from loopline.reports.balance import sum_records
from loopline.reports.credit_opened import open_credit
from loopline.reports.dimension import DIMENSIONS, TOTAL
from loopline.reports.metric import Metric, Number, Unit, ratio_of, sum_of
from loopline.reports.opened import Opened
from loopline.reports.options import OptionError, Scope
from loopline.reports.over_time.slices import slices
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.report import Report, result_of
from loopline.reports.result import Check, ReportResult, Row
from loopline.reports.side_by_side import AT_FIRST, Compared, SideBySide, side_by_side
from loopline.store.engine import Engine

PREFIX = "by_"
COURSE = "linear"
"""The model that rows are shown over time by: what every report is told by where nothing else is asked for."""
_DATED = "closing date"


def _metric(model: Model) -> Metric:
    return sum_of(
        f"{PREFIX}{model.key}", f"Revenue by {model.label}", f"revenue shared by the model: {model.weights}",
        of="opportunity", dated=_DATED, unit=Unit.MONEY, short=model.label,
    )  # fmt: skip


APART = ratio_of(
    "models_apart", "Difference", "(largest − smallest) ÷ largest, of the models that share out by touchpoints",
    dated=_DATED, is_neutral=True,
)  # fmt: skip
_STATIC = tuple(_metric(MODELS[key]) for key in MODELS if key in AT_FIRST)


def _run(report: Report, scope: Scope, engine: Engine) -> ReportResult:
    keys = [key for key in scope.models if key in AT_FIRST or is_own(key)]
    found = side_by_side(scope, keys, "revenue", engine, course=COURSE)
    shown = [key for key in keys if key not in found.refused]
    total = Row(TOTAL, "Total", values=_values(found.totals, None, shown))
    rows = [_row(one, shown) for one in found.rows]
    result = result_of(report, scope, DIMENSIONS[scope.options.by].label, rows, total)
    columns = [_metric(scope.models[key]) for key in shown]
    result.metrics = [*columns, replace(APART, parts=tuple(column.key for column in columns))]
    result.warnings = [
        *found.disagreements,
        *(f"{scope.models[key].label}: {why}" for key, why in found.refused.items()),
    ]
    step, periods = slices(scope)
    course = {key: tuple(points) for key, points in found.points.items()}
    result.over_time = Sparks(step, tuple(periods), course, _metric(scope.models[COURSE]))
    if rows:
        records = sum_records(engine, scope).revenue_minor
        result.check = Check("won in the period", records, _worst(found, shown, records), scope.books.currency)
    return result


def _row(one: Compared, shown: Sequence[str]) -> Row:
    is_rest = not one.key or one.key.startswith("~")
    values = _values(one.credit, one.apart, shown)
    return Row(one.key, one.name.label, one.name.note, is_rest, values, mind=one.disagreement)


def _values(credit: dict[str, Number], apart: float | None, shown: Sequence[str]) -> dict[str, Number]:
    values: dict[str, Number] = {f"{PREFIX}{key}": credit.get(key) for key in shown}
    return values | {APART.key: None if apart is None else round(apart, 4)}


def _worst(found: SideBySide, shown: Sequence[str], records: int) -> int:
    """The total of the model that is furthest from the records: when it meets them, all do."""
    return max((int(found.totals[key] or 0) for key in shown), key=lambda total: abs(total - records), default=0)


def _open(row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
    """The won opportunities with what each gives to the row by the model of the column."""
    model = scope.models.get(metric.removeprefix(PREFIX))
    if model is None:
        raise OptionError("There is no such model any more. Choose another column.", "metric")
    asked = replace(scope, options=replace(scope.options, model=model.key))
    return open_credit(_metric(model), "revenue", row, asked, engine)


REPORT = Report(
    key="model-comparison",
    label="Model comparison",
    summary="Revenue of each campaign, channel and so on by the usual attribution models and those of the "
    "organisation's own, side by side, with how far they are apart.",
    question="How much does the answer depend on the model?",
    metrics=(*_STATIC, APART),
    run=_run,
    has_course=True,
    by={"campaign": DIMENSIONS["campaign"].label} | {key: one.label for key, one in DIMENSIONS.items()},
    reads=frozenset({"lookback", "touchpoints"}),
    open=_open,
    opens=frozenset(metric.key for metric in _STATIC),
    opens_also=f"{PREFIX}{OWN}",
    in_closed_loop=lambda metric: {"metric": "revenue_minor", "model": metric.removeprefix(PREFIX)},
    usual_period="last_90_days",
    leading=("by_linear", "by_first_touch", "by_last_touch"),
    how=(
        "Every model shares out the same revenue; they differ only in who gets it. Where they lie far apart on a row "
        "that matters, the note above the table says what that means.",
        "Credit is shared, not proven: only an experiment tells what would not have happened otherwise. More models, "
        "other conversions, intervals and the window's sensitivity are on the page Models.",
    ),
    rests_on=frozenset({"won"}),
)
