"""Campaigns: the list, a campaign's page, and its plan. What belongs to one is in `campaign_parts`."""

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from loopline.access.books import books_for
from loopline.access.models import BusinessUnit, Organisation
from loopline.access.roles import Permission
from loopline.campaigns.actions import CampaignRefusedError, close_campaign, create_campaign, edit_campaign
from loopline.campaigns.claims import claims_of
from loopline.campaigns.costs import in_reporting_currency
from loopline.campaigns.mail_tracking import MailCounts, click_address, mail_counts, mail_of_link, pixel_address
from loopline.campaigns.models import Campaign, CostLine, TrackedLink
from loopline.campaigns.short_links import Clicks, clicks_of, short_address
from loopline.campaigns.spend import Spend, spend_of
from loopline.campaigns.unknown_codes import unknown_codes
from loopline.lib.times import utc_now
from loopline.reports.options import Options
from loopline.reports.result import ReportResult
from loopline.reports.run import run_report
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.access import PageRequest, allow
from loopline.web.forms.campaigns import ActivityForm, CampaignForm, CodeForm, CostForm, LinkForm, NewCampaignForm

logger = logging.getLogger(__name__)
STATUSES = {"open": "Draft and running", "all": "All", **dict(Campaign.Status.choices)}
_OPEN = (Campaign.Status.DRAFT, Campaign.Status.RUNNING)
NOTHING_CAME: dict[str, int | None] = {
    "leads": 0, "opportunities": 0, "won": 0, "revenue_minor": 0, "cost_minor": None, "romi": None,
}  # fmt: skip
"""A campaign without a row in the report: nobody came, and no cost was recorded."""
LOOK_BACK = timedelta(days=180)


@allow(Permission.SEE_CAMPAIGNS)
def campaigns(request: PageRequest) -> HttpResponse:
    visible = Campaign.objects.visible_to(request.actor).select_related("unit", "owner")
    status = request.GET.get("status", "open")
    status = status if status in STATUSES else "open"
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = units.filter(key=request.GET.get("unit", "")).first()
    words = request.GET.get("q", "").strip()
    found = visible.filter(name__icontains=words) if words else visible
    found = found.filter(unit=unit) if unit else found
    found = found if status == "all" else found.filter(status__in=_OPEN if status == "open" else [status])
    page = Paginator(found.order_by("-starts_on", "name", "pk"), 50).get_page(request.GET.get("page"))
    spent = spend_of(CostLine.objects.visible_to(request.actor).filter(campaign__in=list(page.object_list)))
    report, trouble = _report(request)
    earned = {row.key: row.values for row in report.rows} if report else {}
    rows = [_line(one, spent.get(one.pk, Spend()), earned.get(str(one.pk), NOTHING_CAME)) for one in page.object_list]
    context = {
        "page": page, "rows": rows, "status": status, "statuses": STATUSES, "units": units, "unit": unit,
        "words": words,
        "has_any": visible.exists(), "can_edit": _may_edit(request), "trouble": trouble, "report": report,
        "currency": Organisation.current().reporting_currency,
    }  # fmt: skip
    return render(request, "campaigns/campaigns.html", context)


def _line(campaign: Campaign, spend: Spend, earned: dict[str, Any]) -> dict[str, Any]:
    return {"campaign": campaign, "spend": spend, "earned": earned}


def _report(request: PageRequest) -> tuple[ReportResult | None, str]:
    """The closed loop by campaign, or why there is none: figures are never silently missing."""
    if not request.actor.may(Permission.SEE_REPORTS):
        return None, ""
    try:
        return run_report("closed-loop", Options(by="campaign"), engine(), books_for(request.actor)), ""
    except StoreError as error:
        return None, str(error)


def _may_edit(request: PageRequest) -> bool:
    return request.actor.may(Permission.EDIT_CAMPAIGNS)


@allow(Permission.SEE_CAMPAIGNS)
def campaign(request: PageRequest, campaign_id: UUID) -> HttpResponse:
    found = find_campaign(request, campaign_id)
    return render(request, "campaigns/campaign.html", campaign_context(request, found) | _earned(request, found))


def find_campaign(request: PageRequest, campaign_id: UUID) -> Campaign:
    visible = Campaign.objects.visible_to(request.actor).select_related("unit", "owner")
    return get_object_or_404(visible, pk=campaign_id)


