"""One figure of each row over the period: the small chart beside it; here the revenue of the closed loop.

One question for all rows. The points of a row add up to its figure: revenue is on the period clock dated by closing, in
a cohort by the touchpoint, as the figure itself is. Reports that count records cut theirs in `counted_sparks.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from loopline.attribution.conversions import conversions
from loopline.attribution.ledger import credit_ledger
from loopline.attribution.model import Model
from loopline.attribution.state import question
from loopline.lib.times import day_start
from loopline.reports.balance import number
from loopline.reports.closed_loop_sql import ROW_OF_CREDIT, TOUCHED_IN_PERIOD, row_for
from loopline.reports.dimension import DIMENSIONS, UNATTRIBUTED
from loopline.reports.learnt import learnt_model
from loopline.reports.metric import METRICS, Metric
from loopline.reports.options import Scope
from loopline.reports.periods import DAY, Period, month_start
from loopline.store.engine import Engine, Value

MOST = 26
"""So many points at most: half a year of weeks, or two years of months."""
WEEK = timedelta(days=7)
STEPS = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
"""What a longer point is called → its months; the last is taken however long the period is."""
LONGEST = "decade"


@dataclass(frozen=True, slots=True)
class Sparks:
    step: str
    """week, month, …: what a point is."""
    periods: tuple[Period, ...]
    by_row: Mapping[str, tuple[int, ...]]
    """Row → the figure in each of the periods (money in minor units); rows without any are left out."""
    metric: Metric = METRICS["revenue_minor"]
    """Whose points these are."""

    def of(self, row: str) -> tuple[int, ...]:
        return self.by_row.get(row, (0,) * len(self.periods))

    def told(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON of the report with the points of each row beside its figures."""
        periods = [{"from": one.first.isoformat(), "to": one.last.isoformat()} for one in self.periods]
        rows = [row | {"over_time": list(self.of(row["key"]))} for row in result["rows"]]
        return {**result, "rows": rows, "over_time": {"metric": self.metric.key, "step": self.step, "periods": periods}}


def sparks(scope: Scope, engine: Engine) -> Sparks:
    """Revenue per row and slice of the scope's period. Raises OptionError for a model that learns from too little, and
    StoreError.

    Slices that had not begun when the books were read are left out: nothing is known of them, which is not zero.
    """
    step, periods = slices(scope)
    model, learnt = learnt_model(scope, engine, *scope.options.kinds)
    values: dict[str, Value] = {**scope.params, **learnt, **beginnings(periods, scope)}
    found: dict[str, list[int]] = {}
    for row in engine.rows(_revenue(model, scope, len(periods)), values):
        points = found.setdefault(str(row["row_key"]), [0] * len(periods))
        points[number(row["place"])] += number(row["revenue_minor"])
    return Sparks(step, tuple(periods), {key: tuple(points) for key, points in found.items()})


def slices(scope: Scope) -> tuple[str, list[Period]]:
    """What a point is called, and the slices of the scope's period that had begun when the books were read."""
    today = scope.as_of.astimezone(ZoneInfo(scope.books.zone)).date()
    step, every = cut(scope.first, scope.last)
    return step, [one for one in every if one.first <= max(today, scope.first)]


def beginnings(periods: Sequence[Period], scope: Scope) -> dict[str, Value]:
    """The parameters `$at<n>` of `place_of`."""
    return {
        f"at{place}": round(day_start(one.first, scope.books.zone).timestamp() * 1_000_000)
        for place, one in enumerate(periods)
    }


def _revenue(model: Model, scope: Scope, count: int) -> str:
    row = row_for(DIMENSIONS[scope.options.by], model, scope.options)
    is_cohort = scope.options.clock == "cohort"
    # A conversion that nothing earned has no touchpoint date, so no cohort holds it.
    join = "JOIN" if is_cohort else "LEFT JOIN"
    return question(
        f"""
        SELECT row_key, place, sum(amount) AS revenue_minor FROM (
            SELECT CASE WHEN r.conversion_no IS NULL THEN '{UNATTRIBUTED}' ELSE {ROW_OF_CREDIT} END AS row_key,
                {place_of("r.touched_us" if is_cohort else "c.converted_us", count)} AS place,
                CASE WHEN r.conversion_no IS NULL THEN c.amount ELSE r.credit END AS amount
            FROM conversions AS c {join} credits AS r ON r.conversion_no = c.conversion_no
            WHERE r.conversion_no IS NULL OR ({TOUCHED_IN_PERIOD})
        ) AS earned GROUP BY row_key, place
        """,
        conversions("revenue"),
        credit_ledger(model, row, "revenue"),
    )


def place_of(column: str, count: int) -> str:
    """SQL text: in which of the slices a moment of the period lies; slice n begins at `$at<n>`."""
    later = " ".join(f"WHEN {column} >= $at{place} THEN {place}" for place in range(count - 1, 0, -1))
    return f"CASE {later} ELSE 0 END" if later else "0"


def cut(first: date, last: date) -> tuple[str, list[Period]]:
    """The period in weeks from Monday, else in months, quarters, years: the shortest that are at most MOST."""
    monday = first - first.weekday() * DAY
    weeks = (last - monday).days // 7 + 1
    if weeks <= MOST:
        return "week", _between([monday + place * WEEK for place in range(weeks)], first, last, "%-d %b %Y")
    step, starts = next(
        found for found in ((name, _starts(first, last, months)) for name, months in STEPS.items())
        if len(found[1]) <= MOST or found[0] == LONGEST
    )  # fmt: skip
    return step, _between(starts, first, last, "%b %Y")


def _starts(first: date, last: date, months: int) -> list[date]:
    """First days of the stretches of so many months, counted from January of the year 1, that touch the period."""
    start = month_start(first, -((12 * (first.year - 1) + first.month - 1) % months))
    count = (12 * (last.year - start.year) + last.month - start.month) // months + 1
    return [month_start(start, place * months) for place in range(count)]


def _between(starts: list[date], first: date, last: date, form: str) -> list[Period]:
    ends = [start - DAY for start in starts[1:]] + [last]
    return [
        Period(start.isoformat(), max(start, first).strftime(form), max(start, first), end)
        for start, end in zip(starts, ends, strict=True)
    ]
