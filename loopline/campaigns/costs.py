"""Cost lines: dated amounts of a campaign, or of none. An explicit 0 is a cost of zero; no line means unknown."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, ExchangeRate, Organisation
from loopline.access.roles import Permission
from loopline.campaigns.claims import Claim, check_claim
from loopline.campaigns.fact_rows import cost_row
from loopline.campaigns.models import Activity, Campaign, CostLine
from loopline.campaigns.refusal import CampaignRefusedError, require_in_unit
from loopline.facts.outbox import record_fact

LONGEST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class CostEntry:
    """What a cost line says. Money in minor units of `currency`; the days are included, and the cost spread evenly."""

    amount_minor: int
    currency: str
    starts_on: date
    ends_on: date
    kind: str = CostLine.Kind.ACTUAL
    category: str = CostLine.Category.MEDIA
    activity: Activity | None = None
    note: str = ""
    claim: Claim | None = None
    """What the ad platform that told the cost claims; None: nothing is said of it, and what a line has stays."""


@transaction.atomic
def add_cost(campaign: Campaign | None, entry: CostEntry, *, unit: BusinessUnit | None = None, by: Actor) -> CostLine:
    """Add a cost line to a campaign, or, with `campaign` None, a cost of `unit` that no campaign carries."""
    take_turn()
    owner = campaign.unit if campaign else unit
    if owner is None:
        raise CampaignRefusedError("A cost without a campaign needs a business unit.")
    require_in_unit(by, Permission.EDIT_COSTS, owner.pk)
    _check(entry, campaign)
    cost = CostLine.objects.create(unit=owner, campaign=campaign, **_fields(entry))
    audit(by, "add_cost", campaign or cost, cost=cost.pk, entry=_told(entry))
    _record(cost)
    return cost


@transaction.atomic
def edit_cost(cost: CostLine, entry: CostEntry, *, by: Actor) -> CostLine:
    """Change what a cost line says. What it said before stays in the books as of then."""
    require_in_unit(by, Permission.EDIT_COSTS, cost.unit_id)
    take_turn()
    cost = CostLine.objects.select_for_update(of=("self",)).get(pk=cost.pk)
    _check(entry, cost.campaign)
    before = {"amount_minor": cost.amount_minor, "currency": cost.currency, "kind": cost.kind}
    if entry.claim is not None:
        before |= _claimed(Claim(cost.platform, cost.claimed_micro, cost.claimed_minor))
    elif cost.platform:
        check_claim(Claim(cost.platform, cost.claimed_micro, cost.claimed_minor), entry.kind)
    for name, value in _fields(entry).items():
        setattr(cost, name, value)
    cost.save()
    audit(by, "edit_cost", cost.campaign or cost, cost=cost.pk, before=before, entry=_told(entry))
    _record(cost)
    return cost


@transaction.atomic
def remove_cost(cost: CostLine, *, by: Actor) -> None:
    """Take a cost line out of the figures from now on; the books as of before still hold it."""
    require_in_unit(by, Permission.EDIT_COSTS, cost.unit_id)
    take_turn()
    cost = CostLine.objects.select_for_update(of=("self",)).get(pk=cost.pk)
    audit(
        by, "remove_cost", cost.campaign or cost, cost=cost.pk, amount_minor=cost.amount_minor, currency=cost.currency
    )
    _record(cost, is_deleted=True)
    cost.delete()


@transaction.atomic
def convert_costs_again(*, by: Actor) -> int:
    """Give every cost line in a foreign currency its amount at the rates known now; how many lines that were.

    To be called after a rate or the reporting currency changed: what was reported before stays in the books as of then.
    """
    by.require(Permission.EDIT_RATES)
    take_turn()
    lines = CostLine.objects.exclude(currency=Organisation.current().reporting_currency)
    count = 0
    for cost in lines.iterator():
        _record(cost)
        count += 1
    audit(by, "convert_costs_again", Organisation.current(), lines=count)
    return count


def in_reporting_currency(cost: CostLine) -> int | None:
    """Minor units at the rate of the first day; None when no rate is known."""
    return ExchangeRate.convert(cost.amount_minor, cost.currency, cost.starts_on)


def _record(cost: CostLine, *, is_deleted: bool = False) -> None:
    record_fact("cost_facts", str(cost.pk), cost_row(cost, ExchangeRate.convert), is_deleted=is_deleted)


def _fields(entry: CostEntry) -> dict[str, Any]:
    names = ("amount_minor", "currency", "starts_on", "ends_on", "kind", "category", "activity")
    said = {name: getattr(entry, name) for name in names} | {"note": entry.note.strip()}
    return said if entry.claim is None else said | _claimed(entry.claim)


def _claimed(claim: Claim) -> dict[str, Any]:
    return {
        "platform": claim.named, "claimed_micro": claim.conversions_micro, "claimed_minor": claim.value_minor,
    }  # fmt: skip


def _told(entry: CostEntry) -> dict[str, object]:
    said = {"amount_minor": entry.amount_minor, "currency": entry.currency, "kind": str(entry.kind)}
    return said if entry.claim is None else said | _claimed(entry.claim)


def _check(entry: CostEntry, campaign: Campaign | None) -> None:
    if len(entry.currency) != 3 or not entry.currency.isascii() or not entry.currency.isupper():
        raise CampaignRefusedError(f"“{entry.currency}” is not a currency; write three capital letters such as EUR.")
    if entry.ends_on < entry.starts_on:
        raise CampaignRefusedError("The last day of a cost is not before its first day.")
    if (entry.ends_on - entry.starts_on).days > LONGEST_DAYS:
        raise CampaignRefusedError("A cost is spread over ten years at most; check its days.")
    if entry.kind not in CostLine.Kind.values or entry.category not in CostLine.Category.values:
        raise CampaignRefusedError("Choose a kind and a category from the lists.")
    if len(entry.note.strip()) > 200:
        raise CampaignRefusedError("The note is longer than 200 characters; shorten it.")
    if entry.claim is not None:
        check_claim(entry.claim, entry.kind)
    if entry.activity is not None and (campaign is None or entry.activity.campaign_id != campaign.pk):
        raise CampaignRefusedError(f"“{entry.activity.name}” is not an activity of this campaign.")
