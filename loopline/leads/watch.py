"""Nothing falls through: clocks that ran out are written down, late leads go back, and no lead is left adrift.

A lead is adrift when nobody has it and nothing is owed for it. Actions never leave one behind; one that came by another
way (an import, an older version) gets its clock here. `adrift` is what the doctor and the Today page show.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from loopline.access.actor import SYSTEM, Actor
from loopline.access.audit import take_turn
from loopline.leads.changes import lock
from loopline.leads.clocks import JUDGED_AGAIN_FOR, breach, kind_for, side_of, start, stop, terms_of
from loopline.leads.hand_off_models import Clock
from loopline.leads.hand_over import to_queue
from loopline.leads.models import RUNNING, Lead, LeadQuerySet
from loopline.lib.times import utc_now

State = Lead.State
PATIENCE = timedelta(minutes=1)
"""How long a lead may be without owner and clock."""
AT_ONCE, MANY = 500, 20_000


@dataclass(frozen=True, slots=True)
class Watched:
    mended: int
    breached: int
    gone_back: int


def watch(at: datetime | None = None) -> Watched:
    """A periodic job, at least twice a minute."""
    at = at or utc_now()
    mended = _let_ripen(at) + sum(_start_missing(lead.pk, at) for lead in without_clock()[:AT_ONCE])
    ended = Clock.objects.running().filter(lead__state__in=[State.CONVERTED, State.DISQUALIFIED])
    mended += sum(_stop_needless(pk, at) for pk in list(ended.values_list("pk", flat=True)[:AT_ONCE]))
    over = Clock.objects.ticking().filter(breached_at=None, due_at__lt=at).order_by("due_at")
    breached = [pk for pk in list(over.values_list("pk", flat=True)[:AT_ONCE]) if _breach(pk, at)]
    return Watched(mended, len(breached), sum(map(bool, _send_back_late(at))))


def without_clock() -> LeadQuerySet:
    """Leads that wait for somebody and have no running clock."""
    running = Clock.objects.running().filter(lead=OuterRef("pk"))
    owed = [State.NEW, State.MARKETING_QUALIFIED, State.HANDED_OVER, State.REJECTED]
    due_to_return = Q(state=State.RECYCLED, return_on__isnull=False, returned_as=None)
    return Lead.objects.filter(Q(state__in=owed) | due_to_return).exclude(Exists(running))


def adrift(actor: Actor, now: datetime | None = None) -> LeadQuerySet:
    """Running leads, and those that came back, which for more than a minute have had neither an owner nor a clock."""
    longer = (now or utc_now()) - PATIENCE
    nobody = Q(owner=None) | Q(state__in=[State.NEW, State.MARKETING_QUALIFIED, State.REJECTED])
    moved_lately = Q(transitions__at__gt=longer, transitions__is_note=False)
    found = without_clock().filter(nobody, state__in=[*RUNNING, State.REJECTED], created_at__lt=longer)
    return found.exclude(pk__in=Lead.objects.filter(moved_lately).values("pk")).visible_to(actor)


def _let_ripen(at: datetime) -> int:
    """Clocks of new leads that have none, many at once: an import brings them by the hundred thousand."""
    count = 0
    while new := list(without_clock().filter(state=State.NEW).values_list("pk", "unit_id")[:MANY]):
        with transaction.atomic():
            take_turn()
            Clock.objects.bulk_create(
                (
                    Clock(
                        lead_id=lead_id, unit_id=unit_id, side=side_of(Clock.Kind.RIPEN), kind=Clock.Kind.RIPEN,
                        started_at=at, due_at=at + JUDGED_AGAIN_FOR,
                    )
                    for lead_id, unit_id in new
                ),
                ignore_conflicts=True,
                batch_size=1_000,
            )  # fmt: skip
        count += len(new)
    return count


@transaction.atomic
def _start_missing(lead_id: UUID, at: datetime) -> bool:
    take_turn()
    lead = Lead.objects.select_for_update().get(pk=lead_id)
    kind = kind_for(lead)
    if kind is None or lead.clocks.running().filter(kind=kind).exists():
        return False
    start(lead, kind, at)  # from now on: nobody could be late for what they were not asked
    return True


@transaction.atomic
def _stop_needless(clock_id: UUID, at: datetime) -> bool:
    """A lead that ended by another way than its actions, such as the undo of an import, owes nothing any more."""
    take_turn()
    clock = Clock.objects.select_for_update().get(pk=clock_id)
    if clock.stopped_at is None:
        stop(clock, at)
    return True


@transaction.atomic
def _breach(clock_id: UUID, at: datetime) -> bool:
    take_turn()
    clock = Clock.objects.select_for_update().get(pk=clock_id)
    if clock.stopped_at or clock.paused_at or clock.breached_at or clock.due_at >= at:
        return False
    breach(clock, at)
    return True


def _send_back_late(at: datetime) -> Iterable[bool]:
    """Leads whose owner did not answer in time go back to their queue, where the unit's terms say so."""
    late = Clock.objects.ticking().filter(kind=Clock.Kind.ANSWER, breached_at__isnull=False)
    for clock in late.filter(unit__terms__late_leads_go_back=True).select_related("lead")[:AT_ONCE]:
        yield _send_back(clock.lead, at)


@transaction.atomic
def _send_back(lead: Lead, at: datetime) -> bool:
    lock(lead)
    if lead.state != State.HANDED_OVER or lead.is_pooled or not terms_of(lead.unit).late_leads_go_back:
        return False
    name, hours = lead.owner.name if lead.owner else "nobody", lead.unit.accept_within_hours
    to_queue(lead, f"{name} did not answer within {hours} business hours", by=SYSTEM, at=at)
    return True
