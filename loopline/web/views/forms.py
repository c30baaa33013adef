"""Content & forms: the list, a form's page with what was sent through it, and the editor."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Max, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from loopline.access.roles import Permission
from loopline.campaigns.form_fields import FieldsRefusedError
from loopline.campaigns.forms import create_form, edit_form, fields_of
from loopline.campaigns.models import Form, Submission
from loopline.campaigns.refusal import CampaignRefusedError
from loopline.leads.capture import capture_after_all
from loopline.web.access import PageRequest, allow
from loopline.web.forms.form_editor import (
    FIRST_FIELDS,
    FieldRows,
    FormTextsForm,
    NewFormForm,
    fields_from,
    initial_rows,
    initial_texts,
)
from loopline.web.views.public_form import shown_fields

MAIN_TEXTS = ("unit", "slug", "title", "introduction", "consent_text", "thanks_text")
Refusals = (CampaignRefusedError, FieldsRefusedError)
_GENUINE, _SPAM = Q(submissions__verdict="genuine"), Q(submissions__verdict="spam")


@allow(Permission.SEE_CAMPAIGNS)
def forms(request: PageRequest) -> HttpResponse:
    """All forms with how many came through them."""
    rows = Form.objects.visible_to(request.actor).select_related("unit", "campaign")
    counted = rows.annotate(
        sent=Count("submissions", filter=_GENUINE), spam=Count("submissions", filter=_SPAM),
        last_at=Max("submissions__at", filter=_GENUINE),
    )  # fmt: skip
    page = Paginator(counted.order_by("title", "pk"), 50).get_page(request.GET.get("page"))
    return render(request, "forms/forms.html", {"page": page, "can_edit": _may_edit(request)})


@allow(Permission.SEE_CAMPAIGNS)
def form(request: PageRequest, form_id: UUID) -> HttpResponse:
    """One form: where it is, how to embed it, and what was sent."""
    found = _find(request, form_id)
    sees_people = request.actor.may(Permission.SEE_PEOPLE)
    submissions = found.submissions.select_related("person__company", "person__merged_into")
    counts = {verdict: submissions.filter(verdict=verdict).count() for verdict in Submission.Verdict.values}
    verdict = request.GET.get("verdict") if request.GET.get("verdict") in counts else "genuine"
    page = Paginator(submissions.filter(verdict=verdict), 25).get_page(request.GET.get("page"))
    address = settings.BASE_URL + reverse("public_form", args=[found.slug])
    context = {
        "form": found,
        "address": address,
        "snippet": f'<script src="{address}/embed.js" async></script>',
        "fields": shown_fields(fields_of(found), {}, {}),
        "labels": {field.key: field.label for field in fields_of(found)},
        "verdict": verdict,
        "counts": counts,
        "page": page if sees_people else None,
        "can_edit": _may_edit(request),
    }
    return render(request, "forms/form.html", context)


@allow(Permission.EDIT_FORMS)
def form_new(request: PageRequest) -> HttpResponse:
    texts = NewFormForm(request.POST or None, actor=request.actor)
    rows = FieldRows(request.POST or None, initial=initial_rows(FIRST_FIELDS), prefix="field")
    if request.method == "POST" and texts.is_valid() and rows.is_valid():
        unit, slug = texts.cleaned_data["unit"], texts.cleaned_data["slug"]
        try:
            made = create_form(unit, slug, texts.plan(fields_from(rows)), by=request.actor)
        except Refusals as refused:
            texts.add_error(None, str(refused))
        else:
            messages.success(request, f"“{made.title}” is open at /f/{made.slug}.")
            return redirect("form", made.pk)
    return _editor(request, texts, rows, None)


@allow(Permission.EDIT_FORMS)
def form_edit(request: PageRequest, form_id: UUID) -> HttpResponse:
    found = _find(request, form_id)
    initial = initial_texts(found)
    texts = FormTextsForm(request.POST or None, initial=initial, unit=found.unit, actor=request.actor)
    rows = FieldRows(request.POST or None, initial=initial_rows(found.fields), prefix="field")
    if request.method == "POST" and texts.is_valid() and rows.is_valid():
        try:
            edit_form(found, texts.plan(fields_from(rows)), by=request.actor)
        except Refusals as refused:
            texts.add_error(None, str(refused))
        else:
            messages.success(request, "Saved. Pages that show the form have the new one at once.")
            return redirect("form", found.pk)
    return _editor(request, texts, rows, found)


@require_POST
@allow(Permission.EDIT_FORMS)
def submission_not_spam(request: PageRequest, submission_id: UUID) -> HttpResponse:
    """Someone looked: it is genuine after all."""
    found = get_object_or_404(Submission.objects.visible_to(request.actor), pk=submission_id)
    try:
        captured = capture_after_all(found, by=request.actor)
    except CampaignRefusedError as refused:
        messages.error(request, str(refused))
    else:
        lead = " and a lead" if captured.lead else ""
        messages.success(request, f"{captured.person} is now a person{lead}.")
    return redirect("form", found.form_id)


def _find(request: PageRequest, form_id: UUID) -> Form:
    return get_object_or_404(Form.objects.visible_to(request.actor).select_related("unit", "campaign"), pk=form_id)


def _may_edit(request: PageRequest) -> bool:
    return request.actor.may(Permission.EDIT_FORMS)


def _editor(request: PageRequest, texts: FormTextsForm, rows: Any, found: Form | None) -> HttpResponse:
    is_wrong = request.method == "POST"
    context = {"texts": texts, "rows": rows, "form": found, "main": MAIN_TEXTS}
    return render(request, "forms/form_edit.html", context, status=422 if is_wrong else 200)
