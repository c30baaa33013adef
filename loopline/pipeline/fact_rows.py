"""How opportunities and their contacts become rows of the event store; used by actions and bulk loaders alike."""

from loopline.pipeline.models import Opportunity, OpportunityContact


def opportunity_row(opportunity: Opportunity, *, refunded_minor: int, reporting_minor: int | None) -> dict[str, object]:
    """A row of `opportunity_facts`. `reporting_minor` as `Opportunity.reporting_minor` answers it."""
    return {
        "unit_id": str(opportunity.unit_id),
        "lead_id": str(opportunity.lead_id or ""),
        "company_id": str(opportunity.company_id or ""),
        "owner_id": str(opportunity.owner_id or ""),
        "stage": opportunity.stage,
        "outcome": opportunity.outcome,
        "loss_reason": opportunity.loss_reason,
        "primary_campaign_id": str(opportunity.primary_campaign_id or ""),
        "amount_minor": opportunity.amount_minor,
        "refunded_minor": refunded_minor,
        "currency": opportunity.currency,
        "reporting_minor": reporting_minor,
        "expected_close_on": opportunity.expected_close_on,
        "created_at": opportunity.created_at,
        "closed_at": opportunity.closed_at,
    }


def opportunity_contact_id(contact: OpportunityContact) -> str:
    return f"{contact.opportunity_id}/{contact.person_id}"


def opportunity_contact_row(contact: OpportunityContact) -> dict[str, object]:
    """A row of `opportunity_contact_facts`."""
    return {
        "opportunity_id": str(contact.opportunity_id),
        "person_id": str(contact.person_id),
        "role": contact.role,
        "is_primary": contact.is_primary,
    }
