"""`/reports/{key}/sql`: what a report, or the weekly table, asks the event store. Its values may be ids of records."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.scopes import Scope
from loopline.reports.option_words import OPTION_WORDS
from loopline.reports.questions import report_sql, weekly_sql
from loopline.reports.weekly.figures import KEY
from loopline.reports.weekly.sums import WEEKLY
from loopline.store.current import engine
from loopline.web.api.answer import json_answer
from loopline.web.api.asked import asked_of, only, report_named, words_of
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.documented import documented
from loopline.web.api.schemas import PROBLEMS, SqlAnswer
from loopline.web.api.weekly import OPTIONS

router = Router(auth=Bearer(Scope.RECORDS_READ), tags=["Reports"])


@router.get(
    "/weekly/sql",
    response={200: SqlAnswer, **PROBLEMS},
    summary="The SQL of the weekly table",
    openapi_extra=documented(*OPTIONS),
)
def weekly_questions(request: HttpRequest) -> HttpResponse:
    """Every question that the weekly table asks the event store, as that of a report. Scope: `records:read`."""
    books = caller_of(request).books
    asked = asked_of(only(request, OPTIONS), WEEKLY, books)
    return json_answer(request, {"report": KEY, "sql": weekly_sql(asked.options, engine(), books)})


@router.get(
    "/{key}/sql",
    response={200: SqlAnswer, **PROBLEMS},
    summary="The SQL of a report",
    openapi_extra=documented(*OPTION_WORDS),
)
def questions(request: HttpRequest, key: str) -> HttpResponse:
    """Every question that the report asks the event store, in DuckDB's words, with the values of this run.
    Its values may be ids of records. Scope: `records:read`."""
    found, books = report_named(key), caller_of(request).books
    asked = asked_of(words_of(request, found), found, books)
    return json_answer(request, {"report": key, "sql": report_sql(key, asked.options, engine(), books)})
