"""Live events: what arrives right now, what becomes of it, and which step dropped or changed it."""

from collections import Counter
from collections.abc import Callable
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.collect.arrived import find_event, newest
from loopline.collect.request import Request
from loopline.collect.trace import DROPPED, SET_ASIDE, STORED, Trace, trace
from loopline.web import collector
from loopline.web.access import PageRequest, allow

LOOKED_AT = 200
"""Newest events that filters choose from."""
SHOWN = 50
EVERY_S = 3
_LARGEST = 1 << 62
OUTCOMES = {STORED: "Stored", DROPPED: "Dropped", SET_ASIDE: "Set aside"}


@allow(Permission.ADMINISTER, Permission.EDIT_CAMPAIGNS)
def live_events(request: PageRequest) -> HttpResponse:
    chosen = {name: request.GET.get(name, "") for name in ("source", "kind", "outcome")}
    state, settings = collector.state(), collector.settings_in_force()
    found = list(newest(collector.log(), LOOKED_AT, _seen_by(request.actor)))
    names = collector.source_names()
    sources = Counter(one.request.source_id for one in found)
    traces = [trace(one, state, settings) for one in found if chosen["source"] in ("", one.request.source_id)]
    rows = [one for one in traces if _fits(one, chosen)]
    context = {
        "rows": [{"trace": one, "source": names(one.source_id)} for one in rows[:SHOWN]],
        "is_more": len(rows) > SHOWN,
        "sources": {key: names(key) for key, _count in sources.most_common()},
        "kinds": sorted({one.kind for one in traces} | ({chosen["kind"]} - {""})),
        "outcomes": OUTCOMES,
        "chosen": chosen,
        "chosen_source": names(chosen["source"]) if chosen["source"] else "",
        "is_filtered": any(chosen.values()),
        "looked_at": LOOKED_AT,
        "every_s": EVERY_S,
    }
    return render(request, "settings/_live_events.html" if request.htmx else "settings/live_events.html", context)


@allow(Permission.ADMINISTER, Permission.EDIT_CAMPAIGNS)
def live_event(request: PageRequest, number: int) -> HttpResponse:
    """One event as it came, and what each step makes of it."""
    found = find_event(collector.log(), number) if number < _LARGEST else None
    if found is None or not _seen_by(request.actor)(found.request):
        raise Http404(f"Event {number} is not in the inbox: it never was, or is older than the inbox keeps.")
    one = trace(found, collector.state(), collector.settings_in_force())
    return render(
        request, "settings/live_event.html", {"trace": one, "source": collector.source_names()(one.source_id)}
    )


def _seen_by(actor: Actor) -> Callable[[Request], bool]:
    """Whether this person works for the business unit that events of a request belong to."""

    def is_seen(request: Request) -> bool:
        try:
            return actor.sees_all_units or actor.covers_unit(UUID(request.unit_id))
        except ValueError:
            return False

    return is_seen


def _fits(one: Trace, chosen: dict[str, str]) -> bool:
    return chosen["kind"] in ("", one.kind) and chosen["outcome"] in ("", one.outcome)
