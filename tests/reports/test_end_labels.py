"""Names at the ends of lines: none is written over another, and none leaves the drawing."""

import random
import re
from datetime import date
from itertools import pairwise

import pytest

from loopline.reports.charts.end_labels import apart, round_ends
from loopline.reports.charts.pictures import svg_of
from loopline.reports.charts.specs import over_time_chart
from loopline.reports.over_time.series import Point
from loopline.reports.periods import Period


@pytest.mark.parametrize(
    ("places", "stood"),
    [
        ([], []),
        ([50], [50]),
        ([80, 20], [80, 20]),
        ([0, 0], [10, 0]),
        ([100, 100], [100, 90]),
        ([50, 50], [55, 45]),
        ([48, 52], [45, 55]),
        ([0, 0, 0, 60], [20, 10, 0, 60]),
        ([0, 0, 14], [10, 0, 20]),
        ([-30, 130], [0, 100]),
    ],
)
def test_names_that_are_too_near_are_moved_as_little_as_needed(places: list[float], stood: list[float]) -> None:
    assert apart(places, 0, 100, 10) == pytest.approx(stood)


def test_of_any_lines_no_two_names_are_too_near_and_none_is_outside() -> None:
    told = random.Random(7)
    for _ in range(500):
        places = [told.choice((0, 100, told.uniform(0, 100))) for _ in range(told.randint(1, 30))]
        stood = apart(places, 0, 100, 10)
        room = min(10, 100 / max(len(places) - 1, 1))
        assert all(above - below >= room - 1e-6 for below, above in pairwise(sorted(stood)))
        assert min(stood) >= -1e-6
        assert max(stood) <= 100 + 1e-6
        for (place, at), (other, beside) in pairwise(sorted(zip(places, stood, strict=True))):
            assert place == other or at < beside, "names stand in the order of their lines"


@pytest.mark.parametrize(
    ("values", "ends"),
    [
        ([], (0, 100)), ([0, 0], (0, 100)), ([231], (0, 250)), ([200], (0, 200)), ([-30, 231], (-50, 250)),
        ([1_250_000], (0, 1_400_000)), ([0.3], (0, 0.3)),
    ],
)  # fmt: skip
def test_an_axis_ends_at_round_numbers(values: list[float], ends: tuple[float, float]) -> None:
    assert round_ends(values) == pytest.approx(ends)


@pytest.mark.parametrize("last", [(0, 0), (900_00, 900_00), (500_00, 495_00), (900_00, 0), (-100_00, 0)])
def test_the_names_of_revenue_and_cost_never_lie_on_each_other(last: tuple[int, int]) -> None:
    periods = [Period("", f"week {week}", date(2024, 3, 4 + 7 * week), date(2024, 3, 10 + 7 * week)) for week in (0, 1)]
    points = [Point(periods[0], 300_00, 900_00), Point(periods[1], *last)]
    drawn = svg_of(over_time_chart(points, "EUR"))
    tops = [float(top) for top in re.findall(r'translate\([\d.]+,([\d.]+)\)"[^>]*>(?:Revenue|Cost)<', drawn)]
    assert len(tops) == 2
    assert abs(tops[0] - tops[1]) >= 12
    assert all(0 <= top <= 226 for top in tops)
