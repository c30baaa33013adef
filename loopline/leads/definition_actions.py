"""The life of a lead definition: draft, proposed, signed by both sides, in force, superseded."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from django.db import transaction
from django.db.models import Max

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.facts.outbox import record_fact
from loopline.leads.examples import MOST, Example, example_json, try_examples
from loopline.leads.fact_rows import definition_row
from loopline.leads.models import DefinitionVersion
from loopline.lib.times import utc_now
from loopline.rules.definition import definition_json, read_definition

SHADOW = timedelta(days=14)
Status = DefinitionVersion.Status
Side = Literal["marketing", "sales"]


class DefinitionStateError(ValueError):
    """The version cannot go there from where it is; the message is fit to show."""


@transaction.atomic
def draft_definition(
    unit: BusinessUnit,
    rules: object,
    *,
    examples: Sequence[Example] = (),
    because: str = "",
    by: Actor,
    at: datetime | None = None,
) -> DefinitionVersion:
    """A new version for the unit. Raises RuleError for rules that are none."""
    by.require(Permission.EDIT_DEFINITION)
    at = at or utc_now()
    definition = read_definition(rules)
    take_turn()
    unit = BusinessUnit.objects.select_for_update(no_key=True).get(pk=unit.pk)  # so that two drafts get two numbers
    last = DefinitionVersion.objects.filter(unit=unit).aggregate(last=Max("number"))["last"] or 0
    version = DefinitionVersion(
        unit=unit, number=last + 1, rules=definition_json(definition), sentence=definition.sentence, because=because,
        examples=[example_json(one) for one in examples], drafted_by_name=by.name, created_at=at,
    )  # fmt: skip
    _require_unit(by, version)
    version.save(force_insert=True)
    _record(version, "draft_definition", by, at, because=because)
    return version


@transaction.atomic
def edit_draft(
    version: DefinitionVersion, rules: object, *, because: str = "", by: Actor, at: datetime | None = None
) -> None:
    """Change the rules of a draft; what was proposed or signed is not changed any more."""
    by.require(Permission.EDIT_DEFINITION)
    definition = read_definition(rules)
    _lock(version, by)
    _require(version, {Status.DRAFT}, "changed")
    version.rules, version.sentence, version.because = definition_json(definition), definition.sentence, because
    version.save()
    _record(version, "edit_draft", by, at or utc_now(), because=because)


@transaction.atomic
def set_examples(
    version: DefinitionVersion, examples: Sequence[Example], *, by: Actor, at: datetime | None = None
) -> None:
    """Change the example leads of a draft. Raises DefinitionStateError for too many."""
    by.require(Permission.EDIT_DEFINITION)
    if len(examples) > MOST:
        raise DefinitionStateError(f"A definition has at most {MOST} examples. Remove one first.")
    _lock(version, by)
    _require(version, {Status.DRAFT}, "changed")
    version.examples = [example_json(one) for one in examples]
    version.save()
    _record(version, "set_definition_examples", by, at or utc_now(), examples=len(examples))


@transaction.atomic
def propose_definition(version: DefinitionVersion, *, by: Actor, at: datetime | None = None) -> None:
    """Put a draft before both sides. From here on its rules stay as they are.

    Raises DefinitionStateError when an example lead is not judged as it must be.
    """
    by.require(Permission.EDIT_DEFINITION)
    _lock(version, by)
    _require(version, {Status.DRAFT}, "proposed")
    _require_examples(version, at or utc_now())
    version.status = Status.PROPOSED
    version.save()
    _record(version, "propose_definition", by, at or utc_now())


@transaction.atomic
def sign_definition(version: DefinitionVersion, side: Side, *, by: Actor, at: datetime | None = None) -> None:
    """Agree for one side. With both signatures the version is agreed. One person cannot sign for both sides."""
    by.require(Permission.SIGN_FOR_MARKETING if side == "marketing" else Permission.SIGN_FOR_SALES)
    at = at or utc_now()
    _lock(version, by)
    _require(version, {Status.PROPOSED}, "signed")
    other = version.sales_signature if side == "marketing" else version.marketing_signature
    if other and other == by.name and by.id != "system":
        raise NotAllowedError(f"{by.name} signed for the other side already. A second person has to sign for {side}.")
    if side == "marketing":
        version.marketing_signature, version.marketing_signed_at = by.name, at
    else:
        version.sales_signature, version.sales_signed_at = by.name, at
    if version.is_signed_by_both:
        version.status = Status.AGREED
    version.save()
    _record(version, f"sign_for_{side}", by, at)


@transaction.atomic
def put_in_force(
    version: DefinitionVersion,
    *,
    starts_at: datetime | None = None,
    in_shadow: bool = False,
    review_on: date | None = None,
    by: Actor,
    at: datetime | None = None,
) -> None:
    """Leads are judged by it from `starts_at` on (now, when it is not given); the version that was in force is
    superseded then. Needs both signatures. A later start may be set anew until it has come. `in_shadow`: it starts two
    weeks from now at the earliest, and until then its page shows what it would do to the leads that come. On
    `review_on` the page asks whether it worked.
    """
    by.require(Permission.EDIT_DEFINITION)
    at = at or utc_now()
    _lock(version, by)
    _require(version, {Status.AGREED}, "put in force")
    version.review_on = review_on
    version.shadow_from = at if in_shadow else None
    if in_shadow:
        starts_at = max(starts_at or at, at + SHADOW)
    if starts_at is not None and starts_at > at:
        version.in_force_from = starts_at
        version.save()
        _record(version, "schedule_definition", by, at, starts_at=starts_at.isoformat())
        return
    _begin(version, by, at)


def start_due_definitions(*, by: Actor, at: datetime) -> int:
    """Put the agreed versions in force whose start has come; how many. A periodic job."""
    due = DefinitionVersion.objects.filter(status=Status.AGREED, in_force_from__lte=at).order_by("in_force_from")
    started = 0
    for version in due:
        with transaction.atomic():
            _lock(version, by)
            if version.starts_later:
                _begin(version, by, at)
                started += 1
    return started


@transaction.atomic
def restore_definition(version: DefinitionVersion, *, by: Actor, at: datetime | None = None) -> None:
    """Put a version that was in force before back in force: one click undoes a change that did not work.

    Both sides signed it then, so it needs no new signatures; the audit log says who brought it back.
    """
    by.require(Permission.EDIT_DEFINITION)
    at = at or utc_now()
    _lock(version, by)
    _require(version, {Status.SUPERSEDED}, "restored")
    if version.in_force_from is None or not version.is_signed_by_both:
        raise DefinitionStateError(f"Definition {version} was never in force. Draft it anew. Nothing was changed.")
    _begin(version, by, at, verb="restore_definition")


def _begin(version: DefinitionVersion, by: Actor, at: datetime, verb: str = "put_definition_in_force") -> None:
    for old in DefinitionVersion.objects.select_for_update().filter(unit=version.unit, status=Status.IN_FORCE):
        old.status = Status.SUPERSEDED
        old.save()
        _record(old, "supersede_definition", by, at, followed_by=str(version))
    version.status, version.in_force_from = Status.IN_FORCE, at
    version.save()
    _record(version, verb, by, at)


@transaction.atomic
def withdraw_definition(version: DefinitionVersion, *, by: Actor, at: datetime | None = None) -> None:
    """Take back what was never in force; it stays in the history."""
    by.require(Permission.EDIT_DEFINITION)
    _lock(version, by)
    _require(version, {Status.DRAFT, Status.PROPOSED, Status.AGREED}, "withdrawn")
    version.status, version.in_force_from = Status.SUPERSEDED, None
    version.save()
    _record(version, "withdraw_definition", by, at or utc_now())


def _require_examples(version: DefinitionVersion, at: datetime) -> None:
    wrong = [one for one in try_examples(version.definition, version.example_leads, at) if not one.is_right]
    if wrong:
        told = "; ".join(
            f"“{one.example.name}” {'must' if one.example.passes else 'must not'} pass ({one.why})" for one in wrong
        )
        raise DefinitionStateError(f"{version} is not proposed, because its examples are judged wrongly: {told}.")


def _lock(version: DefinitionVersion, by: Actor) -> None:
    take_turn()
    version.refresh_from_db(from_queryset=DefinitionVersion.objects.select_for_update())
    _require_unit(by, version)


def _require_unit(by: Actor, version: DefinitionVersion) -> None:
    if not by.covers_unit(version.unit_id):
        raise NotAllowedError(f"{by.name} does not work for {version.unit}.")


def _require(version: DefinitionVersion, allowed: set[Status], verb: str) -> None:
    if version.status not in allowed:
        raise DefinitionStateError(
            f"Definition {version} is {version.status_label} and cannot be {verb}. Nothing was changed."
        )


def _record(version: DefinitionVersion, verb: str, by: Actor, at: datetime, **detail: object) -> None:
    audit(by, verb, version, at=at, number=version.number, status=version.status, **detail)
    record_fact("definition_facts", str(version.pk), definition_row(version), occurred_at=at)
