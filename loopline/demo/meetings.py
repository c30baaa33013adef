"""Huddles of each unit, held through their own actions on the leads as they stood then, with what was seen of them."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import F

from loopline.access.models import BusinessUnit, Mail
from loopline.demo import world
from loopline.demo.ground import Ground
from loopline.huddles.actions import Said, close_huddle, dispose_lead, dispose_quiet, open_huddle
from loopline.huddles.bounds import GUARD_RAIL, REVERSAL, Bound
from loopline.huddles.decisions import Measure, NewDecision, add_decision, approve_decision, finish_decision
from loopline.huddles.homework import Given, answer_lead, ask_for_homework, leads_of
from loopline.huddles.models import Decision, Homework, Huddle, HuddleLead, HuddleSeries
from loopline.huddles.reviews import review_due
from loopline.huddles.series import SeriesPlan, start_series
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
    """Two huddles a unit: one long ago enough to bound the list of the other, which is the one to look at; and one with
    a partner, of months ago, whose decision has been reviewed since. The event store is the one in use."""
    leads = list(leads)
    tuesday = _tuesday_before(until - timedelta(days=2))
    for key, unit in ground.units.items():
        own = [lead for lead in leads if lead.unit == unit and lead.handed_over_at is not None]
        series = _weekly(ground, unit, tuesday - 2 * WEEK)
        decisions = DECISIONS if key == world.UNITS[0].key else AMERICAN_DECISIONS
        _hold(ground, series, own, tuesday - WEEK, ())
        _do_homework(own, tuesday)
        _hold(ground, series, own, tuesday, decisions)
    _hold_with_partner(ground, [lead for lead in leads if lead.handed_over_at], tuesday)
    review_due(at=until)
    # In the year simulated there was a mail server: what the meetings wrote was read long ago.
    Mail.objects.filter(created_at__lt=until - timedelta(hours=1)).update(
        claimed_at=F("created_at"), sent_at=F("created_at"), subject="", text="", html="", attachments=[]
    )


def _weekly(ground: Ground, unit: BusinessUnit, first: datetime) -> HuddleSeries:
    roster = tuple(unit.users.filter(is_active=True))
    plan = SeriesPlan(f"Weekly huddle · {unit.name}", first.date(), time(9, 30), roster)
    return start_series(unit, plan, by=ground.users["henrik@halden.example"].actor, at=first - WEEK)


def _do_homework(leads: list[Lead], tuesday: datetime) -> None:
    """The afternoon before, everybody is asked; every second one finds a great lead."""
    afternoon = tuesday - timedelta(hours=18)
    with _AsTheyStood(leads, afternoon):
        ask_for_homework(at=afternoon)
        asked = Homework.objects.filter(meeting_at=tuesday).select_related("user").order_by("user__name")
        for homework in asked[::2]:
            for lead in leads_of(homework, at=afternoon)[:1]:
                answer_lead(homework, lead, Given("great", "Exactly who we want more of."), at=afternoon)


def _hold_with_partner(ground: Ground, leads: list[Lead], tuesday: datetime) -> None:
    """What a partner and the unit agreed on four months ago, with the other unit as its control series."""
    unit, others = ground.units[world.UNITS[0].key], ground.units[world.UNITS[1].key]
    manager = ground.users["henrik@halden.example"].actor
    at = tuesday - 16 * WEEK
    campaign = ground.campaigns[world.UNITS[0].key, "nordwind"]
    roster = (ground.users["henrik@halden.example"], ground.users["mara@halden.example"])
    plan = SeriesPlan("Nordwind, every four weeks", at.date(), time(14), roster, 4, 20, "partner", campaign=campaign)
    series = start_series(unit, plan, by=manager, at=at - WEEK)
    with _AsTheyStood([lead for lead in leads if lead.unit == unit], at):
        huddle = open_huddle(unit, series=series, by=manager, at=at)
        _talk(huddle, ground, at)
        new = NewDecision(
            "Answer every hand-over within four business hours, partners' first",
            ground.users["jonas@halden.example"], (at + WEEK).date(), "More are answered in time.",
            "The share accepted does not fall.", "Fewer than half are accepted in a month.",
            Measure(
                "in_time", 10, Decision.Design.BEFORE_AFTER, control_unit=others,
                bounds=(Bound(GUARD_RAIL, "accepted", 60), Bound(REVERSAL, "accepted", 50)),
            ),
        )  # fmt: skip
        decision = add_decision(huddle, new, by=manager, at=at + timedelta(minutes=10))
        approve_decision(decision, "marketing", by=ground.users["mara@halden.example"].actor, at=at)
        approve_decision(decision, "sales", by=manager, at=at)
        close_huddle(huddle, by=manager, at=at + timedelta(minutes=20))
        finish_decision(decision, by=manager, at=at + timedelta(days=6))


def _tuesday_before(moment: datetime) -> datetime:
    """The last Tuesday, half past nine in the company's zone."""
    local = moment.astimezone(ZoneInfo(world.TIME_ZONE))
    day = local.date() - timedelta(days=(local.weekday() - 1) % 7)
    return datetime.combine(day, time(9, 30), ZoneInfo(world.TIME_ZONE))


def _hold(
    ground: Ground, series: HuddleSeries, leads: list[Lead], at: datetime, decisions: tuple[tuple[str, str, str], ...]
) -> None:
    manager = ground.users["henrik@halden.example"].actor
    with _AsTheyStood(leads, at):
        huddle = open_huddle(series.unit, series=series, by=manager, at=at)
        _talk(huddle, ground, at)
        for number, (text, owner, effect) in enumerate(decisions):
            new = NewDecision(text, ground.users[owner], (at + WEEK).date(), effect)
            decision = add_decision(huddle, new, by=manager, at=at + timedelta(minutes=20 + number))
            if number == 0 and len(decisions) > 1:
                finish_decision(decision, by=manager, at=at + timedelta(days=1))
        close_huddle(huddle, by=manager, at=at + timedelta(minutes=31))


def _talk(huddle: Huddle, ground: Ground, at: datetime) -> None:
    marketing = ground.users["mara@halden.example"].actor
    dispose_quiet(huddle, by=marketing, at=at)
    for entry in huddle.leads.filter(disposition="").select_related("lead"):
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
