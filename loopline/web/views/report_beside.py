"""Beside the closed loop's figures: how much its lookback window matters, what buyers say brought them, and what ad
platforms claim.

All are asked for only when somebody looks. What buyers say and platforms claim is never part of the credit.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.attribution.heard import CATEGORIES
from loopline.attribution.shared_states import common_parts
from loopline.reports.address import flat, read_address, usual_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.library import platform_claims
from loopline.reports.option_words import said_and_read
from loopline.reports.options import Books, OptionError, Scope
from loopline.reports.result import ReportResult, Row
from loopline.reports.run import run_by_window, run_report, settle
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.report_pages import Opening, page_of, refusal, refused_as
from loopline.web.views.report_windows import FEW_ROWS
from loopline.web.views.reports import about, chips

MOST_SAID = 3
SAID = "self-reported"
CLAIMED = "platform-claims"
_NOT_OF_CLAIMS = ("compare", "conversion")
"""The figures of claims that stand there are not told by these, whatever the closed loop is asked."""


@require_GET
@allow(Permission.SEE_REPORTS)
def closed_loop_beside(request: PageRequest) -> HttpResponse:
    """A part of the closed loop's page; a page of its own where it is opened by its address."""
    books = books_for(request.actor)
    page = "reports/_beside.html" if request.htmx else "reports/closed_loop_beside.html"
    shown = chips(request, "closed_loop_beside")
    try:
        asked = read_address(request.GET, books, timezone.localdate())
        scope = settle(asked.options, engine(), books)
        same = _same_days(flat(request.GET), scope)
        with engine().together(common_parts):
            windows = run_by_window("closed-loop", asked.options, engine(), books)
            said = _said(same, scope, books)
            claimed = _claimed(scope, books)
    except OptionError as error:
        return render(request, page, shown | refusal(error), status=refused_as(is_part=bool(request.htmx)))
    same_claims = _same_claims(flat(request.GET), scope)
    shown |= about(asked, scope.model) | {
        "figures_as_of": scope.as_of,
        "by_window": windows.shortened(FEW_ROWS),
        "behind": reverse("closed_loop_behind"),
        "currency": books.currency,
        "may_import": request.actor.may(Permission.IMPORT),
        "said": said,
        "said_rows": [(row, _told(row)) for row in (*said.rows, said.totals)],
        "said_opening": Opening(REPORTS[SAID], same),
        "said_page": page_of(SAID, urlencode(same)),
        "claimed": replace(claimed, rows=claimed.rows[:FEW_ROWS]),
        "claimed_opening": Opening(REPORTS[CLAIMED], same_claims),
        "claimed_page": page_of(CLAIMED, urlencode(same_claims)),
        "back": reverse("closed_loop") + (f"?{shown['options_query']}" if shown["options_query"] else ""),
    }
    return render(request, page, shown)


def _same_days(told: Mapping[str, str], scope: Scope) -> dict[str, str]:
    """Address of the report on self-reported sources: the same days and unit, beside the model's end of the path."""
    kept = {name: told[name] for name in ("period", "from", "to", "unit", "as_of") if told.get(name)}
    return kept | {"by": "first_touch" if scope.model.key == "first_touch" else "last_touch"}


def _said(same: Mapping[str, str], scope: Scope, books: Books) -> ReportResult:
    options = read_address(same, books, timezone.localdate(), usual_of(REPORTS[SAID])).options
    return run_report(SAID, replace(options, first=scope.first, last=scope.last, as_of=scope.as_of), engine(), books)


def _by_claims(scope: Scope) -> str:
    return scope.options.by if scope.options.by in platform_claims.BY else platform_claims.REPORT.usual_by


def _claimed(scope: Scope, books: Books) -> ReportResult:
    """What platforms claim in the same days, beside the credit of the same model."""
    options = replace(
        scope.options, by=_by_claims(scope), first=scope.first, last=scope.last, as_of=scope.as_of, conversion=""
    )
    return run_report(CLAIMED, options, engine(), books)


def _same_claims(told: Mapping[str, str], scope: Scope) -> dict[str, str]:
    """Address of the report on claims: the same days, unit and model, and the same touchpoints that may earn."""
    same = said_and_read(REPORTS[CLAIMED], told)
    return {name: value for name, value in same.items() if name not in _NOT_OF_CLAIMS} | {"by": _by_claims(scope)}


def _told(row: Row) -> list[tuple[str, str, int]]:
    """What most of those who answered said: key of the figure, “Search 12”, how many; the largest first."""
    counts = {key: int(row.values.get(f"said_{key}") or 0) for key in CATEGORIES}
    most = sorted((key for key in counts if counts[key]), key=lambda key: (-counts[key], CATEGORIES[key]))
    return [(f"said_{key}", f"{CATEGORIES[key]} {counts[key]:,}", counts[key]) for key in most[:MOST_SAID]]
