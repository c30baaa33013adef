"""The lead definition: what both sides agreed is a lead, how it does, and how it changes."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.leads.definition import clause_words
from loopline.leads.drafting import difference, shown_parts, shown_scores
from loopline.leads.examples import try_examples
from loopline.leads.models import DefinitionVersion, Lead
from loopline.rules.definition import Definition
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.access import PageRequest, allow
from loopline.web.forms.definition import BecauseForm, ConditionForm, ExampleForm, RulesForm, StartForm
from loopline.web.what_if_page import ask

Status = DefinitionVersion.Status
A_MOMENT = timedelta(seconds=1)
LOOKED_AT = 1_000
"""How many of the latest leads the figures are about."""
_OPEN = [Status.DRAFT, Status.PROPOSED, Status.AGREED]


@allow(Permission.SEE_PEOPLE)
def definition(request: PageRequest) -> HttpResponse:
    units = BusinessUnit.objects.visible_to(request.actor)
    unit = _unit(request, units)
    versions = DefinitionVersion.objects.visible_to(request.actor).filter(unit=unit)
    in_force = versions.filter(status=Status.IN_FORCE).first()
    context: dict[str, Any] = {
        "units": units,
        "unit": unit,
        "version": in_force,
        "today": timezone.localdate(),
        "parts": shown_parts(in_force.definition) if in_force else [],
        "scores": shown_scores(in_force.definition) if in_force else [],
        "waiting": versions.filter(status__in=_OPEN),
        "versions": versions,
        "can_edit": request.actor.may(Permission.EDIT_DEFINITION),
        "because_form": BecauseForm(),
    }
    return render(
        request, "definition/definition.html", context | (_record(in_force, request.actor) if in_force else {})
    )


@allow(Permission.SEE_PEOPLE)
def definition_version(request: PageRequest, version_id: UUID) -> HttpResponse:
    return version_page(request, find_version(request, version_id))


def find_version(request: PageRequest, version_id: UUID) -> DefinitionVersion:
    return get_object_or_404(DefinitionVersion.objects.visible_to(request.actor).select_related("unit"), pk=version_id)


def version_page(request: PageRequest, version: DefinitionVersion, **forms: Any) -> HttpResponse:
    """The page of one version; `forms` are those with errors to show."""
    definition = version.definition
    tried = try_examples(definition, version.example_leads, timezone.now())
    context = {
        "version": version,
        "parts": shown_parts(definition),
        "scores": shown_scores(definition),
        "difference": difference(_in_force(version, request.actor), definition) if version.status in _OPEN else None,
        "powers": _powers(version, request.actor),
        "tried": tried,
        "wrong": [one for one in tried if not one.is_right],
        "condition_form": ConditionForm(named=definition.named),
        "rules_form": RulesForm.of(definition),
        "example_form": ExampleForm(),
        "start_form": StartForm(),
        "shadow": _shadow(version, request.actor),
    }
    status = 422 if forms else 200
    return render(request, "definition/definition_version.html", context | forms, status=status)


def _shadow(version: DefinitionVersion, actor: Actor) -> dict[str, Any] | None:
    """What a version tried in the shadow would have done to the leads that came since; None when it is not tried."""
    others = DefinitionVersion.objects.visible_to(actor).filter(unit=version.unit)
    in_force = others.filter(status=Status.IN_FORCE).first()
    if version.shadow_from is None or not version.starts_later or in_force is None:
        return None
    try:
        as_of = engine().horizon()
        answer = ask(version, in_force, (version.shadow_from, max(as_of, version.shadow_from + A_MOMENT)), as_of)
    except StoreError as error:
        return {"trouble": str(error)}
    cells = {cell.key: cell.n for cell in answer.comparison.cells}
    return {"against": in_force, "n": answer.comparison.n, "differ": cells["only_old"] + cells["only_new"], **cells}


def _powers(version: DefinitionVersion, actor: Actor) -> dict[str, bool]:
    edits = actor.may(Permission.EDIT_DEFINITION)
    is_proposed = version.status == Status.PROPOSED
    return {
        "can_edit": edits and version.status == Status.DRAFT,
        "can_sign_for_marketing": is_proposed
        and not version.marketing_signature
        and actor.may(Permission.SIGN_FOR_MARKETING)
        and version.sales_signature != actor.name,
        "can_sign_for_sales": is_proposed
        and not version.sales_signature
        and actor.may(Permission.SIGN_FOR_SALES)
        and version.marketing_signature != actor.name,
        "can_put_in_force": edits and version.status == Status.AGREED,
        "can_restore": edits and version.status == Status.SUPERSEDED and version.in_force_from is not None,
        "can_withdraw": edits and version.status in _OPEN,
    }


def _in_force(version: DefinitionVersion, actor: Actor) -> Definition | None:
    """What a version is compared with."""
    in_force = DefinitionVersion.objects.visible_to(actor).filter(unit=version.unit, status=Status.IN_FORCE).first()
    return in_force.definition if in_force and in_force != version else None


def _unit(request: PageRequest, units: Any) -> BusinessUnit | None:
    """The business unit that is looked at: the one asked for, else the first."""
    asked = request.GET.get("unit")
    found: BusinessUnit | None = next((one for one in units if str(one.pk) == asked), None)
    return found or units.first()


def _record(version: DefinitionVersion, actor: Actor) -> dict[str, Any]:
    """How the version in force does: what it let through, what came back, which clause stops most, with examples."""
    judged = Lead.objects.visible_to(actor).filter(definition=version).select_related("person__company")
    states = dict(judged.order_by().values_list("state").annotate(count=Count("pk")))
    stopped = states.get(Lead.State.NEW, 0)
    passed = judged.exclude(state=Lead.State.NEW).order_by("-created_at")
    below = judged.filter(state=Lead.State.NEW).order_by("-created_at")
    latest = below.values_list("evidence", flat=True)[:LOOKED_AT]
    missed = Counter(one["clause"] for evidence in latest for one in evidence if one["is_met"] is not True)
    names = [clause_words(clause) for clause in version.definition.clauses]
    return {
        "judged": sum(states.values()),
        "passed": sum(states.values()) - stopped,
        "stopped": stopped,
        "came_back": judged.filter(reason=Lead.Reason.BELOW_DEFINITION).count(),
        "converted": states.get(Lead.State.CONVERTED, 0),
        "missed": [(name, missed.get(name, 0)) for name in names],
        "most_missed": max([missed.get(name, 0) for name in names], default=0),
        "passing_examples": passed[:4],
        "failing_examples": below[:4],
    }
