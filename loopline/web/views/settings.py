"""Settings of the organisation: its name and zone, business units, exchange rates."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from loopline.access import actions
from loopline.access.models import BusinessUnit, ExchangeRate, Organisation
from loopline.access.roles import Permission
from loopline.campaigns.costs import convert_costs_again
from loopline.leads.chat import masked
from loopline.leads.clocks import terms_of
from loopline.leads.hand_off_models import ChatMessage
from loopline.leads.terms import set_terms
from loopline.pipeline.rates import convert_opportunities_again
from loopline.routing.actions import set_days_off
from loopline.web.access import PageRequest, allow
from loopline.web.forms.routing import TermsForm
from loopline.web.forms.settings import OrganisationForm, RateForm, UnitForm

PEOPLE_SHOWN = 4
"""People of a business unit that the list of units names."""


@allow(Permission.ADMINISTER, Permission.EDIT_COSTS)
def settings(request: PageRequest) -> HttpResponse:
    """The first of the settings that this person may open."""
    return redirect("organisation" if request.actor.may(Permission.ADMINISTER) else "exchange_rates")


@allow(Permission.ADMINISTER)
def organisation(request: PageRequest) -> HttpResponse:
    current = Organisation.current()
    form = OrganisationForm(request.POST) if request.method == "POST" else OrganisationForm.showing(current)
    if form.is_bound and form.is_valid():
        try:
            actions.change_organisation(form.details(), by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, "Saved.")
            return redirect("organisation")
    return render(request, "settings/organisation.html", {"form": form})


@allow(Permission.ADMINISTER)
def units(request: PageRequest) -> HttpResponse:
    form = UnitForm(request.POST or None, initial={"currency": Organisation.current().reporting_currency})
    if form.is_bound and form.is_valid():
        try:
            unit = actions.create_unit(form.new_unit(), by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, f"{unit.name} is there. Give people access to it under Users.")
            return redirect("units")
    found = BusinessUnit.objects.visible_to(request.actor).prefetch_related("users")
    rows = [(one, list(one.users.all())[:PEOPLE_SHOWN], max(0, len(one.users.all()) - PEOPLE_SHOWN)) for one in found]
    return render(request, "settings/units.html", {"form": form, "rows": rows})


@allow(Permission.ADMINISTER)
def unit(request: PageRequest, unit_id: UUID) -> HttpResponse:
    found = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=unit_id)
    initial = {name: getattr(found, name) for name in UnitForm.base_fields}
    form = UnitForm(request.POST or None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            actions.change_unit(found, form.new_unit(), by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, "Saved.")
            return redirect("units")
    return _unit_page(request, found, form, _terms_form(found))


@require_POST
@allow(Permission.ADMINISTER)
def unit_terms(request: PageRequest, unit_id: UUID) -> HttpResponse:
    """What the sides of the unit owe each other, its days off, its chat."""
    found = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=unit_id)
    form = _terms_form(found, request.POST)
    if form.is_valid():
        try:
            with transaction.atomic():
                set_terms(found, form.new_terms(), webhook=form.webhook, by=request.actor)
                set_days_off(found, form.cleaned_data["days_off"], by=request.actor)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, "Saved. Clocks that begin from now on go by it.")
            return redirect("unit", found.pk)
    unit_form = UnitForm(initial={name: getattr(found, name) for name in UnitForm.base_fields})
    return _unit_page(request, found, unit_form, form)


def _terms_form(unit: BusinessUnit, sent: QueryDict | None = None) -> TermsForm:
    return TermsForm(sent, initial=TermsForm.what_is(terms_of(unit), unit.days_off.all()), auto_id="terms_%s")


def _unit_page(request: PageRequest, unit: BusinessUnit, form: UnitForm, terms_form: TermsForm) -> HttpResponse:
    context = {
        "form": form, "unit": unit, "terms_form": terms_form, "chat": masked(terms_of(unit).chat_webhook),
        "untold": ChatMessage.objects.filter(unit=unit, sent_at=None).exclude(trouble="").order_by("-created_at")[:5],
    }  # fmt: skip
    return render(request, "settings/unit.html", context)


@allow(Permission.EDIT_RATES, Permission.EDIT_COSTS)
def exchange_rates(request: PageRequest) -> HttpResponse:
    """For those who book costs to see, for finance to change."""
    if request.method == "POST":
        request.actor.require(Permission.EDIT_RATES)
    form = RateForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                actions.set_exchange_rate(**form.cleaned_data, by=request.actor)
                _convert_again(request)
        except ValidationError as error:
            form.take_errors(error)
        else:
            messages.success(request, "Saved. Reports use it from its day on.")
            return redirect("exchange_rates")
    rates = ExchangeRate.objects.order_by("currency", "-on")
    can_edit = request.actor.may(Permission.EDIT_RATES)
    return render(request, "settings/exchange_rates.html", {"form": form, "rates": rates, "can_edit": can_edit})


@require_POST
@allow(Permission.EDIT_RATES)
def exchange_rate_remove(request: PageRequest, rate_id: int) -> HttpResponse:
    with transaction.atomic():
        actions.remove_exchange_rate(get_object_or_404(ExchangeRate, pk=rate_id), by=request.actor)
        _convert_again(request)
    messages.success(request, "Removed.")
    return redirect("exchange_rates")


def _convert_again(request: PageRequest) -> None:
    """Costs and sales in foreign currencies follow the rates; reports as of earlier keep their figures."""
    convert_costs_again(by=request.actor)
    convert_opportunities_again(by=request.actor)
