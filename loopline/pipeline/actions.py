"""What people do with opportunities: open, convert a lead into one, change and move them."""

import re
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypedDict

from django.db import transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.campaigns.models import Campaign
from loopline.leads.actions import mark_converted
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.people.models import Company, Person
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Opportunity, OpportunityContact, StageChange
from loopline.pipeline.record import (
    locked,
    record_contact,
    record_opportunity,
    require_open,
    require_unit,
    require_visible,
)


@dataclass(frozen=True, slots=True)
class NewOpportunity:
    unit: BusinessUnit
    name: str
    currency: str
    amount_minor: int | None = None
    """Minor units of `currency`; None while nobody knows."""
    expected_close_on: date | None = None
    person: Person | None = None
    """Becomes the primary contact."""
    company: Company | None = None
    owner: User | None = None
    primary_campaign: Campaign | None = None


class OpportunityChanges(TypedDict, total=False):
    """Only what was changed, so that two people who edit different things do not undo each other."""

    name: str
    amount_minor: int | None
    currency: str
    expected_close_on: date | None
    owner: User | None
    company: Company | None
    primary_campaign: Campaign | None
    needs_help: bool


@transaction.atomic
def create_opportunity(new: NewOpportunity, *, by: Actor, at: datetime | None = None) -> Opportunity:
    """Open an opportunity that no lead led to. Raises NotAllowedError and PipelineError."""
    by.require(Permission.EDIT_PIPELINE)
    take_turn()
    if new.person is not None:
        require_visible(new.person, by)
    return _open_opportunity(new, None, by, at or utc_now())


@transaction.atomic
def convert_lead(
    lead: Lead,
    *,
    name: str,
    amount_minor: int | None,
    currency: str,
    expected_close_on: date | None,
    primary_campaign: Campaign | None = None,
    by: Actor,
    at: datetime | None = None,
) -> Opportunity:
    """A conversation confirmed a real opportunity: open it and mark the lead converted.

    The lead's person becomes the primary contact. Raises NotAllowedError unless the lead is the actor's own or the
    actor may work anyone's; PipelineError unless the lead is accepted.
    """
    by.require(Permission.WORK_LEADS)
    by.require(Permission.EDIT_PIPELINE)
    take_turn()
    moment = at or utc_now()
    row = Lead.objects.select_for_update(of=("self",)).select_related("unit", "person", "owner").get(pk=lead.pk)
    if not by.may(Permission.ASSIGN_LEADS) and str(row.owner_id) != by.id:
        raise NotAllowedError(f"This lead is {row.owner or 'nobody'}'s. Ask them, or a sales manager, to convert it.")
    if row.state != Lead.State.ACCEPTED:
        raise PipelineError(f"The lead is {row.get_state_display().lower()}; only an accepted lead can be converted.")
    person = row.person.merged_into or row.person
    opportunity = _open_opportunity(
        NewOpportunity(
            unit=row.unit,
            name=name,
            currency=currency,
            amount_minor=amount_minor,
            expected_close_on=expected_close_on,
            person=person,
            company=person.company,
            owner=row.owner,
            primary_campaign=primary_campaign,
        ),
        row,
        by,
        moment,
    )
    mark_converted(row, by=by, at=moment)
    return opportunity


@transaction.atomic
def edit_opportunity(
    opportunity: Opportunity, changes: OpportunityChanges, *, by: Actor, at: datetime | None = None
) -> Opportunity:
    """Change fields of an open opportunity; a closed one has to be reopened, so that revenue never moves unseen."""
    moment = at or utc_now()
    row = locked(opportunity, by, Permission.EDIT_PIPELINE)
    require_open(row)
    changed = {
        name: {"from": getattr(row, name), "to": value}
        for name, value in changes.items()
        if getattr(row, name) != value
    }
    if not changed:
        return row
    # What is refused must not stay on the object, which the caller goes on to show.
    wanted = copy(row)
    for name, value in changes.items():
        setattr(wanted, name, value)
    _check(wanted)
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(update_fields=list(changed))
    audit(by, "edit_opportunity", row, at=moment, **{name: _said(pair) for name, pair in changed.items()})
    record_opportunity(row, moment)
    return row


@transaction.atomic
def move_stage(
    opportunity: Opportunity, stage: str, *, note: str = "", by: Actor, at: datetime | None = None
) -> Opportunity:
    """Move an open opportunity to a stage, forward or back. Moving to where it is changes nothing."""
    moment = at or utc_now()
    if stage not in Opportunity.Stage.values:
        raise PipelineError(f"There is no stage “{stage}”; choose one of {', '.join(Opportunity.Stage.values)}.")
    row = locked(opportunity, by, Permission.EDIT_PIPELINE)
    require_open(row)
    if row.stage == stage:
        return row
    before, row.stage, row.stage_entered_at = row.stage, stage, moment
    row.save(update_fields=["stage", "stage_entered_at"])
    StageChange.objects.create(
        opportunity=row, from_stage=before, to_stage=stage, note=note, by_name=by.name, at=moment
    )
    audit(by, "move_stage", row, at=moment, from_stage=before, to_stage=stage, note=note)
    record_opportunity(row, moment)
    return row


def _open_opportunity(new: NewOpportunity, lead: Lead | None, by: Actor, at: datetime) -> Opportunity:
    require_unit(by, new.unit)
    opportunity = Opportunity(
        unit=new.unit,
        name=new.name.strip(),
        lead=lead,
        company=new.company,
        owner=new.owner,
        amount_minor=new.amount_minor,
        currency=new.currency,
        expected_close_on=new.expected_close_on,
        primary_campaign=new.primary_campaign,
        created_at=at,
        stage_entered_at=at,
    )
    _check(opportunity)
    opportunity.save(force_insert=True)
    StageChange.objects.create(
        opportunity=opportunity, from_stage="", to_stage=opportunity.stage, by_name=by.name, at=at
    )
    detail = {"amount_minor": new.amount_minor, "currency": new.currency, "lead": lead and lead.pk}
    audit(by, "create_opportunity", opportunity, at=at, **detail)
    record_opportunity(opportunity, at)
    if new.person is not None:
        role = OpportunityContact.Role.OTHER
        contact = OpportunityContact.objects.create(
            opportunity=opportunity, person=new.person, role=role, is_primary=True
        )
        record_contact(contact, at)
    return opportunity


def _check(opportunity: Opportunity) -> None:
    """Raises PipelineError for values that cannot be."""
    if not opportunity.name.strip() or len(opportunity.name) > 200:
        raise PipelineError("Give the opportunity a name of 1 to 200 characters.")
    if opportunity.amount_minor is not None and not 0 <= opportunity.amount_minor < 2**53:
        raise PipelineError("The amount cannot be below zero, or larger than any sale. Leave it empty while unknown.")
    if not re.fullmatch("[A-Z]{3}", opportunity.currency):
        raise PipelineError(f"“{opportunity.currency}” is no currency; write its three letters, such as EUR.")
    campaign, owner = opportunity.primary_campaign, opportunity.owner
    if campaign is not None and campaign.unit_id != opportunity.unit_id:
        raise PipelineError(f"The campaign “{campaign.name}” belongs to another business unit.")
    if owner is not None and not owner.actor.covers_unit(opportunity.unit_id):
        raise PipelineError(f"{owner.name} does not work for {opportunity.unit.name}; choose someone who does.")


def _said(pair: dict[str, object]) -> dict[str, object]:
    return {side: getattr(value, "pk", value) for side, value in pair.items()}
