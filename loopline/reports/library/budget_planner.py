"""Budget planner: what a tenth more spend would go with, by channel or campaign, with its range."""

from dataclasses import replace
from functools import partial

from loopline.lib.amounts import money_whole_text
from loopline.reports.balance import sum_records
from loopline.reports.dimension import DIMENSIONS, TOTAL
from loopline.reports.kept import kept_or
from loopline.reports.metric import Metric, Number, Unit, ratio_of
from loopline.reports.naming import Name, named
from loopline.reports.opened import Opened
from loopline.reports.options import OptionError, Scope
from loopline.reports.report import Report, result_of
from loopline.reports.response.curve import FEWEST_WEEKS, LEAST_VARIATION, NotKnownError, respond
from loopline.reports.response.weeks import OUTCOME_KINDS, Series, unallocated_spend, weekly_series, whole_weeks
from loopline.reports.response.workings import Learnt, curves_of, weeks_of
from loopline.reports.result import Check, ReportResult, Row
from loopline.store.engine import Engine

KEY = "budget-planner"
BY = {"channel": "Channel", "campaign": "Campaign"}
OUTCOMES = {
    "lead": "leads",
    "qualified": "qualified leads",
    "opportunity": "opportunities",
    "revenue": "won revenue",
}
_WEEK = "week of the cost and of the conversion"


_OF_OUTCOME = frozenset({"outcome", "gain", "gain_low", "gain_high"})
"""Told in what the outcome is: a count, or money where it is won revenue."""


def _told(key: str, label: str, short: str, formula: str, unit: Unit = Unit.COUNT) -> Metric:
    return ratio_of(key, label, formula, dated=_WEEK, unit=unit, short=short)


METRICS = (
    _told("spend_minor", "Cost a week", "Cost a week", "mean of the last 13 whole weeks", Unit.MONEY),
    _told("outcome", "Outcome a week", "Outcome a week", "mean of the last 13 whole weeks, credited by the model: "
          "leads unless another conversion is asked for; won is told in revenue"),
    _told("more_minor", "10 % more", "10 % more", "a tenth of the cost a week", Unit.MONEY),
    _told("gain", "Extra outcome at 10 % more", "Extra outcome", "outcome a week at 10 % more cost less that at "
          "the cost of now, on the curve that fits best"),
    _told("gain_low", "Extra outcome, at least", "At least", "the lowest that any curve says which fits nearly as "
          "well (95 %)"),
    _told("gain_high", "Extra outcome, at most", "At most", "the highest that any curve says which fits nearly as "
          "well (95 %)"),
    _told("least_minor", "Lowest week", "Lowest week", "least spent in a week; below it nothing is known", Unit.MONEY),
    _told("most_minor", "Highest week", "Highest week", "most spent in a week; above it nothing is known", Unit.MONEY),
    _told("weeks", "Weeks", "Weeks", "whole weeks in a row with a known cost, up to the last"),
)  # fmt: skip


def learnt_rows(scope: Scope, engine: Engine) -> list[Learnt]:
    """All rows with a cost, remembered for the same books and options. Raises OptionError and StoreError."""
    return kept_or(engine, f"{KEY}/curves", scope, partial(_learn, scope, engine))


def _learn(scope: Scope, engine: Engine) -> list[Learnt]:
    series = weekly_series(scope, engine)
    names = named(DIMENSIONS[scope.options.by].naming, series.keys(), scope, engine)
    return [_learnt(key, names[key], one) for key, one in series.items()]


def _learnt(key: str, name: Name, series: Series) -> Learnt:
    try:
        return Learnt(key, name, series, respond(series.spend, series.outcome))
    except NotKnownError as error:
        return Learnt(key, name, series, None, str(error))


def outcome_words(scope: Scope) -> str:
    return OUTCOMES[OUTCOME_KINDS[scope.options.conversion]]


def _run(report: Report, scope: Scope, engine: Engine) -> ReportResult:
    found = learnt_rows(scope, engine)
    is_money = OUTCOME_KINDS[scope.options.conversion] == "revenue"
    rows = [
        _row(one, is_money=is_money)
        for one in sorted(found, key=lambda one: (one.response is None, -_now(one), one.key))
    ]
    empty = Row(TOTAL, "Total", values={metric.key: None for metric in METRICS})
    result = result_of(report, scope, BY[scope.options.by], rows, empty)
    result.has_total = False
    result.metrics = _columns(is_money=is_money)
    if found:
        result.check = _check(found, whole_weeks(scope), engine)
    refused = sum(one.response is None for one in found)
    result.warnings.append(
        f"The outcome is {outcome_words(scope)}. A curve is an association: what was spent while demand was high "
        "anyway looks better than it is. An experiment tells them apart."
    )
    if refused:
        result.warnings.append(f"{refused:,} of {len(found):,} rows teach nothing; each says why.")
    return result


