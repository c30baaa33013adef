"""The weekly table: week, channel, spend, touches, leads, revenue; for packages of marketing-mix models."""

import json
from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reports.address import Usual, read_address
from loopline.reports.catalogue import REPORTS
from loopline.reports.export import FORMS
from loopline.reports.options import OptionError
from loopline.reports.weekly import BY, WeeklyTable, weekly_table
from loopline.reports.weekly_file import weekly_csv, weekly_parquet
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.views.reports import about, chips

USUAL = Usual(BY, "channel", "last_12_months")
SHOWN = 200
"""Lines on the page; the files hold all."""
_LIKE_A_REPORT = replace(REPORTS["closed-loop"], by=BY, reads=frozenset({"model", "lookback"}))


@require_GET
@allow(Permission.SEE_REPORTS)
def weekly(request: PageRequest) -> HttpResponse:
    shown = chips(request, "weekly", _LIKE_A_REPORT)
    try:
        asked = read_address(request.GET, books_for(request.actor), timezone.localdate(), USUAL)
        table = weekly_table(asked.options, engine(), books_for(request.actor))
    except OptionError as error:
        return render(request, "reports/weekly.html", shown | {"trouble": str(error)}, status=400)
    shown |= about(asked, table.scope.model) | {
        "table": table,
        "lines": table.lines[-SHOWN:],
        "left_out": max(0, len(table.lines) - SHOWN),
        "currency": table.scope.books.currency,
    }
    return render(request, "reports/weekly.html", shown)


@require_GET
@allow(Permission.SEE_REPORTS)
def weekly_download(request: PageRequest, form: str) -> HttpResponse:
    """All lines as CSV, JSON or Parquet."""
    try:
        asked = read_address(request.GET, books_for(request.actor), timezone.localdate(), USUAL)
        table = weekly_table(asked.options, engine(), books_for(request.actor))
    except OptionError as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
    response = HttpResponse(_content(table, form), content_type=FORMS[form])
    name = f"weekly-{table.scope.first}-{table.scope.last}.{form}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _content(table: WeeklyTable, form: str) -> bytes | str:
    told = table.to_json()
    if form == "parquet":
        return weekly_parquet(told)
    return weekly_csv(told) if form == "csv" else json.dumps(told, ensure_ascii=False, indent=1)
