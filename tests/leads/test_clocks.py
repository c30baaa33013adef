"""Clocks: both sides owe something, in business hours; they pause with a reason, and what runs out is kept."""

from datetime import UTC, date, datetime, timedelta

import pytest

from loopline.access.actor import SYSTEM, Actor
from loopline.access.models import AuditEntry
from loopline.access.roles import Role
from loopline.facts.models import OutboxRow
from loopline.leads.actions import accept_lead, qualify_lead, recycle_lead, reject_lead
from loopline.leads.clocks import pause, resume
from loopline.leads.hand_off_models import Clock, HandOffTerms
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.leads.watch import adrift, watch
from loopline.pipeline.interactions import Talk, log_interaction
from tests.make import make_unit, make_user
from tests.make_leads import make_definition, make_handed_over_lead, make_lead

pytestmark = pytest.mark.django_db

MONDAY_10 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def running(lead: Lead) -> list[tuple[str, str]]:
    return [(one.side, one.kind) for one in lead.clocks.running()]


def marketing(lead: Lead) -> Actor:
    return make_user(Role.MARKETING, unit=lead.unit).actor


def test_every_state_that_waits_for_somebody_has_the_clock_of_its_side() -> None:
    unit = make_unit()
    make_definition(unit)
    lead = make_lead(unit, at=MONDAY_10)
    assert running(lead) == [("marketing", "ripen")]
    qualify_lead(lead, by=SYSTEM, at=MONDAY_10)
    assert running(lead) == [("sales", "assign")], "nobody takes leads here"
    handed, owner = make_handed_over_lead(at=MONDAY_10)
    assert running(handed) == [("sales", "answer")]
    accept_lead(handed, by=owner.actor, at=MONDAY_10 + HOUR)
    assert running(handed) == [("sales", "first_touch")]
    reject_lead(handed, "no_need", by=owner.actor, at=MONDAY_10 + 2 * HOUR)
    assert running(handed) == [("marketing", "rejection")]
    recycle_lead(handed, "timing", return_on=date(2026, 5, 1), by=marketing(handed), at=MONDAY_10 + 3 * HOUR)
    assert running(handed) == [("marketing", "return")]
    assert handed.clocks.running().get().due_at == datetime(2026, 5, 2, tzinfo=UTC)


def test_the_first_call_stops_the_clock_of_the_first_touch_and_a_note_does_not() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    accept_lead(lead, by=owner.actor, at=MONDAY_10)
    log_interaction(Talk(lead.unit, lead.person, "note", "read the file", happened_at=MONDAY_10 + HOUR), by=owner.actor)
    assert running(lead) == [("sales", "first_touch")]
    log_interaction(
        Talk(lead.unit, lead.person, "call", was_answered=False, happened_at=MONDAY_10 + 2 * HOUR), by=owner.actor
    )
    lead.refresh_from_db()
    assert (running(lead), lead.first_touch_at) == ([], MONDAY_10 + 2 * HOUR)
    assert lead.clocks.get(kind="first_touch").breached_at is None


def test_a_call_before_the_answer_counts_as_the_first_touch() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    log_interaction(Talk(lead.unit, lead.person, "call", happened_at=MONDAY_10 + HOUR), by=owner.actor)
    accept_lead(lead, by=owner.actor, at=MONDAY_10 + 2 * HOUR)
    assert running(lead) == []


def test_a_clock_that_runs_out_is_a_breach_once_with_history_audit_and_fact() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    assert watch(MONDAY_10 + 4 * HOUR).breached == 0, "the last moment is still in time"
    late = MONDAY_10 + 5 * HOUR
    assert watch(late).breached == 1
    assert watch(late).breached == 0
    clock = lead.clocks.get(kind="answer")
    assert (clock.breached_at, clock.stopped_at) == (MONDAY_10 + 4 * HOUR, None)
    step = lead.transitions.get(is_note=True)
    assert (step.label, step.note) == ("Note", f"The clock ran out: {owner.name} owed to accept it or send it back.")
    assert AuditEntry.objects.filter(verb="breach_clock", object_id=str(lead.pk)).count() == 1
    fact = OutboxRow.objects.filter(table="clock_facts", row_id=str(clock.pk)).get()
    assert (fact.row["side"], fact.row["stopped_at"]) == ("sales", None)
    accept_lead(lead, by=owner.actor, at=late)
    clock.refresh_from_db()
    assert (clock.breached_at, clock.stopped_at) == (MONDAY_10 + 4 * HOUR, late)


