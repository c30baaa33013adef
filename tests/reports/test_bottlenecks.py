"""Bottlenecks on both engines, against a small company worked out by hand."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from loopline.reports.bottlenecks.report import Bottlenecks, Question, bottlenecks
from loopline.reports.options import Books
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, Shelf, day

MARCH = Question(date(2024, 3, 1), date(2024, 3, 31))


def lead(shelf: Shelf, key: str, created: float, steps: dict[str, float], state: str, **row: object) -> None:
    """A lead whose dates are days of March."""
    dates = {f"{name}_at": day(number) for name, number in steps.items()}
    shelf.lead(key, f"p-{key}", day(created), state=state, **{**dates, **row})


def sale(shelf: Shelf, key: str, stages: dict[str, float], outcome: str, closed: float | None, **row: object) -> None:
    """An opportunity, one version a stage it entered."""
    for stage, number in stages.items():
        known = {
            "stage": stage,
            "outcome": "open",
            "created_at": day(stages["qualified"]),
            "occurred_at": day(number),
            "refunded_minor": 0,
            "currency": "EUR",
        }
        shelf.fact("opportunity_facts", key, **({"unit_id": "north"} | known | row))  # type: ignore[arg-type]
    if closed is not None:
        last = {"stage": [*stages][-1], "outcome": outcome, "created_at": day(stages["qualified"]),
                "closed_at": day(closed), "occurred_at": day(closed), "refunded_minor": 0,
                "currency": "EUR"}  # fmt: skip
        shelf.fact("opportunity_facts", key, **({"unit_id": "north"} | last | row))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def found(reading_engine: Engine) -> Bottlenecks:
    shelf = Shelf(reading_engine)
    # Handed over on days 1 to 4: two accepted after 1 and 2 days, one sent back after 3, one still waits since day 4.
    lead(shelf, "a", 1, {"qualified": 1, "handed_over": 1, "accepted": 2, "converted": 4}, "converted")
    lead(shelf, "b", 2, {"qualified": 2, "handed_over": 2, "accepted": 4}, "accepted")
    lead(shelf, "c", 3, {"qualified": 3, "handed_over": 3, "rejected": 6}, "rejected", reason="no_need")
    lead(shelf, "d", 4, {"qualified": 4, "handed_over": 4}, "handed_over")
    lead(shelf, "gone", 4, {"qualified": 4, "handed_over": 4}, "handed_over", is_deleted=True)
    lead(shelf, "elsewhere", 4, {"qualified": 4, "handed_over": 4}, "handed_over", unit_id="south")
    lead(shelf, "quick", 62, {"qualified": 62, "handed_over": 62, "accepted": 72}, "accepted", unit_id="south")
    lead(shelf, "young", 90, {"qualified": 90, "handed_over": 90}, "handed_over", unit_id="south")
    # Opportunities: one went all the way, one passed over a stage and was lost in negotiation, one waits in discovery.
    ways = {"qualified": 4, "discovery": 6, "proposal": 9, "negotiation": 10}
    sale(shelf, "won", ways, "won", 14, reporting_minor=100_00)
    sale(shelf, "lost", {"qualified": 4, "discovery": 8, "negotiation": 10}, "lost", 12, loss_reason="price")
    sale(shelf, "open", {"qualified": 5, "discovery": 10}, "open", None)
    # The month before: of two handed over one was accepted.
    lead(shelf, "e", -20, {"qualified": -20, "handed_over": -20, "accepted": -19}, "accepted")
    lead(shelf, "f", -20, {"qualified": -20, "handed_over": -20, "rejected": -18}, "rejected", reason="timing")
    # The books reach back over all of the 31 days before.
    shelf.touch("first", "visitor:first", day(-31))
    shelf.store()
    return bottlenecks(MARCH, reading_engine, only_north())


def only_north() -> Books:
    return Books(currency="EUR", zone="UTC", units={"north": "North"}, sees_all_units=False)


def test_how_many_moved_on_of_those_who_had_long_enough(found: Bottlenecks) -> None:
    handed = found.stage("handed_over")
    assert (handed.entered, handed.mature.part, handed.mature.whole) == (4, 2, 4)
    assert (handed.before.part, handed.before.whole) == (1, 2)
    assert handed.waiting == 1
    assert handed.reasons == (("no_need", 1),)
    assert [key for key, _ in handed.oldest] == ["d"]


def test_nothing_is_compared_with_days_before_the_books(reading_engine: Engine, found: Bottlenecks) -> None:
    """As in every report: a year of the books is not compared with the one lead of its eve."""
    assert found.stage("handed_over").before.whole == 2
    longer = bottlenecks(replace(MARCH, last=date(2024, 4, 2)), reading_engine, only_north())
    assert [one.before.whole for one in longer.stages] == [0] * len(longer.stages)


def test_times_count_those_who_wait_as_long_as_they_were_seen(found: Bottlenecks) -> None:
    """Stays of 1, 2 and 3 days and one that goes on: half had left after 2 days, three quarters after 3."""
    handed = found.stage("handed_over")
    assert (handed.median, handed.slow) == (timedelta(days=2), timedelta(days=3))
    negotiation = found.stage("negotiation")
    assert (negotiation.median, negotiation.slow) == (timedelta(days=2), timedelta(days=4))


def test_a_stage_passed_over_was_passed(found: Bottlenecks) -> None:
    assert (found.stage("discovery").mature.part, found.stage("discovery").mature.whole) == (2, 3)
    assert (found.stage("proposal").entered, found.stage("negotiation").entered) == (1, 2)
    assert found.stage("negotiation").reasons == (("price", 1),)


def test_expected_revenue_lost_is_the_chance_from_there_on_times_a_mean_deal(found: Bottlenecks) -> None:
    """Negotiation: half are won, so each was expected to bring 50.00; one was lost.

    Discovery: 2/3 × 1 × 1/2 of 100.00 = 33.33; one did not move on. Accepted: of the two (b had long enough) one
    converted: 1/2 × 1 × 1/3 = 16.67.
    """
    assert found.mean_won_minor == 100_00
    assert found.stage("negotiation").lost_minor == 50_00
    assert found.stage("discovery").lost_minor == 33_33
    assert found.stage("proposal").lost_minor == 0
    assert found.stage("accepted").lost_minor == 16_67
    assert found.bottleneck is found.stage("negotiation")


def test_what_waits_against_what_enters_and_velocity(found: Bottlenecks) -> None:
    """1 waits and 4 entered in 31 days: as many enter in 7.75 days. Velocity: 1 open × 1/2 × 100 ÷ 10 days."""
    assert found.stage("handed_over").at_this_pace == timedelta(days=7.75)
    assert found.cycle == timedelta(days=10)
    assert (found.open_now, found.win_rate.part, found.win_rate.whole) == (1, 1, 2)
    assert found.velocity_minor == 5_00


def test_the_young_are_not_judged(reading_engine: Engine, found: Bottlenecks) -> None:
    """In the south one moved on after ten days; another has been there for two."""
    south = Question(date(2024, 5, 1), date(2024, 5, 31), frozenset({"south"}), as_of=LEARNT)
    handed = bottlenecks(south, reading_engine, BOOKS).stage("handed_over")
    assert (handed.entered, handed.mature.part, handed.mature.whole) == (2, 1, 1)
    assert handed.lost == 0


def test_only_a_team_and_only_ones_own_units(reading_engine: Engine, found: Bottlenecks) -> None:
    nobody = bottlenecks(
        Question(MARCH.first, MARCH.last, owner_ids=frozenset({"someone"})), reading_engine, only_north()
    )
    assert nobody.stage("handed_over").entered == 0
    everybody = bottlenecks(MARCH, reading_engine, BOOKS)
    assert everybody.stage("handed_over").entered == 5
    assert found.stage("handed_over").entered == 4


def test_cohorts_add_up_to_the_stage(found: Bottlenecks) -> None:
    for figures in found.stages:
        assert sum(cohort.share.whole for cohort in figures.cohorts) == figures.entered


def test_where_nothing_is_open_there_is_no_velocity(found: Bottlenecks) -> None:
    assert replace(found, open_now=0).velocity_minor is None


def test_without_anything_nothing_is_known(engine: Engine) -> None:
    empty = bottlenecks(MARCH, engine, BOOKS)
    assert empty.bottleneck is None
    assert empty.velocity_minor is None
    assert {figures.mature.value for figures in empty.stages} == {None}
    assert {figures.lost_minor for figures in empty.stages} == {None}


def test_how_long_is_long_is_learnt_from_all_that_ever_moved_on(engine: Engine) -> None:
    """Everybody is accepted in the end, after 1 to 60 days. Of May's, at most 25 days old, only the quick ones are."""
    shelf, now = Shelf(engine), 92
    for number in range(1, 61):
        for since in (-80, now - 5, now - 15, now - 25):
            has_moved = since + number < now
            steps = {"qualified": since, "handed_over": since} | ({"accepted": since + number} if has_moved else {})
            lead(shelf, f"{since}/{number}", since, steps, "accepted" if has_moved else "handed_over")
    shelf.store()
    handed = bottlenecks(Question(date(2024, 5, 1), date(2024, 5, 31), as_of=LEARNT), engine, BOOKS).stage(
        "handed_over"
    )
    assert handed.entered == 180
    assert handed.mature_after == timedelta(days=50, hours=1)
    assert (handed.mature.whole, handed.lost) == (0, 0)
