"""What people do with campaigns. Codes and links live in `codes`, cost lines in `costs`; all verbs are offered here."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.campaigns.claims import Claim
from loopline.campaigns.codes import build_link, map_code, unmap_code
from loopline.campaigns.costs import CostEntry, add_cost, convert_costs_again, edit_cost, remove_cost
from loopline.campaigns.fact_rows import activity_row, campaign_row
from loopline.campaigns.models import Activity, Campaign
from loopline.campaigns.refusal import CampaignRefusedError, refused_when_taken, require_in_unit, text_of
from loopline.facts.outbox import record_fact

__all__ = [
    "ActivityPlan",
    "CampaignPlan",
    "CampaignRefusedError",
    "Claim",
    "CostEntry",
    "add_activity",
    "add_cost",
    "build_link",
    "close_campaign",
    "convert_costs_again",
    "create_campaign",
    "edit_activity",
    "edit_campaign",
    "edit_cost",
    "map_code",
    "remove_activity",
    "remove_cost",
    "unmap_code",
]


@dataclass(frozen=True, slots=True)
class CampaignPlan:
    """What a campaign is meant to be. Money in minor units of `currency`; None means that nothing was set."""

    name: str
    channel: str
    currency: str
    status: str = Campaign.Status.RUNNING
    objective: str = ""
    starts_on: date | None = None
    ends_on: date | None = None
    budget_minor: int | None = None
    target_leads: int | None = None
    target_revenue_minor: int | None = None
    owner: User | None = None


@dataclass(frozen=True, slots=True)
class ActivityPlan:
    name: str
    kind: str
    on: date | None = None


_PLAN_FIELDS = (
    "name", "channel", "currency", "status", "objective", "starts_on", "ends_on", "budget_minor", "target_leads",
    "target_revenue_minor", "owner",
)  # fmt: skip


@transaction.atomic
def create_campaign(unit: BusinessUnit, plan: CampaignPlan, *, by: Actor, at: datetime | None = None) -> Campaign:
    """A new campaign of `unit`. Raises CampaignRefusedError for a name that the unit already uses."""
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, unit.pk)
    take_turn()
    campaign = Campaign(unit=unit, **({"created_at": at} if at else {}))
    _take(campaign, plan)
    audit(by, "create_campaign", campaign, at=at, name=campaign.name)
    record_fact("campaign_facts", str(campaign.pk), campaign_row(campaign), occurred_at=at)
    return campaign


@transaction.atomic
def edit_campaign(campaign: Campaign, plan: CampaignPlan, *, by: Actor) -> Campaign:
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, campaign.unit_id)
    take_turn()
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    before = {name: getattr(campaign, name) for name in _PLAN_FIELDS}
    _take(campaign, plan)
    changed = [name for name in _PLAN_FIELDS if getattr(campaign, name) != before[name]]
    audit(by, "edit_campaign", campaign, changed={name: [before[name], getattr(campaign, name)] for name in changed})
    record_fact("campaign_facts", str(campaign.pk), campaign_row(campaign))
    return campaign


@transaction.atomic
def close_campaign(campaign: Campaign, *, cancelled: bool = False, by: Actor, at: datetime | None = None) -> Campaign:
    """The campaign is done (or cancelled). Its codes go on counting: late visitors still came because of it."""
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, campaign.unit_id)
    take_turn()
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if campaign.status in {Campaign.Status.DONE, Campaign.Status.CANCELLED}:
        raise CampaignRefusedError(f"“{campaign.name}” is already {campaign.get_status_display().lower()}.")
    campaign.status = Campaign.Status.CANCELLED if cancelled else Campaign.Status.DONE
    campaign.save(update_fields=["status"])
    audit(by, "close_campaign", campaign, at=at, status=str(campaign.status))
    record_fact("campaign_facts", str(campaign.pk), campaign_row(campaign), occurred_at=at)
    return campaign


@transaction.atomic
def add_activity(campaign: Campaign, plan: ActivityPlan, *, by: Actor) -> Activity:
    """A mailing, ad, event or post of the campaign."""
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, campaign.unit_id)
    take_turn()
    activity = Activity(campaign=campaign)
    _take_activity(activity, plan)
    audit(by, "add_activity", campaign, activity=activity.name)
    record_fact("activity_facts", str(activity.pk), activity_row(activity))
    return activity


@transaction.atomic
def edit_activity(activity: Activity, plan: ActivityPlan, *, by: Actor) -> Activity:
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, activity.campaign.unit_id)
    take_turn()
    activity = Activity.objects.select_for_update(of=("self",)).get(pk=activity.pk)
    before = activity.name
    _take_activity(activity, plan)
    audit(by, "edit_activity", activity.campaign, activity=activity.name, before=before)
    record_fact("activity_facts", str(activity.pk), activity_row(activity))
    return activity


@transaction.atomic
def remove_activity(activity: Activity, *, by: Actor) -> None:
    """Take an activity out of the plan. One that carries costs or codes stays: take those away first."""
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, activity.campaign.unit_id)
    take_turn()
    activity = Activity.objects.select_for_update(of=("self",)).get(pk=activity.pk)
    if activity.costs.exists() or activity.codes.exists():
        raise CampaignRefusedError(f"“{activity.name}” has costs or codes. Remove those first, or give them elsewhere.")
    audit(by, "remove_activity", activity.campaign, activity=activity.name)
    record_fact("activity_facts", str(activity.pk), activity_row(activity), is_deleted=True)
    activity.delete()


def _take(campaign: Campaign, plan: CampaignPlan) -> None:
    name = text_of(plan.name, "a name")
    text_of(plan.channel, "a channel", 40)
    if plan.status not in Campaign.Status.values:
        raise CampaignRefusedError("Choose a status from the list.")
    if len(plan.currency) != 3 or not plan.currency.isascii() or not plan.currency.isupper():
        raise CampaignRefusedError(f"“{plan.currency}” is not a currency; write three capital letters such as EUR.")
    if plan.starts_on and plan.ends_on and plan.ends_on < plan.starts_on:
        raise CampaignRefusedError("The last day of a campaign is not before its first day.")
    if any(value is not None and value < 0 for value in (plan.budget_minor, plan.target_leads)):
        raise CampaignRefusedError("A budget or target is zero or more; leave it empty when none was set.")
    for field in _PLAN_FIELDS:
        setattr(campaign, field, getattr(plan, field))
    campaign.name = name
    with refused_when_taken(f"There is already a campaign “{name}” in {campaign.unit.name}. Choose another name."):
        campaign.save()


def _take_activity(activity: Activity, plan: ActivityPlan) -> None:
    activity.name = text_of(plan.name, "a name")
    activity.kind = text_of(plan.kind, "a kind", 40)
    activity.on = plan.on
    activity.save()
