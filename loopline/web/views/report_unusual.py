"""Count · the records behind a report that are not as they should be, kind by kind."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reports.address import read_address, usual_of
from loopline.reports.opened import MOST
from loopline.reports.option_words import said_and_read
from loopline.reports.options import OptionError
from loopline.reports.run import unusual_records
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.behind_names import items_named
from loopline.web.report_pages import page_of, refusal, report_or_404


@require_GET
@allow(Permission.SEE_REPORTS)
def report_unusual(request: PageRequest, key: str, kind: str) -> HttpResponse:
    """Which records they are, so that somebody can put them right."""
    report, books = report_or_404(key), books_for(request.actor)
    shown = {"report": report, "back": page_of(key, urlencode(said_and_read(report, request.GET)))}
    try:
        asked = read_address(request.GET, books, timezone.localdate(), usual_of(report))
        found, scope = unusual_records(key, kind, asked.options, engine(), books)
    except OptionError as error:
        return render(request, "reports/report_unusual.html", shown | refusal(error), status=400)
    shown |= {"found": found, "scope": scope, "most": MOST}
    shown["can_add_rates"] = request.actor.may(Permission.EDIT_RATES)
    shown["entries"] = items_named(found.entries, request.actor) if found else []
    return render(request, "reports/report_unusual.html", shown)
