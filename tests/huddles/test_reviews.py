"""What became of decisions: arms by their design, reviews kept for good, and the health of the huddles themselves."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse

from loopline.access.actor import NotAllowedError
from loopline.access.audit import first_broken_entry
from loopline.access.models import AuditEntry, BusinessUnit, User
from loopline.access.roles import Role
from loopline.huddles.actions import close_huddle, open_huddle
from loopline.huddles.decisions import Measure, NewDecision, add_decision, approve_decision, finish_decision
from loopline.huddles.health import health
from loopline.huddles.models import Decision, Review
from loopline.huddles.reviews import arms_of, review_decision, review_due
from loopline.huddles.trial import is_treated
from loopline.leads.models import Lead
from tests.make import make_person, make_unit, make_user, signed_in

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
