"""The budget planner: response curves, and a total dealt out within bounds; a proposal can be kept as planned cost."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from loopline.access.books import books_for
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.campaigns.actions import CampaignRefusedError, CostEntry, add_cost
from loopline.campaigns.models import Campaign, CostLine
from loopline.lib.ids import uuid_or_none
from loopline.reports.address import read_address, usual_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.library.budget_planner import KEY, learnt_rows, outcome_words
from loopline.reports.options import OptionError
from loopline.reports.response.proposal import Proposal, bounds_of, propose
from loopline.reports.response.workings import Learnt
from loopline.reports.run import settle_for
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.forms.planner import KeepPlanForm, PlannerForm
from loopline.web.response_chart import response_svg
from loopline.web.views.reports import about, chips


@dataclass(frozen=True, slots=True)
class Curve:
    """A row that teaches something, as the page shows it."""

    row: Learnt
    svg: str
    proposed_minor: int | None
    change: Any
    """What the proposal goes with, as a range."""


@require_GET
@allow(Permission.SEE_REPORTS)
def planner(request: PageRequest) -> HttpResponse:
    """What more or less spend would go with, and what a total could do best."""
    report, books = REPORTS[KEY], books_for(request.actor)
    shown = chips(request, "planner", report)
    try:
        asked = read_address(request.GET, books, timezone.localdate(), usual_of(report))
        scope = settle_for(report, asked.options, engine(), books)
        rows = learnt_rows(scope, engine())
    except OptionError as error:
        return render(request, "reports/planner.html", shown | {"trouble": str(error)}, status=400)
    known = [one for one in rows if one.response is not None]
    form = PlannerForm(request.GET if "total" in request.GET else None, currency=books.currency)
    proposal = _proposal(known, form)
    is_money = outcome_words(scope) == "won revenue"
    shown |= about(asked, scope.model) | {
        "curves": [_curve(one, proposal, books.currency, is_money=is_money) for one in known],
        "refused": [one for one in rows if one.response is None],
        "proposal": proposal,
        "form": form,
        "now_minor": round(sum(one.response.now for one in known if one.response)),
        "outcome_words": outcome_words(scope),
        "is_money": is_money,
        "currency": books.currency,
        "scope": scope,
        "can_keep": scope.options.by == "campaign" and request.actor.may(Permission.EDIT_COSTS),
        "begins": _next_monday(),
    }
    return render(request, "reports/planner.html", shown)


def _proposal(known: list[Learnt], form: PlannerForm) -> Proposal | None:
    if not known or not form.is_bound or not form.is_valid():
        return None
    responses = {one.key: one.response for one in known if one.response is not None}
    bounds = {key: bounds_of(one, form.cleaned_data["within"]) for key, one in responses.items()}
    return propose(responses, bounds, float(form.cleaned_data["total_minor"]))


def _curve(row: Learnt, proposal: Proposal | None, currency: str, *, is_money: bool) -> Curve:
    assert row.response is not None
    spend = proposal.spend[row.key] if proposal else None
    return Curve(
        row,
        response_svg(row.response, currency, is_money=is_money, proposed=spend),
        None if spend is None else round(spend),
        proposal.changes[row.key] if proposal else None,
    )


@require_POST
@allow(Permission.EDIT_COSTS)
def planner_keep(request: PageRequest) -> HttpResponse:
    """Book one campaign's proposed spend as planned cost, for as many weeks as said."""
    form = KeepPlanForm(request.POST)
    chosen = uuid_or_none(request.POST.get("campaign", ""))
    campaign = Campaign.objects.visible_to(request.actor).filter(pk=chosen).first() if chosen else None
    if campaign is None or not form.is_valid():
        messages.error(request, "Nothing was kept: choose one of your campaigns, an amount and 1 to 52 weeks.")
        return redirect("planner")
    first, weeks = _next_monday(), form.cleaned_data["weeks"]
    entry = CostEntry(
        form.cleaned_data["weekly_minor"] * weeks, Organisation.current().reporting_currency, first,
        first + timedelta(days=7 * weeks - 1), kind=CostLine.Kind.PLANNED, note="from the budget planner",
    )  # fmt: skip
    try:
        add_cost(campaign, entry, by=request.actor)
    except CampaignRefusedError as error:
        messages.error(request, str(error))
        return redirect("planner")
    messages.success(request, f"Planned for “{campaign.name}”. Plan and actual will show what became of it.")
    return redirect("campaign", campaign.pk)


def _next_monday() -> date:
    today = timezone.localdate()
    return today + timedelta(days=7 - today.weekday())
