"""Forecast: what is likely to be won in the months to come, by the organisation's own rates and lags, with a range."""

from datetime import date

from loopline.reports.balance import number
from loopline.reports.charts.rows import ranges
from loopline.reports.dimension import TOTAL
from loopline.reports.forecast.behind import open_forecast
from loopline.reports.forecast.columns import METRICS, SOURCES
from loopline.reports.forecast.growth import growth_said
from loopline.reports.forecast.learnt import TooLittleError, learn
from loopline.reports.forecast.months import months_of
from loopline.reports.forecast.opportunities import IN_THE_BOOKS
from loopline.reports.forecast.outlook import Outlook
from loopline.reports.forecast.waits import not_known_of
from loopline.reports.forecast.workings import LISTS
from loopline.reports.metric import Number
from loopline.reports.options import Scope
from loopline.reports.report import Report, result_of
from loopline.reports.result import Check, ReportResult, Row
from loopline.store.engine import Engine


def _run(report: Report, scope: Scope, engine: Engine) -> ReportResult:
    try:
        learnt = learn(scope, engine)
    except TooLittleError as error:
        return _none(report, scope, str(error))
    seen = learnt.outlook(scope)
    [straight] = engine.rows(IN_THE_BOOKS, scope.params)
    rows = [_row(first, seen, place) for place, first in enumerate(months_of(scope))]
    result = result_of(report, scope, "Month", rows, Row(TOTAL, "Total"))
    # Rounded month by month, the sum must be that of the rows; what all months may bring at least or at most is no sum.
    sums = {key: sum(int(row.values[key] or 0) for row in rows) for key in ("expected_minor", *SOURCES)}
    result.totals.values = {**sums, **_range(seen.total_low, seen.total_high)}
    result.check = Check("open opportunities in the books", number(straight["sales"]), len(seen.of_each))
    result.warnings += not_known_of(learnt.open_now, seen.chances, learnt.by_stage)
    result.warnings += growth_said(learnt.came)
    return result


def _none(report: Report, scope: Scope, why: str) -> ReportResult:
    totals = Row(TOTAL, "Total", values={metric.key: None for metric in METRICS})
    result = result_of(report, scope, "Month", [], totals)
    result.warnings.append(why)
    return result


def _row(first: date, seen: Outlook, place: int) -> Row:
    parts = [round(float(one[place])) for one in (seen.from_open, seen.from_leads, seen.to_come)]
    values: dict[str, Number] = {"expected_minor": sum(parts), **dict(zip(SOURCES, parts, strict=True))}
    note = "what is left of it" if place == 0 else ""
    return Row(first.isoformat(), f"{first:%b %Y}", note, values=values | _range(seen.low[place], seen.high[place]))


def _range(low: float, high: float) -> dict[str, Number]:
    return {"expected_low_minor": round(float(low)), "expected_high_minor": round(float(high))}


REPORT = Report(
    key="forecast",
    label="Forecast",
    summary="Revenue of the months to come: open opportunities, leads in hand and leads to come, by the organisation's "
    "own rates and lags, with a range.",
    question="What is likely to be won in the next six months, and how sure is that?",
    metrics=METRICS,
    run=_run,
    open=open_forecast,
    opens=frozenset({"expected_low_minor", "expected_high_minor", *SOURCES}),
    opens_within=frozenset(LISTS),
    group="Win",
    chart=lambda result: ranges(result, "expected_minor", "expected_low_minor", "expected_high_minor"),
    leading=("expected_minor", "expected_low_minor", "expected_high_minor", *SOURCES),
    how=(
        "The period is what the forecast learns from: what became in it of opportunities that had waited as long in "
        "the same stage; win rates of those decided in it, by the stages they had reached; their lags and amounts; "
        "leads created in it that had long enough.",
        "Winning and losing compete, and what is still open counts as long as it was seen (Aalen–Johansen). Where of "
        "fewer than 30 that had waited as long it is known what became of them, those that had as nearly make up for "
        "the others; where there are fewer than 30 in all, the win rate of the stage and the lags of what was won "
        "count, and the page says of how many.",
        "2,000 draws: each draws the rates, the pace and the worth of a mean sale from what they may be, each "
        "opportunity's outcome and month, and the number and worth of sales that leads become. The range leaves out "
        "the lowest and the highest tenth.",
        "What is expected from open opportunities opens into each of them, with its mean over the draws. Leads of one "
        "age are alike: what is expected from leads in hand opens into them, dealt out by the chance of their age. "
        "Leads to come are nobody yet: they open into the pace and the rate they are told from.",
        "It knows nothing of seasons, of new prices or of a colleague who leaves; leads to come do not grow in number "
        "(where they clearly did within a year the page says so), and an amount is taken as it stands: larger sales "
        "may be won more or less often than small ones. Ask it as of an earlier day and compare with what came.",
    ),
    rests_on=frozenset({"won", "open"}),
)  # fmt: skip
