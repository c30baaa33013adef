"""What is done at the definition desk of a running huddle: try a change, propose it, sign it, put it in force."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from loopline.access.actor import NotAllowedError
from loopline.access.roles import Permission
from loopline.huddles.changing import HuddleStateError
from loopline.huddles.definition_desk import adopt_change, decide_change, sign_change, try_change
from loopline.huddles.models import Decision, Huddle
from loopline.leads.definition_actions import DefinitionStateError, Side
from loopline.rules.errors import RuleError
from loopline.store.engine import StoreError
from loopline.web.access import PageRequest, allow
from loopline.web.forms.huddle import ChangeForm
from loopline.web.views.huddle import find_huddle, huddle_page


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_try(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    """Everybody sees what a change of the definition would have done; `number` puts a number of one's own into it."""
    found = find_huddle(request, huddle_id)
    change, number = request.POST.get("change", ""), request.POST.get("number", "").strip()
    key = f"{change}:{number}" if number else change
    return _do(request, found, lambda: try_change(found, key, by=request.actor), "")


@allow(Permission.RUN_HUDDLE)
@require_POST
def huddle_propose(request: PageRequest, huddle_id: UUID) -> HttpResponse:
    """The change that everybody looks at becomes a decision and a proposed version of the definition."""
    found = find_huddle(request, huddle_id)
    form = ChangeForm(request.POST, unit=found.unit)
    if not form.is_valid():
        return huddle_page(request, found, "definition", change_form=form)
    key = request.POST.get("change", "")
    done = "Proposed. Marketing and sales can sign it here."
    return _do(request, found, lambda: decide_change(found, key, form.decision, by=request.actor), done)


@allow(Permission.SIGN_FOR_MARKETING, Permission.SIGN_FOR_SALES)
@require_POST
def decision_sign(request: PageRequest, decision_id: UUID, side: Side) -> HttpResponse:
    decision = _decision(request, decision_id)
    return _do(request, decision.huddle, lambda: sign_change(decision, side, by=request.actor), f"Signed for {side}.")


@allow(Permission.EDIT_DEFINITION)
@require_POST
def decision_adopt(request: PageRequest, decision_id: UUID) -> HttpResponse:
    decision = _decision(request, decision_id)
    done = f"{decision.definition} is in force: new leads are judged by it from now on."
    return _do(request, decision.huddle, lambda: adopt_change(decision, by=request.actor), done)


def _decision(request: PageRequest, decision_id: UUID) -> Decision:
    found = Decision.objects.visible_to(request.actor).filter(definition__isnull=False)
    return get_object_or_404(found.select_related("huddle__unit", "definition__unit"), pk=decision_id)


def _do(request: PageRequest, found: Huddle, act: Callable[[], object], done: str) -> HttpResponse:
    try:
        act()
    except (HuddleStateError, DefinitionStateError, RuleError, NotAllowedError) as error:
        messages.error(request, str(error))
    except StoreError as error:
        messages.error(request, f"The event store did not answer, so nothing was tried: {error} Try again in a moment.")
    else:
        if done:
            messages.success(request, done)
    found.refresh_from_db(fields=["card", "closed_at"])
    own = "?card=definition" if found.is_open and found.card != "definition" else ""
    return redirect(f"{reverse('huddle', args=[found.pk])}{own}")
