"""Visitors: who is on the sites now and was lately, where they came from, what they looked at."""

from dataclasses import dataclass

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from loopline.access.roles import Permission
from loopline.people.models import Person
from loopline.reports.visits.sessions import Slot, visits_by
from loopline.reports.visits.visitors import Counts, Visit, count_visits, visits
from loopline.reports.visits.visitors import visitor as read_visitor
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.browsing import Browsing, browsing
from loopline.web.interests import visitor_interests
from loopline.web.lately import ask, remember_now, units_of
from loopline.web.route import visitor_route
from loopline.web.shared_browsers import shown_stretches
from loopline.web.templatetags.loopline import Column

PER_PAGE = 50
EVERY_S = 15
WHO = {"": "everyone", "now": "here now", "known": "known people", "anonymous": "not known yet", "machines": "machines"}


@dataclass(frozen=True, slots=True)
class Row:
    visit: Visit
    person: Person | None
    """Where it is known and the actor may see people."""
    is_here: bool


@allow(Permission.SEE_CAMPAIGNS)
def visitors(request: PageRequest) -> HttpResponse:
    """The latest visits, brought up to date while the page is open; machines are left out and counted."""
    chosen = browsing(request)
    who = request.GET.get("who", "") if request.GET.get("who") in WHO else ""
    channel = request.GET.get("channel", "")[:60]
    asked_page = request.GET.get("page", "")
    number = max(1, int(asked_page)) if asked_page.isdecimal() and len(asked_page) < 6 else 1
    asked = chosen.asked(who, channel, PER_PAGE, (number - 1) * PER_PAGE)
    told = ask(lambda: (visits(engine(), asked), count_visits(engine(), asked), _slots(chosen)))
    found, counts, slots = told.value or _nothing()
    if counts and not chosen.unit and not chosen.week:
        remember_now(request.actor, counts.now)
    context = chosen.shown | {
        "rows": _rows(request, found, chosen),
        "counts": counts,
        "columns": slots,
        "busiest": max((one.total for one in slots), default=0),
        "by": "hour" if _is_one_day(chosen) else "day",
        "sees_names": request.actor.may(Permission.SEE_PEOPLE),
        "trouble": told.trouble,
        "who": who, "whos": WHO, "channel": channel,
        "is_asked": bool(who or channel or chosen.unit),
        "every_s": EVERY_S if number == 1 and not chosen.week else None,
        "at": chosen.now,
        "earlier": number - 1, "number": number,
        "next": number + 1 if len(found) == PER_PAGE else None,
    }  # fmt: skip
    return render(request, "visitors/_live.html" if request.htmx else "visitors/visitors.html", context)


@allow(Permission.SEE_CAMPAIGNS)
def visitor(request: PageRequest) -> HttpResponse:
    """One browser: its visits and interests while nobody was recognised in it. A known person has a page instead."""
    visitor_id = request.GET.get("id", "")[:500]
    told = ask(lambda: read_visitor(engine(), visitor_id, unit_ids=units_of(request.actor)))
    if told.value is None and not told.trouble:
        raise Http404("no such visitor")
    if told.value and told.value.person_id and request.actor.may(Permission.SEE_PEOPLE):
        person = Person.objects.visible_to(request.actor).filter(pk=told.value.person_id).first()
        if person:
            return redirect("person", person.pk)
    context = {
        "visitor": told.value,
        "trouble": told.trouble,
        "route": visitor_route(visitor_id, request.actor),
        "stretches": shown_stretches([f"visitor:{visitor_id}"], request.actor).get(f"visitor:{visitor_id}"),
        "interests": visitor_interests(visitor_id, request.actor),
    }
    return render(request, "visitors/visitor.html", context)


def _nothing() -> tuple[list[Visit], Counts | None, list[Column]]:
    return [], None, []


def _is_one_day(chosen: Browsing) -> bool:
    return chosen.period == "today" and not chosen.week


def _slots(chosen: Browsing) -> list[Column]:
    slots = visits_by("hour" if _is_one_day(chosen) else "day", engine(), chosen.asked(), chosen.zone)
    return [_column(slot, is_hour=_is_one_day(chosen)) for slot in slots]


def _column(slot: Slot, *, is_hour: bool) -> Column:
    label = f"{slot.at:%H:%M}" if is_hour else f"{slot.at:%a} {slot.at.day} {slot.at:%b}"
    return Column(label, slot.visits, slot.known_visits)


def _rows(request: PageRequest, found: list[Visit], chosen: Browsing) -> list[Row]:
    """Visits with their people, as far as the actor may see people."""
    by_id: dict[str, Person] = {}
    if request.actor.may(Permission.SEE_PEOPLE):
        ids = {one.person_id for one in found if one.person_id}
        people = Person.objects.visible_to(request.actor).filter(pk__in=ids).select_related("company")
        by_id = {str(one.pk): one for one in people}
    here_since = chosen.asked().here_since
    return [Row(one, by_id.get(one.person_id), not chosen.week and one.last_at >= here_since) for one in found]
