"""`/reports/{key}/sql`: what a report asks the event store."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.scopes import Scope
from loopline.reports.option_words import OPTION_WORDS
from loopline.reports.questions import report_sql
from loopline.store.current import engine
from loopline.web.api.answer import json_answer
from loopline.web.api.asked import asked_of, report_named, words_of
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.documented import documented
from loopline.web.api.schemas import PROBLEMS, SqlAnswer

router = Router(auth=Bearer(Scope.REPORTS_READ), tags=["Reports"])


@router.get(
    "/{key}/sql",
    response={200: SqlAnswer, **PROBLEMS},
    summary="The SQL of a report",
    openapi_extra=documented(*OPTION_WORDS),
)
def questions(request: HttpRequest, key: str) -> HttpResponse:
    """Every question that the report asks the event store, in DuckDB's words, with the values of this run.
    Scope: `reports:read`."""
    found, books = report_named(key), caller_of(request).books
    asked = asked_of(words_of(request, found), found, books)
    return json_answer(request, {"report": key, "sql": report_sql(key, asked.options, engine(), books)})
