"""Experiments: the list, one experiment with what it shows, its plan, and its lists for other tools."""

import csv
import logging
from io import StringIO
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from loopline.access.actor import Actor
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.campaigns.models import Campaign
from loopline.campaigns.refusal import CampaignRefusedError
from loopline.experiments.actions import (
    conclude_experiment,
    draft_experiment,
    edit_experiment,
    own_base_rates,
    remove_experiment,
    start_experiment,
    stop_experiment,
)
from loopline.experiments.arm_list import HEAD, arm_rows, told_list
from loopline.experiments.assigning import enrol
from loopline.experiments.measuring import base_of, measured, smallest_of
from loopline.experiments.models import Experiment
from loopline.lib.times import utc_now
from loopline.reports.experiments.outcomes import OUTCOMES
from loopline.reports.experiments.plan import smallest_lift
from loopline.store.engine import StoreError
from loopline.web.access import PageRequest, allow
from loopline.web.behind_names import subject_named
from loopline.web.experiment_chart import course_svg
from loopline.web.forms.experiments import EnrolForm, ExperimentForm, NewExperimentForm, shown
from loopline.web.lift_words import lift_rows

logger = logging.getLogger(__name__)
SIZES = (0.5, 1, 2, 4)
"""Times the planned size, for the table of what could be shown."""


@require_GET
@allow(Permission.SEE_CAMPAIGNS)
def experiments(request: PageRequest) -> HttpResponse:
    """All experiments, with what those that are concluded have shown."""
    rows = Experiment.objects.visible_to(request.actor).select_related("campaign", "unit")
    return render(request, "experiments/experiments.html", {"rows": rows, "can_edit": _may_edit(request)})


@require_GET
@allow(Permission.SEE_CAMPAIGNS)
def experiment(request: PageRequest, experiment_id: UUID) -> HttpResponse:
    found = find_experiment(request, experiment_id)
    return render(request, "experiments/experiment.html", experiment_context(request, found))


def find_experiment(request: PageRequest, experiment_id: UUID) -> Experiment:
    visible = Experiment.objects.visible_to(request.actor).select_related("unit", "campaign")
    return get_object_or_404(visible, pk=experiment_id)


def experiment_context(request: PageRequest, found: Experiment) -> dict[str, Any]:
    context: dict[str, Any] = {
        "experiment": found,
        "can_edit": _may_edit(request),
        "can_list": _may_edit(request) and request.actor.may(Permission.SEE_PEOPLE),
        "deciding": OUTCOMES[found.outcome],
        "currency": Organisation.current().reporting_currency,
        "enrol_form": EnrolForm(),
        "assigned": found.assignments.count(),
        "arm_url": request.build_absolute_uri(reverse("experiment_arm", args=[found.code])),
    }
    try:
        context |= _planned(found) if found.is_draft else _shown(found, request.actor)
    except StoreError as error:
        logger.warning("experiment %s cannot be measured: %s", found.pk, error)
        context["trouble"] = str(error)
    return context


def _planned(found: Experiment) -> dict[str, Any]:
    """What the plan could show, by the base rates of now."""
    base = own_base_rates(found, utc_now())
    smallest = smallest_of(found, base)
    sizes = [round(found.planned_subjects * times) for times in SIZES]
    return {
        "base": base,
        "base_rate": base.revenue_minor if OUTCOMES[found.outcome].is_money else base.rates.get(found.outcome),
        "rates": [(one, base.rates.get(one.key)) for one in OUTCOMES.values() if not one.is_money],
        "smallest": smallest,
        "is_weak": bool(base) and smallest is None,
        "sizes": [(size, smallest_lift(found.outcome, base, size, found.holdout_share)) for size in sizes],
    }


def _shown(found: Experiment, actor: Actor) -> dict[str, Any]:
    seen = measured(found, found.concluded_at or utc_now())
    base = base_of(found)
    return {
        "base": base,
        "seen": seen,
        "contaminated": [(one, *subject_named(one.subject, actor)) for one in seen.exposure.held_out],
        "words": found.result["verdict"] if found.result else seen.verdict,
        "rows": lift_rows(seen.lifts, found.outcome, is_concluded=bool(found.concluded_at)),
        "chart": course_svg(seen.course, is_money=OUTCOMES[found.outcome].is_money),
        "smallest": seen.smallest,
    }


