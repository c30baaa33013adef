"""The cohort clock says how much of the revenue to be expected has had time to be won."""

from datetime import UTC, date, datetime

import pytest

from loopline.reports.options import Options, Scope
from loopline.reports.ripeness import ripeness
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, Shelf, closed_loop, day

JUNE_FIRST = datetime(2024, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "percent"),
    [
        (date(2024, 5, 31), date(2024, 5, 31), 0.0),  # a day old, and nothing is won within a day
        (date(2024, 5, 22), date(2024, 5, 22), 25.0),  # ten days: what comes after 9 days or fewer
        (date(2024, 5, 1), date(2024, 5, 1), 100.0),
        (date(2024, 5, 21), date(2024, 5, 22), 25.0),
        (date(2024, 5, 20), date(2024, 6, 30), 100 * (3 * 0.25) / 13),  # days to come are not waited for
    ],
)
def test_a_period_is_as_ripe_as_its_days(first: date, last: date, percent: float) -> None:
    scope = Scope(Options(), BOOKS, first, last, JUNE_FIRST)
    assert ripeness({9: 100_00, 20: 300_00}, scope) == pytest.approx(percent)
    assert ripeness({}, scope) is None


def test_the_cohort_clock_learns_from_touchpoints_past_their_window(engine: Engine) -> None:
    """As of June: of what touchpoints of February and March earn, a quarter comes within 10 days, all within 30."""
    shelf = Shelf(engine)
    for name, at, amount in (("a", 10, 100_00), ("b", 30, 300_00)):
        shelf.person(name, name)
        shelf.touch(name, f"visitor:{name}", day(1), channel="Email")
        shelf.won(name, name, day(1 + at), amount)
    shelf.person("young", "young")
    shelf.touch("young", "visitor:young", day(85), channel="Email")
    shelf.won("young", "young", day(86), 900_00)
    shelf.store()
    asked: dict[str, object] = {"by": "channel", "clock": "cohort", "lookback_days": 60, "as_of": LEARNT}
    young = closed_loop(engine, **asked, first=date(2024, 5, 18), last=date(2024, 5, 20))
    assert (young.ripe, young.is_young) == (25.0, True)
    assert young.warnings[0].startswith("Too early to judge: about 25 % of what touchpoints of this period")
    unknown = closed_loop(engine, **{**asked, "lookback_days": None})
    assert (unknown.ripe, unknown.is_young) == (None, True)
