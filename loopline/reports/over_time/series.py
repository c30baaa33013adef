"""Revenue and cost over time: closed revenue by closing date, cost by its days, per slice of the period."""

from dataclasses import dataclass

from loopline.attribution.cost import COST_LINES, falls_into, spent
from loopline.attribution.state import OPPORTUNITY_STATE, question, visible
from loopline.lib.times import day_start
from loopline.reports.balance import number
from loopline.reports.options import Scope
from loopline.reports.periods import DAY, Period, slices
from loopline.store.engine import Engine, Value


@dataclass(frozen=True, slots=True)
class Point:
    period: Period
    revenue_minor: int
    cost_minor: int | None
    """What is known of it; None where lines fall into the slice and nothing of them has an exchange rate."""


def over_time(scope: Scope, engine: Engine) -> list[Point]:
    """Revenue closed and cost incurred per slice of the scope's period, whichever clock it uses. Raises StoreError.

    Slices that had not begun when the books were read are left out: nothing is known of them, which is not zero.
    """
    parts = [part for part in slices(scope.first, scope.last) if part.first <= max(scope.today, scope.first)]
    values: dict[str, Value] = {**scope.params}
    for place, part in enumerate(parts):
        values[f"first{place}"], values[f"last{place}"] = part.first, part.last
        values[f"at{place}"] = round(day_start(part.first, scope.books.zone).timestamp() * 1_000_000)
    values[f"at{len(parts)}"] = round(day_start(parts[-1].last + DAY, scope.books.zone).timestamp() * 1_000_000)
    [revenue] = engine.rows(_revenue(len(parts)), values)
    [cost] = engine.rows(_cost(len(parts)), values)
    return [
        Point(part, number(revenue[f"sum{place}"]), None if spent is None else number(spent))
        for place, (part, spent) in enumerate(zip(parts, cost.values(), strict=True))
    ]


def _revenue(count: int) -> str:
    sums = ", ".join(
        f"coalesce(sum(CASE WHEN epoch_us(closed_at) >= $at{place} AND epoch_us(closed_at) < $at{place + 1} "
        f"THEN reporting_minor END), 0) AS sum{place}"
        for place in range(count)
    )
    return question(
        f"SELECT {sums} FROM opportunity_state WHERE NOT is_deleted AND outcome = 'won' AND {visible('unit_id')}",
        OPPORTUNITY_STATE,
    )


def _cost(count: int) -> str:
    sums = ", ".join(f"{_cost_of(f'$first{place}', f'$last{place}')} AS sum{place}" for place in range(count))
    return question(f"SELECT {sums} FROM cost_lines WHERE {falls_into('$first', '$last')}", COST_LINES)


def _cost_of(first: str, last: str) -> str:
    """0 where no line falls into the slice, NULL where some do and none of them is known."""
    falls = falls_into(first, last)
    return (
        f"CASE WHEN count(CASE WHEN {falls} THEN 1 END) = 0 THEN 0"
        f" ELSE sum(CASE WHEN {falls} THEN {spent(first, last)} END) END"
    )
