"""Incoming data: what came, what was stored, what was dropped and why, and what was set aside and can be replayed."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from loopline.access.replays import mend_quarantined, replay_quarantined
from loopline.access.roles import Permission
from loopline.collect.balance import read_balance
from loopline.collect.places import look_at
from loopline.collect.quarantine import Quarantined
from loopline.leads.refusals import retry_refusals, waiting_refusals
from loopline.lib.times import utc_now
from loopline.people.models import ReactorRefusal
from loopline.reports.visits.loss import Loss, lost_on_the_way
from loopline.store.current import engine
from loopline.web import collector
from loopline.web.access import PageRequest, allow
from loopline.web.forms.settings import MendForm
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
    url: str = ""
    """Where it is shown in full and can be mended."""


@allow(Permission.ADMINISTER)
def incoming(request: PageRequest) -> HttpResponse:
    balance = read_balance(collector.state(), collector.log())
    chosen = request.GET.get("reason", "")
    refusals = waiting_refusals(request.actor)
    names = collector.source_names()
    accounts = [(names(source), one) for source, one in balance.sources.items()]
    context = {
        "loss": ask(_loss),
        "places": [look_at(path) for path in settings.CONFIG.places],
        "total": balance.total,
        "accounts": sorted(accounts, key=lambda pair: -pair[1].came),
        "quarantined": collector.quarantine().counts(),
        "rows": [_event(one) for one in collector.quarantine().waiting(reason=chosen, limit=SHOWN)],
        "refusals": [_signal(one) for one in refusals[:SHOWN]],
        "refused": refusals.count(),
        "chosen": chosen,
        "shown": SHOWN,
    }
    return render(request, "settings/incoming.html", context)


@allow(Permission.ADMINISTER)
def set_aside_event(request: PageRequest, seq: int) -> HttpResponse:
    """One event that was set aside, in full; it can be mended and sent through again."""
    one = collector.quarantine().find(seq) if seq < 1 << 63 else None
    if one is None:
        raise Http404
    form = MendForm(request.POST or None, initial={"event": _pretty(one.raw)})
    if form.is_bound and form.is_valid():
        try:
            mend_quarantined(collector.quarantine(), one, form.cleaned_data["event"], by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, f"Event {one.id} was sent through, mended.")
            return redirect("incoming")
    context = {
        "one": one,
        "source": collector.source_names()(one.request.source_id),
        "received_at": datetime.fromtimestamp(one.request.received_us / 1e6, UTC),
        "as_it_came": one.raw.decode("utf-8", "backslashreplace"),
        "around": "" if one.envelope == b"{}" else one.envelope.decode("utf-8", "backslashreplace"),
        "form": form,
        "cancel_url": reverse("incoming"),
    }
    return render(request, "settings/set_aside_event.html", context)


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
    url = reverse("set_aside_event", args=[one.id])
    return SetAside(one.id, f"event {one.id}", one.reason, one.detail, raw[:200], "", one.quarantined_at, url)


def _pretty(raw: bytes) -> str:
    """The event laid out to be read and mended; as it came where it cannot be read."""
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return raw.decode("utf-8", "backslashreplace")


def _signal(one: ReactorRefusal) -> SetAside:
    name = f"{one.kind} {one.event_id}"
    return SetAside(one.pk, name, one.reason, one.kind, one.event_id, _seen(one.signal), one.at)


def _seen(signal: dict[str, Any]) -> str:
    """A signal as people look at it: what it says, without what it leaves empty."""
    return json.dumps({key: value for key, value in signal.items() if value}, ensure_ascii=False, indent=1)