def campaign_context(request: PageRequest, found: Campaign) -> dict[str, Any]:
    """What every part of a campaign's page shows; views of one part put their own form in."""
    costs = list(found.costs.select_related("activity", "campaign"))
    codes = list(found.codes.select_related("activity").order_by("code"))
    return {
        "campaign": found,
        "spend": spend_of(costs).get(found.pk, Spend()),
        "cost_lines": [{"cost": cost, "reporting_minor": in_reporting_currency(cost)} for cost in costs],
        "claims": claims_of(costs),
        "activities": found.activities.all(),
        "codes": codes,
        "links": _links(found),
        "forms": found.forms.all(),
        "experiments": found.experiments.all(),
        "currency": Organisation.current().reporting_currency,
        "can_edit": _may_edit(request),
        "can_edit_costs": request.actor.may(Permission.EDIT_COSTS),
        "is_open": found.status in _OPEN,
        "activity_form": ActivityForm(),
        "code_form": CodeForm(),
        "cost_form": CostForm(unit=found.unit, campaign=found),
        "link_form": LinkForm(campaign=found, codes=[code.code for code in codes]),
    }


def _links(found: Campaign) -> list[dict[str, Any]]:
    """The newest links with their addresses and clicks; None where the event store does not answer."""
    links = list(found.links.select_related("campaign", "activity").order_by("-created_at")[:20])
    clicks: dict[str, Clicks] | None = None
    in_mails: dict[str, MailCounts] | None = None
    try:
        clicks = clicks_of(engine(), links, str(found.unit_id))
        in_mails = mail_counts(engine(), [link for link in links if link.is_for_mail], str(found.unit_id))
    except StoreError as error:
        logger.warning("clicks of the links of %s cannot be counted: %s", found.pk, error)
    return [
        {
            "link": link,
            "short": short_address(settings.CONFIG.base_url, link),
            "clicks": None if clicks is None else clicks.get(str(link.pk), Clicks()),
            "mail": _in_mail(link, in_mails) if link.is_for_mail else None,
        }
        for link in links
    ]


def _in_mail(link: TrackedLink, counts: dict[str, MailCounts] | None) -> dict[str, Any]:
    """What stands in a mail that another tool sends, and what came of it."""
    base_url, mail = settings.CONFIG.base_url, mail_of_link(link)
    return {
        "address": click_address(base_url, mail, link.url),
        "pixel": pixel_address(base_url, mail),
        "counts": None if counts is None else counts.get(str(link.pk), MailCounts()),
    }


def _earned(request: PageRequest, found: Campaign) -> dict[str, Any]:
    """What the event store knows about the campaign; each part says so where it does not answer."""
    report, trouble = _report(request)
    earned = next((row for row in report.rows if row.key == str(found.pk)), None) if report else None
    context: dict[str, Any] = {
        "report": report,
        "earned": earned.values if earned else NOTHING_CAME,
        "trouble": trouble,
    }
    context["is_unseen"] = earned is None
    if earned is not None:
        context["cost_note"] = earned.cost_note
    try:
        since = utc_now() - LOOK_BACK
        context["unknown"] = unknown_codes(engine(), {str(found.unit_id)}, since=since, most=8)
    except StoreError as error:
        context["unknown_trouble"] = str(error)
    return context


@allow(Permission.EDIT_CAMPAIGNS)
def campaign_new(request: PageRequest) -> HttpResponse:
    units = BusinessUnit.objects.visible_to(request.actor)
    chosen = _id(request.POST.get("unit", ""))
    unit = (units.filter(pk=chosen).first() if chosen else None) or units.first()
    if unit is None:
        return render(request, "campaigns/campaign_edit.html", {"form": None})
    form = NewCampaignForm(request.POST or None, actor=request.actor, unit=unit)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_campaign(form.cleaned_data["unit"], form.plan, by=request.actor)
        except CampaignRefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"“{made.name}” is planned. Next: its codes and costs.")
            return redirect("campaign", made.pk)
    return _editor(request, form, None)


@allow(Permission.EDIT_CAMPAIGNS)
def campaign_edit(request: PageRequest, campaign_id: UUID) -> HttpResponse:
    found = find_campaign(request, campaign_id)
    form = CampaignForm(request.POST or None, unit=found.unit, campaign=found)
    if request.method == "POST" and form.is_valid():
        try:
            edit_campaign(found, form.plan, by=request.actor)
        except CampaignRefusedError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "Saved.")
            return redirect("campaign", found.pk)
    return _editor(request, form, found)


@require_POST
@allow(Permission.EDIT_CAMPAIGNS)
def campaign_close(request: PageRequest, campaign_id: UUID) -> HttpResponse:
    found = find_campaign(request, campaign_id)
    try:
        closed = close_campaign(found, cancelled=request.POST.get("cancelled") == "1", by=request.actor)
    except CampaignRefusedError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, f"“{closed.name}” is {closed.get_status_display().lower()}. Its codes go on counting."
        )
    return redirect("campaign", found.pk)


def _editor(request: PageRequest, form: CampaignForm, found: Campaign | None) -> HttpResponse:
    is_wrong = request.method == "POST"
    return render(
        request, "campaigns/campaign_edit.html", {"form": form, "campaign": found}, status=422 if is_wrong else 200
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
