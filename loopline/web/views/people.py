"""People: the list, one person with the whole route, editing, and making two people one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.leads.models import Lead, LeadQuerySet
from loopline.people.actions import MergeRefusedError, edit_person, identities_of, merge_people, undo_merge
from loopline.people.decisions import say_not_the_same
from loopline.people.identity import unlinked_of
from loopline.people.merge import holdings
from loopline.people.models import Consent, Merge, Person, PersonQuerySet
from loopline.people.suggestions import suggestions_for
from loopline.pipeline.models import Opportunity
from loopline.web.access import PageRequest, allow
from loopline.web.forms.people import PersonForm
from loopline.web.interests import people_interests
from loopline.web.lately import seen_lately
from loopline.web.route import person_route
from loopline.web.shared_browsers import shown_stretches

PER_PAGE = 50
NOBODY = UUID(int=0)
_ONE = {
    str(one.related_model._meta.verbose_name_plural): str(one.related_model._meta.verbose_name)
    for one in Person._meta.related_objects
    if not isinstance(one.related_model, str)
}
"""What one of the records under a person is called, by what several are."""
STATES = {"": "everyone", "running": "with a running lead", "converted": "converted", "none": "never a lead"}
_SHOWN = (("Name", "name"), ("E-mail", "email"), ("Job title", "job_title"), ("Phone", "phone"),
          ("Company", "company"), ("Country", "country"), ("Known since", "created_at"))  # fmt: skip


@allow(Permission.SEE_PEOPLE)
def people(request: PageRequest) -> HttpResponse:
    state = request.GET.get("state", "") if request.GET.get("state") in STATES else ""
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = units.filter(key=request.GET.get("unit", "")).first()
    query = request.GET.get("q", "").strip()[:200]
    everyone = Person.objects.visible_to(request.actor).remaining()
    found = _in_state(search(everyone, query), state, Lead.objects.visible_to(request.actor))
    found = found.filter(unit=unit) if unit else found
    page = Paginator(found.select_related("company", "unit").order_by("-created_at", "pk"), PER_PAGE).get_page(
        request.GET.get("page")
    )
    seen = seen_lately(page.object_list, request.actor)
    latest = latest_leads(request, list(page.object_list))
    rows = [(one, (seen.value or {}).get(str(one.pk)), latest.get(one.pk)) for one in page.object_list]
    context = {"page": page, "rows": rows, "trouble": seen.trouble, "query": query, "state": state, "states": STATES,
               "unit": unit, "units": units, "is_asked": bool(query or state or unit),
               "can_merge": request.actor.may(Permission.MERGE_PEOPLE)}  # fmt: skip
    return render(request, "people/people.html", context)


@allow(Permission.SEE_PEOPLE)
def person(request: PageRequest, person_id: UUID) -> HttpResponse:
    found = _find(request, person_id)
    if found.merged_into_id:
        return redirect("person", found.merged_into_id)
    ids, is_there = found.known_ids(), found.erased_at is None
    unlinked = unlinked_of(found)
    stretches = shown_stretches((one.identity for one in unlinked), request.actor)
    deals = Opportunity.objects.visible_to(request.actor).filter(contacts__person__in=ids).distinct()
    merges = Merge.objects.filter(remaining__in=ids, undone_at__isnull=True).select_related("merged")
    context = {
        "person": found,
        "route": person_route(found, request.actor),
        "interests": people_interests([found], request.actor),
        "leads": Lead.objects.visible_to(request.actor).filter(person__in=ids).select_related("unit", "owner"),
        "deals": deals if request.actor.may(Permission.SEE_PIPELINE) else [],
        "consents": _consents(ids),
        "identities": [one for one in identities_of(found) if not one.identity.startswith("person:")],
        "unlinked": [(one, stretches.get(one.identity, [])) for one in unlinked],
        "merges": merges,
        "suggestions": suggestions_for(found, request.actor),
        "can_edit": is_there and request.actor.may(Permission.EDIT_PEOPLE),
        "can_merge": is_there and request.actor.may(Permission.MERGE_PEOPLE),
        "can_erase": is_there and request.actor.may(Permission.ADMINISTER),
    }
    return render(request, "people/person.html", context)


@allow(Permission.EDIT_PEOPLE)
def person_edit(request: PageRequest, person_id: UUID) -> HttpResponse:
    found = _find(request, person_id)
    if found.erased_at is not None:
        raise Http404("This person was erased.")
    if request.method != "POST":
        form = PersonForm.showing(found, request.actor)
        return render(request, "people/person_edit.html", {"person": found, "form": form})
    form = PersonForm(request.POST, actor=request.actor, country=found.country)
    if not form.is_valid():
        return render(request, "people/person_edit.html", {"person": found, "form": form}, status=422)
    edit_person(found, form.details(), company=form.cleaned_data["company"], by=request.actor)
    messages.success(request, "Saved.")
    return redirect("person", found.pk)


@allow(Permission.MERGE_PEOPLE)
def person_merge(request: PageRequest, person_id: UUID) -> HttpResponse:
    """Pick the other one, look at what each holds, then make them one."""
    visible = Person.objects.visible_to(request.actor).remaining().select_related("company", "unit")
    remaining = get_object_or_404(visible, pk=person_id)
    others = visible.exclude(pk=person_id)
    other = others.filter(pk=_id(request.GET.get("with")) or NOBODY).first()
    if request.method == "POST":
        return _merge(request, remaining, get_object_or_404(others, pk=_id(request.POST.get("with")) or NOBODY))
    query = request.GET.get("q", "").strip()[:200]
    context: dict[str, Any] = {"person": remaining, "other": other, "query": query}
    if other is None:
        context["found"] = search(others, query or remaining.name)[:20] if query or remaining.name else []
    else:
        context["compared"] = [(label, getattr(remaining, name), getattr(other, name)) for label, name in _SHOWN]
        context["held"], context["kept"] = _counted(other), _counted(remaining)
    return render(request, "people/person_merge.html", context)


@require_POST
@allow(Permission.MERGE_PEOPLE)
def person_not_the_same(request: PageRequest, person_id: UUID) -> HttpResponse:
    """Two who were suggested as one are two."""
    found = _find(request, person_id)
    other = _find(request, _id(request.POST.get("with")) or NOBODY)
    say_not_the_same(found, other, by=request.actor)
    messages.success(request, f"{found} and {other} stay two people and are not suggested again.")
    return redirect("person", found.pk)


@require_POST
@allow(Permission.MERGE_PEOPLE)
def person_merge_undo(request: PageRequest, merge_id: UUID) -> HttpResponse:
    visible = Person.objects.visible_to(request.actor)
    merge = get_object_or_404(Merge.objects.filter(remaining__in=visible), pk=merge_id)
    try:
        undo_merge(merge, by=request.actor)
    except MergeRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{merge.merged} is a person of its own again.")
    return redirect("person", merge.remaining_id)


def _merge(request: PageRequest, remaining: Person, other: Person) -> HttpResponse:
    try:
        merge_people(remaining, other, by=request.actor)
    except MergeRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{other} and {remaining} are one person now. It can be undone on this page.")
    return redirect("person", remaining.pk)


def search(found: PersonQuerySet, query: str) -> PersonQuerySet:
    """People whose name, address, company or an address merged into them holds every word."""
    for word in query.split():
        merged = found.model.objects.filter(merged_into__isnull=False, email__icontains=word).values("merged_into")
        found = found.filter(
            Q(name__icontains=word) | Q(email__icontains=word) | Q(company__name__icontains=word) | Q(pk__in=merged)
        )
    return found


def latest_leads(request: PageRequest, people: list[Person]) -> dict[UUID, Lead]:
    """The newest lead of each of these people that the actor may see."""
    leads = Lead.objects.visible_to(request.actor).filter(person__in=people).order_by("created_at")
    return {lead.person_id: lead for lead in leads}


def _find(request: PageRequest, person_id: UUID) -> Person:
    return get_object_or_404(Person.objects.visible_to(request.actor).select_related("company", "unit"), pk=person_id)


def _in_state(found: PersonQuerySet, state: str, leads: LeadQuerySet) -> PersonQuerySet:
    if state == "running":
        return found.filter(pk__in=leads.running().values("person"))
    if state == "converted":
        return found.filter(pk__in=leads.filter(state=Lead.State.CONVERTED).values("person"))
    return found.exclude(pk__in=leads.values("person")) if state == "none" else found


def _consents(ids: list[UUID]) -> list[Consent]:
    """The newest word for each purpose."""
    newest: dict[str, Consent] = {}
    for consent in Consent.objects.filter(person__in=ids).order_by("at", "pk"):
        newest[consent.purpose] = consent
    return list(newest.values())


def _counted(person: Person) -> list[tuple[str, int]]:
    return [(name if len(rows) > 1 else _ONE.get(name, name), len(rows)) for name, rows in holdings(person).items()]


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
