"""One event as it is stored: where figures, experiments and changes lead to in the end."""

import json
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.lib.ids import uuids_in
from loopline.people.models import Person
from loopline.reports.stored_event import StoredEvent
from loopline.reports.stored_event import stored_event as read_stored_event
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.lately import ask, units_of

LABELS = {
    "kind": "Kind", "name": "Name", "touch_kind": "Touchpoint", "utm_source": "utm_source", "utm_medium": "utm_medium",
    "utm_campaign": "utm_campaign", "utm_content": "utm_content", "utm_term": "utm_term", "click_id_kind": "Click id",
    "referrer_host": "Came from", "url_host": "Site", "url_path": "Page", "title": "Title",
    "landing_path": "The visit began on", "country": "Country", "region": "Region",
    "network_company": "Network of (a hint)", "device": "Device", "browser": "Browser", "os": "System",
    "source": "Reported by",
}  # fmt: skip
CONSENT = {
    0: "0 · nothing", 1: "1 · without an identifier", 2: "2 · an identifier of the site",
    3: "3 · identified after a form",
}  # fmt: skip


@require_GET
@allow(Permission.SEE_REPORTS, Permission.SEE_CAMPAIGNS)
def stored_event(request: PageRequest) -> HttpResponse:
    event_id = request.GET.get("id", "")[:300]
    told = ask(lambda: read_stored_event(engine(), event_id, unit_ids=units_of(request.actor)))
    found = told.value
    if found is None and not told.trouble:
        raise Http404("There is no such event among those you may see; it may have been erased with its person.")
    context: dict[str, object] = {"event": found, "trouble": told.trouble}
    if found:
        sees_people = request.actor.may(Permission.SEE_PEOPLE)
        units = BusinessUnit.objects.visible_to(request.actor).filter(pk__in=uuids_in([found.texts["unit_id"]]))
        context |= {
            "facts": [(label, found.texts[name]) for name, label in LABELS.items() if found.texts[name]],
            "consent": CONSENT.get(found.consent, str(found.consent)),
            "unit": units.first(),
            "whose": _whose(found, request.actor) if sees_people else None,
            "properties": _laid_out(found.texts["properties"]) if sees_people else "",
            "hides": not sees_people,
        }
    return render(request, "visitors/stored_event.html", context)


def _whose(found: StoredEvent, actor: Actor) -> tuple[str, str]:
    """What the event says whose it is, and the page of them; "" where there is none that the actor may see."""
    kind, _, value = found.texts["identity"].partition(":")
    visitor = found.texts["visitor_id"]
    people = Person.objects.visible_to(actor)
    person = None
    if kind == "person":
        person = people.filter(pk__in=uuids_in([value])).first()
    elif kind == "email":
        person = people.filter(email=value).first()
    if person:
        return person.canonical.display_name, reverse("person", args=[person.canonical.pk])
    if visitor:
        return "a browser", f"{reverse('visitor')}?{urlencode({'id': visitor})}"
    return found.texts["identity"], ""


def _laid_out(properties: str) -> str:
    """The sender's properties, a line each; as they came where they are no JSON."""
    try:
        return json.dumps(json.loads(properties), ensure_ascii=False, indent=2) if properties else ""
    except ValueError:
        return properties
