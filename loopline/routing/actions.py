"""What managers and people themselves decide about routing: rules and their order, teams, working hours, absences."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.routing.bench import bench_of, in_turn
from loopline.routing.calendar import read_week
from loopline.routing.models import Absence, DayOff, RoutingRule, Team, WorkingTime
from loopline.routing.working_time import public_holidays
from loopline.rules.errors import RuleError
from loopline.rules.read import read_rule

Target = RoutingRule.Target


@dataclass(frozen=True, slots=True)
class NewRule:
    name: str
    rules: object | None
    """A rule tree as JSON; None: the catch-all."""
    target: str
    person: User | None = None
    team: Team | None = None


@dataclass(frozen=True, slots=True)
class NewWorkingTime:
    time_zone: str
    week: tuple[str, ...]
    holidays_of: str
    leads_a_week: int
    most_a_day: int | None = None
    most_a_week: int | None = None


@transaction.atomic
def save_rule(unit: BusinessUnit, new: NewRule, *, rule: RoutingRule | None = None, by: Actor) -> RoutingRule:
    """A new rule at the end, or a changed one in its place. ValidationError says what is wrong."""
    _require(by, unit)
    take_turn()
    check_rule(unit, new)
    if rule is None:
        rule = _catch_all(unit) if new.rules is None else None
    if rule is None:
        last = RoutingRule.objects.filter(unit=unit).aggregate(last=Max("place"))["last"] or 0
        rule = RoutingRule(unit=unit, place=last + 1)
    if (rule.rules is None) != (new.rules is None) and not rule._state.adding:
        raise ValidationError("The catch-all fits every lead and stays the last one.")
    before = _said(rule)
    rule.name, rule.rules, rule.target = new.name.strip(), new.rules, new.target
    rule.person, rule.team = new.person, new.team
    rule.save()
    audit(by, "save_routing_rule", rule, before=before, after=_said(rule))
    return rule


def check_rule(unit: BusinessUnit, new: NewRule) -> None:
    """ValidationError for a rule that cannot be read or a target that cannot get leads of the unit."""
    if not new.name.strip():
        raise ValidationError({"name": "Give the rule a name; each lead that goes by it says so."})
    if new.rules is not None:
        try:
            read_rule(new.rules)
        except RuleError as error:
            raise ValidationError({"rules": str(error)}) from error
    if new.target == Target.PERSON:
        if new.person is None:
            raise ValidationError({"person": "Choose who gets these leads."})
        if not (new.person.actor.may(Permission.WORK_LEADS) and new.person.actor.covers_unit(unit.pk)):
            raise ValidationError({"person": f"{new.person.name} does not work leads of {unit}."})
    elif new.person is not None:
        raise ValidationError({"person": "Leave the person out, or let the leads go to one person."})
    if new.team is not None and (new.team.unit_id != unit.pk or new.target == Target.PERSON):
        raise ValidationError({"team": "Choose a team of this business unit, for turns or a queue."})
    if new.target == Target.QUEUE and not in_turn(
        bench_of(unit), {}, utc_now(), team_id=new.team.pk if new.team else None
    ):
        whose = f"the team {new.team.name}" if new.team else str(unit)
        raise ValidationError({"team": f"Nobody in {whose} takes leads, so nobody would take them out of this queue."})


@transaction.atomic
def remove_rule(rule: RoutingRule, *, by: Actor) -> None:
    """Leads that went by it keep its name. Without a catch-all of its own a unit hands to everybody in turn."""
    _require(by, rule.unit)
    take_turn()
    audit(by, "remove_routing_rule", rule, before=_said(rule))
    rule.delete()


@transaction.atomic
def raise_rule(rule: RoutingRule, *, by: Actor) -> None:
    """Ask this rule before the one that is now before it. The catch-all stays the last."""
    _require(by, rule.unit)
    take_turn()
    rules = list(RoutingRule.objects.filter(unit=rule.unit, rules__isnull=False).order_by("place", "pk"))
    place = next((number for number, one in enumerate(rules) if one.pk == rule.pk), 0)
    if place == 0:
        return
    rules[place - 1], rules[place] = rules[place], rules[place - 1]
    for number, one in enumerate(rules, 1):
        RoutingRule.objects.filter(pk=one.pk).update(place=number)
    audit(by, "raise_routing_rule", rule, order=[one.name for one in rules])


@transaction.atomic
def save_team(unit: BusinessUnit, name: str, members: Iterable[User], *, team: Team | None = None, by: Actor) -> Team:
    """ValidationError for a name that is taken and for members who do not work leads of the unit."""
    _require(by, unit)
    take_turn()
    chosen = list(members)
    if bad := [one for one in chosen if not (one.actor.may(Permission.WORK_LEADS) and one.actor.covers_unit(unit.pk))]:
        raise ValidationError({"members": f"{bad[0].name} does not work leads of {unit}."})
    team = team or Team(unit=unit)
    if not name.strip() or Team.objects.filter(unit=unit, name=name.strip()).exclude(pk=team.pk).exists():
        raise ValidationError({"name": "Give the team a name of its own."})
    team.name = name.strip()
    team.save()
    team.members.set(chosen)
    audit(by, "save_team", team, name=team.name, members=sorted(one.name for one in chosen))
    return team


@transaction.atomic
def remove_team(team: Team, *, by: Actor) -> None:
    """ValidationError while a rule sends leads to it."""
    _require(by, team.unit)
    take_turn()
    if rule := team.routing_rules.first():
        raise ValidationError(f"The rule “{rule.name}” sends leads to this team; change the rule first.")
    if team.leads.exists():
        raise ValidationError("Leads went through this team, so it stays; take its members out instead.")
    audit(by, "remove_team", team, name=team.name)
    team.delete()


@transaction.atomic
def set_working_time(user: User, new: NewWorkingTime, *, by: Actor) -> WorkingTime:
    """Somebody's own, or a colleague's by who assigns leads. Clocks that run already keep their moment."""
    _require_self(user, by)
    take_turn()
    found = WorkingTime.objects.filter(user=user).first()
    changes_capacity = (new.leads_a_week, new.most_a_day, new.most_a_week) != (
        (found.leads_a_week, found.most_a_day, found.most_a_week) if found else (WorkingTime().leads_a_week, None, None)
    )
    if changes_capacity and not by.may(Permission.ASSIGN_LEADS):
        raise ValidationError({"leads_a_week": "How many leads you take is agreed with your manager, who sets it."})
    _check_time(new)
    row = found or WorkingTime(user=user)
    for name, value in asdict(new).items():
        setattr(row, name, list(value) if name == "week" else value)
    row.save()
    audit(by, "set_working_time", user, **asdict(new))
    return row


def _check_time(new: NewWorkingTime) -> None:
    if new.time_zone and new.time_zone not in available_timezones():
        raise ValidationError({"time_zone": "There is no such time zone; choose one such as Europe/Oslo."})
    try:
        week = read_week(new.week)
    except ValueError as error:
        raise ValidationError({"week": str(error)}) from error
    if not any(week):
        raise ValidationError({"week": "Give at least one working day; for a longer leave write an absence."})
    if new.holidays_of:
        try:
            public_holidays(new.holidays_of)
        except ValueError as error:
            raise ValidationError({"holidays_of": str(error)}) from error
    if new.leads_a_week < 1:
        raise ValidationError({"leads_a_week": "At least one; whoever gets none is taken out under Users."})


@transaction.atomic
def add_absence(user: User, first_on: date, last_on: date, note: str = "", *, by: Actor) -> Absence:
    _require_self(user, by)
    take_turn()
    if last_on < first_on:
        raise ValidationError({"last_on": "The last day comes before the first one."})
    row = Absence.objects.create(user=user, first_on=first_on, last_on=last_on, note=note.strip()[:120])
    audit(by, "add_absence", user, first_on=first_on, last_on=last_on, note=row.note)
    return row


@transaction.atomic
def remove_absence(absence: Absence, *, by: Actor) -> None:
    _require_self(absence.user, by)
    take_turn()
    audit(by, "remove_absence", absence.user, first_on=absence.first_on, last_on=absence.last_on)
    absence.delete()


@transaction.atomic
def set_days_off(unit: BusinessUnit, days: dict[date, str], *, by: Actor) -> None:
    """The days on which the unit is closed, beside public holidays; those left out are working days again."""
    _require(by, unit)
    take_turn()
    DayOff.objects.filter(unit=unit).exclude(on__in=days).delete()
    for on, name in days.items():
        DayOff.objects.update_or_create(unit=unit, on=on, defaults={"name": name[:80]})
    audit(by, "set_days_off", unit, days={on.isoformat(): name for on, name in days.items()})


def _require(by: Actor, unit: BusinessUnit) -> None:
    by.require(Permission.ASSIGN_LEADS)
    if not by.covers_unit(unit.pk):
        raise NotAllowedError(f"{by.name} does not work for {unit}. Ask an administrator for that business unit.")


def _require_self(user: User, by: Actor) -> None:
    """One's own; or those of a colleague in one's units, for who assigns leads."""
    if str(user.pk) == by.id:
        return
    by.require(Permission.ASSIGN_LEADS)
    if not User.objects.visible_to(by).filter(pk=user.pk).exists():
        raise NotAllowedError(f"{user.name} works for none of your business units.")


def _catch_all(unit: BusinessUnit) -> RoutingRule | None:
    return RoutingRule.objects.filter(unit=unit, rules__isnull=True).first()


def _said(rule: RoutingRule) -> dict[str, object]:
    person: UUID | None = rule.person_id
    return {
        "name": rule.name, "rules": rule.rules, "target": rule.target, "person": person,
        "team": rule.team.name if rule.team else None,
    }  # fmt: skip
