"""Fairness of the spread over people, and the books of leads day by day."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from loopline.access.models import BusinessUnit, Organisation
from loopline.access.roles import Permission
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.reports.lead_books import REMOVED, lead_books
from loopline.reports.spread import Got, spread
from loopline.routing.bench import Member, bench_of
from loopline.routing.fairness import Share, fair_shares
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.lately import ask, units_of

PERIODS = (30, 90, 365)


@allow(Permission.ASSIGN_LEADS)
def fairness(request: PageRequest) -> HttpResponse:
    """What each person of a unit got lately, against their capacity."""
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = next((one for one in units if str(one.pk) == request.GET.get("unit")), units.first())
    days = next((one for one in PERIODS if str(one) == request.GET.get("days")), PERIODS[1])
    until = utc_now()
    since = until - timedelta(days=days)
    context: dict[str, Any] = {"unit": unit, "units": units, "days": days, "periods": PERIODS}
    if unit is not None:
        told = ask(lambda: spread(engine(), str(unit.pk), since, until))
        context |= {"trouble": told.trouble, "currency": Organisation.current().reporting_currency}
        if told.value is not None:
            rows = _shares(bench_of(unit), told.value, since, until)
            context |= {"rows": fair_shares(rows), "total": sum(one.leads for one in rows)}
            context["most"] = max((one.leads for one in rows), default=0)
    return render(request, "routing/fairness.html", context)


def _shares(bench: list[Member], got: list[Got], since: datetime, until: datetime) -> list[Share]:
    by_owner = {one.owner_id: one for one in got}
    rows = []
    for one in bench:
        had = by_owner.pop(str(one.user_id), None)
        if had is None and not one.takes_leads:
            continue
        capacity = one.capacity * _weeks_there(one, since, until) if one.takes_leads else 0.0
        rows.append(Share(one.name, capacity, had.leads if had else 0, had.value_minor if had else None))
    if by_owner:
        values = [one.value_minor for one in by_owner.values() if one.value_minor is not None]
        rows.append(Share("no longer here", 0.0, sum(one.leads for one in by_owner.values()), sum(values) or None))
    return rows


def _weeks_there(one: Member, since: datetime, until: datetime) -> float:
    """Weeks without the absences in between."""
    first, last = one.calendar.local_day(since), one.calendar.local_day(until)
    away = sum(max(0, (min(ends, last) - max(begins, first)).days + 1) for begins, ends in one.absences)
    return max(0.0, ((until - since).days - away) / 7)


@allow(Permission.SEE_PEOPLE)
def lead_book(request: PageRequest) -> HttpResponse:
    """Where every lead stood at the end of each of the last days, and whether the books hold."""
    last = timezone.localdate()
    first = last - timedelta(days=PERIODS[0] - 1)
    zone = Organisation.current().time_zone
    told = ask(lambda: lead_books(engine(), first, last, zone, unit_ids=units_of(request.actor)))
    days = (told.value or [])[::-1]
    shown = [*Lead.State.values, REMOVED] if any(REMOVED in one.states for one in days) else list(Lead.State.values)
    context = {
        "trouble": told.trouble,
        "labels": [state.replace("_", " ") for state in shown],
        "rows": [(one, [one.states.get(state, 0) for state in shown]) for one in days],
        "broken": [one for one in days if not one.holds],
        "newest": days[0] if days else None,
    }
    return render(request, "leads/lead_book.html", context)
