"""One opportunity: its page, and everything that is done with it there."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from loopline.access.models import AuditEntry, BusinessUnit, Organisation
from loopline.access.roles import Permission
from loopline.campaigns.models import Submission
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.lib.times import utc_now
from loopline.people.actions import find_or_create_person
from loopline.people.emails import InvalidEmailError
from loopline.people.models import Person
from loopline.pipeline.actions import NewOpportunity, convert_lead, create_opportunity, edit_opportunity, move_stage
from loopline.pipeline.closing import (
    end_of_day,
    lose_opportunity,
    refund_opportunity,
    reopen_opportunity,
    win_opportunity,
)
from loopline.pipeline.contacts import remove_contact, set_contact
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.models import Opportunity, OpportunityContact, business_day
from loopline.web.access import PageRequest, allow
from loopline.web.forms.pipeline import (
    ContactForm,
    ConvertForm,
    EditForm,
    InteractionForm,
    LoseForm,
    NewOpportunityForm,
    RefundForm,
    TaskForm,
    WinForm,
    day_in_a_month,
)
from loopline.web.route import opportunity_route

Refusals = (PipelineError, LeadStateError, InvalidEmailError)


@allow(Permission.SEE_PIPELINE)
def opportunity(request: PageRequest, opportunity_id: UUID) -> HttpResponse:
    found = _find(request, opportunity_id)
    return render(request, "pipeline/opportunity.html", _context(request, found))


def _find(request: PageRequest, opportunity_id: UUID) -> Opportunity:
    visible = Opportunity.objects.visible_to(request.actor)
    return get_object_or_404(
        visible.select_related("unit", "company", "owner", "primary_campaign", "lead__person"), pk=opportunity_id
    )


def _context(request: PageRequest, found: Opportunity) -> dict[str, Any]:
    actor, now = request.actor, utc_now()
    refunded = found.refunded_minor
    contacts = list(found.contacts.select_related("person__company").order_by("-is_primary", "person__name"))
    people = Person.objects.visible_to(actor).filter(opportunity_roles__opportunity=found)
    people = people.order_by("-opportunity_roles__is_primary", "name")
    can_edit, sees_people = actor.may(Permission.EDIT_PIPELINE), actor.may(Permission.SEE_PEOPLE)
    is_won = found.outcome == Opportunity.Outcome.WON
    left = (found.amount_minor or 0) - refunded
    return {
        "opportunity": found,
        "contacts": contacts if sees_people else [],
        "roles": OpportunityContact.Role.choices,
        "stages": _steps(found),
        "refunded_minor": refunded,
        "reporting_minor": found.reporting_minor(refunded, business_day(now)),
        "reporting_currency": Organisation.current().reporting_currency,
        "route": opportunity_route(found, actor) if sees_people else None,
        "sees_people": sees_people,
        "tasks": found.tasks.select_related("owner"),
        "history": _history(found),
        "can_edit": can_edit,
        "can_refund": is_won and left > 0 and actor.may(Permission.REFUND),
        "today": timezone.localdate(),
        "win_form": WinForm(opportunity=found),
        "lose_form": LoseForm(),
        "refund_form": RefundForm(opportunity=found, left_minor=left),
        "contact_form": ContactForm(),
        "interaction_form": InteractionForm(people=people) if contacts and actor.may(Permission.EDIT_PEOPLE) else None,
        "task_form": TaskForm(actor=actor, unit=found.unit) if actor.may(Permission.WORK_TASKS) else None,
    }


_VERBS = {
    "create_opportunity": "Opened",
    "edit_opportunity": "Edited",
    "move_stage": "Moved",
    "win_opportunity": "Won",
    "lose_opportunity": "Lost",
    "reopen_opportunity": "Reopened",
    "refund_opportunity": "Refunded",
    "set_contact": "Contact added or changed",
    "remove_contact": "Contact removed",
}


def _history(found: Opportunity) -> list[dict[str, Any]]:
    """Who changed what, newest first, from the audit log."""
    entries = AuditEntry.objects.filter(object_type="opportunity", object_id=str(found.pk)).order_by("-seq")[:30]
    return [
        {
            "words": _VERBS.get(entry.verb, entry.verb.replace("_", " ").capitalize()),
            "what": _changed(entry.detail),
            "by": entry.actor_name,
            "at": entry.at,
        }
        for entry in entries
    ]


def _changed(detail: dict[str, Any]) -> str:
    """The names of the fields an edit changed; other entries say it in their verb."""
    names = [name for name, value in detail.items() if isinstance(value, dict) and value.keys() == {"from", "to"}]
    return ", ".join(name.removesuffix("_minor").removesuffix("_on").replace("_", " ") for name in names)


def _steps(found: Opportunity) -> list[dict[str, Any]]:
    """The stages in order, each with its place: before, at, or after the one it is in."""
    order = Opportunity.Stage.values
    here = order.index(found.stage)
    words = {-1: "done", 0: "here", 1: "ahead"}
    return [
        {"key": key, "label": label, "place": words[(place > here) - (place < here)]}
        for place, (key, label) in enumerate(Opportunity.Stage.choices)
    ]


# What opens one


@allow(Permission.EDIT_PIPELINE)
def opportunity_new(request: PageRequest) -> HttpResponse:
    """Open an opportunity that no lead led to."""
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = units.filter(key=request.GET.get("unit", "")).first() or units.first()
    if unit is None:
        return render(request, "pipeline/opportunity_new.html", {"form": None})
    initial = {"owner": request.actor.id, "expected_close_on": day_in_a_month(timezone.localdate())}
    form = NewOpportunityForm(request.POST or None, currency=unit.currency, unit_id=unit.pk, initial=initial)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            opened = _open(request, unit, said)
        except Refusals as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"“{opened.name}” is open.")
            return redirect("opportunity", opened.pk)
    return render(request, "pipeline/opportunity_new.html", {"form": form, "unit": unit, "units": units})


def _open(request: PageRequest, unit: BusinessUnit, said: dict[str, Any]) -> Opportunity:
    person = _person(request, said["email"], unit) if said["email"] else None
    new = NewOpportunity(
        unit=unit,
        name=said["name"],
        currency=said["currency"],
        amount_minor=said["amount_minor"],
        expected_close_on=said["expected_close_on"],
        person=person,
        company=person.company if person else None,
        owner=said["owner"],
    )
    return create_opportunity(new, by=request.actor)


def _person(request: PageRequest, email: str, unit: BusinessUnit, name: str = "") -> Person:
    return find_or_create_person(email, unit=unit, name=name, evidence="manual", by=request.actor)


@allow(Permission.WORK_LEADS)
def lead_convert(request: PageRequest, lead_id: UUID) -> HttpResponse:
    """Convert an accepted lead: what the opportunity starts with."""
    leads = Lead.objects.visible_to(request.actor).select_related("person__company", "unit", "owner")
    lead = get_object_or_404(leads, pk=lead_id)
    if existing := Opportunity.objects.visible_to(request.actor).filter(lead=lead).first():
        return redirect("opportunity", existing.pk)
    form = ConvertForm(
        request.POST or None, currency=lead.unit.currency, unit_id=lead.unit_id, initial=_converted_defaults(lead)
    )
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        names = ("name", "amount_minor", "currency", "expected_close_on", "primary_campaign")
        try:
            opened = convert_lead(lead, **{name: said[name] for name in names}, by=request.actor)
        except Refusals as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{lead.person.display_name} is now an opportunity.")
            return redirect("opportunity", opened.pk)
    return render(request, "pipeline/lead_convert.html", {"form": form, "lead": lead})


def _converted_defaults(lead: Lead) -> dict[str, Any]:
    """Named after the company; the campaign of the form that was sent before, if it has one."""
    sent = Submission.objects.filter(person=lead.person, form__unit=lead.unit, form__campaign__isnull=False)
    last = sent.select_related("form").order_by("-at").first()
    company = lead.person.company
    return {
        "name": company.name if company else lead.person.display_name,
        "expected_close_on": day_in_a_month(timezone.localdate()),
        "primary_campaign": last.form.campaign_id if last else None,
    }


# What changes one


@allow(Permission.EDIT_PIPELINE)
def opportunity_edit(request: PageRequest, opportunity_id: UUID) -> HttpResponse:
    found = _find(request, opportunity_id)
    form = EditForm(request.POST or None, opportunity=found)

    def act() -> None:
        edit_opportunity(found, form.changes(), by=request.actor)  # type: ignore[arg-type]

    return _form_page(request, found, form, act, title="Edit", label="Save", done="Saved.")


@require_POST
@allow(Permission.EDIT_PIPELINE)
def opportunity_stage(request: PageRequest, opportunity_id: UUID) -> HttpResponse:
    found = _find(request, opportunity_id)
    stage = request.POST.get("stage", "")
    if _tried(request, lambda: move_stage(found, stage, by=request.actor)):
        messages.success(request, f"“{found.name}” is in {found.get_stage_display().lower()}.")
    return _back(request, found)


@require_POST
@allow(Permission.EDIT_PIPELINE)
def opportunity_help(request: PageRequest, opportunity_id: UUID) -> HttpResponse:
    """Ask the team for help, or say that it is no longer needed. The next huddle sees it."""
    found = _find(request, opportunity_id)
    needs_help = request.POST.get("needs_help") == "1"
    _tried(request, lambda: edit_opportunity(found, {"needs_help": needs_help}, by=request.actor))
    return _back(request, found)


# What ends one


@allow(Permission.EDIT_PIPELINE)
def opportunity_win(request: PageRequest, opportunity_id: UUID) -> HttpResponse:
    found = _find(request, opportunity_id)
    form = WinForm(request.POST or None, opportunity=found)

    def act() -> None:
        said = form.cleaned_data
        closed_at = end_of_day(said["closed_on"], utc_now())
        win_opportunity(found, amount_minor=said["amount_minor"], closed_at=closed_at, by=request.actor)

    return _form_page(request, found, form, act, title="Won", label="Mark as won", done=f"“{found.name}” is won.")


@allow(Permission.EDIT_PIPELINE)
def opportunity_lose(request: PageRequest, opportunity_id: UUID) -> HttpResponse:
    found = _find(request, opportunity_id)
    form = LoseForm(request.POST or None)

    def act() -> None:
        said = form.cleaned_data
        closed_at = end_of_day(said["closed_on"], utc_now())
        lose_opportunity(found, said["reason"], note=said["note"], closed_at=closed_at, by=request.actor)

    return _form_page(request, found, form, act, title="Lost", label="Mark as lost", done=f"“{found.name}” is lost.")


@require_POST
@allow(Permission.EDIT_PIPELINE)
def opportunity_reopen(request: PageRequest, opportunity_id: UUID) -> HttpResponse:
    found = _find(request, opportunity_id)
    if _tried(request, lambda: reopen_opportunity(found, by=request.actor)):
        messages.success(request, f"“{found.name}” is open again.")
    return redirect("opportunity", found.pk)


@allow(Permission.REFUND)
def opportunity_refund(request: PageRequest, opportunity_id: UUID) -> HttpResponse:
    found = _find(request, opportunity_id)
    left = (found.amount_minor or 0) - found.refunded_minor
    form = RefundForm(request.POST or None, opportunity=found, left_minor=left)

    def act() -> None:
        said = form.cleaned_data
        amount = said["amount_minor"]
        refund_opportunity(found, amount, on=said["on"], reason=said["reason"], by=request.actor)

    return _form_page(request, found, form, act, title="Refund", label="Refund", done="The refund is recorded.")


# Who is in one


@allow(Permission.EDIT_PIPELINE)
def opportunity_contact(request: PageRequest, opportunity_id: UUID) -> HttpResponse:
    """Add somebody by e-mail address, or change a contact's role."""
    found = _find(request, opportunity_id)
    form = ContactForm(request.POST or None)

    def act() -> None:
        said = form.cleaned_data
        person = _person(request, said["email"], found.unit, said["name"])
        set_contact(found, person, said["role"], is_primary=said["is_primary"] or None, by=request.actor)

    return _form_page(request, found, form, act, title="Add a contact", label="Add", done="The contact is added.")


