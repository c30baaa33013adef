"""Incoming data: what came, what was stored, what was dropped and why, and what was set aside and can be replayed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from loopline.access.replays import replay_quarantined
from loopline.access.roles import Permission
from loopline.web import collector
from loopline.web.access import PageRequest, allow

SHOWN = 100


@allow(Permission.ADMINISTER)
def incoming(request: PageRequest) -> HttpResponse:
    counts = collector.state().counts()
    received = collector.log().last_seq()
    chosen = request.GET.get("reason", "")
    figures = {
        "received": received,
        "stored": counts.get(("stored", ""), 0),
        "waiting": max(0, received - collector.state().position()),
        "dropped": _by_reason(counts, "dropped"),
        "quarantined": collector.quarantine().counts(),
        "rows": [
            (one, one.raw.decode("utf-8", "replace"))
            for one in collector.quarantine().waiting(reason=chosen, limit=SHOWN)
        ],
        "chosen": chosen,
        "shown": SHOWN,
    }
    return render(request, "settings/incoming.html", figures)


@require_POST
@allow(Permission.ADMINISTER)
def incoming_replay(request: PageRequest) -> HttpResponse:
    """Send the chosen events through the inbox once more, or all that wait."""
    ids = [int(one) for one in request.POST.getlist("id") if one.isdigit()]
    replayed = replay_quarantined(collector.quarantine(), ids or None, by=request.actor)
    messages.success(request, f"{replayed:,} sent through once more. What is still wrong comes back here.")
    return redirect("incoming")


def _by_reason(counts: dict[tuple[str, str], int], outcome: str) -> dict[str, int]:
    found = {reason: events for (kind, reason), events in counts.items() if kind == outcome}
    return dict(sorted(found.items(), key=lambda one: -one[1]))
