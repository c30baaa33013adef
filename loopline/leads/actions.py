"""What happens to a lead: created, judged, handed over, answered.

Each verb is one transaction: it locks the lead, changes it in place, and writes its history, an audit entry and a fact.
"""

from collections.abc import Mapping
from datetime import date, datetime

from django.db import transaction

from loopline.access.actor import SYSTEM, Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.facts.outbox import record_fact
from loopline.leads.changes import Move, lock, move, require_own_lead, require_unit
from loopline.leads.clocks import follow
from loopline.leads.clocks import note as write_note
from loopline.leads.desk import Desk, behaviour_for
from loopline.leads.fact_rows import lead_row
from loopline.leads.hand_over import hand_over, keep_assignment
from loopline.leads.judging import judge_lead
from loopline.leads.known import Behaviour
from loopline.leads.models import Lead, LeadTransition
from loopline.leads.reasons import read_detail
from loopline.leads.states import LeadStateError, require_move
from loopline.lib.times import utc_now
from loopline.people.custom import CustomValue
from loopline.people.models import Person
from loopline.routing.decide import Decision

State = Lead.State
Detail = Mapping[str, object]
NO_DETAIL: Detail = {}


@transaction.atomic
def create_lead(
    person: Person,
    unit: BusinessUnit,
    *,
    origin: str,
    message: str = "",
    custom: Mapping[str, CustomValue] | None = None,
    by: Actor,
    at: datetime | None = None,
) -> Lead:
    """A new lead of the person that remains after merges. Raises LeadStateError when one is running already."""
    by.require(Permission.EDIT_PEOPLE)
    at = at or utc_now()
    take_turn()
    person = Person.objects.select_for_update(no_key=True).get(pk=person.canonical_id)
    lead = Lead(unit=unit, person=person, origin=origin[:200], message=message, custom=custom or {}, created_at=at)
    require_unit(by, lead)
    if Lead.objects.running().filter(person__in=person.known_ids(), unit=unit).exists():
        raise LeadStateError(f"{person.display_name} is a running lead of {unit} already. Open that one instead.")
    lead.save(force_insert=True)
    LeadTransition.objects.create(lead=lead, to_state=State.NEW, by_name=by.name, note=lead.origin, at=at)
    follow(lead, at)
    audit(by, "create_lead", lead, at=at, origin=lead.origin)
    record_fact("lead_facts", str(lead.pk), lead_row(lead), occurred_at=at)
    return lead


def qualify_lead(lead: Lead, *, by: Actor, at: datetime | None = None) -> bool:
    """Judge a new lead by the definition in force and keep the evidence; hand it over if it passes. True if it did.

    A lead that does not pass stays new, with the reasons, and can be judged again when more is known.
    """
    by.require(Permission.EDIT_PEOPLE)
    at = at or utc_now()
    return _qualify(lead, behaviour_for(lead, at), by, at)


@transaction.atomic
def _qualify(lead: Lead, behaviour: Behaviour, by: Actor, at: datetime) -> bool:
    lock(lead)
    require_unit(by, lead)
    if lead.state != State.NEW:
        raise LeadStateError(f"Only new leads are judged; this one is {lead.state_label}.")
    outcome = judge_lead(lead, at, behaviour)
    known_before = (lead.definition_id, lead.evidence)
    lead.definition, lead.evidence = outcome.version, outcome.judgement.evidence
    lead.scores = outcome.judgement.scores
    if not outcome.judgement.is_met:
        if known_before != (lead.definition_id, lead.evidence):
            _keep_judgement(lead, by, at)
        return False
    lead.qualified_at = at
    move(lead, Move(State.MARKETING_QUALIFIED, "qualify_lead", by, at))
    hand_over(lead, desk=Desk(behaviour=behaviour), by=by, at=at)
    return True


def _keep_judgement(lead: Lead, by: Actor, at: datetime) -> None:
    lead.save(update_fields=["definition", "evidence", "scores"])
    audit(by, "judge_lead", lead, at=at, is_met=False, definition=str(lead.definition or "none"))
    record_fact("lead_facts", str(lead.pk), lead_row(lead), occurred_at=at)


@transaction.atomic
def accept_lead(lead: Lead, *, by: Actor, at: datetime | None = None) -> None:
    """The salesperson agrees to work it. Who accepts it out of a queue, or as a manager in someone's place, owns it."""
    by.require(Permission.WORK_LEADS)
    at = at or utc_now()
    lock(lead)
    require_own_lead(by, lead)
    require_move(lead, State.ACCEPTED)
    if by.id != "system" and str(lead.owner_id) != by.id:
        in_place_of = (
            "from the queue" if lead.is_pooled else f"in place of {lead.owner.name if lead.owner else 'nobody'}"
        )
        lead.assigned_because = f"accepted by {by.name} {in_place_of}"[:200]
        lead.owner = User.objects.get(pk=by.id)
        keep_assignment(lead, Decision("", "", lead.assigned_because), by, at)
    lead.accepted_at = at
    move(lead, Move(State.ACCEPTED, "accept_lead", by, at))


