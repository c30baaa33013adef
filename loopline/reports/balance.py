"""The left sides of the balance, told without the ledger: straight from the records, so that the balance can fail.

On purpose this shares no SQL with `attribution`: the latest versions are told `straight`, nothing is joined, and cost
lines that reach over an end of the period are cut day by day with `lib.money.deal_out`.
"""

from dataclasses import dataclass
from datetime import date

from loopline.attribution.state import visible
from loopline.lib.money import deal_out
from loopline.reports.options import Scope
from loopline.reports.straight import straight
from loopline.store.engine import Engine, Row

WON = f"""
SELECT coalesce(sum(reporting_minor), 0) AS revenue_minor
FROM {straight("opportunity_facts")} WHERE outcome = 'won' AND {visible("unit_id")}
    AND closed_at IS NOT NULL
    AND epoch_us(closed_at) >= $converted_from_us AND epoch_us(closed_at) < $converted_to_us
"""

COST = f"""
SELECT CASE WHEN starts_on >= $first AND ends_on <= $last THEN '' ELSE id END AS line,
    min(starts_on) AS starts_on, max(ends_on) AS ends_on, coalesce(sum(reporting_minor), 0) AS amount_minor
FROM {straight("cost_facts")} WHERE cost_kind = 'actual' AND {visible("unit_id")}
    AND starts_on <= $last AND ends_on >= $first
GROUP BY line
"""


_DATED = (
    "{date} IS NOT NULL AND epoch_us({date}) >= $converted_from_us AND epoch_us({date}) < $converted_to_us "
    f"AND {visible('unit_id')}"
)
_COUNTED = {
    "lead": ("lead_facts", "created_at", "TRUE"),
    "qualified": ("lead_facts", "qualified_at", "TRUE"),
    "opportunity": ("opportunity_facts", "created_at", "TRUE"),
    "won": ("opportunity_facts", "closed_at", "outcome = 'won'"),
}


def count_records(engine: Engine, scope: Scope) -> int | None:
    """How many records converted to what the run is about; None where it is about all kinds. Raises StoreError."""
    if not scope.options.conversion:
        return None
    table, date_column, which = _COUNTED[scope.options.conversion]
    [row] = engine.rows(
        f"SELECT count(*) AS records FROM {straight(table)} WHERE {_DATED.format(date=date_column)} AND {which}",
        scope.params,
    )
    return number(row["records"])


@dataclass(frozen=True, slots=True)
class Sums:
    revenue_minor: int
    cost_minor: int
    records: int | None = None
    """Of the conversion that the run is about."""


def sum_records(engine: Engine, scope: Scope) -> Sums:
    """Won revenue and actual cost of the scope. Raises StoreError."""
    [won] = engine.rows(WON, scope.params)
    lines = engine.rows(COST, scope.params)
    return Sums(
        revenue_minor=number(won["revenue_minor"]),
        cost_minor=sum(_within(line, scope) for line in lines),
        records=count_records(engine, scope),
    )


def _within(line: Row, scope: Scope) -> int:
    """How much of a line falls into the period; lines wholly inside come already summed, under one empty name."""
    if not line["line"]:
        return number(line["amount_minor"])
    starts_on, ends_on = line["starts_on"], line["ends_on"]
    assert isinstance(starts_on, date)
    assert isinstance(ends_on, date)
    by_day = deal_out(number(line["amount_minor"]), [1.0] * ((ends_on - starts_on).days + 1))
    return sum(by_day[max(0, (scope.first - starts_on).days) : (scope.last - starts_on).days + 1])


def number(value: object) -> int:
    """An integer of an answer; anything else is a broken question."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return value
