"""What every action on an opportunity begins and ends with: lock the row, check the actor, record the fact."""

from datetime import datetime

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.facts.outbox import record_fact
from loopline.people.models import Person
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.fact_rows import opportunity_contact_id, opportunity_contact_row, opportunity_row
from loopline.pipeline.models import Opportunity, OpportunityContact, business_day


def require_unit(by: Actor, unit: BusinessUnit) -> None:
    if not by.covers_unit(unit.pk):
        raise NotAllowedError(f"{by.name} does not work for {unit.name}. Ask an administrator for access to that unit.")


def require_visible(person: Person, by: Actor) -> None:
    if not Person.objects.visible_to(by).filter(pk=person.pk).exists():
        raise NotAllowedError(f"{by.name} may not see this person. Ask someone of the unit that knows them.")


def locked(opportunity: Opportunity, by: Actor, permission: Permission) -> Opportunity:
    """The same opportunity, brought up to date and locked until the transaction ends. Raises NotAllowedError."""
    by.require(permission)
    take_turn()
    opportunity.refresh_from_db(from_queryset=Opportunity.objects.select_for_update())
    require_unit(by, opportunity.unit)
    return opportunity


def require_open(opportunity: Opportunity) -> None:
    if not opportunity.is_open:
        raise PipelineError(f"“{opportunity.name}” is {opportunity.outcome} already. Reopen it first to change it.")


def record_opportunity(opportunity: Opportunity, at: datetime) -> None:
    """Put the opportunity, as it stands, into the outbox."""
    refunded = opportunity.refunded_minor
    row = opportunity_row(
        opportunity,
        refunded_minor=refunded,
        reporting_minor=opportunity.reporting_minor(refunded, business_day(at)),
    )
    record_fact("opportunity_facts", str(opportunity.pk), row, occurred_at=at)


def record_contact(contact: OpportunityContact, at: datetime, *, is_deleted: bool = False) -> None:
    row = opportunity_contact_row(contact)
    record_fact(
        "opportunity_contact_facts", opportunity_contact_id(contact), row, occurred_at=at, is_deleted=is_deleted
    )
