"""Visitors: who was on the sites lately, where they came from, what they looked at."""

from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import render

from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.people.models import Person
from loopline.reports.visitors import Asked, Counts, Visit, count_visits, visits
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.lately import ask, since_days, units_of

PER_PAGE = 50
PERIODS = {"1": "24 hours", "7": "7 days", "30": "30 days", "90": "90 days"}
WHO = {"": "everyone", "known": "known people", "anonymous": "not known yet"}


@allow(Permission.SEE_CAMPAIGNS)
def visitors(request: PageRequest) -> HttpResponse:
    """The latest visits; machines are left out and counted."""
    period = request.GET.get("period", "") if request.GET.get("period") in PERIODS else "7"
    who = request.GET.get("who", "") if request.GET.get("who") in WHO else ""
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = units.filter(key=request.GET.get("unit", "")).first()
    channel = request.GET.get("channel", "")[:60]
    asked_page = request.GET.get("page", "")
    number = max(1, int(asked_page)) if asked_page.isdecimal() and len(asked_page) < 6 else 1
    since, until = since_days(int(period))
    seen_units = (str(unit.pk),) if unit else units_of(request.actor)
    asked = Asked(since, until, seen_units, who, channel, PER_PAGE, (number - 1) * PER_PAGE)
    told = ask(lambda: (visits(engine(), asked), count_visits(engine(), replace(asked, who="", channel=""))))
    found: tuple[list[Visit], Counts | None] = told.value or ([], None)
    context = {
        "rows": _with_people(request, found[0]),
        "counts": found[1],
        "sees_names": request.actor.may(Permission.SEE_PEOPLE),
        "trouble": told.trouble,
        "period": period, "periods": PERIODS, "who": who, "whos": WHO, "unit": unit, "units": units,
        "channel": channel,
        "is_asked": bool(who or channel or unit),
        "earlier": number - 1, "number": number,
        "next": number + 1 if len(found[0]) == PER_PAGE else None,
    }  # fmt: skip
    return render(request, "visitors/visitors.html", context)


def _with_people(request: PageRequest, found: list[Visit]) -> list[tuple[Visit, Person | None]]:
    """Visits with their people, as far as the actor may see people."""
    if not request.actor.may(Permission.SEE_PEOPLE):
        return [(one, None) for one in found]
    ids = {one.person_id for one in found if one.person_id}
    people = Person.objects.visible_to(request.actor).filter(pk__in=ids).select_related("company")
    by_id = {str(one.pk): one for one in people}
    return [(one, by_id.get(one.person_id)) for one in found]
