"""Campaigns, codes and costs as rows of their fact tables: used by actions and by bulk loaders alike."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from loopline.campaigns.models import Activity, Campaign, CampaignCode, CostLine

Convert = Callable[[int, str, date], int | None]
"""Minor units, currency, day → minor units of the reporting currency at that day's rate."""


def campaign_row(campaign: Campaign) -> dict[str, object]:
    """Columns of `campaign_facts` for this version of the campaign."""
    return {
        "unit_id": str(campaign.unit_id),
        "name": campaign.name,
        "channel": campaign.channel,
        "status": str(campaign.status),
        "starts_on": campaign.starts_on,
        "ends_on": campaign.ends_on,
        "budget_minor": campaign.budget_minor,
        "currency": campaign.currency,
        "owner_id": str(campaign.owner_id or ""),
    }


def activity_row(activity: Activity) -> dict[str, object]:
    """Columns of `activity_facts` for this version of the activity."""
    return {
        "unit_id": str(activity.campaign.unit_id),
        "campaign_id": str(activity.campaign_id),
        "name": activity.name,
        "activity_kind": activity.kind,
        "happens_on": activity.on,
    }


def code_id(unit_id: UUID, code: str) -> str:
    return f"{unit_id}/{code}"


def code_row(code: CampaignCode) -> dict[str, object]:
    """Columns of `campaign_code_facts`: the code belongs to its campaign."""
    return {
        "unit_id": str(code.unit_id),
        "code": code.code,
        "campaign_id": str(code.campaign_id),
        "activity_id": str(code.activity_id or ""),
    }


def unmapped_code_row(unit_id: UUID, code: str) -> dict[str, object]:
    """Columns of `campaign_code_facts`: the code belongs to no campaign any more."""
    return {"unit_id": str(unit_id), "code": code, "campaign_id": "", "activity_id": ""}


def cost_row(cost: CostLine, convert: Convert) -> dict[str, object]:
    """Columns of `cost_facts`. `convert` gives an amount in the reporting currency, None where no rate is known."""

    def reported(amount_minor: int) -> int | None:
        return convert(amount_minor, cost.currency, cost.starts_on)

    return {
        "unit_id": str(cost.unit_id),
        "campaign_id": str(cost.campaign_id or ""),
        "activity_id": str(cost.activity_id or ""),
        "cost_kind": str(cost.kind),
        "category": str(cost.category),
        "amount_minor": cost.amount_minor,
        "currency": cost.currency,
        "reporting_minor": reported(cost.amount_minor),
        "starts_on": cost.starts_on,
        "ends_on": cost.ends_on,
        "platform": cost.platform,
        "claimed_micro": cost.claimed_micro,
        "claimed_reporting_minor": None if cost.claimed_minor is None else reported(cost.claimed_minor),
    }
