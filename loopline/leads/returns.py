"""Recycled leads come back: on their date, or when the person does what was agreed on. A periodic job.

Coming back is a new episode of the same person, judged by the definition now in force and routed like any other. The
old one stays recycled and says what became of it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction

from loopline.access.actor import SYSTEM
from loopline.access.audit import audit
from loopline.access.models import Organisation
from loopline.leads.actions import create_lead, qualify_lead
from loopline.leads.changes import lock
from loopline.leads.clocks import note, stop
from loopline.leads.models import Lead, LeadQuerySet
from loopline.leads.states import LeadStateError
from loopline.lib.batches import batches
from loopline.lib.times import local_day, utc_now
from loopline.reports.visits.visitors import last_seen
from loopline.store.current import engine

TRIGGERS: dict[str, tuple[str, str]] = {
    "visit": ("they come back to the site", ""),
    "prices": ("they read the prices again", "/pricing"),
}
"""What can bring a lead back before its date: words, and how the path begins."""
AT_ONCE = 500
LastSeen = Callable[[Sequence[str], str, str], dict[str, datetime]]
"""People, business unit, beginning of a path → when each was last there."""


def bring_back(at: datetime | None = None, seen: LastSeen | None = None) -> int:
    """Bring back every recycled lead that is due; how many came. Raises StoreError when behaviour cannot be asked."""
    at = at or utc_now()
    today = local_day(at, Organisation.current().time_zone)
    due = list(waiting_to_return().filter(return_on__lte=today)[:AT_ONCE])
    came = sum(_return(lead, f"its date {lead.return_on} came", at) for lead in due)
    for key, (words, path) in TRIGGERS.items():
        waiting = list(waiting_to_return().filter(returns_when=key).select_related("person"))
        for some in batches(waiting, AT_ONCE):
            for lead in _those_who_came(some, path, seen or _seen):
                came += _return(lead, words, at)
    return came


def waiting_to_return() -> LeadQuerySet:
    return Lead.objects.filter(state=Lead.State.RECYCLED, returned_as=None).order_by("return_on", "pk")


def _those_who_came(leads: Sequence[Lead], path: str, seen: LastSeen) -> list[Lead]:
    """Leads whose person was there after the lead was recycled."""
    came = []
    for unit_id in {lead.unit_id for lead in leads}:
        of_unit = [lead for lead in leads if lead.unit_id == unit_id]
        last = seen([str(lead.person.canonical_id) for lead in of_unit], str(unit_id), path)
        for lead in of_unit:
            moment, since = last.get(str(lead.person.canonical_id)), _recycled_at(lead)
            if moment is not None and since is not None and moment > since:
                came.append(lead)
    return came


def _recycled_at(lead: Lead) -> datetime | None:
    step = lead.transitions.filter(to_state=Lead.State.RECYCLED, is_note=False).order_by("-at").first()
    return step.at if step else None


def _seen(people: Sequence[str], unit_id: str, path: str) -> dict[str, datetime]:
    return last_seen(engine(), people, unit_ids=(unit_id,), path=path, timeout_s=10)


def _return(lead: Lead, why: str, at: datetime) -> bool:
    """The new episode is judged after the write transaction, because the event store may take seconds to answer. One
    that a crash leaves unjudged is found by `rejudge`, as every new lead is."""
    again = _come_back(lead, why, at)
    if again is not None and again.state == Lead.State.NEW:
        with suppress(LeadStateError):  # somebody was faster
            qualify_lead(again, by=SYSTEM, at=at)
    return again is not None


@transaction.atomic
def _come_back(lead: Lead, why: str, at: datetime) -> Lead | None:
    """The lead as which it goes on; None when it is not waiting any more."""
    lock(lead)
    if lead.state != Lead.State.RECYCLED or lead.returned_as_id is not None:
        return None
    running = Lead.objects.running().filter(unit=lead.unit_id, person__in=lead.person.known_ids()).first()
    if running is None:
        reason = lead.get_reason_display().lower() or "recycled"
        again = create_lead(
            lead.person, lead.unit, origin=f"came back ({reason}): {why}", message=lead.message, by=SYSTEM, at=at
        )
    else:
        again = running
    lead.returned_as = again
    lead.save(update_fields=["returned_as"])
    for clock in lead.clocks.running():
        stop(clock, at)
    note(lead, f"Came back: {why}", SYSTEM, at)
    audit(SYSTEM, "return_lead", lead, at=at, why=why, again=str(again.pk))
    return again
