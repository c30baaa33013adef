"""The one screen of a huddle while it is open, what is done on it, and afterwards its minutes."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import connection
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.roles import Permission
from loopline.huddles.actions import Said, close_huddle, dispose_lead, dispose_quiet, turn_to
from loopline.huddles.changing import HuddleStateError
from loopline.huddles.decisions import APPROVES, add_decision, approve_decision, finish_decision
from loopline.huddles.definition_desk import versions_talked_about
from loopline.huddles.invitation import due_dates
from loopline.huddles.live import STREAMS, TooManyStreamsError
from loopline.huddles.models import Decision, Huddle, HuddleLead
from loopline.leads.undelivered import undelivered_mails
from loopline.web.access import PageRequest, allow
from loopline.web.definition_desk import desk_of, proposed_changes
from loopline.web.forms.huddle import DecisionForm, SaidForm
from loopline.web.huddle_card import decisions_before, entry_cards, figures_shown
from loopline.web.huddle_screen import gauge, neighbours, shown_card, stages_shown, tabs, what_if_address, what_if_query
from loopline.web.waiting import waits


@waits("huddles")
def huddle_waiting(actor: Actor) -> str | None:
    return "open" if Huddle.objects.visible_to(actor).filter(closed_at__isnull=True).exists() else None


@allow(Permission.SEE_HUDDLE)
def huddle(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    """One screen for the meeting while it is open; afterwards its minutes."""
    return huddle_page(request, find_huddle(request, huddle_id))


def find_huddle(request: PageRequest, huddle_id: UUID) -> Huddle:
    return get_object_or_404(Huddle.objects.visible_to(request.actor).select_related("unit"), pk=huddle_id)


def huddle_page(request: PageRequest, found: Huddle, card: str = "close", **forms: Any) -> HttpResponse:
    """The page of a huddle; `forms` are those with errors to show, on this card."""
    entries = list(found.leads.select_related("lead"))
    cards = entry_cards(entries, found.opened_at)
    in_hand = _in_hand(entries, request.GET.get("place"))
    shown = card if forms else shown_card(found, request.GET.get("card"))
    context: dict[str, Any] = {
        "huddle": found,
        "tabs": tabs(found, shown),
        "card": shown,
        "card_template": f"huddle/cards/{shown}.html",
        "is_own_look": shown != found.card,
        "card_before": neighbours(shown)[0],
        "card_after": neighbours(shown)[1],
        "figures": figures_shown(found.snapshot, _before(request, found)),
        "gauge": gauge(found.snapshot),
        "gauge_whole": found.snapshot["handed_over"],
        "deals_won": found.snapshot.get("won_deals", []),
        "deals_lost": found.snapshot.get("lost_deals", []),
        "stages": stages_shown(found) if shown == "bottleneck" else [],
        "what_if": what_if_address(found),
        "what_if_query": what_if_query(found),
        "desk": desk_of(found, request.actor, request.GET.get("clause", ""), forms.get("change_form"))
        if shown == "definition" and found.is_open
        else None,
        "talked_about": versions_talked_about(found),
        "untold": [] if found.is_open else undelivered_mails(f"huddle-minutes/{found.pk}/"),
        "changes": proposed_changes(found, request.actor),
        "entries": cards,
        "in_hand": next((one for one in cards if in_hand and one.place == in_hand.place), None),
        "said_form": _said_form(in_hand) if in_hand else None,
        "dispositions": list(enumerate(HuddleLead.Disposition.choices, start=1)),
        "talked_count": sum(1 for entry in entries if entry.disposition),
        "left_count": sum(1 for entry in entries if not entry.disposition),
        "quiet_count": sum(1 for entry in entries if not entry.disposition and not entry.is_exception),
        "decisions": found.decisions.select_related("owner", "task"),
        "promises": decisions_before(found.unit, found),
        "decision_form": DecisionForm(unit=found.unit, actor=request.actor),
        "can_run": request.actor.may(Permission.RUN_HUDDLE),
        "approves": [side for side, permission in APPROVES.items() if request.actor.may(permission)],
    }
    template = "huddle/huddle.html" if found.is_open else "huddle/minutes.html"
    return render(request, template, context | forms, status=422 if forms else 200)


def _said_form(entry: HuddleLead) -> SaidForm:
    """What was said already; else what the salesperson wrote before the meeting."""
    written = entry.frozen.get("homework", {}).get("line", "") if not entry.disposition else ""
    return SaidForm(initial={"sales_note": entry.sales_note or written, "marketing_note": entry.marketing_note})


def _in_hand(entries: list[HuddleLead], place: str | None) -> HuddleLead | None:
    """The lead that is talked about: the one asked for, else the first without a word."""
    asked = next((one for one in entries if str(one.place) == place), None)
    return asked or next((one for one in entries if not one.disposition), entries[-1] if entries else None)


def _before(request: PageRequest, found: Huddle) -> dict[str, Any]:
    """The figures of the huddle before, to compare with."""
    before = Huddle.objects.visible_to(request.actor).filter(unit=found.unit, opened_at__lt=found.opened_at).first()
    return before.snapshot if before else {}


@allow(Permission.SEE_HUDDLE)
@require_POST
def huddle_lead(request: PageRequest, huddle_id: UUID, place: int) -> HttpResponse:
    """What both sides say about one lead; then on to the next."""
    found = find_huddle(request, huddle_id)
    entry = get_object_or_404(found.leads, place=place)
    form = SaidForm(request.POST)
    if not form.is_valid() or request.POST.get("disposition") not in HuddleLead.Disposition.values:
        messages.error(request, "Say what became of the lead with one of the buttons. Nothing was changed.")
        return _to_leads(found, f"place={place}")
    said = Said(request.POST["disposition"], **form.cleaned_data)
    _do(request, found, lambda: dispose_lead(entry, said, by=request.actor), "")
    return _to_leads(found)


def _to_leads(found: Huddle, place: str = "") -> HttpResponse:
    """Back to the leads; who looks at what everybody looks at goes on following."""
    own = "card=leads" if found.card != "leads" else ""
    query = "&".join(part for part in (own, place) if part)
    return redirect(f"{reverse('huddle', args=[found.pk])}{f'?{query}' if query else ''}#entry")


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_quiet(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    """Every lead that nobody has a reason to talk about, in one go."""
    found = find_huddle(request, huddle_id)
    return _do(request, found, lambda: dispose_quiet(found, by=request.actor), "The quiet ones are on track.")


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_turn(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    """Everybody turns to this card."""
    found = find_huddle(request, huddle_id)
    try:
        return _do(request, found, lambda: turn_to(found, request.POST.get("card", ""), by=request.actor), "")
    except ValueError:
        messages.error(request, "There is no such card. Nothing was changed.")
        return redirect("huddle", found.pk)


@allow(Permission.SEE_HUDDLE)
@require_GET
def huddle_due_dates(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    """The decisions' due dates for a calendar."""
    found = find_huddle(request, huddle_id)
    calendar = due_dates(list(found.decisions.select_related("task")))
    headers = {"Content-Disposition": "attachment; filename=decisions.ics"}
    return HttpResponse(calendar, content_type="text/calendar; charset=utf-8", headers=headers)


