"""`/runs`: frozen runs, as they were."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.scopes import Scope
from loopline.lib.ids import uuid_or_none
from loopline.reporting.comparing import NOW, changed_between
from loopline.reporting.freezing import run_told, run_with_figures
from loopline.reporting.models import FrozenRun
from loopline.reports.comparable import COMPARABLE
from loopline.store.current import engine
from loopline.web.api.answer import bytes_answer, json_answer
from loopline.web.api.asked import form_of, only, report_named
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.cursors import cursor, limit_of, moment_in, not_ours, place_of
from loopline.web.api.documented import documented
from loopline.web.api.problem import refused
from loopline.web.api.schemas import PROBLEMS, ChangesAnswer, ReportAnswer, RunList
from loopline.web.report_files import as_file, wants_series

router = Router(auth=Bearer(Scope.REPORTS_READ), tags=["Frozen runs"], by_alias=True)


@router.get(
    "",
    response={200: RunList, **PROBLEMS},
    summary="Frozen runs, the latest first",
    openapi_extra=documented("report", "limit", "cursor"),
)
def runs(request: HttpRequest) -> HttpResponse:
    """Runs over business units all of which the caller sees. Scope: `reports:read`."""
    words = only(request, ("report", "limit", "cursor"))
    most = limit_of(words.get("limit", ""))
    found = FrozenRun.objects.visible_to(caller_of(request).actor).order_by("-frozen_at", "-pk")
    if words.get("report"):
        found = found.filter(report=report_named(words["report"], COMPARABLE).key)
    if words.get("cursor"):
        at, run_id = _place(words["cursor"])
        found = found.filter(Q(frozen_at__lt=at) | Q(frozen_at=at, pk__lt=run_id))
    listed = list(found.defer("told")[: most + 1])
    last = listed[most - 1] if len(listed) > most else None
    next_cursor = cursor(last.frozen_at.isoformat(), str(last.pk)) if last else None
    return json_answer(request, {"runs": [run_told(run) for run in listed[:most]], "next_cursor": next_cursor})


def _place(text: str) -> tuple[datetime, UUID]:
    at, run_id = place_of(text, str, str)
    found = uuid_or_none(run_id)
    if found is None:
        raise not_ours()
    return moment_in(at), found


@router.get(
    "/{uuid:run_id}",
    response={200: ReportAnswer, **PROBLEMS},
    summary="A frozen run",
    openapi_extra=documented("format", "series"),
)
def run(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """A report as it was when it was frozen: figures, and what its rows showed over time. Scope: `reports:read`."""
    words = only(request, ("format", "series"))
    form, is_series = form_of(words.get("format", "")), wants_series(words)
    found = run_of(request, run_id)
    if form != "json":
        return bytes_answer(request, as_file(found.told, form, is_series=is_series))
    return json_answer(request, run_with_figures(found))


@router.get(
    "/{uuid:run_id}/changes",
    response={200: ChangesAnswer, **PROBLEMS},
    summary="Why the report of a frozen run says something else",
    openapi_extra=documented("against", "as_of", "metric"),
)
def run_changes(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """What changed between this run and another one, or what the books say now; with the `as_of` of the answer the same
    again. Scope: `reports:read`."""
    words, caller = only(request, ("against", "as_of", "metric")), caller_of(request)
    found, against = run_of(request, run_id), words.get("against") or NOW
    as_of, metric = words.get("as_of", ""), words.get("metric", "")
    why = changed_between(found, against, caller.actor, engine(), caller.books, as_of=as_of, metric=metric)
    return json_answer(request, why.to_json())


def run_of(request: HttpRequest, run_id: UUID) -> FrozenRun:
    """Raises ApiError where there is none that the caller may see."""
    found = FrozenRun.objects.visible_to(caller_of(request).actor).filter(pk=run_id).first()
    if found is None:
        raise refused(404, "run_unknown", "There is no frozen run with this id that you may see.", "run_id")
    return found
