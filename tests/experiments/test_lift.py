"""What experiments show: exact where it can be computed by hand, and sound when somebody looks every week."""

import re
from dataclasses import replace

import pytest

from benchmarks.experiments import EVEN, World, run, won_until_the_end
from loopline.experiments.verdict import OFF, beyond_exposure, verdict
from loopline.lib.sequential import Prior, evidence_against, half_width, prior_for, share_bounds, tuned
from loopline.reports.experiments.base_rates import BaseRates
from loopline.reports.experiments.lift import HOLDOUT, TREATED, Design, Tally, lift_of, ratio_is_off
from loopline.reports.experiments.plan import smallest_lift

DESIGN = Design(0.2, {"lead": 200.0, "revenue": 100 * 50_000.0**2})


def a_tally(
    treated: int, holdout: int, sizes: tuple[int, int] = (4_000, 1_000), bought: tuple[int, int] = (0, 0)
) -> Tally:
    return Tally(
        {TREATED: sizes[0], HOLDOUT: sizes[1]}, {"lead": {TREATED: treated, HOLDOUT: holdout}},
        {TREATED: [50_000] * bought[0], HOLDOUT: [50_000] * bought[1]},
    )  # fmt: skip


def test_evidence_is_the_mixed_likelihood_ratio() -> None:
    # A flat prior over one toss: the mixture gives it 1/2, a share of 0.8 gives it 0.8.
    assert evidence_against(0.8, 1, 1, Prior(0.5, 2)) == pytest.approx(-0.4700036)
    low, high = share_bounds(80, 100, prior_for(0.8, 100))
    assert low < 0.8 < high
    assert evidence_against(low, 80, 100, prior_for(0.8, 100)) == pytest.approx(2.9957, abs=1e-3)
    assert share_bounds(0, 0, prior_for(0.8, 100)) == (0.0, 1.0)
    assert share_bounds(5, 5, prior_for(0.8, 100))[1] == 1.0


def test_the_bounds_are_narrowest_where_they_were_tuned_for() -> None:
    assert half_width(100, tuned(100)) < half_width(100, tuned(5)) < half_width(100, tuned(0.1))


def test_a_clear_lift_is_shown_and_none_is_not() -> None:
    clear = lift_of("lead", a_tally(240, 20), DESIGN)
    assert clear.lift == pytest.approx(2.0)  # 6 % against 2 %
    assert clear.verdict == "more"
    assert clear.extra == pytest.approx(160.0)
    nothing = lift_of("lead", a_tally(160, 40), DESIGN)
    assert nothing.lift == pytest.approx(0.0)
    assert nothing.verdict == "not_shown"
    harm = lift_of("lead", a_tally(80, 80), DESIGN)
    assert harm.verdict == "less"
    assert lift_of("lead", a_tally(0, 0), DESIGN).verdict == "too_early"
    assert lift_of("lead", a_tally(8, 0), DESIGN).lift_high is None


def test_revenue_waits_for_enough_who_bought() -> None:
    few = lift_of("revenue", a_tally(9, 9, bought=(10, 2)), DESIGN)
    assert few.verdict == "too_early"
    many = lift_of("revenue", a_tally(9, 9, bought=(100, 2)), DESIGN)
    assert many.extra == pytest.approx(0.8 * (100 * 50_000 / 0.8 - 2 * 50_000 / 0.2))
    assert many.verdict == "more"


def test_that_nobody_of_a_small_holdout_has_bought_yet_is_no_proof_of_revenue() -> None:
    """25 bought for the same amount, and each was treated by a chance of 0.95: once in four times that is all."""
    for expected in (25 * 50_000.0**2, 0.0):
        found = lift_of("revenue", a_tally(9, 9, bought=(25, 0)), Design(0.05, {"revenue": expected}))
        assert found.verdict == "not_shown"
        assert found.extra_low is not None
        assert found.extra_low < 0


def test_arms_whose_sizes_do_not_fit_are_told_before_anything_else() -> None:
    assert not ratio_is_off(a_tally(1, 1), DESIGN)
    off = a_tally(240, 20, (4_000, 700))
    assert ratio_is_off(off, DESIGN)
    assert verdict(lift_of("lead", off, DESIGN), "EUR", None, is_off=True) == OFF


def test_no_more_were_prevented_than_were_treated_without_it() -> None:
    """Each of those assigned counts once: of 100 treated 97 did without it, so it prevented 97 at most."""
    few = lift_of("lead", a_tally(3, 24, (100, 25)), DESIGN)
    assert few.verdict == "less"
    assert few.extra == pytest.approx(3 - 24 * 0.8 / 0.2)
    assert few.extra_low == -97
    none = lift_of("lead", a_tally(0, 9, (100, 25)), DESIGN)
    assert none.extra == pytest.approx(-36)
    assert none.extra_low == -100
    assert lift_of("lead", a_tally(0, 25, (50, 25)), DESIGN).extra == -50


