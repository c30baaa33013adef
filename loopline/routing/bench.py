"""The salespeople of a business unit with their capacity, absences and teams, as turns are taken among them."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from loopline.access.models import BusinessUnit, Organisation, User
from loopline.access.roles import PERMISSIONS, Permission, Role
from loopline.lib.times import as_utc
from loopline.routing.calendar import Calendar
from loopline.routing.models import Absence, Team, WorkingTime
from loopline.routing.turns import A_WEEK, RECENT, Candidate
from loopline.routing.working_time import calendar_from, days_off

WORKING_ROLES = [role.value for role in Role if Permission.WORK_LEADS in PERMISSIONS[role]]
Given = Mapping[UUID, Sequence[datetime]]
"""User → the moments at which leads were handed to them, in order."""


@dataclass(frozen=True, slots=True)
class Member:
    user_id: UUID
    name: str
    takes_leads: bool
    calendar: Calendar
    capacity: int = A_WEEK
    most_a_day: int | None = None
    most_a_week: int | None = None
    absences: tuple[tuple[date, date], ...] = ()
    team_ids: frozenset[UUID] = frozenset()

    def away(self, at: datetime) -> str:
        """`away until 5 Dec`; empty for somebody who is there."""
        day = self.calendar.local_day(at)
        ends = [last for first, last in self.absences if first <= day <= last]
        return f"away until {max(ends).day} {max(ends):%b}" if ends else ""

    def candidate(self, given: Sequence[datetime], at: datetime) -> Candidate:
        until = bisect_right(given, at)
        began = as_utc(datetime.combine(self.calendar.local_day(at), time.min, ZoneInfo(self.calendar.zone)))
        return Candidate(
            self.user_id,
            self.name,
            recent=until - bisect_right(given, at - RECENT, hi=until),
            last_at=given[until - 1] if until else None,
            capacity=self.capacity,
            today=until - bisect_right(given, began - timedelta(microseconds=1), hi=until),
            most_a_day=self.most_a_day,
            most_a_week=self.most_a_week,
            away=self.away(at),
        )


def bench_of(unit: BusinessUnit) -> list[Member]:
    """Everybody in the unit who may work leads, by name."""
    users = list(User.objects.filter(units=unit, is_active=True, role__in=WORKING_ROLES).order_by("name", "pk"))
    times = WorkingTime.objects.in_bulk([user.pk for user in users])
    absences: dict[UUID, list[tuple[date, date]]] = defaultdict(list)
    for user_id, first, last in Absence.objects.filter(user__in=users).values_list("user", "first_on", "last_on"):
        absences[user_id].append((first, last))
    teams: dict[UUID, set[UUID]] = defaultdict(set)
    for team_id, user_id in Team.members.through.objects.filter(team__unit=unit).values_list("team_id", "user_id"):
        teams[user_id].add(team_id)
    closed, zone = days_off(unit), Organisation.current().time_zone
    return [
        member(
            user, times.get(user.pk), calendar_from(times.get(user.pk), closed, zone), absences[user.pk], teams[user.pk]
        )
        for user in users
    ]


def member(
    user: User,
    given: WorkingTime | None,
    calendar: Calendar,
    absences: Sequence[tuple[date, date]] = (),
    team_ids: set[UUID] | frozenset[UUID] = frozenset(),
) -> Member:
    return Member(
        user.pk,
        user.name,
        user.takes_leads,
        calendar,
        capacity=given.leads_a_week if given else A_WEEK,
        most_a_day=given.most_a_day if given else None,
        most_a_week=given.most_a_week if given else None,
        absences=tuple(absences),
        team_ids=frozenset(team_ids),
    )


def in_turn(
    bench: Sequence[Member], given: Given, at: datetime, *, person_id: UUID | None = None, team_id: UUID | None = None
) -> list[Candidate]:
    """Those a target of a rule means: one person, the members of a team, or all who take leads."""
    if person_id is not None:
        meant = [one for one in bench if one.user_id == person_id]
    else:
        meant = [one for one in bench if one.takes_leads and (team_id is None or team_id in one.team_ids)]
    return [one.candidate(given.get(one.user_id, ()), at) for one in meant]
