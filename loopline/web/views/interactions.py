"""Write down a call, mail, meeting or note."""

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.people.models import Person
from loopline.pipeline.errors import PipelineError
from loopline.pipeline.interactions import Talk, log_interaction
from loopline.pipeline.models import Opportunity
from loopline.web.access import PageRequest, allow
from loopline.web.forms.pipeline import InteractionForm


@allow(Permission.EDIT_PEOPLE)
def interaction_new(request: PageRequest) -> HttpResponse:
    """`?opportunity=` or `?person=` says with whom; `next` is where to go back to."""
    opportunity, people = _with_whom(request)
    form = InteractionForm(request.POST or None, people=people)
    back = _back(request, opportunity)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        talk = Talk(
            unit=opportunity.unit if opportunity else _unit(request, said["person"]),
            person=said["person"],
            kind=said["kind"],
            summary=said["summary"],
            was_answered=said["was_answered"],
            opportunity=opportunity,
            happened_at=said["happened_at"],
        )
        try:
            log_interaction(talk, by=request.actor)
        except PipelineError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Written down; it is part of the route now.")
            return HttpResponseRedirect(back)
    context = {"form": form, "opportunity": opportunity, "people": people, "back": back}
    return render(request, "pipeline/interaction_new.html", context)


def _with_whom(request: PageRequest) -> tuple[Opportunity | None, QuerySet[Person]]:
    said = request.POST if request.method == "POST" else request.GET
    visible = Person.objects.visible_to(request.actor)
    if said.get("opportunity"):
        found = Opportunity.objects.visible_to(request.actor).select_related("unit")
        opportunity = get_object_or_404(found, pk=_id(said["opportunity"]))
        return opportunity, visible.filter(opportunity_roles__opportunity=opportunity).order_by(
            "-opportunity_roles__is_primary", "name"
        )
    people = visible.filter(pk=_id(said.get("person", "")))
    if not people:
        raise Http404
    return None, people


def _unit(request: PageRequest, person: Person) -> BusinessUnit:
    """The person's unit where the actor works there, else the actor's own."""
    units = BusinessUnit.objects.visible_to(request.actor)
    return units.filter(pk=person.unit_id).first() or get_object_or_404(units[:1])


def _back(request: PageRequest, opportunity: Opportunity | None) -> str:
    page = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure()):
        return page
    return reverse("opportunity", args=[opportunity.pk]) if opportunity else reverse("pipeline")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error