def _may_edit(request: PageRequest) -> bool:
    return request.actor.may(Permission.EDIT_CAMPAIGNS)


@allow(Permission.EDIT_CAMPAIGNS)
def experiment_new(request: PageRequest) -> HttpResponse:
    campaigns = Campaign.objects.visible_to(request.actor)
    if not campaigns.exists():
        return render(request, "experiments/experiment_edit.html", {"form": None})
    form = NewExperimentForm(
        request.POST or None, campaigns=campaigns, initial={"campaign": request.GET.get("campaign")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = draft_experiment(form.cleaned_data["campaign"], form.plan, by=request.actor)
        except CampaignRefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Drafted. Nobody is held out before you start it.")
            return redirect("experiment", made.pk)
    return _editor(request, form, None)


@allow(Permission.EDIT_CAMPAIGNS)
def experiment_edit(request: PageRequest, experiment_id: UUID) -> HttpResponse:
    found = find_experiment(request, experiment_id)
    form = ExperimentForm(request.POST or None, initial=shown(found))
    if request.method == "POST" and form.is_valid():
        try:
            edit_experiment(found, form.plan, by=request.actor)
        except CampaignRefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("experiment", found.pk)
    return _editor(request, form, found)


def _editor(request: PageRequest, form: ExperimentForm, found: Experiment | None) -> HttpResponse:
    status = 422 if request.method == "POST" else 200
    return render(request, "experiments/experiment_edit.html", {"form": form, "experiment": found}, status=status)


@require_POST
@allow(Permission.EDIT_CAMPAIGNS)
def experiment_turn(request: PageRequest, experiment_id: UUID, turn: str) -> HttpResponse:
    """Start, stop, conclude or remove."""
    found = find_experiment(request, experiment_id)
    try:
        if turn == "remove":
            remove_experiment(found, by=request.actor)
            messages.success(request, f"The draft “{found.name}” is gone.")
            return redirect("experiments")
        act, said = _TURNS[turn]
        act(found, by=request.actor)
        messages.success(request, said)
    except (CampaignRefusedError, StoreError) as error:
        messages.error(request, str(error))
    return redirect("experiment", found.pk)


_TURNS: dict[str, tuple[Any, str]] = {
    "start": (start_experiment, "Running. Whoever is asked about is assigned from now on."),
    "stop": (stop_experiment, "Stopped: nobody else is assigned; what those assigned do still counts."),
    "conclude": (conclude_experiment, "Concluded. This is its result, for good."),
}


@require_POST
@allow(Permission.EDIT_CAMPAIGNS)
def experiment_enrol(request: PageRequest, experiment_id: UUID) -> HttpResponse:
    """Assign people or companies before the campaign reaches them."""
    found = find_experiment(request, experiment_id)
    form = EnrolForm(request.POST)
    if form.is_valid():
        try:
            done = enrol(found, None if form.cleaned_data["everybody"] else form.lines(), by=request.actor)
        except CampaignRefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, told_list(done))
            return redirect("experiment", found.pk)
    context = experiment_context(request, found) | {"enrol_form": form}
    return render(request, "experiments/experiment.html", context, status=422)


@require_GET
@allow(Permission.EDIT_CAMPAIGNS)
def experiment_list(request: PageRequest, experiment_id: UUID, arm: str) -> HttpResponse:
    """The people of one arm as CSV, for a mailing tool."""
    found = find_experiment(request, experiment_id)
    request.actor.require(Permission.SEE_PEOPLE)
    to = StringIO()
    write = csv.writer(to, lineterminator="\n").writerow
    write(HEAD)
    for row in arm_rows(found, arm, by=request.actor):
        write(row)
    response = HttpResponse(to.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.code}-{arm}.csv"'
    return response