@require_POST
@allow(Permission.EDIT_PIPELINE)
def opportunity_contact_change(request: PageRequest, opportunity_id: UUID, person_id: UUID) -> HttpResponse:
    """Give a contact another role, make it the primary one, or take it off."""
    found = _find(request, opportunity_id)
    contact = get_object_or_404(found.contacts.select_related("person"), person=person_id)
    if "remove" in request.POST:
        _tried(request, lambda: remove_contact(found, contact.person, by=request.actor))
    else:
        role = request.POST.get("role", contact.role)
        is_primary = True if "primary" in request.POST else None
        _tried(request, lambda: set_contact(found, contact.person, role, is_primary=is_primary, by=request.actor))
    return redirect("opportunity", found.pk)


# How they answer


def _form_page(
    request: PageRequest, found: Opportunity, form: Form, act: Callable[[], None], **words: str
) -> HttpResponse:
    """A form of its own page: the same one a dialog on the opportunity's page posts to."""
    if request.method == "POST" and form.is_valid():
        try:
            act()
        except Refusals as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, words["done"])
            return redirect("opportunity", found.pk)
    return render(request, "pipeline/opportunity_form.html", {"opportunity": found, "form": form, **words})


def _tried(request: PageRequest, act: Callable[[], object]) -> bool:
    """Whether it was done; if not, the page says why."""
    try:
        act()
    except Refusals as error:
        messages.error(request, str(error))
        return False
    return True


def _back(request: PageRequest, found: Opportunity) -> HttpResponse:
    """To the board when it was done there, with its filters; else to the opportunity."""
    query = request.POST.get("board")
    if query is None:
        return redirect("opportunity", found.pk)
    return redirect(f"{reverse('pipeline')}?{query}" if query else reverse("pipeline"))
