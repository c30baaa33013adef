"""Incoming data: what came, what was stored, what was dropped and why, and what was set aside and can be replayed."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from loopline.access.replays import replay_quarantined
from loopline.access.roles import Permission
from loopline.collect.quarantine import Quarantined
from loopline.leads.refusals import retry_refusals, waiting_refusals
from loopline.lib.times import utc_now
from loopline.people.models import ReactorRefusal
from loopline.reports.loss import Loss, lost_on_the_way
from loopline.store.current import engine
from loopline.web import collector
from loopline.web.access import PageRequest, allow
from loopline.web.lately import ask

SHOWN = 100


@dataclass(frozen=True, slots=True)
class SetAside:
    """Something that could not be used, as the page lists it."""

    id: int
    name: str
    reason: str
    second: str
    short: str
    text: str
    at: datetime


@allow(Permission.ADMINISTER)
def incoming(request: PageRequest) -> HttpResponse:
    counts = collector.state().counts()
    received = collector.log().last_seq()
    chosen = request.GET.get("reason", "")
    refusals = waiting_refusals(request.actor)
    figures = {
        "loss": ask(_loss),
        "received": received,
        "stored": counts.get(("stored", ""), 0),
        "waiting": max(0, received - collector.state().position()),
        "dropped": _by_reason(counts, "dropped"),
        "quarantined": collector.quarantine().counts(),
        "rows": [_event(one) for one in collector.quarantine().waiting(reason=chosen, limit=SHOWN)],
        "refusals": [_signal(one) for one in refusals[:SHOWN]],
        "refused": refusals.count(),
        "chosen": chosen,
        "shown": SHOWN,
    }
    return render(request, "settings/incoming.html", figures)


@require_POST
@allow(Permission.ADMINISTER)
def incoming_replay(request: PageRequest) -> HttpResponse:
    """Send the chosen events through the inbox once more, or all that wait."""
    replayed = replay_quarantined(collector.quarantine(), _ids(request) or None, by=request.actor)
    messages.success(request, f"{replayed:,} sent through once more. What is still wrong comes back here.")
    return redirect("incoming")


@require_POST
@allow(Permission.ADMINISTER)
def incoming_retry(request: PageRequest) -> HttpResponse:
    """Act on the chosen refused signals again, or on all that wait."""
    solved, refused = retry_refusals(_ids(request) or None, by=request.actor)
    if solved:
        messages.success(request, f"{solved:,} changed the records now.")
    if refused:
        messages.error(request, f"{refused:,} could still not be acted on; the list says why.")
    return redirect("incoming")


def _loss() -> Loss:
    """What the trackers sent since this time yesterday and did not get here."""
    now = utc_now()
    return lost_on_the_way(engine(), now - timedelta(days=1), now)


def _ids(request: PageRequest) -> list[int]:
    return [int(one) for one in request.POST.getlist("id") if one.isdecimal() and len(one) < 19]


def _event(one: Quarantined) -> SetAside:
    raw = one.raw.decode("utf-8", "replace")
    return SetAside(one.id, f"event {one.id}", one.reason, one.detail, raw, raw, one.quarantined_at)


def _signal(one: ReactorRefusal) -> SetAside:
    name = f"{one.kind} {one.event_id}"
    return SetAside(one.pk, name, one.reason, one.kind, one.event_id, _seen(one.signal), one.at)


def _seen(signal: dict[str, Any]) -> str:
    """A signal as people look at it: what it says, without what it leaves empty."""
    return json.dumps({key: value for key, value in signal.items() if value}, ensure_ascii=False, indent=1)


def _by_reason(counts: dict[tuple[str, str], int], outcome: str) -> dict[str, int]:
    found = {reason: events for (kind, reason), events in counts.items() if kind == outcome}
    return dict(sorted(found.items(), key=lambda one: -one[1]))
