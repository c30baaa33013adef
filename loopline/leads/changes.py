"""What every change of a lead has in common: lock it, write its row, its history, its audit entry and its fact."""

from dataclasses import dataclass
from datetime import datetime

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.roles import Permission
from loopline.facts.outbox import record_fact
from loopline.leads.clocks import follow
from loopline.leads.fact_rows import lead_row
from loopline.leads.models import Lead, LeadTransition
from loopline.leads.states import require_move


@dataclass(frozen=True, slots=True)
class Move:
    """A lead goes to another state: by whom, when, and in which words."""

    to_state: Lead.State
    verb: str
    by: Actor
    at: datetime
    reason: str = ""
    note: str = ""


def lock(lead: Lead) -> None:
    """Bring `lead` up to date and keep others from changing it until the transaction ends."""
    take_turn()  # before any row is locked, everywhere in the same order, so that two actions never wait for each other
    lead.refresh_from_db(from_queryset=Lead.objects.select_for_update())


def require_unit(by: Actor, lead: Lead) -> None:
    if not by.covers_unit(lead.unit_id):
        raise NotAllowedError(f"{by.name} does not work for {lead.unit}. Ask an administrator for that business unit.")


def require_own_lead(by: Actor, lead: Lead) -> None:
    """Raises NotAllowedError unless the lead is handed to `by`, waits in their queue, or `by` works anyone's lead."""
    require_unit(by, lead)
    if lead.is_pooled and Lead.objects.in_queue_of(by).filter(pk=lead.pk).exists():
        return
    if str(lead.owner_id) != by.id and not by.may(Permission.ASSIGN_LEADS):
        owner = lead.owner.name if lead.owner else "a queue of another team" if lead.is_pooled else "nobody yet"
        raise NotAllowedError(f"This lead is handed to {owner}. Ask a sales manager to hand it to you.")


def move(lead: Lead, step: Move) -> None:
    """Change the state of a locked lead, with its other changed fields, in the caller's transaction.

    Raises LeadStateError when there is no way from the lead's state to the new one.
    """
    require_move(lead, step.to_state)
    from_state, lead.state = lead.state, step.to_state
    if step.to_state != Lead.State.HANDED_OVER:
        lead.is_pooled = False
    lead.is_paused = False
    lead.save()
    LeadTransition.objects.create(
        lead=lead,
        from_state=from_state,
        to_state=step.to_state,
        by_name=step.by.name,
        reason=step.reason,
        note=step.note,
        at=step.at,
    )
    audit(
        step.by, step.verb, lead, at=step.at, from_state=from_state, reason=step.reason, note=step.note,
        owner=lead.owner_id, definition=lead.definition_id,
    )  # fmt: skip
    record_fact("lead_facts", str(lead.pk), lead_row(lead), occurred_at=step.at)
    follow(lead, step.at)