def test_an_answer_that_comes_late_before_anybody_looked_is_late_all_the_same() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    accept_lead(lead, by=owner.actor, at=MONDAY_10 + 6 * HOUR)
    assert lead.clocks.get(kind="answer").breached_at == MONDAY_10 + 4 * HOUR


def test_a_paused_clock_stands_still_and_goes_on_with_what_was_left() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    clock = lead.clocks.get(kind="answer")
    pause(clock, "the buyer asked for a day", by=owner.actor, at=MONDAY_10 + HOUR)
    assert watch(MONDAY_10 + timedelta(days=3)).breached == 0
    with pytest.raises(LeadStateError, match="does not run"):
        pause(clock, "again", by=owner.actor, at=MONDAY_10 + 2 * HOUR)
    resume(clock, by=owner.actor, at=MONDAY_10 + timedelta(days=1))
    lead.refresh_from_db()
    assert clock.due_at == lead.due_at == MONDAY_10 + timedelta(days=1) + 3 * HOUR
    [kept] = clock.pauses.all()
    assert (kept.reason, kept.until_at) == ("the buyer asked for a day", MONDAY_10 + timedelta(days=1))
    with pytest.raises(LeadStateError, match="not paused"):
        resume(clock, by=owner.actor, at=MONDAY_10 + timedelta(days=1))


def test_a_clock_that_ran_out_cannot_be_paused_away() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    with pytest.raises(LeadStateError, match="ran out already"):
        pause(lead.clocks.get(kind="answer"), "later", by=owner.actor, at=MONDAY_10 + 5 * HOUR)


def test_late_leads_go_back_to_the_queue_where_the_terms_say_so() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    HandOffTerms.objects.create(unit=lead.unit, late_leads_go_back=True)
    assert watch(MONDAY_10 + 5 * HOUR).gone_back == 1
    lead.refresh_from_db()
    assert (lead.is_pooled, lead.owner, running(lead)) == (True, None, [("sales", "take")])
    assert lead.assigned_because == f"{owner.name} did not answer within 4 business hours"
    assert watch(MONDAY_10 + 5 * HOUR).gone_back == 0
    accept_lead(lead, by=owner.actor, at=MONDAY_10 + 6 * HOUR)
    assert lead.owner == owner


def test_no_lead_is_without_owner_and_clock_for_more_than_a_minute() -> None:
    lead, _ = make_handed_over_lead(at=MONDAY_10)
    stray = make_lead(lead.unit, at=MONDAY_10)
    assert not adrift(SYSTEM)
    Clock.objects.all().delete()  # what an import or an older version leaves behind
    assert list(adrift(SYSTEM)) == [stray], "the one handed over has an owner"
    assert not adrift(SYSTEM, now=MONDAY_10 + timedelta(seconds=59))
    assert not adrift(make_user(Role.MARKETING, unit=make_unit()).actor), "another unit's"
    assert watch().mended == 2
    assert not adrift(SYSTEM)
    assert running(stray) == [("marketing", "ripen")]


def test_a_lead_that_ended_by_another_way_owes_nothing_any_more() -> None:
    lead, _ = make_handed_over_lead(at=MONDAY_10)
    Lead.objects.update(state="disqualified")  # as the undo of an import does
    assert watch(MONDAY_10 + HOUR).mended == 1
    assert running(lead) == []
    assert watch(MONDAY_10 + 9 * HOUR).breached == 0
