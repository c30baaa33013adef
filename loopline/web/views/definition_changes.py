"""What is done with a version of the lead definition."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from loopline.access.actor import NotAllowedError
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.huddles.definition_news import follow_version
from loopline.leads.definition import FIRST_RULES
from loopline.leads.definition_actions import (
    DefinitionStateError,
    Side,
    draft_definition,
    edit_draft,
    propose_definition,
    put_in_force,
    restore_definition,
    set_examples,
    sign_definition,
    withdraw_definition,
)
from loopline.leads.drafting import with_condition, without_condition
from loopline.leads.models import DefinitionVersion
from loopline.rules.definition import definition_json
from loopline.rules.errors import RuleError
from loopline.web.access import PageRequest, allow
from loopline.web.forms.definition import BecauseForm, ConditionForm, ExampleForm, RulesForm, StartForm
from loopline.web.views.definition import find_version, version_page


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_draft(request: PageRequest, unit_id: UUID) -> HttpResponse:
    """A new draft, beginning with what is in force."""
    unit = get_object_or_404(BusinessUnit.objects.visible_to(request.actor), pk=unit_id)
    in_force = (
        DefinitionVersion.objects.visible_to(request.actor)
        .filter(unit=unit, status=DefinitionVersion.Status.IN_FORCE)
        .first()
    )
    form = BecauseForm(request.POST)
    because = form.cleaned_data["because"] if form.is_valid() else ""
    rules, examples = (in_force.rules, in_force.example_leads) if in_force else (FIRST_RULES, [])
    draft = draft_definition(unit, rules, examples=examples, because=because, by=request.actor)
    return redirect("definition_version", draft.pk)


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_clause_add(request: PageRequest, version_id: UUID) -> HttpResponse:
    version = find_version(request, version_id)
    form = ConditionForm(request.POST, named=version.definition.named)
    if not form.is_valid():
        return version_page(request, version, condition_form=form)
    said = form.cleaned_data
    changed = with_condition(version.definition, said["part"], said["rule"], is_instead=said["joined"] == "instead")
    return _edit(request, version, definition_json(changed))


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_clause_remove(request: PageRequest, version_id: UUID, place: int) -> HttpResponse:
    version = find_version(request, version_id)
    condition = request.POST.get("condition", "")
    try:
        changed = without_condition(version.definition, place, int(condition) if condition.isdecimal() else None)
    except RuleError as error:
        messages.error(request, str(error))
        return redirect("definition_version", version.pk)
    return _edit(request, version, definition_json(changed))


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_rules(request: PageRequest, version_id: UUID) -> HttpResponse:
    version = find_version(request, version_id)
    form = RulesForm(request.POST)
    if not form.is_valid():
        return version_page(request, version, rules_form=form)
    return _edit(request, version, form.cleaned_data["rules"])


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_example_add(request: PageRequest, version_id: UUID) -> HttpResponse:
    version = find_version(request, version_id)
    form = ExampleForm(request.POST)
    if not form.is_valid():
        return version_page(request, version, example_form=form)
    examples = [*version.example_leads, form.example()]
    return _do(request, version, lambda: set_examples(version, examples, by=request.actor), "The example is kept.")


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_example_remove(request: PageRequest, version_id: UUID, place: int) -> HttpResponse:
    version = find_version(request, version_id)
    examples = [one for number, one in enumerate(version.example_leads) if number != place]
    return _do(request, version, lambda: set_examples(version, examples, by=request.actor), "The example is gone.")


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_propose(request: PageRequest, version_id: UUID) -> HttpResponse:
    version = find_version(request, version_id)
    done = "Proposed. Marketing and sales can sign it now."
    return _do(request, version, lambda: propose_definition(version, by=request.actor), done)


@allow(Permission.SIGN_FOR_MARKETING, Permission.SIGN_FOR_SALES)
@require_POST
def definition_sign(request: PageRequest, version_id: UUID, side: Side) -> HttpResponse:
    version = find_version(request, version_id)
    return _do(request, version, lambda: sign_definition(version, side, by=request.actor), f"Signed for {side}.")


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_put_in_force(request: PageRequest, version_id: UUID) -> HttpResponse:
    version = find_version(request, version_id)
    form = StartForm(request.POST)
    if not form.is_valid():
        return version_page(request, version, start_form=form)
    start, in_shadow = form.start, form.cleaned_data["in_shadow"]
    if in_shadow:
        done = (
            f"{version} is tried in the shadow for two weeks and then comes into force. Here differences are counted."
        )
    elif start is None or start <= timezone.now():
        done = f"{version} is in force: new leads are judged by it from now on."
    else:
        done = f"{version} comes into force by itself at the time you gave. Until then it can be withdrawn."
    review = form.cleaned_data["review_on"]
    return _do(
        request,
        version,
        lambda: put_in_force(version, starts_at=start, in_shadow=in_shadow, review_on=review, by=request.actor),
        done,
    )


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_restore(request: PageRequest, version_id: UUID) -> HttpResponse:
    version = find_version(request, version_id)
    done = f"{version} is in force again: new leads are judged by it from now on."
    return _do(request, version, lambda: restore_definition(version, by=request.actor), done)


@allow(Permission.EDIT_DEFINITION)
@require_POST
def definition_withdraw(request: PageRequest, version_id: UUID) -> HttpResponse:
    version = find_version(request, version_id)
    return _do(request, version, lambda: withdraw_definition(version, by=request.actor), f"{version} is withdrawn.")


def _edit(request: PageRequest, version: DefinitionVersion, rules: object) -> HttpResponse:
    def edit() -> None:
        edit_draft(version, rules, because=version.because, by=request.actor)

    return _do(request, version, edit, "Changed.")


def _do(request: PageRequest, version: DefinitionVersion, act: Callable[[], None], done: str) -> HttpResponse:
    """Act, and let the huddles that are open see it at once."""
    try:
        with transaction.atomic():
            act()
            follow_version(version, by=request.actor)
    except (DefinitionStateError, RuleError, NotAllowedError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("definition_version", version.pk)
