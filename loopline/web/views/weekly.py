"""The weekly table: week, channel, spend, touches, leads, revenue; for packages of marketing-mix models."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reports.address import flat, options_said, read_address, usual_of
from loopline.reports.option_words import said_and_read
from loopline.reports.options import OptionError
from loopline.reports.unread import refuse_unread
from loopline.reports.weekly.sums import WEEKLY
from loopline.reports.weekly.table import weekly_table
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.report_files import no_file, weekly_as_file
from loopline.web.report_pages import refusal
from loopline.web.views.reports import about, chips
from loopline.web.weekly_line import as_closed_loop, behind_line, latest

USUAL = usual_of(WEEKLY)


@require_GET
@allow(Permission.SEE_REPORTS)
def weekly(request: PageRequest) -> HttpResponse:
    shown = chips(request, "weekly", WEEKLY)
    try:
        asked = read_address(request.GET, books_for(request.actor), timezone.localdate(), USUAL)
        table = weekly_table(asked.options, engine(), books_for(request.actor))
    except OptionError as error:
        return render(request, "reports/weekly.html", shown | refusal(error), status=400)
    lines, said = latest(table.lines, lambda one: one.week), said_and_read(WEEKLY, request.GET)
    shown |= about(asked, table.scope.model) | {
        "table": table,
        "lines": [(one, behind_line(one, said)) for one in lines],
        "left_out": len(table.lines) - len(lines),
        "currency": table.scope.books.currency,
        "unusual_query": as_closed_loop(options_said(request.GET), table.scope.first, table.scope.last),
    }
    return render(request, "reports/weekly.html", shown)


@require_GET
@allow(Permission.SEE_REPORTS)
def weekly_download(request: PageRequest, form: str) -> HttpResponse:
    """All lines as CSV, JSON, XLSX or Parquet."""
    try:
        refuse_unread(flat(request.GET), WEEKLY)
        asked = read_address(request.GET, books_for(request.actor), timezone.localdate(), USUAL)
        table = weekly_table(asked.options, engine(), books_for(request.actor))
    except OptionError as error:
        return no_file(error)
    return weekly_as_file(table.to_json(), form)
