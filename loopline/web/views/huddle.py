"""The huddle: what will be on the list, the one screen of the meeting, and its minutes."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.huddles.actions import (
    HuddleStateError,
    NewDecision,
    Said,
    add_decision,
    close_huddle,
    dispose_lead,
    finish_decision,
    open_huddle,
)
from loopline.huddles.figures import key_figures
from loopline.huddles.listing import leads_to_discuss, since
from loopline.huddles.models import Decision, Huddle, HuddleLead
from loopline.lib.times import utc_now
from loopline.web.access import PageRequest, allow
from loopline.web.forms.huddle import DecisionForm, SaidForm
from loopline.web.huddle_card import decisions_before, entry_cards, figures_shown, preview_cards
from loopline.web.waiting import waits

MINUTES_SHOWN = 30


@waits("huddles")
def huddle_waiting(actor: Actor) -> str | None:
    return "open" if Huddle.objects.visible_to(actor).filter(closed_at__isnull=True).exists() else None


@allow(Permission.SEE_HUDDLE)
def huddles(request: PageRequest) -> HttpResponse:
    """The next huddle with its list so far, the open one, and the minutes of those before."""
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = next((one for one in units if str(one.pk) == request.GET.get("unit")), None) or units.first()
    past = (
        Huddle.objects.visible_to(request.actor).filter(unit=unit, closed_at__isnull=False)[:MINUTES_SHOWN]
        if unit
        else []
    )
    context: dict[str, Any] = {
        "units": units,
        "unit": unit,
        "past": past,
        "can_run": request.actor.may(Permission.RUN_HUDDLE),
        "running": Huddle.objects.visible_to(request.actor).filter(unit=unit, closed_at__isnull=True).first()
        if unit
        else None,
    }
    return render(request, "huddle/huddles.html", context | (_preview(request, unit) if unit else {}))


def _preview(request: PageRequest, unit: BusinessUnit) -> dict[str, Any]:
    now = utc_now()
    listed, begins = leads_to_discuss(unit, now), since(unit, now)
    figures = key_figures(unit, [lead for lead, is_carried in listed if not is_carried], begins, now)
    last = Huddle.objects.visible_to(request.actor).filter(unit=unit).first()
    return {
        "cards": preview_cards(listed, now),
        "since": begins,
        "figures": figures_shown(figures, last.snapshot if last else {}),
        "promises": decisions_before(unit, None),
    }


@allow(Permission.SEE_HUDDLE)
def huddle(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    """One screen for the meeting while it is open; afterwards its minutes."""
    return huddle_page(request, find_huddle(request, huddle_id))


def find_huddle(request: PageRequest, huddle_id: UUID) -> Huddle:
    return get_object_or_404(Huddle.objects.visible_to(request.actor).select_related("unit"), pk=huddle_id)


def huddle_page(request: PageRequest, found: Huddle, **forms: Any) -> HttpResponse:
    """The page of a huddle; `forms` are those with errors to show."""
    entries = list(found.leads.select_related("lead"))
    cards = entry_cards(entries, found.opened_at)
    in_hand = _in_hand(entries, request.GET.get("place"))
    context: dict[str, Any] = {
        "huddle": found,
        "figures": figures_shown(found.snapshot, _before(request, found)),
        "entries": cards,
        "in_hand": next((card for card in cards if in_hand and card.place == in_hand.place), None),
        "said_form": SaidForm(initial={"sales_note": in_hand.sales_note, "marketing_note": in_hand.marketing_note})
        if in_hand
        else None,
        "dispositions": list(enumerate(HuddleLead.Disposition.choices, start=1)),
        "talked_count": sum(1 for entry in entries if entry.disposition),
        "left_count": sum(1 for entry in entries if not entry.disposition),
        "decisions": found.decisions.select_related("owner", "task"),
        "promises": decisions_before(found.unit, found),
        "decision_form": DecisionForm(unit=found.unit),
        "can_run": request.actor.may(Permission.RUN_HUDDLE),
    }
    template = "huddle/huddle.html" if found.is_open else "huddle/minutes.html"
    return render(request, template, context | forms, status=422 if forms else 200)


def _in_hand(entries: list[HuddleLead], place: str | None) -> HuddleLead | None:
    """The lead that is talked about: the one asked for, else the first without a word."""
    asked = next((one for one in entries if str(one.place) == place), None)
    return asked or next((one for one in entries if not one.disposition), entries[-1] if entries else None)


def _before(request: PageRequest, found: Huddle) -> dict[str, Any]:
    """The figures of the huddle before, to compare with."""
    before = Huddle.objects.visible_to(request.actor).filter(unit=found.unit, opened_at__lt=found.opened_at).first()
    return before.snapshot if before else {}


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_open(request: PageRequest, unit_id: UUID) -> HttpResponse:
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=unit_id)
    try:
        opened = open_huddle(unit, by=request.actor)
    except HuddleStateError as error:
        messages.error(request, str(error))
        return redirect("huddles")
    return redirect("huddle", opened.pk)


@allow(Permission.SEE_HUDDLE)
@require_POST
def huddle_lead(request: PageRequest, huddle_id: UUID, place: int) -> HttpResponse:
    """What both sides say about one lead; then on to the next."""
    found = find_huddle(request, huddle_id)
    entry = get_object_or_404(found.leads, place=place)
    form = SaidForm(request.POST)
    if not form.is_valid() or request.POST.get("disposition") not in HuddleLead.Disposition.values:
        messages.error(request, "Say what became of the lead with one of the buttons. Nothing was changed.")
        return redirect(f"{reverse('huddle', args=[found.pk])}?place={place}")
    said = Said(request.POST["disposition"], **form.cleaned_data)
    _do(request, found, lambda: dispose_lead(entry, said, by=request.actor), "")
    return redirect(f"{reverse('huddle', args=[found.pk])}#entry")


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_decide(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    found = find_huddle(request, huddle_id)
    form = DecisionForm(request.POST, unit=found.unit)
    if not form.is_valid():
        return huddle_page(request, found, decision_form=form)
    new = NewDecision(**form.cleaned_data)
    return _do(request, found, lambda: add_decision(found, new, by=request.actor), "Decided.")


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
