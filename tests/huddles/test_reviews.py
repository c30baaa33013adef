"""What became of decisions: arms by their design, reviews kept for good, and the health of the huddles themselves."""

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.actor import NotAllowedError
from loopline.access.audit import first_broken_entry
from loopline.access.models import AuditEntry, BusinessUnit, User
from loopline.access.roles import Role
from loopline.huddles.actions import close_huddle, open_huddle
from loopline.huddles.bounds import GUARD_RAIL, REVERSAL, Bound
from loopline.huddles.decisions import Measure, NewDecision, add_decision, approve_decision, finish_decision
from loopline.huddles.health import health
from loopline.huddles.models import Decision, Review
from loopline.huddles.reviews import arms_of, held_until, review_decision, review_due
from loopline.huddles.trial import Arm, is_treated
from loopline.leads.models import DefinitionVersion, Lead
from tests.make import make_person, make_unit, make_user, signed_in, signed_in_as
from tests.make_leads import make_definition

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
LATER = START + timedelta(days=60)


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("Nordics")


@pytest.fixture
def runner(unit: BusinessUnit) -> User:
    return make_user(Role.MARKETING, unit=unit, name="Mara")


def hand_over(unit: BusinessUnit, owner: User, at: datetime, *, accepted: bool) -> Lead:
    """A hand-over of the past, with its answer after an hour."""
    lead = Lead(unit=unit, person=make_person(unit=unit), owner=owner, created_at=at, handed_over_at=at,
                due_at=at + timedelta(hours=4))  # fmt: skip
    lead.state = Lead.State.ACCEPTED if accepted else Lead.State.REJECTED
    lead.accepted_at, lead.rejected_at = (
        (at + timedelta(hours=1), None) if accepted else (None, at + timedelta(hours=1))
    )
    lead.reason = "" if accepted else "no_need"
    return lead


def week(unit: BusinessUnit, owner: User, begins: datetime, *, of: int, accepted: int) -> list[Lead]:
    leads = [hand_over(unit, owner, begins + timedelta(hours=n), accepted=n < accepted) for n in range(of)]
    return Lead.objects.bulk_create(leads)


def decided(unit: BusinessUnit, runner: User, measure: Measure) -> Decision:
    huddle = open_huddle(unit, by=runner.actor, at=START)
    decision = add_decision(huddle, NewDecision("Call first", runner, measure=measure), by=runner.actor, at=START)
    close_huddle(huddle, carry_over=True, by=runner.actor, at=START + timedelta(minutes=30))
    return decision


def test_before_and_after_takes_away_what_changed_in_the_control_series(unit: BusinessUnit, runner: User) -> None:
    """50 → 90 percent here, 50 → 50 there: better by forty points."""
    other, owner = make_unit("Iberia"), make_user(Role.SALES, unit=unit)
    runner.units.add(other)
    for where, after in ((unit, 54), (other, 30)):
        week(where, owner, START - timedelta(days=30), of=60, accepted=30)
        week(where, owner, START + timedelta(days=2), of=60, accepted=after)
    decision = decided(unit, runner, Measure("accepted", 20, control_unit=other))
    arms = arms_of(decision, LATER)
    assert [(arm.part, arm.whole, arm.sign) for arm in arms] == [
        (54, 60, 1), (30, 60, -1), (30, 60, -1), (30, 60, 1),
    ]  # fmt: skip
    review = review_decision(decision, at=LATER)
    assert review is not None
    assert review.effect == pytest.approx(40.0)
    assert decision.is_weak_evidence
    assert decision.power["baseline"] == pytest.approx(0.5)
    assert AuditEntry.objects.filter(verb="review_decision").exists()
    assert first_broken_entry() is None


def test_a_random_half_is_compared_with_the_other(unit: BusinessUnit, runner: User) -> None:
    decision = decided(unit, runner, Measure("accepted", 20, "random"))
    owner = make_user(Role.SALES, unit=unit)
    leads = [hand_over(unit, owner, START + timedelta(hours=n), accepted=True) for n in range(200)]
    for lead in leads:
        if not is_treated(str(decision.pk), str(lead.pk)):
            lead.state, lead.accepted_at, lead.rejected_at = Lead.State.REJECTED, None, lead.handed_over_at
    Lead.objects.bulk_create(leads)
    review = review_decision(decision, at=LATER)
    assert review is not None
    assert (review.verdict, review.treated_part, review.control_part) == (
        Review.Verdict.BETTER,
        review.treated_whole,
        0,
    )
    assert review.low is not None
    assert review.low > 50


