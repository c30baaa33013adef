"""Which leads a huddle talks about, in which order, and what is frozen of each when it opens."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from loopline.access.models import BusinessUnit
from loopline.huddles.models import Huddle, HuddleLead
from loopline.leads.models import Lead
from loopline.lib.times import utc_now

FIRST_LOOK_BACK = timedelta(days=7)
"""How far back the first huddle of a unit looks."""


def last_huddle(unit: BusinessUnit) -> Huddle | None:
    return Huddle.objects.filter(unit=unit).order_by("-opened_at").first()


def since(unit: BusinessUnit, at: datetime | None = None) -> datetime:
    """From when on hand-overs belong to the next huddle: the opening of the last one."""
    last = last_huddle(unit)
    return last.opened_at if last else (at or utc_now()) - FIRST_LOOK_BACK


def carried_over(unit: BusinessUnit) -> list[Lead]:
    """Leads the last huddle did not get to."""
    last = last_huddle(unit)
    if last is None:
        return []
    left = HuddleLead.objects.filter(huddle=last, disposition="").select_related(
        "lead__person__company", "lead__owner", "lead__definition"
    )
    return [entry.lead for entry in left]


def leads_to_discuss(unit: BusinessUnit, at: datetime) -> list[tuple[Lead, bool]]:
    """Leads of the next huddle with whether they were carried over: those first, then what most needs talking about."""
    carried = carried_over(unit)
    new = (
        Lead.objects.filter(unit=unit, handed_over_at__gte=since(unit, at), handed_over_at__lt=at)
        .exclude(pk__in=[lead.pk for lead in carried])
        .select_related("person__company", "owner", "definition")
    )
    in_order = sorted(new, key=lambda lead: (_urgency(lead, at), lead.handed_over_at or at, lead.pk))
    return [(lead, True) for lead in carried] + [(lead, False) for lead in in_order]


def _urgency(lead: Lead, at: datetime) -> int:
    """0 is talked about first: help wanted, clock run out in silence, sent back, still waiting, in work, converted."""
    if lead.help_asked_at and lead.state in {Lead.State.HANDED_OVER, Lead.State.ACCEPTED}:
        return 0
    if lead.state == Lead.State.HANDED_OVER and is_overdue(lead, at):
        return 1
    order = [Lead.State.REJECTED, Lead.State.HANDED_OVER, Lead.State.RECYCLED, Lead.State.DISQUALIFIED,
             Lead.State.ACCEPTED, Lead.State.CONVERTED]  # fmt: skip
    return 2 + order.index(Lead.State(lead.state)) if lead.state in order else 2 + len(order)


def is_overdue(lead: Lead, at: datetime) -> bool:
    """The clock ran out without an answer, or the answer came after it had."""
    if lead.due_at is None:
        return False
    return lead.due_at < (answered_at(lead) or at)


def answered_at(lead: Lead) -> datetime | None:
    """When sales first said yes or no to the last hand-over."""
    answers: Sequence[datetime] = [moment for moment in (lead.accepted_at, lead.rejected_at) if moment]
    return min(answers, default=None)


def frozen(lead: Lead, at: datetime, *, is_carried_over: bool) -> dict[str, object]:
    """What everybody looks at during the huddle, as it was when it opened."""
    person, answered = lead.person, answered_at(lead)
    return {
        "person": person.display_name,
        "job_title": person.job_title,
        "company": person.company.name if person.company else "",
        "origin": lead.origin,
        "message": lead.message,
        "state": lead.state,
        "state_label": lead.state_label,
        "owner": lead.owner.name if lead.owner else "",
        "reason": lead.get_reason_display() if lead.reason else "",
        "reason_note": lead.reason_note,
        "help_note": lead.help_note,
        "definition": lead.definition.in_words if lead.definition else "",
        "evidence": lead.evidence,
        "handed_over_at": _iso(lead.handed_over_at),
        "due_at": _iso(lead.due_at),
        "answered_at": _iso(answered),
        "is_overdue": is_overdue(lead, at),
        "is_carried_over": is_carried_over,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
