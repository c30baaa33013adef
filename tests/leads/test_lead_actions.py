"""What happens to a lead: each verb writes its row, its history, its audit entry and its fact."""

from datetime import UTC, datetime

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.audit import first_broken_entry
from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.facts.models import OutboxRow
from loopline.leads.actions import (
    accept_lead,
    ask_for_help,
    create_lead,
    disqualify_lead,
    mark_converted,
    qualify_lead,
    recycle_lead,
    reject_lead,
)
from loopline.leads.hand_over import NOBODY, hand_over_lead, hand_over_waiting
from loopline.leads.models import Lead
from loopline.leads.states import ALLOWED, LeadStateError
from tests.make import make_person, make_unit, make_user
from tests.make_leads import make_definition, make_handed_over_lead, make_lead

pytestmark = pytest.mark.django_db

MONDAY_10 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def last_fact(lead: Lead) -> OutboxRow:
    row = OutboxRow.objects.filter(table="lead_facts", row_id=str(lead.pk)).order_by("-id").first()
    assert row is not None
    return row


def last_audit(lead: Lead) -> AuditEntry:
    entry = AuditEntry.objects.filter(object_id=str(lead.pk)).order_by("-seq").first()
    assert entry is not None
    return entry


def test_a_new_lead_is_a_row_a_transition_an_audit_entry_and_a_fact() -> None:
    lead = create_lead(make_person(), make_unit(), origin="form “Ask for a demo”", message="soon", by=SYSTEM)
    assert (lead.state, lead.message) == (Lead.State.NEW, "soon")
    assert [(one.from_state, one.to_state) for one in lead.transitions.all()] == [("", "new")]
    assert last_audit(lead).verb == "create_lead"
    assert last_fact(lead).row["state"] == "new"
    assert first_broken_entry() is None


def test_a_person_has_one_running_lead_a_unit_and_may_get_another_after_it_ended() -> None:
    unit, person = make_unit(), make_person()
    lead = create_lead(person, unit, origin="call", by=SYSTEM)
    with pytest.raises(LeadStateError, match="running lead"):
        create_lead(person, unit, origin="form", by=SYSTEM)
    assert create_lead(person, make_unit(), origin="form", by=SYSTEM).pk != lead.pk
    disqualify_lead(lead, Lead.Reason.NOT_A_BUYER, by=SYSTEM)
    assert create_lead(person, unit, origin="form", by=SYSTEM).state == Lead.State.NEW


def test_a_lead_that_passes_the_definition_is_handed_to_the_next_salesperson_with_a_clock() -> None:
    unit = make_unit()
    ana = make_user(Role.SALES, unit=unit, name="Ana", takes_leads=True)
    make_user(Role.SALES, unit=unit, name="Ben", takes_leads=True)
    version = make_definition(unit)
    lead = make_lead(unit, at=MONDAY_10)
    assert qualify_lead(lead, by=SYSTEM, at=MONDAY_10) is True
    assert (lead.state, lead.owner, lead.definition) == (Lead.State.HANDED_OVER, ana, version)
    assert lead.due_at == datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    assert lead.assigned_because == "round robin: Ana had 0 this week, Ben 0"
    assert [clause["is_met"] for clause in lead.evidence] == [True]
    assert last_audit(lead).verb == "hand_over_lead"
    fact = last_fact(lead)
    assert (fact.row["state"], fact.row["owner_id"], fact.row["definition_id"]) == (
        "handed_over", str(ana.pk), str(version.pk),
    )  # fmt: skip
    assert [one.to_state for one in lead.transitions.all()] == ["new", "marketing_qualified", "handed_over"]


def test_a_lead_that_does_not_pass_stays_new_with_the_reasons() -> None:
    unit = make_unit()
    make_definition(unit)
    lead = make_lead(unit, email="someone@gmail.com")
    assert qualify_lead(lead, by=SYSTEM) is False
    assert lead.state == Lead.State.NEW
    assert lead.evidence == [
        {
            "clause": "has a business e-mail address",
            "is_met": False,
            "reason": "has no business e-mail address",
            "part": "also",
        }
    ]
    assert last_audit(lead).verb == "judge_lead"
    count = AuditEntry.objects.count()
    assert qualify_lead(lead, by=SYSTEM) is False
    assert AuditEntry.objects.count() == count, "the same judgement again is no news"


def test_without_a_definition_in_force_nothing_is_qualified_and_the_lead_says_so() -> None:
    lead = make_lead(make_unit())
    assert qualify_lead(lead, by=SYSTEM) is False
    assert lead.evidence[0]["clause"] == "no lead definition is in force"


def test_a_qualified_lead_waits_where_nobody_takes_leads_and_goes_when_someone_does() -> None:
    unit = make_unit()
    make_definition(unit)
    lead = make_lead(unit)
    qualify_lead(lead, by=SYSTEM)
    assert (lead.state, lead.owner, lead.assigned_because) == (Lead.State.MARKETING_QUALIFIED, None, NOBODY)
    assert hand_over_waiting(by=SYSTEM) == 0
    make_user(Role.MARKETING, unit=unit, takes_leads=True)
    assert hand_over_waiting(by=SYSTEM) == 0, "marketing does not work leads"
    eve = make_user(Role.SALES, unit=unit, name="Eve", takes_leads=True)
    assert hand_over_waiting(by=SYSTEM) == 1
    lead.refresh_from_db()
    assert (lead.state, lead.owner) == (Lead.State.HANDED_OVER, eve)


