"""The page Models: what each model gives to each row, side by side, and how far to trust the difference."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.attribution.bootstrap import DRAWS
from loopline.attribution.model import MODELS
from loopline.reports.metric import METRICS
from loopline.reports.options import OptionError
from loopline.reports.run import settle
from loopline.reports.side_by_side import CONVERSIONS, learnt_shares, side_by_side, windows
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.report_address import read_address
from loopline.web.views.reports import about, chips

AT_FIRST = {"first_touch", "last_touch", "linear", "position_based", "w_shaped", "time_decay", "shapley", "markov"}
LEARNT = ("markov", "shapley")
METRIC = {
    "revenue": "revenue_minor", "won": "won", "opportunity": "opportunities", "qualified": "leads", "lead": "leads",
}  # fmt: skip
"""How figures of each conversion are printed, and which figure of the closed loop opens them."""


@require_GET
@allow(Permission.SEE_REPORTS)
def models(request: PageRequest) -> HttpResponse:
    """Every row by every model that is asked for."""
    books = books_for(request.actor)
    shown = chips(request, "models") | {"conversions": CONVERSIONS, "all_models": MODELS}
    conversion = request.GET.get("conversion") or "revenue"
    asked_for = set(request.GET.getlist("show")) or AT_FIRST
    keys = [key for key in MODELS if key in asked_for]
    try:
        asked = read_address(request.GET, books, timezone.localdate())
        scope = settle(asked.options, engine(), books)
        found = side_by_side(scope, keys, conversion, engine())
        wanted = [key for key in LEARNT if key in request.GET.getlist("learnt")]
        learnt = {key: learnt_shares(scope, key, conversion, engine()) for key in wanted}
        by_window = windows(scope, conversion, engine()) if "windows" in request.GET else None
    except OptionError as error:
        return render(request, "reports/models.html", shown | {"trouble": str(error)}, status=400)
    shown |= about(asked) | {
        "found": found,
        "scope": scope,
        "conversion": conversion,
        "metric": METRICS[METRIC[conversion]],
        "columns": [MODELS[key] for key in keys if key not in found.refused],
        "refused": {MODELS[key].label: why for key, why in found.refused.items()},
        "keys": keys,
        "learnt": {MODELS[key]: shares for key, shares in learnt.items()},
        "learnt_keys": wanted,
        "by_window": by_window,
        "currency": books.currency,
        "behind": "" if conversion == "qualified" else reverse("closed_loop_behind"),
        "scope_as_of": scope.as_of,
        "draws": DRAWS,
    }
    return render(request, "reports/models.html", shown)
