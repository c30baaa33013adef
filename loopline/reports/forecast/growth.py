"""Whether leads become more or fewer: the forecast takes them to come as lately, so a reader has to know."""

from collections.abc import Mapping

from loopline.attribution.state import question
from loopline.reports.balance import number
from loopline.reports.courses import COURSES
from loopline.reports.forecast.outlook import PACE_DAYS
from loopline.store.engine import Engine, Value

_YEAR_DAYS = 365
CLEARLY = 3
"""So many standard errors, as of two counts: leads of one campaign come in crowds, so two would be said of nothing."""
_AGE = "($as_of_us - epoch_us(created_at)) / 86400000000"
_BOTH = question(
    f"""
    SELECT count(*) FILTER (WHERE {_AGE} < {PACE_DAYS}) AS lately,
        count(*) FILTER (WHERE {_AGE} >= {_YEAR_DAYS} AND {_AGE} < {_YEAR_DAYS + PACE_DAYS}) AS year_before,
        count(*) FILTER (WHERE {_AGE} >= {_YEAR_DAYS + PACE_DAYS}) AS earlier
    FROM courses WHERE epoch_us(created_at) <= $as_of_us
    """,
    COURSES,
)


def growth_said(values: Mapping[str, Value], engine: Engine) -> list[str]:
    """Nothing where they are as many as a year before but for chance, or where the books do not reach back so far."""
    [found] = engine.rows(_BOTH, values)
    lately, before = number(found["lately"]), number(found["year_before"])
    if not number(found["earlier"]) or abs(lately - before) <= CLEARLY * (lately + before) ** 0.5:
        return []
    more = "more" if lately > before else "less"
    return [
        f"{lately:,} leads came in the last {PACE_DAYS} days, {before:,} in those days a year before. As many a day as "
        f"lately are expected to come: where their number goes on so, {more} comes of them than stands here, also "
        "beyond the range."
    ]
