"""Saved views: a report with its options under a name, one's own or shared with a business unit."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.reporting.models import SavedView

MOST = 100
"""So many views one person keeps."""


@transaction.atomic
def save_view(
    name: str, report: str, options: Mapping[str, str], *, unit: BusinessUnit | None = None, by: Actor
) -> SavedView:
    """The view under this name; one's own of the same name and report is replaced."""
    by.require(Permission.SEE_REPORTS)
    take_turn()
    name = " ".join(name.split())[:100]
    if not name:
        raise ValidationError({"name": "Give it a name that you will know again."})
    if unit is not None and not by.covers_unit(unit.pk):
        raise NotAllowedError("You do not work for that business unit.")
    owner = User.objects.get(pk=by.id)
    if owner.saved_views.count() >= MOST:
        raise ValidationError(f"You keep {MOST} views already. Forget one first.")
    view, _ = SavedView.objects.update_or_create(
        owner=owner, name=name, report=report, defaults={"options": dict(options), "unit": unit}
    )
    audit(by, "save_view", view, name=name, report=report, options=view.options, shared_with=str(unit or ""))
    return view


@transaction.atomic
def forget_view(view: SavedView, *, by: Actor) -> None:
    """Only its owner, or an administrator: others may use it."""
    take_turn()
    if str(view.owner_id) != by.id and not by.may(Permission.ADMINISTER):
        raise NotAllowedError(f"It belongs to {view.owner.name}. Ask them, or save one of your own.")
    audit(by, "forget_view", view, name=view.name, report=view.report)
    view.delete()
