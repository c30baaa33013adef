"""What is done with a lead, from its page or the queue. Each is a page of its own too, for those without dialogs."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
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
from loopline.leads.disputes import (
    ask_for_evidence,
    complete_evidence,
    open_dispute,
    pause_clocks,
    resolve_dispute,
    resume_clocks,
)
from loopline.leads.hand_over import hand_over_lead
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.web.access import PageRequest, allow
from loopline.web.forms.leads import AssignForm, DisqualifyForm, HelpForm, ReasonForm, RecycleForm, SayForm, SettleForm
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
    form = ReasonForm(_sent(request), lead=lead)
    if request.method == "POST" and form.is_valid():
        said, done = form.as_said(), f"{lead.person.display_name} is back with marketing."
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
    form = RecycleForm(_sent(request), lead=lead)
    if request.method == "POST" and form.is_valid():
        said, done = form.as_said(), f"{lead.person.display_name} is recycled."
        return _do(request, lead, lambda: recycle_lead(lead, **said, by=request.actor), done)
    return _ask(request, lead, form, "Recycle", "Why not now, and when again?")


@allow(Permission.ASSIGN_LEADS)
def lead_disqualify(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = DisqualifyForm(_sent(request), lead=lead)
    if request.method == "POST" and form.is_valid():
        said, done = form.as_said(), f"{lead.person.display_name} is disqualified."
        return _do(request, lead, lambda: disqualify_lead(lead, **said, by=request.actor), done)
    return _ask(request, lead, form, "Disqualify", "Why not ever?")


@allow(Permission.SIGN_FOR_MARKETING)
def lead_dispute(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = SayForm(_sent(request), label="Why is it a lead all the same?")
    if request.method == "POST" and form.is_valid():
        said, done = form.cleaned_data["said"], "Disputed. Sales management settles it; your own clock stands still."
        return _do(request, lead, lambda: open_dispute(lead, said, by=request.actor), done)
    return _ask(request, lead, form, "Dispute", "Sales management reads this and settles it.")


@allow(Permission.SIGN_FOR_SALES)
def lead_settle(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    dispute = get_object_or_404(lead.disputes.filter(resolved_at=None).select_related("lead"))
    form = SettleForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        done = "Settled; the history keeps it."
        return _do(
            request, lead, lambda: resolve_dispute(dispute, said["resolution"], said["note"], by=request.actor), done
        )
    return _ask(request, lead, form, "Settle", f"Marketing says: {dispute.because}")


@allow(Permission.WORK_LEADS)
def lead_miss(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = SayForm(_sent(request), label="What do you miss?")
    if request.method == "POST" and form.is_valid():
        said, done = form.cleaned_data["said"], "Marketing is asked; your clock stands still until they answer."
        return _do(request, lead, lambda: ask_for_evidence(lead, said, by=request.actor), done)
    return _ask(request, lead, form, "Ask marketing", "What is missing about this lead?")


@allow(Permission.EDIT_PEOPLE)
def lead_complete(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = SayForm(_sent(request), label="What is known now?")
    if request.method == "POST" and form.is_valid():
        said, done = form.cleaned_data["said"], "Sales is told, and their clock runs again."
        return _do(request, lead, lambda: complete_evidence(lead, said, by=request.actor), done)
    return _ask(request, lead, form, "Answer sales", "Sales waits for this.")


@allow(Permission.WORK_LEADS, Permission.ASSIGN_LEADS)
def lead_pause(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    form = SayForm(_sent(request), label="Why does the clock stand still?")
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data["said"]
        return _do(request, lead, lambda: pause_clocks(lead, said, by=request.actor), "Paused; the history says why.")
    return _ask(request, lead, form, "Pause the clock", "The reason stands in the history.")


@allow(Permission.WORK_LEADS, Permission.ASSIGN_LEADS)
@require_POST
def lead_resume(request: PageRequest, lead_id: UUID) -> HttpResponse:
    lead = find_lead(request, lead_id)
    return _do(request, lead, lambda: resume_clocks(lead, by=request.actor), "The clock runs again.")


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
