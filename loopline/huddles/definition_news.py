"""What becomes of a version of the definition elsewhere reaches the decision that proposed it, and the open screens.

A version can be signed on its own page, and comes into force there, after its two weeks in the shadow, or on its day.
`leads` knows no huddles; so this reads how the version stands now and brings the decision in line with it.
"""

from datetime import datetime

from django.db import transaction

from loopline.access.actor import SYSTEM, Actor
from loopline.access.audit import audit, take_turn
from loopline.huddles.changing import changed
from loopline.huddles.decisions import mark_done
from loopline.huddles.models import Decision, Huddle
from loopline.leads.models import DefinitionVersion
from loopline.lib.times import utc_now

IN_FORCE = DefinitionVersion.Status.IN_FORCE


@transaction.atomic
def follow_version(version: DefinitionVersion, *, by: Actor, at: datetime | None = None) -> None:
    """Who signed it has approved the decision; in force it is done, and measured from then on. Open huddles of the
    unit are told in any case: whoever looks at the version there sees it change."""
    at = at or utc_now()
    take_turn()
    for decision in Decision.objects.select_for_update(of=("self",)).filter(definition=version):
        decision.definition = version
        _approved_as_signed(decision, version, by, at)
        if version.status == IN_FORCE and decision.done_at is None:
            mark_done(decision, by=by, at=at)
    for huddle in Huddle.objects.filter(unit=version.unit_id, closed_at__isnull=True):
        changed(huddle)


def _approved_as_signed(decision: Decision, version: DefinitionVersion, by: Actor, at: datetime) -> None:
    """A signature of the version is the approval of its side; it is kept under the name of who signed."""
    sides = [
        side
        for side in ("marketing", "sales")
        if getattr(version, f"{side}_signature") and not getattr(decision, f"{side}_approval")
    ]
    for side in sides:
        setattr(decision, f"{side}_approval", getattr(version, f"{side}_signature"))
        audit(by, "approve_decision", decision, at=at, side=side, signed_by=getattr(version, f"{side}_signature"))
    if sides:
        decision.save(update_fields=["marketing_approval", "sales_approval"])


def follow_started(at: datetime | None = None) -> int:
    """Follow the versions that came into force by themselves; how many. A periodic job."""
    waiting = Decision.objects.filter(definition__status=IN_FORCE, done_at__isnull=True)
    versions = {one.definition for one in waiting.select_related("definition__unit") if one.definition is not None}
    for version in versions:
        follow_version(version, by=SYSTEM, at=at)
    return len(versions)
