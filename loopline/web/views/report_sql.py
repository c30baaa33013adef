"""What a report asks the event store, as a file of SQL that anyone with a copy of the store can ask again."""

from collections.abc import Callable

from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from loopline.access.books import books_for
from loopline.access.roles import Permission
from loopline.reports.address import flat, read_address, usual_of
from loopline.reports.options import OptionError, Options
from loopline.reports.questions import report_sql, weekly_sql
from loopline.reports.report import Report
from loopline.reports.unread import refuse_unread
from loopline.reports.weekly.sums import WEEKLY
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.report_files import no_file, sql_as_file
from loopline.web.report_pages import report_or_404


@require_GET
@allow(Permission.SEE_REPORTS)
def report_questions(request: PageRequest, key: str) -> HttpResponse:
    """The questions of one report of the library, with the options of its address."""
    found, books = report_or_404(key), books_for(request.actor)
    return _script(request, key, found, lambda options: report_sql(key, options, engine(), books))


@require_GET
@allow(Permission.SEE_REPORTS)
def weekly_questions(request: PageRequest) -> HttpResponse:
    """The questions of the weekly table."""
    books = books_for(request.actor)
    return _script(request, "weekly", WEEKLY, lambda options: weekly_sql(options, engine(), books))


def _script(request: PageRequest, name: str, report: Report, ask: Callable[[Options], str]) -> HttpResponse:
    try:
        refuse_unread(flat(request.GET), report)
        asked = read_address(request.GET, books_for(request.actor), timezone.localdate(), usual_of(report))
        script = ask(asked.options)
    except OptionError as error:
        return no_file(error)
    return sql_as_file(script, name)
