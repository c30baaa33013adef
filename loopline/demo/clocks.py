"""Clocks of both sides over the demo's year: what `leads.clocks` would have started and stopped, moment by moment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from loopline.access.models import User
from loopline.demo import world
from loopline.demo.ground import Ids
from loopline.facts.outbox import Fact
from loopline.leads.clock import due_at
from loopline.leads.clocks import due_by, finish, kind_for, owner_of, side_of
from loopline.leads.fact_rows import clock_row
from loopline.leads.hand_off_models import Clock, HandOffTerms
from loopline.leads.models import Lead
from loopline.routing.calendar import Calendar, office_hours

TALKED_ABOUT = timedelta(days=2)
"""What came back longer ago was talked about in the huddle: its clock counts from then."""


@dataclass
class ClockBulk:
    calendar: Callable[[str, User | None], Calendar]
    """Unit's key and owner → in whose hours a clock runs."""
    ids: Ids
    clocks: list[Clock] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    _running: dict[UUID, Clock] = field(default_factory=dict)

    def follow(self, lead: Lead, at: datetime) -> None:
        """As `leads.clocks.follow`: the clock of the state before stops, the one of the state now starts."""
        self.stop(lead, at)
        kind = kind_for(lead)
        if kind is None:
            return
        owner = owner_of(lead, kind)
        due = due_by(lead, kind, at, HandOffTerms(unit=lead.unit), self.calendar(lead.unit.key, owner), world.TIME_ZONE)
        clock = Clock(
            id=self.ids.at(at), unit_id=lead.unit_id, lead=lead, side=side_of(kind), kind=kind, owner=owner,
            started_at=at, due_at=due,
        )  # fmt: skip
        self.clocks.append(clock)
        self._running[lead.pk] = clock

    def stop(self, lead: Lead, at: datetime) -> None:
        clock = self._running.pop(lead.pk, None)
        if clock is not None:
            finish(clock, at)
            self._record(clock, at)

    def end_at(self, until: datetime) -> None:
        """The year is over: what ran out by then is a breach."""
        for clock in self._running.values():
            if clock.kind == Clock.Kind.REJECTION:
                talked = max(clock.started_at, until - TALKED_ABOUT)
                clock.due_at = due_at(talked, timedelta(hours=16), office_hours(world.TIME_ZONE))
            if clock.due_at < until:
                clock.breached_at = clock.due_at
                self._record(clock, clock.due_at)

    def _record(self, clock: Clock, at: datetime) -> None:
        self.facts.append(Fact("clock_facts", str(clock.pk), clock_row(clock), at))


def write_clocks(bulk: ClockBulk) -> None:
    Clock.objects.bulk_create(bulk.clocks, batch_size=1_000)