@pytest.mark.parametrize(("treated", "holdout"), [(240, 20), (8, 0), (160, 40), (80, 80), (0, 30), (4_000, 1)])
def test_what_was_caused_lies_between_what_the_treated_did_and_did_without(treated: int, holdout: int) -> None:
    found = lift_of("lead", a_tally(treated, holdout), DESIGN)
    assert found.extra is not None
    assert found.extra_low is not None
    assert found.extra_high is not None
    assert treated - 4_000 <= found.extra_low <= found.extra <= found.extra_high <= treated


def test_more_caused_than_were_seen_with_the_campaign_is_told() -> None:
    clear = lift_of("lead", a_tally(240, 20), DESIGN)  # 160 more
    assert beyond_exposure(clear, 160) == ""
    assert beyond_exposure(clear, 30).startswith("That is more than the 30 of the treated who are known to have met")
    assert beyond_exposure(clear, 1).startswith("That is more than the one of the treated who is known to have met")
    assert beyond_exposure(clear, 0).startswith("Yet none of the treated is known to have met")
    assert beyond_exposure(lift_of("lead", a_tally(160, 30), DESIGN), 30) == "", "nothing is said to be caused"
    assert beyond_exposure(lift_of("revenue", a_tally(9, 9, bought=(100, 2)), DESIGN), 0) == "", "money is no people"


def test_verdicts_are_sentences() -> None:
    def said(treated: int, holdout: int) -> str:
        return verdict(lift_of("lead", a_tally(treated, holdout), DESIGN), "EUR", 0.3, is_off=False)

    assert said(240, 20).startswith("The campaign caused more leads: the treated had between")
    assert said(240, 20).endswith("of the treated would have had none.")
    assert said(80, 80).startswith("The campaign caused fewer leads")
    assert re.search(r"without it; between \d+ and \d+ of the treated would have had some\.$", said(80, 80))
    unproven = said(160, 40)
    assert unproven.startswith("No effect proven so far: between ")
    assert " fewer and " in unproven
    assert " more leads than without the campaign. " in unproven
    assert unproven.endswith("The plan could show 30 % more or better.")
    assert said(0, 0).startswith("Nothing can be said yet")
    assert "without an upper bound" in said(8, 0)


def test_more_people_show_smaller_lifts_and_no_base_rate_shows_none() -> None:
    base = BaseRates(1_000, 8, {"lead": 0.05}, 1_000.0, 5_000_000.0)
    small, large = (smallest_lift("lead", base, size, 0.2) for size in (4_000, 16_000))
    assert small is not None
    assert large is not None
    assert 0 < large < small < 1
    assert smallest_lift("won", base, 4_000, 0.2) is None
    assert smallest_lift("lead", base, 20, 0.2) is None
    money = smallest_lift("revenue", base, 4_000, 0.2)
    assert money is not None
    assert money > 0


def test_looking_every_week_shows_nothing_where_nothing_is_and_the_check_can_fail() -> None:
    world = World("no effect", 1_000, 0.3, 0.05, 0.2)
    sound = run(world, 60)
    assert sound["lead shown"] <= 0.05
    assert sound["revenue shown"] <= 0.05
    even = World("no effect, small holdout, even amounts", 2_000, 0.05, 0.1, 0.4, expected=0.0, sigma=EVEN)
    assert run(even, 60)["revenue shown"] <= 0.05
    planted = run(world, 60, is_planted=True)
    assert planted["lead shown"] > 0.1


def test_the_smallest_lift_is_seen_as_often_as_promised() -> None:
    base = BaseRates(1_000, 12, {"lead": 0.05})
    lift = smallest_lift("lead", base, 3_000, 0.3)
    assert lift is not None
    seen = run(World("at the promised lift", 3_000, 0.3, 0.05, 0.0, factor=1 + lift), 60)
    assert 0.65 < seen["lead shown at the end"] < 0.95
    assert seen["lead truth missed"] <= 0.05


def test_the_smallest_lift_of_revenue_is_seen_as_often_as_promised() -> None:
    world = World("at the promised lift", 6_000, 0.2, 0.1, 0.6, sigma=EVEN)
    buys = world.lead_rate * won_until_the_end(world)
    lift = smallest_lift("revenue", BaseRates(1_000, 12, {}, buys * world.mean, buys * world.square), 6_000, 0.2)
    assert lift is not None
    seen = run(replace(world, factor=1 + lift), 100)
    assert 0.72 < seen["revenue shown at the end"] < 0.9
    assert seen["revenue truth missed"] <= 0.05
