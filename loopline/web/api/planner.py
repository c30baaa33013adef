"""`/reports/budget-planner/proposal`: a total dealt out over channels or campaigns, as the planner's page proposes."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from loopline.access.scopes import Scope
from loopline.reports.catalogue import REPORTS
from loopline.reports.library.budget_planner import KEY
from loopline.reports.option_words import names_read
from loopline.reports.response.curve import Range
from loopline.reports.response.dealt import Taught, taught, total_of, within_of
from loopline.reports.response.proposal import Proposal
from loopline.store.current import engine
from loopline.web.api.answer import json_answer
from loopline.web.api.asked import again, asked_of, only
from loopline.web.api.bearer import Bearer, caller_of
from loopline.web.api.documented import documented
from loopline.web.api.problem import refused
from loopline.web.api.schemas import PROBLEMS, ProposalAnswer

router = Router(auth=Bearer(Scope.REPORTS_READ), tags=["Reports"], by_alias=True)
OPTIONS = (*(name for name in names_read(REPORTS[KEY]) if name != "compare"), "total", "within")


@router.get(
    "/budget-planner/proposal",
    response={200: ProposalAnswer, **PROBLEMS},
    summary="A budget dealt out where its curves promise most",
    openapi_extra=documented(*OPTIONS),
)
def proposal(request: HttpRequest) -> HttpResponse:
    """How `total` could be spent a week, each row within its bounds; what that goes with, with a range; and which rows
    teach nothing. Proposed spend and what is left over add up to the total exactly. Scope: `reports:read`."""
    report, books = REPORTS[KEY], caller_of(request).books
    words = only(request, OPTIONS)
    if not words.get("total"):
        raise refused(422, "option_missing", f"Say what may be spent a week: total=5000, in {books.currency}.", "total")
    total, within = total_of(words["total"], books.currency), within_of(words.get("within", ""))
    found = taught(report, asked_of(words, report, books).options, engine(), books)
    said = again(words, found.scope) | {"total": words["total"], "within": str(within)}
    return json_answer(request, _told(found, total, within) | {"run": {"options": said}})


def _told(found: Taught, total: int, within: int) -> dict[str, Any]:
    scope, dealt = found.scope, found.dealt(total, within)
    return {
        "report": KEY,
        "title": REPORTS[KEY].label,
        "as_of": scope.as_of.isoformat(),
        "from": scope.first.isoformat(),
        "to": scope.last.isoformat(),
        "model": scope.options.model,
        "by": scope.options.by,
        "currency": scope.books.currency,
        "outcome": found.outcome_words,
        "outcome_unit": f"{scope.books.currency} minor units" if found.is_money else "count",
        "within_percent": within,
        "total_minor": total,
        "now_minor": found.now_minor,
        "left_over_minor": dealt.left_over if dealt else total,
        "change": _range(dealt.change, found) if dealt else None,
        "rows": _rows(found, dealt, within) if dealt else [],
        "refused": [{"key": one.key, "label": one.name.label, "why": one.refusal} for one in found.refused],
    }


def _rows(found: Taught, dealt: Proposal, within: int) -> list[dict[str, Any]]:
    bounds = found.bounds(within)
    return [
        {
            "key": key,
            "label": curve.row.name.label,
            "now_minor": round(curve.response.now),
            "low_minor": bounds[key].low,
            "high_minor": bounds[key].high,
            "proposed_minor": dealt.spend[key],
            "change": _range(dealt.changes[key], found),
            "odd_week": curve.response.hangs_on,
        }
        for curve in found.known
        for key in (curve.row.key,)
    ]


def _range(told: Range, found: Taught) -> dict[str, float]:
    digits = None if found.is_money else 6  # None: whole minor units
    return {name: round(getattr(told, name), digits) for name in ("value", "low", "high")}