def test_a_changed_definition_is_judged_by_the_leads_it_held_for_and_no_longer(
    unit: BusinessUnit, runner: User
) -> None:
    owner, back = make_user(Role.SALES, unit=unit), START + timedelta(days=10)
    first, second = make_definition(unit), make_definition(unit)
    DefinitionVersion.objects.filter(pk=second.pk).update(in_force_from=START, status="superseded")
    DefinitionVersion.objects.filter(pk=first.pk).update(in_force_from=back, status="in_force")  # put back
    decision = decided(unit, runner, Measure("accepted", 20))
    Decision.objects.update(definition=second)
    decision.refresh_from_db()
    week(unit, owner, START - timedelta(days=9), of=40, accepted=20)
    week(unit, owner, START + timedelta(days=1), of=40, accepted=36)
    week(unit, owner, back + timedelta(days=1), of=40, accepted=0)
    assert [(arm.part, arm.whole) for arm in arms_of(decision, LATER)] == [(36, 40), (20, 40)]
    assert held_until(decision, back - timedelta(hours=1)) == back - timedelta(hours=1)
    assert review_due(at=LATER) == 1
    assert review_due(at=LATER + timedelta(days=30)) == 0, "nothing new can be seen"


def test_colleagues_who_begin_are_compared_with_the_others(unit: BusinessUnit, runner: User) -> None:
    first, second = make_user(Role.SALES, unit=unit), make_user(Role.SALES, unit=unit)
    decision = decided(unit, runner, Measure("sent_back", -10, "staggered", (first,)))
    week(unit, first, START + timedelta(days=1), of=60, accepted=60)
    week(unit, second, START + timedelta(days=1), of=60, accepted=0)
    review = review_decision(decision, at=LATER)
    assert review is not None
    assert (review.effect, review.verdict) == (-100.0, Review.Verdict.BETTER), "fewer sent back is better"


def test_leads_that_could_still_be_answered_are_not_counted(unit: BusinessUnit, runner: User) -> None:
    decision = decided(unit, runner, Measure("accepted", 20, "random"))
    week(unit, runner, START + timedelta(days=1), of=60, accepted=30)
    assert review_decision(decision, at=START + timedelta(days=10)) is None


def test_reviews_come_once_a_week_after_the_leads_have_matured_and_are_kept(unit: BusinessUnit, runner: User) -> None:
    decision = decided(unit, runner, Measure("accepted", 20, "random"))
    week(unit, runner, START + timedelta(days=1), of=100, accepted=50)
    assert review_due(at=START + timedelta(days=15)) == 0
    assert review_due(at=START + timedelta(days=25)) == 1
    assert review_due(at=START + timedelta(days=26)) == 0
    assert review_due(at=START + timedelta(days=33)) == 1
    assert decision.reviews.count() == 2
    page = signed_in(runner).get(reverse("huddles")).content.decode()
    assert "expected +20\u00a0pt, seen" in page


def test_each_side_approves_and_nobody_for_both(unit: BusinessUnit, runner: User) -> None:
    decision = decided(unit, runner, Measure("accepted"))
    manager = make_user(Role.SALES_MANAGER, unit=unit, name="Henrik")
    administrator = make_user(Role.ADMINISTRATOR, name="Sam")
    with pytest.raises(NotAllowedError):
        approve_decision(decision, "sales", by=runner.actor)
    approve_decision(decision, "marketing", by=administrator.actor)
    with pytest.raises(NotAllowedError, match="for the other side"):
        approve_decision(decision, "sales", by=administrator.actor)
    assert not decision.is_approved
    client = signed_in(manager)
    assert client.post(reverse("decision_approve", args=[decision.pk, "sales"])).status_code == 302
    decision.refresh_from_db()
    assert decision.is_approved
    stranger = signed_in(make_user(Role.SALES_MANAGER, unit=make_unit()))
    assert stranger.post(reverse("decision_approve", args=[decision.pk, "sales"])).status_code == 404
    assert client.post(reverse("decision_approve", args=[decision.pk, "nobody"])).status_code == 404


def test_the_health_of_huddles_by_hand(unit: BusinessUnit, runner: User) -> None:
    """Of 4 hand-overs 14 days old all were answered; of two promises due one was kept."""
    week(unit, runner, START + timedelta(days=1), of=4, accepted=2)
    week(unit, runner, LATER - timedelta(days=3), of=5, accepted=0)
    huddle = open_huddle(unit, by=runner.actor, at=START)
    kept, _broken = (
        add_decision(huddle, NewDecision(text, runner, date(2026, 3, 10)), by=runner.actor, at=START)
        for text in ("Kept", "Broken")
    )
    finish_decision(kept, by=runner.actor)
    found = health(unit, LATER)
    assert (found.closed.part, found.closed.whole) == (4, 4)
    assert (found.promises.part, found.promises.whole) == (1, 2)
    assert found.homework.value is None
    assert found.complaint_days is None


