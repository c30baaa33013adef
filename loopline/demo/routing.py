"""How the demo company routes leads: teams, rules, people's own hours, absences; and what the sides owe each other."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from loopline.access.models import BusinessUnit, User
from loopline.leads.disputes import ask_for_evidence, open_dispute
from loopline.leads.hand_off_models import HandOffTerms
from loopline.leads.models import Lead
from loopline.leads.reasons import FIELDS, NO_BUYERS
from loopline.routing.models import Absence, RoutingRule, Team, WorkingTime

State = Lead.State
_TEAMS = {
    "Central": ("europe", ("jonas@halden.example", "tomasz@halden.example")),
    "South": ("europe", ("ines@halden.example", "amelie@halden.example")),
}
_RULES = (
    ("europe", "German-speaking", ["DE"], "Central"),
    ("europe", "Romance countries", ["FR", "ES", "IT"], "South"),
)
_OFFICE, _FOUR_DAYS = ["9:00-17:00"] * 5 + ["", ""], ["9:00-18:00"] * 4 + ["", "", ""]
_HOURS = {
    "jonas@halden.example": ("Europe/Berlin", _OFFICE, "DE", 12),
    "ines@halden.example": ("Europe/Lisbon", _OFFICE, "PT", 10),
    "tomasz@halden.example": ("Europe/Warsaw", _OFFICE, "PL", 10),
    "amelie@halden.example": ("Europe/Paris", _FOUR_DAYS, "FR", 8),
    "dana@halden.example": ("America/New_York", _OFFICE, "US", 10),
    "marcus@halden.example": ("America/Chicago", _OFFICE, "US", 10),
    "priya@halden.example": ("America/Los_Angeles", _OFFICE, "US", 10),
}
_ABSENCES = (("tomasz@halden.example", 4, 11, "Skiing"), ("ines@halden.example", -40, -32, "Parental leave"))
"""Who, first and last day from the end of the year on, why."""


def set_up_routing(units: dict[str, BusinessUnit], users: dict[str, User], until: datetime) -> None:
    teams = {}
    for name, (unit_key, members) in _TEAMS.items():
        teams[name] = Team.objects.create(unit=units[unit_key], name=name)
        teams[name].members.set([users[email] for email in members])
    for place, (unit_key, name, countries, team) in enumerate(_RULES, 1):
        RoutingRule.objects.create(
            unit=units[unit_key], place=place, name=name, rules={"field": "person.country", "is": countries},
            target=RoutingRule.Target.TURNS, team=teams[team],
        )  # fmt: skip
    for email, (zone, week, public, capacity) in _HOURS.items():
        WorkingTime.objects.create(
            user=users[email], time_zone=zone, week=week, holidays_of=public, leads_a_week=capacity
        )
    for email, first, last, why in _ABSENCES:
        days = (until.date() + timedelta(days=first), until.date() + timedelta(days=last))
        Absence.objects.create(user=users[email], first_on=days[0], last_on=days[1], note=why)
    HandOffTerms.objects.create(unit=units["americas"], late_leads_go_back=True)


def give_detail(lead: Lead, number: int) -> None:
    """What its code asks for, from the buyer's number."""
    details: dict[str, dict[str, object]] = {
        Lead.Reason.UNREACHABLE: {"attempts": 3 + number % 3},
        Lead.Reason.BAD_DATA: {"field": list(FIELDS)[number % 3]},
        Lead.Reason.NOT_A_BUYER: {"kind": list(NO_BUYERS)[number % 3]},
        Lead.Reason.BELOW_DEFINITION: {"clause": lead.evidence[number % len(lead.evidence)]["clause"]},
    }
    lead.reason_detail = details.get(lead.reason, {})


def talk(leads: Iterable[Lead], users: dict[str, User], until: datetime) -> None:
    """The last words between the sides: a rejection that marketing disputes, and something that sales misses."""
    newest = sorted(leads, key=lambda lead: lead.created_at, reverse=True)
    mara, at = users["mara@halden.example"].actor, until - timedelta(hours=1)
    back = next(
        (one for one in newest if one.state == State.REJECTED and one.rejected_at and one.rejected_at < at), None
    )
    if back is not None:
        open_dispute(back, "They wrote again yesterday and asked for a price.", by=mara, at=at)
    waiting = [
        one for one in newest if one.state == State.HANDED_OVER and one.handed_over_at and one.handed_over_at < at
    ]
    open_ones = [lead for lead in waiting if lead.due_at and lead.due_at > until]
    if open_ones and open_ones[0].owner is not None:
        said = "Which of the meters is it about? The form does not say."
        ask_for_evidence(open_ones[0], said, by=open_ones[0].owner.actor, at=at)
