"""Attribution models of the organisation's own: the list with its versions, and the editor with its preview."""

from dataclasses import replace
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from loopline.access.books import books_for
from loopline.access.models import OwnModelVersion
from loopline.access.own_models import models_in_use, remove_own_model, save_own_model
from loopline.access.roles import Permission
from loopline.attribution.example_path import AMOUNT_MINOR, example
from loopline.attribution.own_model import PREFIX, Plan, own_model
from loopline.reports.metric import METRICS
from loopline.reports.options import Options
from loopline.reports.periods import named_period
from loopline.reports.run import settle
from loopline.reports.side_by_side import SideBySide, side_by_side
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.forms.own_models import OwnModelForm, shown
from loopline.web.lately import ask

PERIOD = "last_12_months"
BESIDE = "linear"
REVENUE = "revenue_minor"
PREVIEW = PREFIX
"""A key that no saved model has."""


@allow(Permission.SEE_REPORTS)
def own_models(request: PageRequest) -> HttpResponse:
    """The models in use with all their versions."""
    versions: dict[str, list[OwnModelVersion]] = {}
    for version in OwnModelVersion.objects.all():
        versions.setdefault(version.key, []).append(version)
    used = [(one, versions[one.key]) for one in models_in_use()]
    return render(
        request, "reports/own_models.html", {"used": used, "can_edit": request.actor.may(Permission.EDIT_MODELS)}
    )


@allow(Permission.EDIT_MODELS)
def own_model_new(request: PageRequest) -> HttpResponse:
    return _edit(request, OwnModelForm(request.POST or None), None)


@allow(Permission.EDIT_MODELS)
def own_model_edit(request: PageRequest, key: str) -> HttpResponse:
    version = next((one for one in models_in_use() if one.key == key), None)
    if version is None:
        raise Http404
    first = shown(version.name, Plan(**version.plan))
    return _edit(request, OwnModelForm(request.POST or None, initial=first), version)


@require_POST
@allow(Permission.EDIT_MODELS)
def own_model_remove(request: PageRequest, key: str) -> HttpResponse:
    try:
        remove_own_model(key, by=request.actor)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, "Removed. Reports as of an earlier day still know it.")
    return redirect("own_models")


def _edit(request: PageRequest, form: OwnModelForm, version: OwnModelVersion | None) -> HttpResponse:
    """Show, preview or save."""
    context: dict[str, object] = {"form": form, "version": version}
    if form.is_bound and form.is_valid():
        plan = form.plan()
        if "save" in request.POST:
            try:
                saved = save_own_model(
                    form.cleaned_data["name"], plan, key=version.key if version else "", by=request.actor
                )
            except ValidationError as error:
                form.take_errors(error)
            else:
                messages.success(request, f"Saved: {saved}. Choose it as the model of any report.")
                return redirect("own_models")
        else:
            context |= _preview(request, form.cleaned_data["name"], plan, "")
    elif version is not None and not form.is_bound:
        context |= _preview(request, version.name, Plan(**version.plan), version.key)
    return render(request, "reports/own_model_edit.html", context, status=400 if form.errors else 200)


def _preview(request: PageRequest, name: str, plan: Plan, saved_as: str) -> dict[str, object]:
    """The plan in a sentence, on the example path, and on the organisation's own sales of a year beside another.

    `saved_as`: the key under which reports know the plan, whose figures open; "" while it is not saved.
    """
    books = books_for(request.actor)

    def beside() -> SideBySide:
        period = named_period(PERIOD, timezone.localdate())
        assert period is not None
        scope = settle(Options(first=period.first, last=period.last, by="channel"), engine(), books)
        models = {**scope.models, PREVIEW: own_model(PREVIEW, name, 0, plan)}
        return side_by_side(replace(scope, models=models), [PREVIEW, BESIDE], "revenue", engine())

    told = ask(beside)
    return {
        "sentence": plan.sentence,
        "has_times": bool(plan.kinds),
        "example": example(plan),
        "example_amount": AMOUNT_MINOR,
        "found": told.value,
        "trouble": told.trouble,
        "currency": books.currency,
        "metric": METRICS[REVENUE],
        "opens": {
            column: key and urlencode({"metric": REVENUE, "model": key, "by": "channel", "period": PERIOD})
            for column, key in ((PREVIEW, saved_as), (BESIDE, BESIDE))
        },
    }
