"""`/reports/{key}/behind`: the records that one figure counts, page by page, with the names that the caller may see."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.access.scopes import Scope
from loopline.reports.behind import behind
from loopline.reports.comparable import COMPARABLE
from loopline.reports.dimension import TOTAL
from loopline.reports.metric import Metric, Number
from loopline.reports.opened import FARTHEST, Working
from loopline.reports.option_words import OPTION_WORDS
from loopline.reports.options import Books, Options
from loopline.reports.report import Report
from loopline.reports.run import dated, open_figure_of
from loopline.store.current import engine
from loopline.web.api.answer import json_answer
from loopline.web.api.asked import asked_of, report_named, words_of
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.cursors import cursor, limit_of, moment_in, place_of
from loopline.web.api.documented import documented
from loopline.web.api.problem import refused
from loopline.web.api.record_told import is_of_a_person, record_told, working_told
from loopline.web.api.schemas import PROBLEMS, BehindAnswer
from loopline.web.behind_names import Named, costs_named, items_named, records_named, touches_named

router = Router(auth=Bearer(Scope.RECORDS_READ), tags=["Reports"])


@dataclass(frozen=True, slots=True)
class _Found:
    metric: Metric
    count: int
    total: Number
    named: list[Named]
    parts: Sequence[str]
    workings: Sequence[Working] = ()


@router.get(
    "/{key}/behind",
    response={200: BehindAnswer, **PROBLEMS},
    summary="The records behind a figure",
    openapi_extra=documented(*(one for one in OPTION_WORDS if one != "compare"), "row", "metric", "limit", "cursor"),
)
def behind_figure(request: HttpRequest, key: str) -> HttpResponse:
    """What adds up to the figure `metric` of the row `row`, the largest first. Scope: `records:read`."""
    report, caller = report_named(key, COMPARABLE), caller_of(request)
    words, books = words_of(request, report, "row", "metric", "limit", "cursor"), caller.books
    most, start, as_of = limit_of(words.get("limit", "")), *_start(words, key)
    if not words.get("metric"):
        opens = sorted(report.opening(report.metrics)) or [metric.key for metric in report.metrics]
        raise refused(422, "option_missing", f"Say which figure: metric= one of {', '.join(opens)}.", "metric")
    options = asked_of(words, report, books).options
    options = dated(replace(options, as_of=as_of or options.as_of), engine())
    found = _found(report, words, options, books, slice(start, start + most), caller.actor)
    sees_people = caller.actor.may(Permission.SEE_PEOPLE)
    return json_answer(
        request,
        {
            "report": key,
            "row": words.get("row", TOTAL),
            "metric": found.metric.told(books.currency, options.clock),
            "as_of": _moment(options),
            "total": found.total,
            "count": found.count,
            "parts": list(found.parts),
            "workings": [working_told(one, books.currency) for one in found.workings],
            "hides_names": not sees_people and any(is_of_a_person(one) for one in found.named),
            "records": [record_told(one, sees_people=sees_people) for one in found.named],
            "next_cursor": _next(found, start, options, words, key),
        },
    )


def _found(
    report: Report, words: Mapping[str, str], options: Options, books: Books, listed: slice, actor: Actor
) -> _Found:
    row, metric = words.get("row", TOTAL), words["metric"]
    if report.key != "closed-loop":
        opened = open_figure_of(report, row, metric, options, engine(), books, listed)
        parts = [part.key for part in opened.parts]
        return _Found(
            opened.metric, opened.count, opened.total, items_named(opened.items, actor), parts, opened.workings
        )
    found = behind(row, metric, options, engine(), books, listed)
    named = [
        *records_named(found.records, actor),
        *touches_named(found.visitors, actor),
        *costs_named(found.costs, actor),
    ]
    return _Found(found.metric, found.count, found.total, named, found.metric.parts)


def _next(found: _Found, start: int, options: Options, words: Mapping[str, str], key: str) -> str | None:
    end = start + len(found.named)
    has_more = bool(found.named) and end < min(found.count, FARTHEST)
    return cursor(end, _moment(options), _question(words, key)) if has_more else None


def _start(words: Mapping[str, str], key: str) -> tuple[int, datetime | None]:
    """Where the page begins, and as of when: that of the first page, so that none is told twice or left out."""
    if not words.get("cursor"):
        return 0, None
    start, as_of, question = place_of(words["cursor"], int, str, str)
    if question != _question(words, key) or not 0 <= start < FARTHEST:
        message = "This cursor belongs to another question. Send the options that it came with, or begin without it."
        raise refused(422, "cursor_unknown", message, "cursor")
    return start, moment_in(as_of)


def _question(words: Mapping[str, str], key: str) -> str:
    said = sorted((name, value) for name, value in words.items() if name not in ("cursor", "limit"))
    return hashlib.sha256(repr((key, said)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _moment(options: Options) -> str:
    return options.as_of.isoformat() if options.as_of else ""
