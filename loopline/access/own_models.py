"""The organisation's own attribution models: saved as versions, each a fact, so that the past keeps its figures."""

import json

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import OwnModelVersion
from loopline.access.roles import Permission
from loopline.attribution.own_model import PREFIX, Plan, PlanError
from loopline.facts.outbox import record_fact

TABLE = "attribution_model_facts"
MOST = 20
"""Models in use at once: more than people can tell apart."""


def models_in_use() -> list[OwnModelVersion]:
    """The latest version of each model that was not removed, by name."""
    latest: dict[str, OwnModelVersion] = {}
    for version in OwnModelVersion.objects.order_by("key", "-number"):
        latest.setdefault(version.key, version)
    return sorted((one for one in latest.values() if not one.is_removed), key=lambda one: (one.name, one.key))


@transaction.atomic
def save_own_model(name: str, plan: Plan, *, key: str = "", by: Actor) -> OwnModelVersion:
    """A new model, or with `key` the next version of one. ValidationError for weights or a name that cannot be used."""
    by.require(Permission.EDIT_MODELS)
    take_turn()
    name = " ".join(name.split())[:60]
    try:
        plan.check()
    except PlanError as error:
        raise ValidationError(str(error)) from error
    before = OwnModelVersion.objects.filter(key=key).order_by("-number").first() if key else None
    if key and (before is None or before.is_removed):
        raise ValidationError("There is no such model any more.")
    used = models_in_use()
    if any(one.name.lower() == name.lower() and one.key != key for one in used):
        raise ValidationError({"name": "There is a model of this name already; choose another."})
    if before is None and len(used) >= MOST:
        raise ValidationError(f"There are {MOST} models already; remove one that is not needed any more.")
    return _keep(key or _new_key(name), name, plan, before, by)


def _new_key(name: str) -> str:
    stem = f"{PREFIX}{slugify(name).replace('-', '_')[:40]}"
    if stem == PREFIX:
        raise ValidationError({"name": "Choose a name with letters or digits."})
    taken = set(OwnModelVersion.objects.filter(key__startswith=stem).values_list("key", flat=True))
    names = [stem, *(f"{stem}_{number}" for number in range(2, len(taken) + 2))]
    return next(name for name in names if name not in taken)


def _keep(key: str, name: str, plan: Plan, before: OwnModelVersion | None, by: Actor) -> OwnModelVersion:
    number = before.number + 1 if before else 1
    version = OwnModelVersion.objects.create(
        key=key, number=number, name=name, plan=json.loads(plan.to_json()), sentence=plan.sentence, saved_by=by.name
    )
    record_fact(TABLE, key, own_model_row(version))
    audit(by, "saved attribution model", version, key=key, name=name, number=number, sentence=plan.sentence)
    return version


@transaction.atomic
def remove_own_model(key: str, *, by: Actor) -> None:
    """Reports as of an earlier moment still know it. ValidationError when there is no such model."""
    by.require(Permission.EDIT_MODELS)
    take_turn()
    last = OwnModelVersion.objects.filter(key=key).order_by("-number").first()
    if last is None or last.is_removed:
        raise ValidationError("There is no such model any more.")
    last.is_removed = True
    last.save(update_fields=["is_removed"])
    record_fact(TABLE, key, own_model_row(last), is_deleted=True)
    audit(by, "removed attribution model", last, key=key, name=last.name)


def own_model_row(version: OwnModelVersion) -> dict[str, object]:
    plan = Plan(**version.plan)
    return {"name": version.name, "number": version.number, "plan": plan.to_json(), "sentence": version.sentence}