@transaction.atomic
def reject_lead(
    lead: Lead, reason: str, *, note: str = "", detail: Detail = NO_DETAIL, return_on: date | None = None, by: Actor,
    at: datetime | None = None,
) -> None:  # fmt: skip
    """Send a lead back to marketing with a reason it can act on; `detail` is what `leads.reasons` asks for."""
    by.require(Permission.WORK_LEADS)
    at = at or utc_now()
    lock(lead)
    require_own_lead(by, lead)
    require_move(lead, State.REJECTED)
    if lead.is_pooled and by.id != SYSTEM.id:
        lead.owner = User.objects.get(pk=by.id)
    _give_reason(lead, reason, note, return_on, detail)
    lead.rejected_at = at
    move(lead, Move(State.REJECTED, "reject_lead", by, at, reason, note))


@transaction.atomic
def recycle_lead(
    lead: Lead, reason: str, *, note: str = "", detail: Detail = NO_DETAIL, return_on: date | None = None,
    returns_when: str = "", by: Actor, at: datetime | None = None,
) -> None:  # fmt: skip
    """Back to nurture: not now, perhaps later: on `return_on`, or when the trigger of `leads.returns` happens."""
    by.require(Permission.EDIT_PEOPLE)
    at = at or utc_now()
    lock(lead)
    _require_work(by, lead)
    require_move(lead, State.RECYCLED)
    _require_no_dispute(lead)
    _give_reason(lead, reason, note, return_on, detail)
    lead.returns_when = returns_when
    move(lead, Move(State.RECYCLED, "recycle_lead", by, at, reason, note))


@transaction.atomic
def disqualify_lead(
    lead: Lead, reason: str, *, note: str = "", detail: Detail = NO_DETAIL, by: Actor, at: datetime | None = None
) -> None:
    """Not ever, with a reason."""
    by.require(Permission.EDIT_PEOPLE)
    at = at or utc_now()
    lock(lead)
    _require_work(by, lead)
    require_move(lead, State.DISQUALIFIED)
    _require_no_dispute(lead)
    _give_reason(lead, reason, note, None, detail)
    move(lead, Move(State.DISQUALIFIED, "disqualify_lead", by, at, reason, note))


@transaction.atomic
def mark_converted(lead: Lead, *, by: Actor, at: datetime | None = None) -> None:
    """An opportunity is linked to it. Called by the pipeline in the transaction that creates the opportunity."""
    by.require(Permission.EDIT_PIPELINE)
    at = at or utc_now()
    lock(lead)
    require_own_lead(by, lead)
    require_move(lead, State.CONVERTED)
    lead.converted_at = at
    move(lead, Move(State.CONVERTED, "convert_lead", by, at))


@transaction.atomic
def ask_for_help(lead: Lead, note: str, *, by: Actor, at: datetime | None = None) -> None:
    """The owner wants a colleague's help; the clock goes on. Managers see it, and the next huddle talks about it."""
    by.require(Permission.WORK_LEADS)
    at = at or utc_now()
    lock(lead)
    require_own_lead(by, lead)
    if lead.state not in {State.HANDED_OVER, State.ACCEPTED}:
        raise LeadStateError(f"Help is for leads in work; this one is {lead.state_label}.")
    lead.help_asked_at, lead.help_note = at, note
    lead.save(update_fields=["help_asked_at", "help_note"])
    write_note(lead, f"Asked for help: {note}", by, at)
    audit(by, "ask_for_help", lead, at=at, note=note)


def _require_work(by: Actor, lead: Lead) -> None:
    """Marketing and managers work on any lead of their units, a salesperson on the own ones."""
    if by.may(Permission.ASSIGN_LEADS):
        require_unit(by, lead)
    else:
        require_own_lead(by, lead)


def _require_no_dispute(lead: Lead) -> None:
    if lead.disputes.filter(resolved_at=None).exists():
        raise LeadStateError("The rejection is disputed; sales settles that first. Nothing was changed.")


def _give_reason(lead: Lead, reason: str, note: str, return_on: date | None, detail: Detail) -> None:
    if reason not in Lead.Reason.values:
        raise ValueError(f"“{reason}” is no reason; choose one of {', '.join(Lead.Reason.values)}")
    lead.reason, lead.reason_note, lead.return_on = reason, note, return_on
    # Which clause sales missed stays known, whatever marketing decides about the lead then.
    clause = lead.reason_detail.get("clause") if lead.state == State.REJECTED else None
    lead.reason_detail = ({"clause": clause} if clause else {}) | read_detail(reason, detail)
