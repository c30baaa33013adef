"""The page Models: what each model gives to each row, side by side, and how far to trust the difference."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.attribution.aggregate import LEARNT
from loopline.attribution.bootstrap import DRAWS
from loopline.attribution.model import Model
from loopline.attribution.own_model import is_own
from loopline.lib.amounts import money_whole_text
from loopline.reporting.model_chart import Given, ModelChart, model_chart
from loopline.reports.address import flat, read_address
from loopline.reports.kept import kept_or
from loopline.reports.metric import METRICS
from loopline.reports.options import OptionError, Scope
from loopline.reports.run import run_by_window, settle
from loopline.reports.side_by_side import (
    AT_FIRST,
    CONVERSIONS,
    METRIC,
    Learnt,
    SideBySide,
    learnt_shares,
    side_by_side,
)
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.report_pages import refusal
from loopline.web.views.report_windows import MOST_ROWS
from loopline.web.views.reports import about, chips
from loopline.web.wording import figure_text


@require_GET
@allow(Permission.SEE_REPORTS)
def models(request: PageRequest) -> HttpResponse:
    """Every row by every model that is asked for."""
    books = books_for(request.actor)
    shown = chips(request, "models") | {"conversions": CONVERSIONS}
    told = flat(request.GET)
    conversion = told.get("conversion") or "revenue"
    try:
        asked = read_address(request.GET, books, timezone.localdate())
        scope = settle(asked.options, engine(), books)
        chosen = set(told.get("show", "").split(",")) - {""} or AT_FIRST | {key for key in scope.models if is_own(key)}
        keys = [key for key in scope.models if key in chosen]
        found = _compared(scope, keys, conversion)
        by_window = run_by_window("closed-loop", asked.options, engine(), books) if "windows" in request.GET else None
    except OptionError as error:
        return render(request, "reports/models.html", shown | refusal(error), status=400)
    wanted = [key for key in LEARNT if key in told.get("learnt", "").split(",")]
    learnt, too_few = _learnt(scope, wanted, conversion)
    models = scope.models
    shown |= about(asked, scope.model) | {
        "all_models": models,
        "found": found,
        "scope": scope,
        "conversion": conversion,
        "metric": METRICS[METRIC[conversion]],
        "columns": [models[key] for key in keys if key not in found.refused],
        "refused": {models[key].label: why for key, why in (found.refused | too_few).items()},
        "keys": keys,
        "learnt": learnt,
        "learnt_keys": wanted,
        "by_window": by_window.shortened(MOST_ROWS) if by_window else None,
        "model_chart": _chart(found, books.currency),
        "currency": books.currency,
        "behind": reverse("closed_loop_behind"),
        "scope_as_of": scope.as_of,
        "draws": DRAWS,
    }
    return render(request, "reports/models.html", shown)


def _compared(scope: Scope, keys: Sequence[str], conversion: str) -> SideBySide:
    question = ("models", conversion, *keys)
    return kept_or(engine(), question, scope, lambda: side_by_side(scope, keys, conversion, engine()))


def _chart(found: SideBySide, currency: str) -> ModelChart | None:
    """Of the models that share out the same whole."""
    labels = {key: model.label for key in found.totals if not (model := found.scope.models[key]).overlaps}
    rows = [
        Given(row.name.label, {key: float(row.credit[key] or 0) for key in labels})
        for row in found.rows
        if row.key and not row.key.startswith("~")
    ]
    is_money = found.conversion == "revenue"
    return model_chart(
        rows, labels, lambda amount: money_whole_text(round(amount), currency) if is_money else figure_text(amount)
    )


def _shares(scope: Scope, key: str, conversion: str) -> list[Learnt]:
    return kept_or(
        engine(), ("learnt", key, conversion), scope, lambda: learnt_shares(scope, key, conversion, engine())
    )


def _learnt(
    scope: Scope, wanted: Sequence[str], conversion: str
) -> tuple[dict[Model, Sequence[Learnt]], dict[str, str]]:
    """What each model that learns says of each channel, and why it cannot: too little leaves the page standing."""
    found: dict[Model, Sequence[Learnt]] = {}
    refused: dict[str, str] = {}
    for key in wanted:
        try:
            found[scope.models[key]] = _shares(scope, key, conversion)
        except OptionError as error:
            refused[key] = str(error)
    return found, refused
