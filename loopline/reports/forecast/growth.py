"""How many leads come, and whether they become more or fewer: the forecast expects as many as lately, so a reader has
to know."""

from collections.abc import Mapping
from dataclasses import dataclass

from loopline.attribution.state import question
from loopline.reports.balance import number
from loopline.reports.courses import COURSES
from loopline.reports.forecast.outlook import PACE_DAYS
from loopline.reports.forecast.workings import LATELY, LEAD_AGE
from loopline.store.engine import Engine, Value

_YEAR_DAYS = 365
CLEARLY = 3
"""So many standard errors, as of two counts: leads of one campaign come in crowds, so two would be said of nothing."""
_CAME = question(
    f"""
    SELECT count(*) FILTER (WHERE {LATELY}) AS lately,
        count(*) FILTER (WHERE {LEAD_AGE} >= {_YEAR_DAYS} AND {LEAD_AGE} < {_YEAR_DAYS + PACE_DAYS}) AS year_before,
        count(*) FILTER (WHERE {LEAD_AGE} >= {_YEAR_DAYS + PACE_DAYS}) AS earlier
    FROM courses
    """,
    COURSES,
)


@dataclass(frozen=True, slots=True)
class Came:
    """How many leads came in the last PACE_DAYS days, in those days a year before, and before that."""

    lately: int
    year_before: int
    earlier: int


def leads_came(values: Mapping[str, Value], engine: Engine) -> Came:
    [found] = engine.rows(_CAME, values)
    return Came(number(found["lately"]), number(found["year_before"]), number(found["earlier"]))


def growth_said(came: Came) -> list[str]:
    """Nothing where they are as many as a year before but for chance, or where the books do not reach back so far."""
    lately, before = came.lately, came.year_before
    if not came.earlier or abs(lately - before) <= CLEARLY * (lately + before) ** 0.5:
        return []
    leads, more = "lead" if lately == 1 else "leads", "more" if lately > before else "less"
    return [
        f"{lately:,} {leads} came in the last {PACE_DAYS} days, {before:,} in those days a year before. As many a day "
        f"as lately are expected to come: where their number goes on so, {more} comes of them than stands here, also "
        "beyond the range."
    ]
