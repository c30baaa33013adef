"""Pages of the own sites: what was looked at, where visits began and ended, and who is behind each figure."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import render

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.leads.models import Lead
from loopline.people.models import Person
from loopline.reports.visits import pages as report
from loopline.reports.visits.visitors import count_visits
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.browsing import browsing
from loopline.web.lately import ask

PER_PAGE = 50
MOST_SHOWN = 300
SORTS = ("views", "visitors", "engaged", "scrolled", "entries", "exits", "bounce_rate", "leads")
FIGURES = {
    "views": "Who looked at it",
    "visitors": "Who looked at it",
    "entries": "Whose visits began here",
    "exits": "Whose visits ended here",
    "bounces": "Who saw this page and nothing else",
    "leads": "Leads of the people who looked at it",
}


@allow(Permission.SEE_CAMPAIGNS)
def pages(request: PageRequest) -> HttpResponse:
    """What was looked at in the time asked for, in the order asked for."""
    chosen = browsing(request, default="7")
    sort = request.GET.get("sort", "") if request.GET.get("sort") in SORTS else "views"
    query = request.GET.get("q", "").strip()[:200]
    asked = chosen.asked()
    told = ask(lambda: (report.pages(engine(), asked), count_visits(engine(), asked)))
    found, counts = told.value or ([], None)
    fitting = [one for one in found if query.lower() in f"{one.title} {one.host}{one.path}".lower()]
    context = chosen.shown | {
        "page": Paginator(_sorted(fitting, sort), PER_PAGE).get_page(request.GET.get("page")),
        "counts": counts,
        "has_hosts": len({one.host for one in found}) > 1,
        "is_cut": len(found) == report.MOST_PAGES,
        "trouble": told.trouble,
        "sort": sort, "query": query, "is_asked": bool(query or chosen.unit),
    }  # fmt: skip
    return render(request, "visitors/pages.html", context)


def _sorted(found: Iterable[report.Page], sort: str) -> list[report.Page]:
    """The highest first; pages without the figure last, and pages alike in the order of their views."""

    def place(one: report.Page) -> tuple[bool, float]:
        value = getattr(one, sort)
        seconds = value.total_seconds() if sort == "engaged" and value is not None else value
        return value is None, -(seconds or 0)

    return sorted(found, key=place)


@allow(Permission.SEE_CAMPAIGNS)
def pages_behind(request: PageRequest) -> HttpResponse:
    """The people, visitors or leads that add up to one figure of one page."""
    path, host = request.GET.get("path", "")[:2_000], request.GET.get("host", "")[:300]
    figure = request.GET.get("figure", "") if request.GET.get("figure") in FIGURES else "visitors"
    if not path:
        raise Http404("which page?")
    chosen = browsing(request, default="7")
    asked = chosen.asked()
    if figure == "leads":
        leads = ask(lambda: report.lead_ids(engine(), asked, host, path))
        context = {"leads": _leads(request.actor, leads.value or []), "total": len(leads.value or []),
                   "trouble": leads.trouble}  # fmt: skip
    else:
        lookers = ask(lambda: report.lookers(engine(), asked, host, path))
        counted = [(one, getattr(one, figure)) for one in lookers.value or [] if getattr(one, figure)]
        context = {"rows": _named(request.actor, counted[:MOST_SHOWN]), "total": sum(many for _, many in counted),
                   "more": max(0, len(counted) - MOST_SHOWN), "trouble": lookers.trouble}  # fmt: skip
    context |= chosen.shown | {
        "path": path, "host": host, "figure": figure, "figures": FIGURES, "figure_words": FIGURES[figure],
        "sees_names": request.actor.may(Permission.SEE_PEOPLE),
    }  # fmt: skip
    return render(request, "visitors/pages_behind.html", context)


def _leads(actor: Actor, ids: list[str]) -> list[Lead]:
    """Those the actor may see, the newest first."""
    visible = Lead.objects.visible_to(actor).filter(pk__in=ids).select_related("person__company", "owner")
    return list(visible.order_by("-created_at")[:MOST_SHOWN])


def _named(actor: Actor, counted: list[tuple[report.Looker, int]]) -> list[tuple[report.Looker, int, Person | None]]:
    people: dict[str, Person] = {}
    if actor.may(Permission.SEE_PEOPLE):
        ids = [one.person_id for one, _ in counted if one.person_id]
        visible = Person.objects.visible_to(actor).filter(pk__in=ids).select_related("company")
        people = {str(one.pk): one for one in visible}
    return [(one, many, people.get(one.person_id)) for one, many in counted]
