"""The pipeline: the board of open opportunities, and the list of all of them."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import F, OrderBy
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone

from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.pipeline.board import CLOSING, STILL_AFTER, Column, Filters, as_cards, asked_for, columns, lately_closed
from loopline.pipeline.models import Opportunity
from loopline.web.access import PageRequest, allow

OUTCOMES = {"open": "Open", "won": "Won", "lost": "Lost"}
SORTS: dict[str, tuple[str | OrderBy, ...]] = {
    "close": (F("expected_close_on").asc(nulls_last=True), "name"),
    "amount": (F("amount_minor").desc(nulls_last=True), "name"),
    "age": ("stage_entered_at", "name"),
    "new": ("-created_at",),
}


@allow(Permission.SEE_PIPELINE)
def pipeline(request: PageRequest) -> HttpResponse:
    """The board."""
    filters = _filters(request.GET)
    now, today = utc_now(), timezone.localdate()
    found = asked_for(request.actor, filters, today)
    shown = columns(found, now, today)
    context = {
        "columns": shown,
        "stage_shown": _stage_shown(request.GET, shown),
        "stages": Opportunity.Stage.choices,
        "closed": lately_closed(found, now),
        "is_empty": not any(column.count for column in shown),
        "has_any": Opportunity.objects.visible_to(request.actor).exists(),
        "can_edit": request.actor.may(Permission.EDIT_PIPELINE),
    }
    return render(request, "pipeline/pipeline.html", context | _options(request, filters))


@allow(Permission.SEE_PIPELINE)
def pipeline_list(request: PageRequest) -> HttpResponse:
    """The same opportunities as a table, closed ones too."""
    filters = _filters(request.GET)
    now, today = utc_now(), timezone.localdate()
    outcome = _one_of(request.GET.get("outcome"), OUTCOMES) or "open"
    stage = _one_of(request.GET.get("stage"), dict(Opportunity.Stage.choices))
    sort = _one_of(request.GET.get("sort"), SORTS) or ("close" if outcome == "open" else "new")
    found = asked_for(request.actor, filters, today).filter(outcome=outcome)
    if stage:
        found = found.filter(stage=stage)
    rows = found.select_related("company", "owner", "unit").order_by(*SORTS[sort], "pk")
    page = Paginator(rows, 50).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "cards": as_cards(page.object_list, now, today),
        "outcome": outcome,
        "outcomes": OUTCOMES,
        "stage": stage,
        "stages_by_key": dict(Opportunity.Stage.choices),
        "stages": Opportunity.Stage.choices,
        "sort": sort,
        "can_edit": request.actor.may(Permission.EDIT_PIPELINE),
    }
    return render(request, "pipeline/pipeline_list.html", context | _options(request, filters))


def _stage_shown(query: QueryDict, shown: list[Column]) -> str:
    """The one stage that a phone has room for: the one asked for, else the first with something in it."""
    filled = [column.stage.value for column in shown if column.count]
    return _one_of(query.get("show"), dict(Opportunity.Stage.choices)) or next(iter(filled), "")


def _filters(query: QueryDict) -> Filters:
    """What the address asks for. What it cannot mean is left out."""
    return Filters(
        owner=_id(query.get("owner")),
        unit=_id(query.get("unit")),
        closing=_one_of(query.get("closing"), CLOSING),
        only_help=query.get("help") == "1",
        entered_before=utc_now() - STILL_AFTER if query.get("still") == "1" else None,
    )


def _options(request: PageRequest, filters: Filters) -> dict[str, Any]:
    """The chips: who, which unit, when."""
    visible = Opportunity.objects.visible_to(request.actor)
    owners = User.objects.visible_to(request.actor).filter(pk__in=visible.order_by().values("owner")).order_by("name")
    units = BusinessUnit.objects.visible_to(request.actor)
    return {
        "filters": filters,
        "owners": owners,
        "owner": next((one for one in owners if one.pk == filters.owner), None),
        "units": units,
        "unit": next((one for one in units if one.pk == filters.unit), None),
        "closings": CLOSING,
        "closing": CLOSING.get(filters.closing, "whenever"),
    }


def _one_of(text: str | None, choices: Any) -> str:
    return text if text is not None and text in choices else ""


def _id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