def test_guard_rail_and_condition_for_taking_it_back_are_looked_at_with_the_review(
    unit: BusinessUnit, runner: User
) -> None:
    """20 of 60 accepted (33 %) of at least 70; 40 of 60 sent back (67 %), and above 65 it would be taken back."""
    owner = make_user(Role.SALES, unit=unit)
    week(unit, owner, START - timedelta(days=30), of=60, accepted=30)
    week(unit, owner, START + timedelta(days=2), of=60, accepted=20)
    bounds = (Bound(GUARD_RAIL, "accepted", 70), Bound(REVERSAL, "sent_back", 65))
    decision = decided(unit, runner, Measure("in_time", 10, bounds=bounds))
    review = review_decision(decision, at=LATER)
    assert review is not None
    assert [(one["kind"], one["percent"], one["is_crossed"]) for one in review.bounds] == [
        ("guard_rail", 33.3, True), ("reversal", 66.7, None),
    ]  # fmt: skip
    assert review.bounds[0]["sentence"] == (
        "Guard-rail crossed: accepted within 14 days: at least 70 %; seen 33.3 % (20 of 60 leads; 14.4 % to 52.3 %)."
    )
    assert AuditEntry.objects.get(verb="review_decision").detail["crossed"] == [review.bounds[0]["sentence"]]
    page = signed_in(runner).get(reverse("huddles")).content.decode()
    assert "Guard-rail crossed" in page
    assert "Condition for taking it back not shown either way" in page


@pytest.mark.parametrize(
    ("outcome", "part", "crossed"),
    [
        ("accepted", 40, True), ("accepted", 76, None), ("accepted", 79, None), ("accepted", 120, False),
        ("sent_back", 40, False), ("sent_back", 84, None), ("sent_back", 81, None), ("sent_back", 120, True),
    ],
)  # fmt: skip
def test_a_bound_is_crossed_or_holds_only_where_the_interval_shows_it(
    outcome: str, part: int, crossed: bool | None
) -> None:
    bound = Bound(GUARD_RAIL, outcome, 40)
    assert bound.seen_in(Arm(part, 200)).is_crossed is crossed
    few = bound.seen_in(Arm(0, 29))
    assert (few.is_crossed, few.percent) == (None, None)
    assert "29 of 30 leads that it takes" in few.sentence


def test_looking_every_week_seldom_finds_a_guard_rail_crossed_that_is_not() -> None:
    """The true share is the bound itself. The plain share is beyond it at some look nearly always."""
    chance, crossed, plain = random.Random(4), 0, 0
    bound = Bound(GUARD_RAIL, "accepted", 40)
    for _ in range(300):
        part, looks = 0, []
        for whole in range(20, 1_041, 20):
            part += sum(chance.random() < 0.4 for _ in range(20))
            looks.append(Arm(part, whole))
        crossed += any(bound.seen_in(arm).is_crossed for arm in looks)
        plain += any(arm.whole >= 30 and arm.rate < 0.4 for arm in looks)
    assert plain > 200, "the case would show nothing"
    assert crossed <= 15, "one in twenty"


def test_expected_against_seen_is_kept_with_the_hit_rate(unit: BusinessUnit, runner: User) -> None:
    def seen(verdict: str, at: datetime, low: float | None = None, high: float | None = None) -> Decision:
        decision = decided(unit, runner, Measure("accepted", 20))
        Decision.objects.filter(pk=decision.pk).update(starts_at=at)
        if verdict:
            Review.objects.create(
                decision=decision, at=at + timedelta(weeks=5), verdict=verdict, treated_part=1, treated_whole=1,
                control_part=1, control_whole=1, effect=low, low=low, high=high,
            )  # fmt: skip
        return decision

    seen("better", START, 5.0, 30.0)
    seen("worse", START, -30.0, -5.0)
    seen("not_shown", START - timedelta(weeks=60), -5.0, 10.0)
    seen("not_shown", START)
    seen("", START)
    page = signed_in(runner).get(reverse("decisions"))
    years = page.context["years"]
    assert [(one.year, len(one.kept)) for one in years] == [(2026, 4), (2025, 1)]
    assert (page.context["hits"].part, page.context["hits"].whole) == (1, 3)
    assert (page.context["as_expected"].part, page.context["as_expected"].whole) == (1, 3)
    assert Client().get(reverse("decisions")).status_code == 302
    assert signed_in_as(Role.FINANCE, unit).get(reverse("decisions")).status_code == 403
    assert not signed_in_as(Role.MARKETING, make_unit()).get(reverse("decisions")).context["years"]
