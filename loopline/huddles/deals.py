"""Open deals that a huddle should talk about: those that need help, and those that stay longer than is usual."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loopline.huddles.agenda import Agenda, Reason, Topic
from loopline.huddles.listing import Meeting
from loopline.huddles.models import HuddleSeries
from loopline.huddles.reasons import Usual, reasons_for_deal
from loopline.pipeline.models import Opportunity, business_day


@dataclass(frozen=True, slots=True)
class Deal:
    opportunity: Opportunity
    reasons: tuple[Reason, ...]
    worth_minor: int | None
    """Its amount in the reporting currency; None without an amount or a rate."""
    days_in_stage: int


def deals_to_discuss(meeting: Meeting, at: datetime, usual: Usual) -> list[Deal]:
    """Open deals with at least one reason."""
    found = Opportunity.objects.open().filter(unit=meeting.unit, created_at__lt=at).select_related("owner")
    if meeting.series is not None and meeting.series.scope == HuddleSeries.Scope.TEAM:
        found = found.filter(owner__in=meeting.series.team.all())
    elif meeting.series is not None and meeting.series.scope == HuddleSeries.Scope.PARTNER:
        found = found.filter(primary_campaign=meeting.series.campaign)
    day = business_day(at)
    deals = []
    for one in found:
        if reasons := reasons_for_deal(one, at, usual):
            deals.append(Deal(one, tuple(reasons), one.reporting_minor(0, day), one.time_in_stage(at).days))
    return deals


def deal_topics(deals: Sequence[Deal]) -> list[Topic]:
    return [Topic("deals", str(one.opportunity.pk), one.reasons, one.worth_minor) for one in deals]


def shown_deals(deals: Sequence[Deal], planned: Agenda) -> list[dict[str, Any]]:
    """As JSON, in the order of the agenda."""
    by_key = {str(one.opportunity.pk): one for one in deals}
    return [_shown(by_key[placed.topic.key], placed.is_within) for placed in planned.of("deals")]


def _shown(deal: Deal, is_within: bool) -> dict[str, Any]:
    one = deal.opportunity
    return {
        "id": str(one.pk),
        "name": one.name,
        "owner": one.owner.name if one.owner else "",
        "stage": one.stage,
        "amount_minor": one.amount_minor,
        "currency": one.currency,
        "days": deal.days_in_stage,
        "why": [reason.words for reason in deal.reasons],
        "is_within": is_within,
    }