def test_turns_go_round_within_the_unit() -> None:
    unit = make_unit()
    make_definition(unit)
    for name in ("Ana", "Ben", "Cleo"):
        make_user(Role.SALES, unit=unit, name=name, takes_leads=True)
    make_user(Role.SALES, unit=make_unit(), name="Adam", takes_leads=True)
    owners = []
    for _ in range(6):
        lead = make_lead(unit)
        qualify_lead(lead, by=SYSTEM)
        owners.append(lead.owner.name if lead.owner else None)
    assert owners == ["Ana", "Ben", "Cleo", "Ana", "Ben", "Cleo"]


def test_the_owner_accepts_and_a_colleague_may_not() -> None:
    lead, owner = make_handed_over_lead()
    colleague = make_user(Role.SALES, unit=lead.unit)
    with pytest.raises(NotAllowedError, match=f"handed to {owner.name}"):
        accept_lead(lead, by=colleague.actor)
    accept_lead(lead, by=owner.actor)
    assert (lead.state, lead.owner) == (Lead.State.ACCEPTED, owner)
    assert lead.accepted_at is not None
    assert last_audit(lead).verb == "accept_lead"
    assert last_fact(lead).row["state"] == "accepted"


def test_a_manager_who_accepts_becomes_the_owner() -> None:
    lead, owner = make_handed_over_lead()
    manager = make_user(Role.SALES_MANAGER, unit=lead.unit, name="Mia")
    accept_lead(lead, by=manager.actor)
    lead.refresh_from_db()
    assert lead.owner == manager
    assert lead.assigned_because == f"accepted by Mia in place of {owner.name}"


def test_sending_back_keeps_the_reason_and_marketing_may_recycle_it() -> None:
    lead, owner = make_handed_over_lead()
    reject_lead(lead, Lead.Reason.TIMING, note="budget in May", by=owner.actor)
    assert (lead.state, lead.reason, lead.reason_note) == ("rejected", "timing", "budget in May")
    assert last_fact(lead).row["reason"] == "timing"
    marketing = make_user(Role.MARKETING, unit=lead.unit)
    recycle_lead(lead, Lead.Reason.TIMING, return_on=datetime(2026, 5, 1, tzinfo=UTC).date(), by=marketing.actor)
    assert lead.state == "recycled"
    assert str(lead.return_on) == "2026-05-01"
    with pytest.raises(ValueError, match="is no reason"):
        disqualify_lead(lead, "because", by=marketing.actor)


def test_a_manager_hands_a_lead_to_someone_else_with_a_new_clock() -> None:
    lead, owner = make_handed_over_lead(at=MONDAY_10)
    other = make_user(Role.SALES, unit=lead.unit, name="Otto")
    manager = make_user(Role.SALES_MANAGER, unit=lead.unit, name="Mia")
    with pytest.raises(NotAllowedError):
        hand_over_lead(lead, to=other, by=owner.actor)
    with pytest.raises(NotAllowedError, match="does not work for"):
        hand_over_lead(lead, to=make_user(Role.SALES, unit=make_unit()), by=manager.actor)
    with pytest.raises(NotAllowedError, match="does not work leads"):
        hand_over_lead(lead, to=make_user(Role.MARKETING, unit=lead.unit), by=manager.actor)
    hand_over_lead(lead, to=other, by=manager.actor, at=MONDAY_10.replace(hour=16))
    assert (lead.owner, lead.assigned_because) == (other, "handed over by Mia")
    assert lead.due_at == datetime(2026, 3, 3, 12, 0, tzinfo=UTC)


def test_converting_needs_an_accepted_lead() -> None:
    lead, owner = make_handed_over_lead()
    with pytest.raises(LeadStateError, match=r"cannot be converted: the lead is handed over\. Nothing was changed"):
        mark_converted(lead, by=owner.actor)
    accept_lead(lead, by=owner.actor)
    mark_converted(lead, by=owner.actor)
    assert lead.state == "converted"
    assert lead.converted_at is not None


def test_help_is_asked_for_without_stopping_the_clock() -> None:
    lead, owner = make_handed_over_lead()
    due = lead.due_at
    ask_for_help(lead, "no phone number", by=owner.actor)
    assert (lead.state, lead.due_at, lead.help_note) == ("handed_over", due, "no phone number")
    assert last_audit(lead).verb == "ask_for_help"


def test_every_state_says_where_it_leads() -> None:
    assert set(ALLOWED) == set(Lead.State.values)
    assert not ALLOWED[Lead.State.CONVERTED]


def test_another_units_salesperson_may_not_touch_the_lead() -> None:
    lead, _ = make_handed_over_lead()
    stranger = make_user(Role.SALES_MANAGER, unit=make_unit())
    for act in (accept_lead, mark_converted):
        with pytest.raises(NotAllowedError, match="does not work for"):
            act(lead, by=stranger.actor)
    with pytest.raises(NotAllowedError):
        qualify_lead(make_lead(make_unit()), by=stranger.actor)


def test_the_wrong_role_is_refused() -> None:
    unit: BusinessUnit = make_unit()
    finance = make_user(Role.FINANCE, unit=unit)
    with pytest.raises(NotAllowedError):
        create_lead(make_person(), unit, origin="call", by=finance.actor)
