"""What is done with a lead, from its page or the queue. Each is a page of its own too, for those without dialogs."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from loopline.access.roles import Permission
from loopline.leads.actions import (
    accept_lead,
    ask_for_help,
    disqualify_lead,
    qualify_lead,
    recycle_lead,
    reject_lead,
)
from loopline.leads.hand_over import hand_over_lead
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.web.access import PageRequest, allow
from loopline.web.forms.leads import AssignForm, DisqualifyForm, HelpForm, ReasonForm
from loopline.web.views.leads import find_lead


@allow(Permission.WORK_LEADS)
@require_POST
def lead_accept(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    name = lead.person.display_name
    return _do(request, lead, lambda: accept_lead(lead, by=request.actor), f"{name} is yours. It is under Accepted.")


@allow(Permission.WORK_LEADS)
def lead_send_back(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = ReasonForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        said, done = form.cleaned_data, f"{lead.person.display_name} is back with marketing."
        return _do(request, lead, lambda: reject_lead(lead, **said, by=request.actor), done)
    return _ask(request, lead, form, "Send back", "Why does this lead go back to marketing?")


@allow(Permission.WORK_LEADS)
def lead_help(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = HelpForm(_sent(request), initial={"note": lead.help_note})
    if request.method == "POST" and form.is_valid():
        note = form.cleaned_data["note"]
        done = "Help is asked for; the clock goes on."
        return _do(request, lead, lambda: ask_for_help(lead, note, by=request.actor), done)
    return _ask(request, lead, form, "Ask for help", "What would help you with this lead?")


@allow(Permission.ASSIGN_LEADS)
def lead_assign(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = AssignForm(_sent(request), lead=lead)
    if request.method == "POST" and form.is_valid():
        to = form.cleaned_data["to"]
        done = f"{lead.person.display_name} is handed to {to.name}, with a new clock."
        return _do(request, lead, lambda: hand_over_lead(lead, to=to, by=request.actor), done)
    return _ask(request, lead, form, "Hand over", "Who should work this lead?")


@allow(Permission.ASSIGN_LEADS)
def lead_recycle(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = ReasonForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        said, done = form.cleaned_data, f"{lead.person.display_name} is recycled."
        return _do(request, lead, lambda: recycle_lead(lead, **said, by=request.actor), done)
    return _ask(request, lead, form, "Recycle", "Why not now, and when again?")


@allow(Permission.ASSIGN_LEADS)
def lead_disqualify(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = DisqualifyForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        said, done = form.cleaned_data, f"{lead.person.display_name} is disqualified."
        return _do(request, lead, lambda: disqualify_lead(lead, **said, by=request.actor), done)
    return _ask(request, lead, form, "Disqualify", "Why not ever?")


@allow(Permission.EDIT_PEOPLE)
@require_POST
def lead_judge(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    try:
        passed = qualify_lead(lead, by=request.actor)
    except LeadStateError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, "It passes now." if passed else "Judged again: it does not pass; the reasons are below."
        )
    return redirect("lead", lead.pk)


def _sent(request: PageRequest) -> QueryDict | None:
    """What was sent, also when that is nothing: an empty form is refused, not shown as new."""
    return request.POST if request.method == "POST" else None


def _do(request: PageRequest, lead: Lead, act: Callable[[], Any], done: str) -> HttpResponse:
    """Act, say what came of it, and go back to where the person was: the queue or the lead's page."""
    try:
        act()
    except LeadStateError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("leads") if request.POST.get("back_to") == "queue" else redirect("lead", lead.pk)


def _ask(request: PageRequest, lead: Lead, form: Form, title: str, question: str) -> HttpResponse:
    context = {
        "lead": lead,
        "form": form,
        "title": title,
        "asks": question,
        "back_to": request.POST.get("back_to", "lead"),
        "back": reverse("lead", args=[lead.pk]),
    }
    return render(request, "leads/lead_ask.html", context, status=422 if form.is_bound else 200)
