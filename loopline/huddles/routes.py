"""Deals closed since the last huddle, with the route that led to each in one line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loopline.huddles.listing import Meeting
from loopline.huddles.models import HuddleSeries
from loopline.pipeline.models import Opportunity
from loopline.reports.visits.moments import DIRECT, Moment
from loopline.reports.visits.route import read_visits
from loopline.store.current import engine
from loopline.store.engine import StoreError

ROUTES = 3
"""So many deals of each outcome come with their route."""
MOST = 20
Outcome = Opportunity.Outcome


def closed_deals(meeting: Meeting, at: datetime) -> dict[str, list[dict[str, Any]]]:
    """`won_deals` and `lost_deals` since the last huddle, the largest first."""
    closed = Opportunity.objects.filter(unit=meeting.unit, closed_at__gte=meeting.since(at), closed_at__lt=at)
    if meeting.series is not None and meeting.series.scope == HuddleSeries.Scope.TEAM:
        closed = closed.filter(owner__in=meeting.series.team.all())
    elif meeting.series is not None and meeting.series.scope == HuddleSeries.Scope.PARTNER:
        closed = closed.filter(primary_campaign=meeting.series.campaign)
    closed = closed.select_related("owner", "lead").order_by("-amount_minor", "pk")
    return {
        f"{outcome}_deals": [
            _deal(one, with_route=place < ROUTES) for place, one in enumerate(closed.filter(outcome=outcome)[:MOST])
        ]
        for outcome in (Outcome.WON.value, Outcome.LOST.value)
    }


def _deal(deal: Opportunity, *, with_route: bool) -> dict[str, Any]:
    return {
        "id": str(deal.pk),
        "name": deal.name,
        "owner": deal.owner.name if deal.owner else "",
        "amount_minor": deal.amount_minor,
        "currency": deal.currency,
        "reason": deal.get_loss_reason_display() if deal.loss_reason else "",
        "route": _route(deal) if with_route else "",
    }


def _route(deal: Opportunity) -> str:
    people = sorted({str(contact.person.canonical_id) for contact in deal.contacts.select_related("person")})
    if deal.lead is not None and not people:
        people = [str(deal.lead.person.canonical_id)]
    try:
        visits = read_visits(engine(), people, units=[str(deal.unit_id)]) if people else None
    except StoreError as error:
        return f"route not known: {error}"
    return route_line(visits.moments if visits else (), deal.created_at, deal.closed_at)


def route_line(moments: Sequence[Moment], created_at: datetime, closed_at: datetime | None) -> str:
    """`Newsletter → 6 visits → form “Ask for a demo” → closed after 43 days`, from moments newest first."""
    before = [one for one in reversed(moments) if closed_at is None or one.at <= closed_at]
    visits = [one for one in before if one.kind == "visit"]
    parts = []
    if visits:
        parts.append("came directly" if visits[0].title == DIRECT else visits[0].subject)
        parts.append(f"{len(visits)} visits" if len(visits) > 1 else "1 visit")
    parts += [f"form “{one.subject}”" for one in before if one.kind == "form" and one.subject][:1]
    calls = sum(1 for one in before if one.kind in {"call", "meeting"})
    parts += [f"{calls} calls and meetings" if calls > 1 else "1 call"] if calls else []
    began = visits[0].at if visits else created_at
    if closed_at is not None:
        parts.append(f"closed after {(closed_at - began).days} days")
    return " → ".join(parts)
