"""How much the lookback window matters to a report: a part of its page, and a page of its own by its address."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reports.address import read_address, usual_of
from loopline.reports.options import OptionError
from loopline.reports.run import run_by_window, settle_for
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.report_pages import behind_of, page_of, refusal, refused_as, report_or_404
from loopline.web.views.reports import about, chips

FEW_ROWS, MOST_ROWS = 12, 200
"""Within the page of the report, and on a page of its own."""


@require_GET
@allow(Permission.SEE_REPORTS)
def report_windows(request: PageRequest, key: str) -> HttpResponse:
    """One figure of each row under several windows; every one opens."""
    report, books = report_or_404(key), books_for(request.actor)
    page = "reports/_windows.html" if request.htmx else "reports/report_windows.html"
    shown = chips(request, "report_windows", report)
    shown["back"] = page_of(key, shown["options_query"])
    try:
        asked = read_address(request.GET, books, timezone.localdate(), usual_of(report))
        found = run_by_window(key, asked.options, engine(), books)
    except OptionError as error:
        return render(request, page, shown | refusal(error), status=refused_as(is_part=bool(request.htmx)))
    shown |= about(asked, settle_for(report, asked.options, engine(), books).model) | {
        "figures_as_of": found.result.as_of,
        "by_window": found.shortened(FEW_ROWS if request.htmx else MOST_ROWS),
        "is_whole": not request.htmx,
        "behind": behind_of(key),
        "currency": books.currency,
    }
    return render(request, page, shown)
