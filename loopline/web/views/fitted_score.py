"""The fitted score of a unit: how it does against the rules on leads that came later, and whom it would show."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from loopline.access.actor import SYSTEM, Actor
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.leads.fitted_models import FittedScore
from loopline.leads.fitted_scores import fit_score
from loopline.leads.models import Lead
from loopline.lib.percent import share_in_words
from loopline.reports.charts.bundle import version as charts_version
from loopline.reports.fitted.charts import fitted_charts
from loopline.reports.fitted.run import FitError
from loopline.store.engine import StoreError
from loopline.web.access import PageRequest, allow
from loopline.web.internal import for_commands, plain_json

NAMES = 15
WEIGHTS = 16


@allow(Permission.SEE_PEOPLE)
def fitted_score(request: PageRequest) -> HttpResponse:
    units = BusinessUnit.objects.visible_to(request.actor)
    asked = request.GET.get("unit")
    named = next((one for one in units if str(one.pk) == asked), None)
    unit = named or units.filter(fitted_scores__isnull=False).first() or units.first()
    versions = FittedScore.objects.visible_to(request.actor).filter(unit=unit).select_related("definition")
    score = versions.first()
    context: dict[str, Any] = {
        "units": units,
        "unit": unit,
        "score": score,
        "versions": versions[:12],
        "can_fit": request.actor.may(Permission.EDIT_DEFINITION),
    }
    return render(request, "definition/fitted_score.html", context | (_shown(score, request.actor) if score else {}))


def _shown(score: FittedScore, actor: Actor) -> dict[str, Any]:
    document = score.document
    named = document["open"][:NAMES]
    leads = Lead.objects.visible_to(actor).select_related("person__company")
    by_id = {str(lead.pk): lead for lead in leads.filter(pk__in=[one["lead"] for one in named])}
    contest = document["contest"]
    return {
        "found": document,
        "charts": fitted_charts(document),
        "charts_version": charts_version(),
        "area": _told(contest["first"]),
        "rules_area": _told(contest["second"]),
        "gap": _told(contest["difference"], sign="+"),
        "bins": [
            (
                share_in_words(one["foretold"]),
                share_in_words(one["seen"]),
                f"{share_in_words(one['low'])} to {share_in_words(one['high'])}",
                one["n"],
            )
            for one in document["calibration"]
        ],
        "tenths": [(one["place"], one["n"], one["won"], f"{one['lift']:.2f}") for one in document["deciles"]],
        "weights": [(one["label"], f"{one['weight']:+.2f}") for one in document["weights"][:WEIGHTS]],
        "named": [(by_id[one["lead"]], share_in_words(one["score"]), one) for one in named if one["lead"] in by_id],
    }


def _told(figure: dict[str, float], sign: str = "") -> tuple[str, str]:
    """The figure and its interval."""
    low, high = (format(figure[key], f"{sign}.3f") for key in ("low", "high"))
    return format(figure["value"], f"{sign}.3f"), f"{low} to {high}"


@allow(Permission.EDIT_DEFINITION)
@require_POST
def fitted_score_fit(request: PageRequest, unit_id: UUID) -> HttpResponse:
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=unit_id)
    try:
        score = fit_score(unit, by=request.actor)
        messages.success(request, f"{str(score).capitalize()} is fitted. It decides nothing.")
    except (FitError, StoreError) as error:
        messages.error(request, str(error))
    return redirect(f"{reverse('fitted_score')}?unit={unit.pk}")


@csrf_exempt
@require_POST
@for_commands
def internal_fit(request: HttpRequest) -> HttpResponse:
    """For the command line: fit the score of the unit whose key is given."""
    unit = BusinessUnit.objects.visible_to(SYSTEM).filter(key=request.GET.get("unit", "")).first()
    if unit is None:
        return plain_json({"error": "there is no business unit of this key"}, status=400)
    try:
        score = fit_score(unit, by=SYSTEM)
    except (FitError, StoreError) as error:
        return plain_json({"error": str(error)}, status=409)
    return plain_json({"name": str(score), "verdict": score.verdict, "digest": score.digest, "score": score.document})