@allow(Permission.SEE_HUDDLE)
@require_GET
def huddle_live(request: PageRequest, huddle_id: UUID) -> HttpResponseBase:
    """A line that says when something changed (server-sent events). `Last-Event-ID`, or `seen`, is what is known."""
    found = find_huddle(request, huddle_id)
    seen = request.headers.get("Last-Event-ID") or request.GET.get("seen", "")
    try:
        line = STREAMS.reserve(str(found.pk), request.actor.id)
    except TooManyStreamsError as error:
        return HttpResponse(str(error), status=429, content_type="text/plain; charset=utf-8")
    events = STREAMS.follow(line, int(seen) if seen.isdecimal() else -1, lambda: _revision(found.pk))
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy that gathers would hold the events back
    return response


def _revision(huddle_id: UUID) -> int:
    """Asked from a thread of its own, whose connection nobody else would close."""
    try:
        return Huddle.objects.values_list("revision", flat=True).get(pk=huddle_id)  # public: found for the actor before
    finally:
        connection.close()


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_decide(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    found = find_huddle(request, huddle_id)
    form = DecisionForm(request.POST, unit=found.unit, actor=request.actor)
    if not form.is_valid():
        return huddle_page(request, found, decision_form=form)
    return _do(request, found, lambda: add_decision(found, form.decision, by=request.actor), "Decided.")


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_close(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    found = find_huddle(request, huddle_id)
    carry_over = request.POST.get("carry_over") == "1"
    done = "Closed. The minutes are written and every decision is a task of its owner."
    return _do(request, found, lambda: close_huddle(found, carry_over=carry_over, by=request.actor), done)


@allow(Permission.SEE_HUDDLE)
@require_POST
def decision_done(request: PageRequest, decision_id: UUID) -> HttpResponse:
    decision = get_object_or_404(Decision.objects.visible_to(request.actor), pk=decision_id)
    open_one = Huddle.objects.visible_to(request.actor).filter(unit=decision.unit, closed_at__isnull=True).first()
    return _do(request, open_one, lambda: finish_decision(decision, by=request.actor), "Done.")


@allow(*APPROVES.values())
@require_POST
def decision_approve(request: PageRequest, decision_id: UUID, side: str) -> HttpResponse:
    """One side says yes to a decision."""
    if side not in APPROVES:
        raise Http404("there are two sides")
    decision = get_object_or_404(Decision.objects.visible_to(request.actor).select_related("huddle"), pk=decision_id)
    return _do(request, decision.huddle, lambda: approve_decision(decision, side, by=request.actor), "Approved.")


def _do(request: PageRequest, found: Huddle | None, act: Callable[[], Any], done: str) -> HttpResponse:
    """Act, say what came of it where that does not show by itself, and go on with the huddle."""
    try:
        act()
    except (HuddleStateError, NotAllowedError) as error:
        messages.error(request, str(error))
    else:
        if done:
            messages.success(request, done)
    return redirect("huddle", found.pk) if found else redirect("huddles")
