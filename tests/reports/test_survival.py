"""Times with things that still go on, and shares with their interval, against tables worked out by hand."""

import pytest

from loopline.reports.survival import Share, Stay, quantile, survival


def test_the_curve_of_a_table_worked_out_by_hand() -> None:
    """10 stays: left after 1, 3, 3, 6; going on since 2, 3, 4, 8, 8, 9.

    1: 9/10. 3: 8 at risk, 2 leave: 9/10 × 6/8 = 0.675. 6: 4 at risk (6, 8, 8, 9), 1 leaves: 0.675 × 3/4 = 0.50625.
    """
    left, staying = [(1, 1), (3, 2), (6, 1)], [(2, 1), (3, 1), (4, 1), (8, 2), (9, 1)]
    stays = [Stay(length, True, n) for length, n in left] + [Stay(length, False, n) for length, n in staying]
    curve = survival(stays)
    assert [(step.length, round(step.still_there, 9)) for step in curve] == [(1, 0.9), (3, 0.675), (6, 0.50625)]
    assert quantile(curve, 0.25) == 3
    assert quantile(curve, 0.5) is None, "half of them never left: the median is not known"


def test_without_anything_going_on_it_is_the_plain_median() -> None:
    curve = survival([Stay(days, True) for days in (1, 2, 3, 4, 5)])
    assert quantile(curve, 0.5) == 3
    assert quantile(curve, 0.75) == 4


def test_those_who_wait_make_the_median_longer_than_leaving_them_out_would() -> None:
    gone = [Stay(days, True) for days in (1, 2, 3)]
    assert quantile(survival(gone), 0.5) == 2
    assert quantile(survival([*gone, Stay(5, False), Stay(6, False)]), 0.5) == 3


def test_of_nothing_there_is_no_time() -> None:
    assert survival([]) == []
    assert quantile([], 0.5) is None
    assert quantile(survival([Stay(4, False, 7)]), 0.5) is None


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilsons_interval(part: int, whole: int, low: float, high: float) -> None:
    """81 of 263: Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I."""
    share = Share(part, whole)
    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


def test_of_nobody_everything_is_possible() -> None:
    assert Share(0, 0).value is None
    assert (Share(0, 0).low, Share(0, 0).high) == (0.0, 1.0)
