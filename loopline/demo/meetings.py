"""Last week's huddle of each unit, held through its own actions on the leads as they stood then."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from loopline.demo import world
from loopline.demo.ground import Ground
from loopline.huddles.actions import (
    NewDecision,
    Said,
    add_decision,
    close_huddle,
    dispose_lead,
    finish_decision,
    open_huddle,
)
from loopline.huddles.models import Huddle, HuddleLead
from loopline.leads.models import Lead

State, Disposition = Lead.State, HuddleLead.Disposition
WEEK = timedelta(days=7)
DECISIONS = (
    ("Call demo requests from companies over 200 people within one hour", "jonas@halden.example",
     "More of them accepted, fewer unreachable."),
    ("Move a fifth of the LinkedIn budget to calibration search until the next huddle", "mara@halden.example",
     "Cost per opportunity of paid social falls below €2,000."),
)  # fmt: skip
AMERICAN_DECISIONS = (
    (
        "Ask for the phone number on the demo form",
        "mara@halden.example",
        "Half as many leads sent back as unreachable.",
    ),
)
SAID = {
    State.ACCEPTED: Disposition.GOOD,
    State.CONVERTED: Disposition.GOOD,
    State.HANDED_OVER: Disposition.NO_CONTACT,
    State.REJECTED: Disposition.TOO_EARLY,
    State.RECYCLED: Disposition.TOO_EARLY,
}


def hold_huddles(ground: Ground, leads: Iterable[Lead], until: datetime) -> None:
    """Two huddles a unit: one long ago enough to bound the list of the other, which is the one to look at."""
    leads = list(leads)
    for key, unit in ground.units.items():
        own = [lead for lead in leads if lead.unit == unit and lead.handed_over_at is not None]
        tuesday = _tuesday_before(until - timedelta(days=2))
        decisions = DECISIONS if key == world.UNITS[0].key else AMERICAN_DECISIONS
        _hold(ground, key, own, tuesday - WEEK, ())
        _hold(ground, key, own, tuesday, decisions)


def _tuesday_before(moment: datetime) -> datetime:
    """The last Tuesday, half past nine in the company's zone."""
    local = moment.astimezone(ZoneInfo(world.TIME_ZONE))
    day = local.date() - timedelta(days=(local.weekday() - 1) % 7)
    return datetime.combine(day, time(9, 30), ZoneInfo(world.TIME_ZONE))


def _hold(
    ground: Ground, unit_key: str, leads: list[Lead], at: datetime, decisions: tuple[tuple[str, str, str], ...]
) -> None:
    manager = ground.users["henrik@halden.example"].actor
    with _AsTheyStood(leads, at):
        huddle = open_huddle(ground.units[unit_key], by=manager, at=at)
        _talk(huddle, ground, at)
        for number, (text, owner, effect) in enumerate(decisions):
            new = NewDecision(text, ground.users[owner], (at + WEEK).date(), effect)
            decision = add_decision(huddle, new, by=manager, at=at + timedelta(minutes=20 + number))
            if number == 0 and len(decisions) > 1:
                finish_decision(decision, by=manager, at=at + timedelta(days=1))
        close_huddle(huddle, by=manager, at=at + timedelta(minutes=31))


def _talk(huddle: Huddle, ground: Ground, at: datetime) -> None:
    marketing = ground.users["mara@halden.example"].actor
    for entry in huddle.leads.select_related("lead"):
        state = State(entry.lead.state)
        if entry.lead.reason == Lead.Reason.BELOW_DEFINITION:
            said = Said(Disposition.BELOW_DEFINITION, "Read the guide, never asked for anything.")
        else:
            said = Said(SAID.get(state, Disposition.GOOD))
        dispose_lead(entry, said, by=marketing, at=at + timedelta(seconds=20 * entry.place))


class _AsTheyStood:
    """For the time of a huddle the leads are as they were then; afterwards as they are."""

    def __init__(self, leads: list[Lead], at: datetime) -> None:
        self._leads = [lead for lead in leads if lead.handed_over_at and at - 3 * WEEK < lead.handed_over_at]
        self._at = at

    def __enter__(self) -> None:
        for lead in self._leads:
            Lead.objects.filter(pk=lead.pk).update(**_as_of(lead, self._at))

    def __exit__(self, *_error: object) -> None:
        names = ["state", "owner", "accepted_at", "rejected_at", "converted_at", "reason", "handed_over_at", "due_at"]
        Lead.objects.bulk_update(self._leads, names, batch_size=200)


def _as_of(lead: Lead, at: datetime) -> dict[str, object]:
    """What the fields of a lead said at a moment."""
    handed_over, accepted, rejected, converted = (
        moment if moment is not None and moment <= at else None
        for moment in (lead.handed_over_at, lead.accepted_at, lead.rejected_at, lead.converted_at)
    )
    state = State.NEW
    for reached, name in (
        (handed_over, State.HANDED_OVER), (accepted, State.ACCEPTED), (rejected, State.REJECTED),
        (converted, State.CONVERTED),
    ):  # fmt: skip
        state = name if reached else state
    return {
        "state": state,
        "handed_over_at": handed_over,
        "accepted_at": accepted,
        "rejected_at": rejected,
        "converted_at": converted,
        "reason": lead.reason if rejected else "",
    }
