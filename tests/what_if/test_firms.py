"""Simulated firms whose truth is known, a few of each kind (all of them: `python -m benchmarks.firms`)."""

import pytest

from benchmarks.firms import NEEDED, held

WORLDS = 60


@pytest.mark.slow
@pytest.mark.parametrize("kind", NEEDED)
def test_intervals_and_bounds_hold_what_is_true(kind: str) -> None:
    good, answered = held(kind, WORLDS, 1_200)
    assert answered > WORLDS // 2
    assert good >= (NEEDED[kind] - 0.06) * answered, "six points are what chance takes from sixty worlds"


@pytest.mark.slow
def test_the_harness_sees_an_answer_that_forgets_the_chances() -> None:
    good, answered = held("explored", WORLDS, 1_200, blinded=True)
    assert good < 0.85 * answered
