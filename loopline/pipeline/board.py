"""The pipeline as a board: which opportunities are asked for, and what each stage holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from loopline.access.actor import Actor
from loopline.lib.money import Money
from loopline.pipeline.models import Opportunity

MOST_CARDS = 40
RECENT = timedelta(days=30)
STILL_AFTER = timedelta(days=14)
"""A deal that stands this long in its stage is asked about."""
SOON = timedelta(days=7)
CLOSING = {
    "soon": "within a week, or late",
    "overdue": "overdue",
    "month": "this month",
    "next-month": "next month",
    "quarter": "this quarter",
    "none": "no date",
}


@dataclass(frozen=True, slots=True)
class Filters:
    owner: UUID | None = None
    unit: UUID | None = None
    closing: str = ""
    """A key of CLOSING, or empty: whenever."""
    only_help: bool = False
    entered_before: datetime | None = None
    """Those that have been in their stage since before this moment."""


@dataclass(frozen=True, slots=True)
class Card:
    opportunity: Opportunity
    age: timedelta
    """Time in its stage."""
    is_overdue: bool
    """The day it was expected to close has passed."""

    @property
    def is_new(self) -> bool:
        return self.age < timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Column:
    stage: Opportunity.Stage
    count: int
    sums: tuple[Money, ...]
    """Sum of the amounts known, per currency."""
    without_amount: int
    cards: tuple[Card, ...]

    @property
    def more(self) -> int:
        return self.count - len(self.cards)


@dataclass(frozen=True, slots=True)
class Closed:
    """What was won or lost lately."""

    won: tuple[Opportunity, ...]
    lost: tuple[Opportunity, ...]
    won_count: int
    lost_count: int
    won_sums: tuple[Money, ...]


def asked_for(actor: Actor, filters: Filters, today: date) -> QuerySet[Opportunity]:
    """Opportunities the actor may see, open and closed, that pass the filters."""
    found = Opportunity.objects.visible_to(actor)
    if filters.owner is not None:
        found = found.filter(owner=filters.owner)
    if filters.unit is not None:
        found = found.filter(unit=filters.unit)
    if filters.only_help:
        found = found.filter(needs_help=True)
    if filters.entered_before is not None:
        found = found.filter(stage_entered_at__lt=filters.entered_before)
    if filters.closing == "none":
        found = found.filter(expected_close_on=None)
    elif filters.closing in CLOSING:
        first, after = closing_bounds(filters.closing, today)
        found = found.filter(expected_close_on__gte=first, expected_close_on__lt=after)
    return found


def closing_bounds(closing: str, today: date) -> tuple[date, date]:
    """The days [first, after) a key of CLOSING stands for."""
    month = today.replace(day=1)
    if closing == "overdue":
        return date.min, today
    if closing == "soon":
        return date.min, today + SOON + timedelta(days=1)
    if closing == "quarter":
        first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
        return first, _months_on(first, 3)
    first = month if closing == "month" else _months_on(month, 1)
    return first, _months_on(first, 1)


def columns(found: QuerySet[Opportunity], now: datetime, today: date) -> list[Column]:
    """One column per stage with its open opportunities, those that close first on top."""
    return [_column(stage, found.filter(outcome=Opportunity.Outcome.OPEN, stage=stage), now, today)
            for stage in Opportunity.Stage]  # fmt: skip


def lately_closed(found: QuerySet[Opportunity], now: datetime, shown: int = 5) -> Closed:
    closed = found.filter(closed_at__gte=now - RECENT, closed_at__lte=now).select_related("company")
    won = closed.filter(outcome=Opportunity.Outcome.WON).order_by("-closed_at")
    lost = closed.filter(outcome=Opportunity.Outcome.LOST).order_by("-closed_at")
    return Closed(tuple(won[:shown]), tuple(lost[:shown]), won.count(), lost.count(), _sums(won)[0])


def as_cards(opportunities: Iterable[Opportunity], now: datetime, today: date) -> tuple[Card, ...]:
    return tuple(
        Card(
            one,
            one.time_in_stage(now),
            one.is_open and one.expected_close_on is not None and one.expected_close_on < today,
        )
        for one in opportunities
    )


def _column(stage: Opportunity.Stage, here: QuerySet[Opportunity], now: datetime, today: date) -> Column:
    sums, count, without_amount = _sums(here)
    first = here.select_related("company", "owner").order_by("expected_close_on", "stage_entered_at", "pk")
    return Column(stage, count, sums, without_amount, as_cards(first[:MOST_CARDS], now, today))


def _sums(here: QuerySet[Opportunity]) -> tuple[tuple[Money, ...], int, int]:
    """(sum per currency, how many, how many without an amount)."""
    rows = (
        here.order_by()
        .values("currency")
        .annotate(sum=Sum("amount_minor"), all=Count("pk"), known=Count("amount_minor"))
    )
    sums = tuple(Money(row["sum"], row["currency"]) for row in rows if row["sum"] is not None)
    return sums, sum(row["all"] for row in rows), sum(row["all"] - row["known"] for row in rows)


def _months_on(first: date, months: int) -> date:
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
