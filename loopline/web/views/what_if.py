"""What a version of the lead definition would have done to the leads of the past."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from loopline.access.actor import Actor
from loopline.access.books import books_for
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.leads.models import DefinitionVersion
from loopline.lib.times import period_bounds
from loopline.reports.options import Options
from loopline.reports.recent import Recent, answered, recent_moment
from loopline.reports.what_if.came_by import CAME_BY, came_by
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.access import PageRequest, allow
from loopline.web.forms.definition import WhatIfForm
from loopline.web.views.definition import find_version
from loopline.web.what_if_page import DEFAULT_PERIOD, ask, page_of


@allow(Permission.SEE_PEOPLE)
def definition_what_if(request: PageRequest, version_id: UUID) -> HttpResponse:
    """The page; with `?format=json` the whole answer, the same bytes whenever the same is asked."""
    version = find_version(request, version_id)
    against = _against(version, request)
    today = timezone.localdate()
    typed = request.GET if "first" in request.GET else None
    form = WhatIfForm(typed, initial={"first": today - DEFAULT_PERIOD, "last": today})
    by = request.GET.get("by", "") if request.GET.get("by") in CAME_BY else ""
    context: dict[str, object] = {"by": by, "ways": CAME_BY, "version": version, "against": against, "form": form}
    if against is None or (form.is_bound and not form.is_valid()):
        return render(request, "definition/definition_what_if.html", context, status=422 if form.errors else 200)
    first, last = (form.value_of(name) for name in ("first", "last"))
    try:
        period = period_bounds(first, last, Organisation.current().time_zone)
        as_of, moment = _moment(request)
        more = _more(by, version, Options(first, last, as_of), request.actor) if by else {}
        answer = ask(version, against, period, as_of, more)
        if moment:
            answered(engine(), moment)
    except (StoreError, ValueError) as error:
        return render(request, "definition/definition_what_if.html", context | {"problem": str(error)}, status=503)
    if request.GET.get("format") == "json":
        return HttpResponse(answer.to_json(), content_type="application/json")
    found = page_of(answer, version, against, request.actor)
    context |= {"page": found, "as_of": as_of.isoformat(), "is_now": moment is not None and moment.is_now}
    return render(request, "definition/definition_what_if.html", context)


def _against(version: DefinitionVersion, request: PageRequest) -> DefinitionVersion | None:
    """What is in force now, or before a version that is in force itself: the one it superseded."""
    others = DefinitionVersion.objects.visible_to(request.actor).filter(unit=version.unit).exclude(pk=version.pk)
    in_force = others.filter(status=DefinitionVersion.Status.IN_FORCE).first()
    before = others.filter(in_force_from__isnull=False, number__lt=version.number).order_by("-in_force_from").first()
    return in_force or before


def _more(by: str, version: DefinitionVersion, options: Options, actor: Actor) -> dict[str, dict[str, str]]:
    """How the leads came, where that is asked for."""
    asked = replace(options, unit_ids=frozenset({str(version.unit_id)}))
    return {by: came_by(by, asked, engine(), books_for(actor))}


def _moment(request: PageRequest) -> tuple[datetime, Recent | None]:
    """The moment asked for; where it is `now`, or none is said, also how it was come by: now, or a little ago where
    gathering takes long. Raises StoreError, ValueError."""
    said = request.GET.get("as_of", "")
    if said in {"", "now"}:
        recent = recent_moment(engine(), now=said == "now")
        return recent.at, recent
    found = datetime.fromisoformat(said.replace(" ", "+"))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)), None
