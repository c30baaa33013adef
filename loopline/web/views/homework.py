"""The page behind the link in the mail: one person's leads before one meeting, without a password."""

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers

from loopline.access.actor import NotAllowedError
from loopline.access.one_time_links import LinkNotValidError
from loopline.huddles.homework import answer_lead, find_homework, leads_of
from loopline.huddles.models import Homework
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.pipeline.errors import PipelineError
from loopline.web.forms.homework import HomeworkForm


def homework(request: HttpRequest, token: str) -> HttpResponse:
    """Looking changes nothing; each answer is a POST of its own."""
    try:
        found = find_homework(token)
    except LinkNotValidError as error:
        return render(request, "huddle/homework_not_valid.html", {"message": str(error)}, status=404)
    if request.method == "POST":
        return _answer(request, found, token)
    return _page(request, found)


def _answer(request: HttpRequest, found: Homework, token: str) -> HttpResponse:
    lead = _asked(found, request.POST.get("lead", ""))
    form = HomeworkForm(request.POST, lead=lead)
    if not form.is_valid():
        return _page(request, found, lead, "Nothing was changed yet: something is missing below.", form)
    try:
        answer_lead(found, lead, form.given)
    except (LeadStateError, NotAllowedError, PipelineError, ValidationError, ValueError) as error:
        return _page(request, found, lead, f"{error} Nothing was changed.", form)
    return redirect("homework", token)


def _asked(found: Homework, lead_id: str) -> Lead:
    """One of the leads of this homework, or one that left the list when it was answered."""
    answered = Lead.objects.visible_to(found.user.actor).filter(homework_answers__homework=found)
    listed: dict[str, Lead] = {str(one.pk): one for one in (*answered, *leads_of(found))}
    lead = listed.get(lead_id)
    if lead is None:
        raise Http404("no such lead on this homework")
    return lead


def _page(
    request: HttpRequest, found: Homework, lead: Lead | None = None, trouble: str = "", form: HomeworkForm | None = None
) -> HttpResponse:
    """All leads of it; what was typed about `lead` stays, with what is wrong about it."""
    answers = {str(one.lead_id): one for one in found.answers.all()}
    cards = [
        (one, answers.get(str(one.pk)), form if form is not None and one == lead else HomeworkForm(lead=one))
        for one in leads_of(found)
    ]
    listed = {str(one.pk) for one, _, _ in cards}
    context = {
        "homework": found,
        "cards": cards,
        "answered": [one for key, one in answers.items() if key not in listed],
        "left_count": sum(1 for _, answer, _ in cards if answer is None),
        "trouble": trouble,
        "trouble_at": lead,
    }
    response = render(request, "huddle/homework.html", context, status=422 if trouble else 200)
    add_never_cache_headers(response)
    return response
