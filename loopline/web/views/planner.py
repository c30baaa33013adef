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
from loopline.reports.library.budget_planner import KEY
from loopline.reports.options import OptionError
from loopline.reports.response.dealt import Curve, taught
from loopline.reports.response.proposal import Proposal
from loopline.reports.response.workings import Learnt
from loopline.store.current import engine
from loopline.web.access import PageRequest, allow
from loopline.web.forms.planner import KeepPlanForm, PlannerForm
from loopline.web.report_pages import refusal
from loopline.web.response_chart import response_svg
from loopline.web.views.reports import about, chips


@dataclass(frozen=True, slots=True)
class Shown:
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
        found = taught(report, asked.options, engine(), books)
    except OptionError as error:
        return render(request, "reports/planner.html", shown | refusal(error), status=400)
    form = PlannerForm(request.GET if "total" in request.GET else None, currency=books.currency)
    proposal = found.dealt(form.cleaned_data["total"], form.cleaned_data["within"]) if form.is_valid() else None
    shown |= about(asked, found.scope.model) | {
        "curves": [_shown(one, proposal, books.currency, is_money=found.is_money) for one in found.known],
        "found": found,
        "proposal": proposal,
        "form": form,
        "outcome_words": found.outcome_words,
        "is_money": found.is_money,
        "currency": books.currency,
        "can_keep": found.scope.options.by == "campaign" and request.actor.may(Permission.EDIT_COSTS),
        "begins": _next_monday(),
    }
    return render(request, "reports/planner.html", shown)


def _shown(curve: Curve, proposal: Proposal | None, currency: str, *, is_money: bool) -> Shown:
    spend = proposal.spend[curve.row.key] if proposal else None
    return Shown(
        curve.row,
        response_svg(curve.response, currency, is_money=is_money, proposed=spend),
        spend,
        proposal.changes[curve.row.key] if proposal else None,
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
