"""Who is involved in an opportunity, and in which role."""

from datetime import datetime

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.people.models import Person
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Opportunity, OpportunityContact
from loopline.pipeline.record import locked, record_contact, require_visible


@transaction.atomic
def set_contact(
    opportunity: Opportunity,
    person: Person,
    role: str,
    *,
    is_primary: bool | None = None,
    by: Actor,
    at: datetime | None = None,
) -> OpportunityContact:
    """Add a person or change their role. The first contact is primary; a new primary takes the old one's place.

    `is_primary=None` leaves a contact what it is. Raises PipelineError for an unknown role, or when the primary
    contact would be lost.
    """
    moment = at or utc_now()
    if role not in OpportunityContact.Role.values:
        raise PipelineError(f"There is no role “{role}”; choose one of {', '.join(OpportunityContact.Role.values)}.")
    row = locked(opportunity, by, Permission.EDIT_PIPELINE)
    remaining = person.merged_into or person
    require_visible(remaining, by)
    contact = row.contacts.filter(person=remaining).first()
    has_primary = row.contacts.filter(is_primary=True).exclude(person=remaining).exists()
    was_primary = contact is not None and contact.is_primary
    becomes_primary = (was_primary or not has_primary) if is_primary is None else is_primary
    if not becomes_primary and not has_primary:
        raise PipelineError("An opportunity needs a primary contact. Make someone else primary first.")
    if becomes_primary:
        _step_down(row, remaining, moment)
    if contact is None:
        contact = OpportunityContact(opportunity=row, person=remaining)
    contact.role, contact.is_primary = role, becomes_primary
    contact.save()
    audit(by, "set_contact", row, at=moment, person=remaining.pk, role=role, is_primary=becomes_primary)
    record_contact(contact, moment)
    return contact


@transaction.atomic
def remove_contact(opportunity: Opportunity, person: Person, *, by: Actor, at: datetime | None = None) -> None:
    """Take a person off the opportunity. The primary contact stays until someone else is primary."""
    moment = at or utc_now()
    row = locked(opportunity, by, Permission.EDIT_PIPELINE)
    contact = row.contacts.filter(person=person).first()
    if contact is None:
        return
    if contact.is_primary:
        raise PipelineError(f"{person.display_name} is the primary contact. Make someone else primary first.")
    record_contact(contact, moment, is_deleted=True)
    contact.delete()
    audit(by, "remove_contact", row, at=moment, person=person.pk)


def _step_down(opportunity: Opportunity, newcomer: Person, at: datetime) -> None:
    # One at a time and before the newcomer is saved: the database holds at most one primary contact.
    for former in opportunity.contacts.filter(is_primary=True).exclude(person=newcomer):
        former.is_primary = False
        former.save(update_fields=["is_primary"])
        record_contact(former, at)
