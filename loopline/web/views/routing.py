"""Routing rules of a business unit: in their order, changed, and tried on the last 90 days before they hold."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.leads.dry_run import LOOKS_BACK, dry_run
from loopline.lib.times import utc_now
from loopline.routing import actions
from loopline.routing.bench import bench_of
from loopline.routing.models import RoutingRule, Team
from loopline.routing.rules import everybody, rules_of
from loopline.web.access import PageRequest, allow
from loopline.web.collector import events_behind
from loopline.web.forms.routing import RoutingRuleForm, TeamForm


@allow(Permission.ASSIGN_LEADS)
def routing(request: PageRequest) -> HttpResponse:
    """The rules of one unit, its teams, and who takes leads with which capacity."""
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = _unit(request)
    context = {
        "unit": unit,
        "units": units,
        "rules": rules_of(unit) if unit else [],
        "teams": Team.objects.visible_to(request.actor).filter(unit=unit).prefetch_related("members"),
        "bench": [(one, one.away(utc_now())) for one in bench_of(unit)] if unit else [],
    }
    return render(request, "routing/routing.html", context)


@allow(Permission.ASSIGN_LEADS)
def routing_rule(request: PageRequest, unit_id: UUID, rule_id: str) -> HttpResponse:
    """One rule, or a new one (`new`), or the catch-all (`last`); `Try it` shows what it would have done."""
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=unit_id)
    rule = _rule(request, unit, rule_id)
    is_catch_all = rule is not None and rule.rules is None
    form = RoutingRuleForm(
        request.POST or None,
        unit=unit,
        is_catch_all=is_catch_all,
        initial=RoutingRuleForm.what_is(rule) if rule else {"target": RoutingRule.Target.TURNS},
    )
    tried = None
    if form.is_bound and form.is_valid():
        try:
            new = form.new_rule()
            if "try" in request.POST:
                actions.check_rule(unit, new)
                tried = dry_run(unit, _as_if(unit, rule, new), utc_now())
            else:
                stored = rule if rule is not None and not rule._state.adding else None
                saved = actions.save_rule(unit, new, rule=stored, by=request.actor)
                messages.success(request, f"“{saved.name}” holds for leads handed over from now on.")
                return redirect(f"{reverse('routing')}?unit={unit.pk}")
        except ValidationError as error:
            form.take_errors(error)
    context = {
        "form": form, "unit": unit, "rule": rule, "is_catch_all": is_catch_all, "tried": tried,
        "days": LOOKS_BACK.days, "behind": events_behind() if tried else "",
    }  # fmt: skip
    return render(request, "routing/routing_rule.html", context)


@allow(Permission.ASSIGN_LEADS)
@require_POST
def routing_rule_raise(request: PageRequest, rule_id: UUID) -> HttpResponse:
    rule = get_object_or_404(RoutingRule.objects.visible_to(request.actor), pk=rule_id)
    actions.raise_rule(rule, by=request.actor)
    return redirect(f"{reverse('routing')}?unit={rule.unit_id}")


@allow(Permission.ASSIGN_LEADS)
@require_POST
def routing_rule_remove(request: PageRequest, rule_id: UUID) -> HttpResponse:
    rule = get_object_or_404(RoutingRule.objects.visible_to(request.actor), pk=rule_id)
    actions.remove_rule(rule, by=request.actor)
    messages.success(request, f"“{rule.name}” is no longer asked. Leads that went by it keep its name.")
    return redirect(f"{reverse('routing')}?unit={rule.unit_id}")


@allow(Permission.ASSIGN_LEADS)
def team(request: PageRequest, unit_id: UUID, team_id: str) -> HttpResponse:
    """One team, or a new one (`new`)."""
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=unit_id)
    found = None if team_id == "new" else _team(request, unit, team_id)
    initial = {"name": found.name, "members": found.members.all()} if found else {}
    form = TeamForm(request.POST or None, unit=unit, initial=initial)
    back = f"{reverse('routing')}?unit={unit.pk}"
    if form.is_bound:
        try:
            if found and "remove" in request.POST:
                actions.remove_team(found, by=request.actor)
                messages.success(request, "The team is gone.")
                return redirect(back)
            if form.is_valid():
                said = form.cleaned_data
                actions.save_team(unit, said["name"], said["members"], team=found, by=request.actor)
                messages.success(request, "Saved.")
                return redirect(back)
        except ValidationError as error:
            form.take_errors(error)
    return render(request, "routing/team.html", {"form": form, "unit": unit, "team": found, "back": back})


def _unit(request: PageRequest) -> BusinessUnit | None:
    units = BusinessUnit.objects.visible_to(request.actor)
    asked = request.GET.get("unit", "")
    return next((one for one in units if str(one.pk) == asked), units.first())


def _rule(request: PageRequest, unit: BusinessUnit, rule_id: str) -> RoutingRule | None:
    if rule_id == "new":
        return None
    if rule_id == "last":
        return next((one for one in rules_of(unit) if one.rules is None), everybody(unit))
    try:
        return get_object_or_404(RoutingRule.objects.visible_to(request.actor), pk=UUID(rule_id), unit=unit)
    except ValueError as error:
        raise Http404 from error


def _team(request: PageRequest, unit: BusinessUnit, team_id: str) -> Team:
    try:
        return get_object_or_404(Team.objects.visible_to(request.actor), pk=UUID(team_id), unit=unit)
    except ValueError as error:
        raise Http404 from error


def _as_if(unit: BusinessUnit, rule: RoutingRule | None, new: actions.NewRule) -> list[RoutingRule]:
    """The rules of the unit with this one changed or added; nothing is saved."""
    changed = RoutingRule(
        unit=unit, name=new.name, rules=new.rules, target=new.target, person=new.person, team=new.team
    )
    if rule is None:
        rules = rules_of(unit)
        return [*rules[:-1], changed, rules[-1]]
    return [
        changed if one.pk == rule.pk or (one.rules is None and rule.rules is None) else one for one in rules_of(unit)
    ]
