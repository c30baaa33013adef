"""Whether the figures can be trusted: what would spoil them is said before anybody talks about them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.access.actor import SYSTEM
from loopline.access.books import books_for
from loopline.access.models import BusinessUnit
from loopline.attribution.state import VERDICT_STATE, is_machine, question, with_verdict
from loopline.facts.models import OutboxRow
from loopline.lib.times import local_day
from loopline.reports.balance import number
from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.engine import Engine, Value

BEHIND_AFTER = timedelta(minutes=10)
LOOK_BACK = timedelta(days=28)
LEAST_CONSENT = 0.5
"""Share of human events with an identifier below which paths are too thin to judge channels by."""
MOST_MACHINES = 0.4
MOST_UNATTRIBUTED = 0.25
LEAST_EVENTS = 100
"""Fewer say nothing about shares."""

_EVENTS = question(
    f"""
    SELECT count(*) AS events, count(*) FILTER (WHERE {is_machine()}) AS machines,
        count(*) FILTER (WHERE NOT {is_machine()} AND e.consent >= 2) AS known
    FROM events AS e {with_verdict()}
    WHERE e.recorded_at <= $as_of AND e.occurred_at >= $since AND e.occurred_at < $until AND e.unit_id = $unit
        AND e.source = 'browser'
    """,
    VERDICT_STATE,
)


@dataclass(frozen=True, slots=True)
class Spoilt:
    what: str
    text: str

    def to_json(self) -> dict[str, str]:
        return {"what": self.what, "text": self.text}


def spoilt_figures(unit: BusinessUnit, engine: Engine, at: datetime) -> list[Spoilt]:
    """What is wrong with the figures of a unit, the worst first. Raises StoreError when the store does not answer."""
    return [*_behind(at), *_events(unit, engine, at), *_unattributed(unit, engine, at)]


def _behind(at: datetime) -> Iterator[Spoilt]:
    waiting = OutboxRow.objects.filter(relayed_at__isnull=True, occurred_at__lt=at - BEHIND_AFTER)
    if count := waiting.count():
        yield Spoilt("Behind", f"{count:,} changes have not reached the figures for over ten minutes.")


def _events(unit: BusinessUnit, engine: Engine, at: datetime) -> Iterator[Spoilt]:
    params: dict[str, Value] = {"as_of": engine.horizon(), "since": at - LOOK_BACK, "until": at, "unit": str(unit.pk)}
    [row] = engine.rows(_EVENTS, params)
    events, machines, known = number(row["events"]), number(row["machines"]), number(row["known"])
    if events < LEAST_EVENTS:
        seen = f"Only {events:,} event{'s' if events > 1 else ''}" if events else "No events"
        yield Spoilt("Few visits" if events else "No visits", f"{seen} in the last 28 days. Is the tracker in place?")
        return
    people = events - machines
    if machines / events > MOST_MACHINES:
        yield Spoilt(
            "Machines", f"{100 * machines / events:.0f} % of 28 days' events are machines'; they are left out."
        )
    if people and known / people < LEAST_CONSENT:
        yield Spoilt(
            "Consent", f"Only {100 * known / people:.0f} % of people's events carry an identifier; paths are thin."
        )


def _unattributed(unit: BusinessUnit, engine: Engine, at: datetime) -> Iterator[Spoilt]:
    books = books_for(SYSTEM)
    today = local_day(at, books.zone)
    days = Options(first=today - timedelta(days=90), last=today, unit_ids=frozenset({str(unit.pk)}))
    balance = run_report("closed-loop", days, engine, books).dealt
    if balance.revenue_minor > 0 and balance.unattributed_minor / balance.revenue_minor > MOST_UNATTRIBUTED:
        share = balance.unattributed_minor / balance.revenue_minor
        text = f"{100 * share:.0f} % of the last 90 days' revenue is unattributed"
        yield Spoilt("Unattributed revenue", f"{text}: no touchpoint in the window may earn it.")
    if not balance.holds:
        yield Spoilt("Books", "The closed loop of the last 90 days does not balance.")
