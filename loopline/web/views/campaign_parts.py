"""What belongs to a campaign: activities, codes, costs, links. Each comes back as its part of the campaign's page."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from loopline.access.models import BusinessUnit, Organisation
from loopline.access.roles import Permission
from loopline.campaigns.actions import (
    CampaignRefusedError,
    add_activity,
    add_cost,
    build_link,
    edit_activity,
    edit_cost,
    map_code,
    remove_activity,
    remove_cost,
    unmap_code,
)
from loopline.campaigns.codes import CodeTakenError
from loopline.campaigns.costs import in_reporting_currency
from loopline.campaigns.links import LinkRefusedError
from loopline.campaigns.models import Activity, Campaign, CampaignCode, CostLine
from loopline.campaigns.spend import Spend, spend_of
from loopline.campaigns.unknown_codes import unknown_codes
from loopline.lib.times import utc_now
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.access import PageRequest, allow
from loopline.web.forms.campaigns import ActivityForm, CodeForm, CostForm, LinkForm
from loopline.web.views.campaigns import LOOK_BACK, campaign_context, find_campaign

Refusals = (CampaignRefusedError, LinkRefusedError)


def _part(request: PageRequest, found: Campaign, name: str, form: Form | None = None) -> HttpResponse:
    """The part alone for htmx; else the page again, with the form that was wrong."""
    wrong: dict[str, Any] = {f"{name}_form": form} if form is not None else {}
    if request.htmx:
        return render(request, f"campaigns/_{name}.html", campaign_context(request, found) | wrong)
    if form is None:
        return redirect("campaign", found.pk)
    return render(request, "campaigns/campaign.html", campaign_context(request, found) | wrong, status=422)


# Activities


@require_POST
@allow(Permission.EDIT_CAMPAIGNS)
def activity_new(request: PageRequest, campaign_id: UUID) -> HttpResponse:
    found = find_campaign(request, campaign_id)
    form = ActivityForm(request.POST)
    if not form.is_valid():
        return _part(request, found, "activity", form)
    add_activity(found, form.plan, by=request.actor)
    return _part(request, found, "activity")


@allow(Permission.EDIT_CAMPAIGNS)
def activity_edit(request: PageRequest, activity_id: UUID) -> HttpResponse:
    found = _activity(request, activity_id)
    form = ActivityForm(request.POST or None, activity=found)
    if request.method == "POST" and form.is_valid():
        edit_activity(found, form.plan, by=request.actor)
        messages.success(request, "Saved.")
        return redirect("campaign", found.campaign_id)
    return render(
        request, "campaigns/activity_edit.html", {"form": form, "activity": found, "campaign": found.campaign}
    )


@require_POST
@allow(Permission.EDIT_CAMPAIGNS)
def activity_remove(request: PageRequest, activity_id: UUID) -> HttpResponse:
    found = _activity(request, activity_id)
    try:
        remove_activity(found, by=request.actor)
    except CampaignRefusedError as error:
        messages.error(request, str(error))
    return _part(request, found.campaign, "activity")


def _activity(request: PageRequest, activity_id: UUID) -> Activity:
    visible = Campaign.objects.visible_to(request.actor)
    rows = Activity.objects.filter(campaign__in=visible.values("pk")).select_related("campaign__unit")
    return get_object_or_404(rows, pk=activity_id)


# Codes


@require_POST
@allow(Permission.EDIT_CAMPAIGNS)
def code_map(request: PageRequest, campaign_id: UUID) -> HttpResponse:
    return _map(request, find_campaign(request, campaign_id))


def _map(request: PageRequest, found: Campaign) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            code = map_code(found, form.cleaned_data["code"], move=form.cleaned_data["move"], by=request.actor)
        except CodeTakenError as error:
            form = CodeForm({"code": form.cleaned_data["code"], "move": "on"})
            form.add_error("code", f"{error} Send it again to move it.")
        except CampaignRefusedError as error:
            form.add_error("code", str(error))
        else:
            messages.success(request, f"“{code.code}” counts for “{found.name}” now, for the past, too.")
            return _after_mapping(request, found)
    return _part(request, found, "code", form)


def _after_mapping(request: PageRequest, found: Campaign) -> HttpResponse:
    """Mapped from the list of unknown codes: back to the list."""
    if request.POST.get("from") == "codes":
        return redirect("codes")
    return _part(request, found, "code")


@require_POST
@allow(Permission.EDIT_CAMPAIGNS)
def code_unmap(request: PageRequest, code_id: int) -> HttpResponse:
    rows = CampaignCode.objects.visible_to(request.actor).select_related("campaign__unit")
    found = get_object_or_404(rows, pk=code_id)
    unmap_code(found, by=request.actor)
    messages.success(request, f"“{found.code}” counts for no campaign any more.")
    return _part(request, found.campaign, "code")


@allow(Permission.SEE_CAMPAIGNS)
def codes(request: PageRequest) -> HttpResponse:
    """Codes that arrive and belong to no campaign, and all that do."""
    actor = request.actor
    units = {str(unit.pk): unit for unit in BusinessUnit.objects.visible_to(actor)}
    own = {str(one.pk): one for one in Campaign.objects.visible_to(actor).order_by("name")}
    context: dict[str, Any] = {"can_edit": actor.may(Permission.EDIT_CAMPAIGNS), "days": LOOK_BACK.days}
    try:
        found = unknown_codes(engine(), units.keys(), since=utc_now() - LOOK_BACK, most=100)
    except StoreError as error:
        context["trouble"] = str(error)
    else:
        context["unknown"] = [
            {"code": one, "unit": units[one.unit_id], "campaigns": _of_unit(own, one.unit_id)} for one in found
        ]
    mapped = CampaignCode.objects.visible_to(actor).select_related("campaign", "activity", "unit")
    return render(request, "campaigns/codes.html", context | {"mapped": mapped.order_by("code")[:500]})


@require_POST
@allow(Permission.EDIT_CAMPAIGNS)
def code_choose(request: PageRequest) -> HttpResponse:
    """A code from the list of unknown ones, and the campaign that was chosen for it."""
    chosen = request.POST.get("campaign", "")
    try:
        campaign_id = UUID(chosen)
    except ValueError:
        messages.error(request, "Choose the campaign that the code belongs to.")
        return redirect("codes")
    return _map(request, find_campaign(request, campaign_id))


def _of_unit(own: dict[str, Campaign], unit_id: str) -> list[Campaign]:
    return [one for one in own.values() if str(one.unit_id) == unit_id]


# Costs


@require_POST
@allow(Permission.EDIT_COSTS)
def cost_new(request: PageRequest, campaign_id: UUID) -> HttpResponse:
    found = find_campaign(request, campaign_id)
    form = CostForm(request.POST, unit=found.unit, campaign=found)
    if form.is_valid():
        try:
            add_cost(found, form.entry, by=request.actor)
        except CampaignRefusedError as error:
            form.add_error(None, str(error))
        else:
            return _part(request, found, "cost")
    return _part(request, found, "cost", form)


@allow(Permission.EDIT_COSTS)
def cost_edit(request: PageRequest, cost_id: UUID) -> HttpResponse:
    found = _cost(request, cost_id)
    form = CostForm(request.POST or None, unit=found.unit, campaign=found.campaign, cost=found)
    if request.method == "POST" and form.is_valid():
        try:
            edit_cost(found, form.entry, by=request.actor)
        except CampaignRefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved. Reports as of before still show what it was.")
            return _after_cost(found)
    context = {"form": form, "cost": found, "campaign": found.campaign}
    return render(request, "campaigns/cost_edit.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@allow(Permission.EDIT_COSTS)
def cost_remove(request: PageRequest, cost_id: UUID) -> HttpResponse:
    found = _cost(request, cost_id)
    remove_cost(found, by=request.actor)
    messages.success(request, "Removed. Reports as of before still hold it.")
    return _part(request, found.campaign, "cost") if found.campaign and request.htmx else _after_cost(found)


def _after_cost(found: CostLine) -> HttpResponse:
    return redirect("campaign", found.campaign_id) if found.campaign_id else redirect("costs")


def _cost(request: PageRequest, cost_id: UUID) -> CostLine:
    rows = CostLine.objects.visible_to(request.actor).select_related("campaign__unit", "unit", "activity")
    return get_object_or_404(rows, pk=cost_id)


@allow(Permission.SEE_CAMPAIGNS)
def costs(request: PageRequest) -> HttpResponse:
    """Costs that no campaign carries: they are in every report, as unallocated."""
    units = BusinessUnit.objects.visible_to(request.actor)
    key = request.POST.get("unit", request.GET.get("unit", ""))
    unit = units.filter(key=key).first() or units.first()
    can_edit = request.actor.may(Permission.EDIT_COSTS) and unit is not None
    form = CostForm(request.POST or None, unit=unit, campaign=None) if can_edit and unit else None
    if form is not None and request.method == "POST" and form.is_valid():
        try:
            add_cost(None, form.entry, unit=unit, by=request.actor)
        except CampaignRefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Added.")
            return redirect("costs")
    lines = list(CostLine.objects.visible_to(request.actor).filter(campaign__isnull=True).select_related("unit"))
    context = {
        "cost_lines": [{"cost": cost, "reporting_minor": in_reporting_currency(cost)} for cost in lines],
        "spend": spend_of(lines).get(None, Spend()), "currency": Organisation.current().reporting_currency,
        "form": form, "units": units, "unit": unit, "can_edit_costs": can_edit,
    }  # fmt: skip
    return render(request, "campaigns/costs.html", context)


# Links


@require_POST
@allow(Permission.EDIT_CAMPAIGNS)
def link_new(request: PageRequest, campaign_id: UUID) -> HttpResponse:
    found = find_campaign(request, campaign_id)
    form = LinkForm(request.POST, campaign=found, codes=[])
    if form.is_valid():
        try:
            build_link(
                found,
                form.cleaned_data["url"],
                form.tags,
                activity=form.cleaned_data["activity"],
                by=request.actor,
            )
        except Refusals as error:
            form.add_error("code" if isinstance(error, CodeTakenError) else "url", str(error))
        else:
            return _part(request, found, "link")
    return _part(request, found, "link", form)
