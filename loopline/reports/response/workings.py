"""What a figure of the budget planner was worked out from: the weeks of the row, and what each curve says that fits."""

from dataclasses import dataclass
from datetime import date

from loopline.reports.metric import Metric, Unit, ratio_of, sum_of
from loopline.reports.naming import Name
from loopline.reports.opened import Step, Working
from loopline.reports.options import Scope
from loopline.reports.periods import DAY
from loopline.reports.response.curve import RECENT_WEEKS, Response
from loopline.reports.response.weeks import OUTCOME_KINDS, Series

IN_CLOSED_LOOP = {"lead": "leads", "qualified": "qualified", "opportunity": "opportunities", "revenue": "revenue_minor"}
"""Kind of the outcome → the figure of the closed loop that has the same of a week."""
_DATED = "week of the cost and of the conversion"
SPEND = sum_of("week_spend_minor", "Cost", "actual cost of the days of the week; — before the first known cost",
               of="cost line and day", dated=_DATED, unit=Unit.MONEY, is_neutral=True)  # fmt: skip
OUTCOME = sum_of("week_outcome", "Outcome", "what came about in the week, credited by the model", of="record",
                 dated=_DATED)  # fmt: skip
REVENUE = sum_of("week_outcome", "Won revenue", "won in the week, credited by the model", of="opportunity",
                 dated=_DATED, unit=Unit.MONEY)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Learnt:
    """One row: its weeks, and what they teach, or why they teach nothing."""

    key: str
    name: Name
    series: Series
    response: Response | None
    refusal: str = ""


def weeks_of(found: Learnt, scope: Scope) -> Working:
    """The weeks of the row, the latest first; each opens in the closed loop."""
    kind = OUTCOME_KINDS[scope.options.conversion]
    outcome = REVENUE if kind == "revenue" else OUTCOME
    series = found.series
    steps = [
        Step(
            f"{monday:%-d %b %Y}",
            {SPEND.key: spend, outcome.key: round(came, 6)},
            "" if spend is not None else "no cost is known yet",
            {
                key: there
                for key, there in _leads(found.key, monday, scope, IN_CLOSED_LOOP[kind]).items()
                if (spend if key == SPEND.key else came)
            },
        )
        for monday, spend, came in zip(series.mondays, series.spend, series.outcome, strict=True)
    ]
    words = f"What is spent now, and what comes of it, are the means of the last {RECENT_WEEKS} weeks."
    return Working("Whole weeks of the period", "Week of", (SPEND, outcome), tuple(reversed(steps)), words)


def _leads(row: str, monday: date, scope: Scope, outcome: str) -> dict[str, dict[str, str]]:
    there = {
        "report": "closed-loop", "row": row, "by": scope.options.by, "period": "custom", "clock": "period",
        "conversion": "", "from": monday.isoformat(), "to": (monday + 6 * DAY).isoformat(),
    }  # fmt: skip
    return {SPEND.key: there | {"metric": "cost_minor"}, "week_outcome": there | {"metric": outcome}}


def curves_of(response: Response, scope: Scope) -> Working:
    """What each curve that fits nearly as well as the best says of ten percent more."""
    is_money = OUTCOME_KINDS[scope.options.conversion] == "revenue"
    columns = tuple(_said(key, label, is_money=is_money) for key, label in
                    (("says", "Extra outcome"), ("says_low", "At least"), ("says_high", "At most")))  # fmt: skip
    steps = []
    for place, one in enumerate(response.near()):
        told = response.says(one, response.now, 1.1 * response.now)
        shape = f"{100 * one.shape.carry_over:.0f} % carries over to the next week, steepness {one.shape.power:g}"
        half = f"half of its most at {one.shape.half / response.now:.1f} times the cost of now"
        steps.append(
            Step(f"{place + 1}. {shape}", {"says": told.value, "says_low": told.low, "says_high": told.high}, half)
        )
    words = (
        f"{len(steps)} of {len(response.fits)} shapes fit nearly as well as the best. The best stands first and gives "
        "the figure; the range runs from the lowest to the highest of all of them."
    )
    return Working("Curves that fit", "Shape", columns, tuple(steps), words)


def _said(key: str, label: str, *, is_money: bool) -> Metric:
    formula = "outcome a week at 10 % more cost less that at the cost of now"
    return ratio_of(key, label, formula, dated=_DATED, unit=Unit.MONEY if is_money else Unit.COUNT)
