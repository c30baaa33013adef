"""`/reports/{key}/unusual/{kind}`: the records behind a report that are not as they should be."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.scopes import Scope
from loopline.reports.run import unusual_records
from loopline.reports.unusual import Entry, Listed
from loopline.store.current import engine
from loopline.web.api.answer import json_answer
from loopline.web.api.asked import asked_of, report_named, words_of
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.documented import documented
from loopline.web.api.record_told import record_told
from loopline.web.api.schemas import PROBLEMS, UnusualAnswer
from loopline.web.behind_names import Named, items_named

router = Router(auth=Bearer(Scope.RECORDS_READ), tags=["Reports"])
_NONE: dict[str, Any] = {"count": 0, "amounts_minor": {}, "text": "", "records": []}


@router.get(
    "/{key}/unusual/{kind}",
    response={200: UnusualAnswer, **PROBLEMS},
    summary="The unusual records behind a report",
    openapi_extra=documented("from", "to", "period", "unit", "as_of"),
)
def unusual(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """Records of one `key` in `unusual` of the report, the largest first, a hundred at most. None at all once they are
    put right. Scope: `records:read`."""
    report, caller = report_named(key), caller_of(request)
    options = asked_of(words_of(request, report), report, caller.books).options
    found, scope = unusual_records(key, kind, options, engine(), caller.books)
    about = {"report": key, "kind": kind, "as_of": scope.as_of.isoformat()}
    return json_answer(request, about | (_told(found, items_named(found.entries, caller.actor)) if found else _NONE))


def _told(found: Listed, named: list[Named]) -> dict[str, Any]:
    one = found.told
    records = [_record(entry, name) for entry, name in zip(found.entries, named, strict=True)]
    return {"count": one.records, "amounts_minor": dict(one.amounts), "text": one.sentence, "records": records}


def _record(entry: Entry, named: Named) -> dict[str, Any]:
    told = record_told(named, sees_people=False)
    return {name: told[name] for name in ("kind", "id", "name", "page", "at")} | {
        "amount": entry.adds, "currency": entry.currency,
    }  # fmt: skip
