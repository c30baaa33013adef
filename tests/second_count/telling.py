"""What the second count of a report is made of: records by row, and figures told of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from math import sqrt
from statistics import median
from typing import Any

from tests.second_count.books import Asked
from tests.second_count.closed_loop import TOTAL, Figures, Table

Record = dict[str, Any]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def table(records: Iterable[Record], tell: Callable[[list[Record]], Figures]) -> Table:
    """`row` of each record → what is told of the records of the row; all of them are the total."""
    by_row: dict[str, list[Record]] = defaultdict(list)
    every = []
    for record in records:
        by_row[record["row"]].append(record)
        every.append(record)
    return {row: tell(found) for row, found in by_row.items()} | {TOTAL: tell(every)}


def many(records: Iterable[Record], name: str) -> int:
    return sum(bool(record[name]) for record in records)


def money(records: Iterable[Record], name: str) -> int:
    return sum(record[name] or 0 for record in records)


def known_money(records: Iterable[Record], name: str) -> int | None:
    """None where of no record it is known."""
    found = [record[name] for record in records if record.get(name) is not None]
    return sum(found) if found else None


def percent(part: float | None, of: float | None) -> float | None:
    return None if not of or part is None else 100 * part / of


def each(amount: int | None, count: float | None) -> int | None:
    return None if amount is None or not count else round(amount / count)


def middle(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def nine_tenths(values: Sequence[float]) -> float | None:
    """Between the two nearest, in proportion."""
    if not values:
        return None
    ordered, at = sorted(values), 0.9 * (len(values) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def hours(start: datetime, end: datetime) -> float:
    return (end - start) / HOUR


def wilson(part: int, whole: int) -> tuple[float, float]:
    z, share = 1.959964, part / whole
    centre = share + z * z / (2 * whole)
    spread = z * sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def month_of(asked: Asked, moment: datetime) -> str:
    return asked.local_day(moment).replace(day=1).isoformat()


def week_of(asked: Asked, moment: datetime) -> str:
    day = asked.local_day(moment)
    return (day - day.weekday() * DAY).isoformat()
