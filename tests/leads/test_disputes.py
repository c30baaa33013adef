"""Sent back with a code, disputed, settled, recycled, back: both sides owe answers, and the record keeps them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry, Organisation, User
from loopline.access.roles import Role
from loopline.leads.actions import accept_lead, disqualify_lead, qualify_lead, recycle_lead, reject_lead
from loopline.leads.desk import behaviour_for
from loopline.leads.disputes import (
    ask_for_evidence,
    complete_evidence,
    open_dispute,
    pause_clocks,
    resolve_dispute,
    resume_clocks,
)
from loopline.leads.hand_over import hand_over_lead
from loopline.leads.known import Behaviour
from loopline.leads.models import Lead
from loopline.leads.reasons import ASKED, ReasonError, detail_words, read_detail, require_detail
from loopline.leads.returns import bring_back
from loopline.leads.states import LeadStateError
from tests.make import make_unit, make_user
from tests.make_leads import make_handed_over_lead, make_lead

pytestmark = pytest.mark.django_db

MONDAY_10 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sent_back() -> tuple[Lead, User, User, User]:
    """A lead that came back, its owner, somebody in marketing and the sales manager."""
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    marketing = make_user(Role.MARKETING, unit=lead.unit, name="Mara")
    manager = make_user(Role.SALES_MANAGER, unit=lead.unit, name="Mia")
    reject_lead(lead, "unreachable", detail={"attempts": 3}, by=owner.actor, at=MONDAY_10 + HOUR)
    return lead, owner, marketing, manager


def running(lead: Lead) -> set[tuple[str, str, bool]]:
    return {(one.side, one.kind, one.paused_at is not None) for one in lead.clocks.running()}


@pytest.mark.parametrize(
    ("reason", "detail", "words"),
    [
        ("below_definition", {"clause": "works for a known company"}, "works for a known company"),
        ("duplicate", {"duplicate_of": "eva@halden.example"}, "of eva@halden.example"),
        ("bad_data", {"field": "phone"}, "phone number"),
        ("unreachable", {"attempts": 1}, "after 1 attempt"),
        ("not_a_buyer", {"kind": "job_seeker"}, "looks for a job"),
    ],
)
def test_a_code_keeps_what_marketing_needs_to_act(reason: str, detail: dict[str, object], words: str) -> None:
    lead, owner = make_handed_over_lead()
    reject_lead(lead, reason, detail=detail | {"noise": "x"}, by=owner.actor)
    lead.refresh_from_db()
    assert lead.reason_detail == detail
    assert detail_words(lead.reason, lead.reason_detail) == words


def test_what_a_code_asks_for_is_demanded_of_people_and_checked_for_everyone() -> None:
    for reason in ASKED:
        with pytest.raises(ReasonError):
            require_detail(reason, {})
        assert read_detail(reason, {}) == {}
    for reason, wrong in [("unreachable", {"attempts": 0}), ("unreachable", {"attempts": "three"}),
                          ("bad_data", {"field": "shoes"}), ("not_a_buyer", {"kind": "<b>"})]:  # fmt: skip
        with pytest.raises(ReasonError):
            read_detail(reason, wrong)
    assert require_detail("no_need", {"attempts": 3}) == {}


def test_marketing_disputes_sales_takes_it_back_and_the_record_keeps_both() -> None:
    lead, owner, marketing, manager = sent_back()
    assert running(lead) == {("marketing", "rejection", False)}
    dispute = open_dispute(lead, "they called us", by=marketing.actor, at=MONDAY_10 + 2 * HOUR)
    assert running(lead) == {("marketing", "rejection", True), ("sales", "dispute", False)}
    with pytest.raises(LeadStateError, match="disputed already"):
        open_dispute(lead, "again", by=marketing.actor)
    with pytest.raises(LeadStateError, match="sales settles that first"):
        recycle_lead(lead, "timing", by=marketing.actor)
    with pytest.raises(NotAllowedError):
        resolve_dispute(dispute, "overturned", by=marketing.actor)
    resolve_dispute(dispute, "overturned", "right, a wrong number", by=manager.actor, at=MONDAY_10 + 3 * HOUR)
    lead.refresh_from_db()
    assert (lead.state, lead.owner, lead.reason) == ("handed_over", owner, "")
    assert running(lead) == {("sales", "answer", False)}
    assert (dispute.reason, dispute.resolution, dispute.resolved_by_name) == ("unreachable", "overturned", "Mia")
    assert {"open_dispute", "resolve_dispute"} <= set(AuditEntry.objects.values_list("verb", flat=True))
    with pytest.raises(LeadStateError, match="Mia settled this"):
        resolve_dispute(dispute, "upheld", by=manager.actor)


def test_a_rejection_that_stands_is_marketings_again_with_the_time_that_was_left() -> None:
    lead, _, marketing, manager = sent_back()
    due = lead.clocks.running().get().due_at
    dispute = open_dispute(lead, "they called us", by=marketing.actor, at=MONDAY_10 + 2 * HOUR)
    resolve_dispute(dispute, "upheld", by=manager.actor, at=MONDAY_10 + 4 * HOUR)
    assert running(lead) == {("marketing", "rejection", False)}
    assert lead.clocks.running().get().due_at == due + 2 * HOUR
    disqualify_lead(lead, "not_a_buyer", by=marketing.actor)


def test_a_lead_that_came_back_goes_to_sales_again_only_through_a_dispute() -> None:
    lead, owner, _, manager = sent_back()
    with pytest.raises(LeadStateError, match="Dispute that"):
        hand_over_lead(lead, to=owner, by=manager.actor)
    handed, _ = make_handed_over_lead(lead.unit)
    with pytest.raises(LeadStateError, match="Only what sales sent back"):
        open_dispute(handed, "why not", by=make_user(Role.MARKETING, unit=lead.unit).actor)


def test_a_dispute_is_not_won_over_a_lead_that_runs_again_already() -> None:
    lead, _, marketing, manager = sent_back()
    dispute = open_dispute(lead, "they called us", by=marketing.actor)
    again = Lead(unit=lead.unit, person=lead.person)
    again.save()
    with pytest.raises(LeadStateError, match="running lead again"):
        resolve_dispute(dispute, "overturned", by=manager.actor)
    dispute.refresh_from_db()
    assert dispute.resolved_at is None


def test_sales_asks_for_evidence_and_its_own_clock_waits_for_marketing() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    marketing = make_user(Role.MARKETING, unit=lead.unit)
    ask_for_evidence(lead, "which product?", by=owner.actor, at=MONDAY_10 + HOUR)
    lead.refresh_from_db()
    assert running(lead) == {("sales", "answer", True), ("marketing", "evidence", False)}
    assert lead.is_paused
    with pytest.raises(LeadStateError, match="asked already"):
        ask_for_evidence(lead, "and the size?", by=owner.actor)
    with pytest.raises(NotAllowedError):
        ask_for_evidence(lead, "x", by=make_user(Role.SALES, unit=lead.unit).actor)
    with pytest.raises(LeadStateError, match="owes an answer first"):
        resume_clocks(lead, by=owner.actor)
    complete_evidence(lead, "flow meters", by=marketing.actor, at=MONDAY_10 + 3 * HOUR)
    lead.refresh_from_db()
    assert (running(lead), lead.is_paused) == ({("sales", "answer", False)}, False)
    assert lead.due_at == MONDAY_10 + 6 * HOUR
    with pytest.raises(LeadStateError, match="does not wait"):
        complete_evidence(lead, "more", by=marketing.actor)


def test_a_clock_is_paused_and_resumed_by_hand_with_its_reason() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    pause_clocks(lead, "on a fair", by=owner.actor, at=MONDAY_10 + HOUR)
    with pytest.raises(LeadStateError, match="No clock"):
        pause_clocks(lead, "still", by=owner.actor, at=MONDAY_10 + HOUR)
    resume_clocks(lead, by=owner.actor, at=MONDAY_10 + 2 * HOUR)
    with pytest.raises(LeadStateError, match="paused"):
        resume_clocks(lead, by=owner.actor)
    notes = [step.note for step in lead.transitions.filter(is_note=True)]
    assert notes == ["Clock paused: on a fair", "Clock runs again"]
    accept_lead(lead, by=owner.actor, at=MONDAY_10 + 2 * HOUR)


def test_a_recycled_lead_comes_back_on_its_date_as_a_new_episode_of_the_same_person() -> None:
    lead, _, marketing, _ = sent_back()
    recycle_lead(lead, "timing", return_on=date(2026, 4, 1), by=marketing.actor, at=MONDAY_10 + 2 * HOUR)
    assert bring_back(datetime(2026, 3, 31, 12, tzinfo=UTC), seen=nobody) == 0
    assert bring_back(datetime(2026, 4, 1, 6, tzinfo=UTC), seen=nobody) == 1
    assert bring_back(datetime(2026, 4, 1, 7, tzinfo=UTC), seen=nobody) == 0
    lead.refresh_from_db()
    assert lead.state == "recycled"
    assert lead.returned_as is not None
    assert (lead.returned_as.person, lead.returned_as.state) == (lead.person, "handed_over")
    assert lead.returned_as.origin == "came back (timing, with a date): its date 2026-04-01 came"
    assert running(lead) == set()


def test_the_date_comes_when_its_day_begins_where_the_organisation_is() -> None:
    organisation = Organisation.current()
    organisation.time_zone = "Pacific/Auckland"
    organisation.save()
    lead, _, marketing, _ = sent_back()
    recycle_lead(lead, "timing", return_on=date(2026, 4, 1), by=marketing.actor, at=MONDAY_10 + 2 * HOUR)
    assert bring_back(datetime(2026, 3, 31, 10, 59, tzinfo=UTC), seen=nobody) == 0
    assert bring_back(datetime(2026, 3, 31, 11, 0, tzinfo=UTC), seen=nobody) == 1


def test_the_event_store_is_asked_about_who_comes_back_outside_of_write_transactions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lead, _, marketing, _ = sent_back()
    recycle_lead(lead, "timing", return_on=date(2026, 4, 1), by=marketing.actor, at=MONDAY_10 + 2 * HOUR)
    depths: list[int] = []

    def asked(lead: Lead, at: datetime) -> Behaviour:
        depths.append(len(connection.savepoint_ids))
        return behaviour_for(lead, at)

    monkeypatch.setattr("loopline.leads.actions.behaviour_for", asked)
    assert bring_back(datetime(2026, 4, 1, 6, tzinfo=UTC), seen=nobody) == 1
    assert depths == [len(connection.savepoint_ids)]


def test_what_they_do_brings_a_lead_back_only_if_they_did_it_after_it_was_recycled() -> None:
    lead, _, marketing, _ = sent_back()
    recycle_lead(lead, "no_need", returns_when="prices", by=marketing.actor, at=MONDAY_10 + 2 * HOUR)

    def at(moment: datetime) -> object:
        asked = []

        def seen(people: Sequence[str], unit_id: str, path: str) -> dict[str, datetime]:
            asked.append((people, unit_id, path))
            return {str(lead.person_id): moment}

        came = bring_back(MONDAY_10 + timedelta(days=9), seen=seen)
        assert asked in ([], [([str(lead.person_id)], str(lead.unit_id), "/pricing")])
        return came

    assert at(MONDAY_10 + HOUR) == 0, "that was before"
    assert at(MONDAY_10 + timedelta(days=8)) == 1


def test_somebody_who_is_a_lead_again_already_does_not_come_back_twice() -> None:
    lead, _, marketing, _ = sent_back()
    recycle_lead(lead, "timing", return_on=date(2026, 4, 1), by=marketing.actor)
    again = make_lead(lead.unit, email=str(lead.person.email))
    qualify_lead(again, by=SYSTEM)
    assert bring_back(datetime(2027, 4, 1, 6, tzinfo=UTC), seen=nobody) == 1
    lead.refresh_from_db()
    assert lead.returned_as == again
    assert Lead.objects.filter(person=lead.person).count() == 2


def test_strangers_may_not_dispute_or_settle() -> None:
    lead, owner, marketing, _ = sent_back()
    stranger = make_user(Role.MARKETING, unit=make_unit())
    for actor in (stranger.actor, owner.actor):
        with pytest.raises(NotAllowedError):
            open_dispute(lead, "mine", by=actor)
    dispute = open_dispute(lead, "ours", by=marketing.actor)
    with pytest.raises(NotAllowedError):
        resolve_dispute(dispute, "upheld", by=make_user(Role.SALES_MANAGER, unit=make_unit()).actor)


def nobody(_people: Sequence[str], _unit_id: str, _path: str) -> dict[str, datetime]:
    return {}
