"""`/reports/{key}/changes/{cause}` and `/runs/{id}/changes/{cause}`: what is behind one cause, as the page opens it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.scopes import Scope
from loopline.reporting.comparing import NOW, sides_of
from loopline.reports.change.causes import CAUSES, Cause
from loopline.reports.change.why import Frozen, scope_since, why_changed
from loopline.reports.comparable import COMPARABLE
from loopline.reports.dimension import TOTAL
from loopline.reports.option_words import OPTION_WORDS
from loopline.reports.options import Options
from loopline.store.current import engine
from loopline.web.api.answer import json_answer
from loopline.web.api.asked import asked_of, changes_words, only, report_named, since_of
from loopline.web.api.bearer import Bearer, Caller, caller_of
from loopline.web.api.documented import documented
from loopline.web.api.problem import refused
from loopline.web.api.runs import run_of
from loopline.web.api.schemas import PROBLEMS, CauseAnswer
from loopline.web.cause_told import facts_told, records_told

router = Router(auth=Bearer(Scope.RECORDS_READ), tags=["Reports"])
of_runs = Router(auth=Bearer(Scope.RECORDS_READ), tags=["Frozen runs"])
_BY_KEY = {cause.key: cause for cause in CAUSES if cause.table}


@dataclass(frozen=True, slots=True)
class _Sides:
    """Between what it is asked: the later moment is among the options."""

    report: str
    options: Options
    since: datetime
    frozen: Frozen | None = None


@router.get(
    "/{key}/changes/{cause}",
    response={200: CauseAnswer, **PROBLEMS},
    summary="The facts behind a cause of a change",
    openapi_extra=documented(*(one for one in OPTION_WORDS if one != "compare"), "since", "metric", "row"),
)
def cause_facts(request: HttpRequest, key: str, cause: str) -> HttpResponse:
    """What was learned between the two moments, the last first, a hundred at most, with what was known before. With
    `metric`: also which records it changed in that figure of the row `row`, which add up to what the cause changed.
    Scope: `records:read`."""
    report, caller = report_named(key, COMPARABLE), caller_of(request)
    words, found = changes_words(request, report, "metric", "row"), _cause_named(cause)
    options, since = asked_of(words, report, caller.books).options, since_of(words, caller.books)
    return json_answer(request, _told(_Sides(report.key, options, since), found, words, caller))


@of_runs.get(
    "/{uuid:run_id}/changes/{cause}",
    response={200: CauseAnswer, **PROBLEMS},
    summary="The facts behind a cause of a change since a frozen run",
    openapi_extra=documented("against", "as_of", "metric", "row"),
)
def run_cause_facts(request: HttpRequest, run_id: UUID, cause: str) -> HttpResponse:
    """The same between this run and another one, or what the books say now. Scope: `records:read`."""
    words, caller = only(request, ("against", "as_of", "metric", "row")), caller_of(request)
    run, found = run_of(request, run_id), _cause_named(cause)
    against, as_of = words.get("against") or NOW, words.get("as_of", "")
    sides = _Sides(run.report, *sides_of(run, against, as_of, caller.actor, caller.books))
    return json_answer(request, _told(sides, found, words, caller))


def _told(sides: _Sides, cause: Cause, words: Mapping[str, str], caller: Caller) -> dict[str, Any]:
    """The facts, and where a figure is named the records that the cause changed in it: only then the report is asked
    what changed."""
    names_figure, changed, asked = _names_figure(words), None, (sides.since, engine(), caller.books)
    field = "against" if sides.frozen else "since"
    scope = scope_since(sides.report, sides.options, *asked, field)
    if names_figure:
        why = why_changed(sides.report, scope.options, *asked, metric=words["metric"], frozen=sides.frozen)
        changed = records_told(why, cause, words.get("row", TOTAL), caller.actor, engine())
    return facts_told(sides.report, cause, scope, sides.since, caller.actor, engine()) | {"changed": changed}


def _names_figure(words: Mapping[str, str]) -> bool:
    """Raises ApiError for a row without a figure."""
    if words.get("metric"):
        return True
    if "row" in words:
        raise refused(422, "option_missing", "Say of which figure: metric= beside row=.", "metric")
    return False


def _cause_named(key: str) -> Cause:
    if key not in _BY_KEY:
        message = f"No facts stand behind “{key[:60]}”. Choose one of: {', '.join(_BY_KEY)}."
        raise refused(404, "cause_unknown", message, "cause")
    return _BY_KEY[key]