def _columns(*, is_money: bool) -> list[Metric]:
    return [replace(one, unit=Unit.MONEY) if is_money and one.key in _OF_OUTCOME else one for one in METRICS]


def _check(found: list[Learnt], scope: Scope, engine: Engine) -> Check:
    """The weeks that curves learn from hold all of the cost; what belongs to no row is told."""
    learnt = sum(spend or 0 for one in found for spend in one.series.spend)
    without, currency = unallocated_spend(scope, engine), scope.books.currency
    words = f"actual cost of the whole weeks, {money_whole_text(without, currency)} of it without a row"
    return Check(words, sum_records(engine, scope).cost_minor, learnt + without, currency)


def _now(one: Learnt) -> float:
    return one.response.now if one.response else 0.0


def _row(one: Learnt, *, is_money: bool) -> Row:
    values: dict[str, Number] = {metric.key: None for metric in METRICS}
    response = one.response
    if response is None:
        return Row(one.key, one.name.label, one.refusal, values=values, young_note=f"nothing is known: {one.refusal}")
    digits = None if is_money else 2  # None: whole minor units
    values |= {
        "spend_minor": round(response.now),
        "outcome": round(response.outcome_now, digits),
        "more_minor": round(response.now / 10),
        "least_minor": round(response.least),
        "most_minor": round(response.most),
        "weeks": response.weeks,
    }
    if not response.knows_ten_more:
        return Row(one.key, one.name.label, "10 % more is beyond every week that was seen", values=values)
    gain = response.ten_more()
    values |= {
        "gain": round(gain.value, digits), "gain_low": round(gain.low, digits), "gain_high": round(gain.high, digits),
    }  # fmt: skip
    note = "cannot be told from nothing" if gain.low <= 0 <= gain.high else ""
    note = "hangs on one odd week; look at it first" if response.hangs_on is not None else note
    return Row(one.key, one.name.label, note, values=values)


def _open(row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
    """The weeks of the row, and where the figure comes from a curve, what each that fits says.

    Raises OptionError for a row that has no cost in whole weeks.
    """
    is_money = OUTCOME_KINDS[scope.options.conversion] == "revenue"
    column = next(one for one in _columns(is_money=is_money) if one.key == metric)
    found = next((one for one in learnt_rows(scope, engine) if one.key == row), None)
    if found is None:
        raise OptionError(f"There is no cost of “{row}” in the whole weeks of the period.", "row")
    workings = [curves_of(found.response, scope)] if found.response and metric in _FROM_CURVES else []
    figure = _row(found, is_money=is_money).values[metric]
    return Opened(column, row, (), 0, figure, workings=(*workings, weeks_of(found, scope)), label=found.name.label)


_FROM_CURVES = frozenset({"gain", "gain_low", "gain_high"})
REPORT = Report(
    key=KEY,
    label="Budget planner",
    summary="What spending a tenth more would go with, by channel or campaign, from the own weeks, with a range; and "
    "where the weeks cannot tell.",
    question="What would spending 10 % more bring?",
    metrics=METRICS,
    run=_run,
    open=_open,
    opens=frozenset(metric.key for metric in METRICS),
    by=BY,
    reads=frozenset({"model", "lookback"}),
    shares_credit=True,
    leading=("spend_minor", "gain", "gain_low", "gain_high"),
    how=(
        f"A row teaches nothing with fewer than {FEWEST_WEEKS} whole weeks of known cost in a row, where weekly cost "
        f"varied by less than {100 * LEAST_VARIATION:.0f} % of its mean, or where next to nothing came of it.",
        "The curve has diminishing returns (Hill), cost may work on for weeks (adstock), and a trend and, from "
        "78 weeks on, a yearly wave are told apart from it. The range holds what any of 96 shapes says that fits "
        "nearly as well as the best; in simulated worlds with a known truth it held it in more than nine of ten.",
        "Every figure opens into the weeks it was worked out from, and these into their cost lines and the leads or "
        "opportunities that came about in them.",
        "Credit is the model's. Outcomes of the last weeks may still come: long sales make late cost look bad.",
    ),
    rests_on=frozenset({"won", "cost"}),
)  # fmt: skip
