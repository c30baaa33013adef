"""`/reports/weekly`: the weekly table, as packages of marketing-mix models take it."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.scopes import Scope
from loopline.reports.option_words import names_read
from loopline.reports.weekly.sums import WEEKLY
from loopline.reports.weekly.table import weekly_table
from loopline.store.current import engine
from loopline.web.api.answer import bytes_answer, json_answer
from loopline.web.api.asked import asked_of, form_of, only
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.documented import documented
from loopline.web.api.schemas import PROBLEMS, WeeklyAnswer
from loopline.web.report_files import weekly_as_file

router = Router(auth=Bearer(Scope.REPORTS_READ), tags=["Reports"], by_alias=True)
OPTIONS = names_read(WEEKLY)


@router.get(
    "/weekly",
    response={200: WeeklyAnswer, **PROBLEMS},
    summary="The weekly table",
    openapi_extra=documented(*OPTIONS, "format"),
)
def weekly(request: HttpRequest) -> HttpResponse:
    """Spend, touches, leads and revenue of each week and channel. `format` gives a file. Scope: `reports:read`."""
    words, books = only(request, (*OPTIONS, "format")), caller_of(request).books
    form = form_of(words.get("format", ""))
    told = weekly_table(asked_of(words, WEEKLY, books).options, engine(), books).to_json()
    if form == "json":
        return json_answer(request, told)
    return bytes_answer(request, weekly_as_file(told, form))
