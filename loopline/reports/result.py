"""The answer of a report: columns with their formulas, rows, totals, the balance, and what to be careful about."""

from dataclasses import asdict, dataclass, field
from datetime import date, datetime

from loopline.reports.metric import Metric, Number
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.unusual import Unusual

NOTHING_HERE = "Nothing happened in this period: nothing of what this report counts is in the books of this time."


@dataclass(slots=True)
class Row:
    key: str
    label: str
    note: str = ""
    """The quiet second fact beside the label, such as a campaign's channel."""
    is_rest: bool = False
    """Not a value of the dimension: unmapped codes, other units, the unattributed."""
    values: dict[str, Number] = field(default_factory=dict)
    cost_note: str = ""
    """Why the cost of the row is incomplete; empty when it is not."""
    young_note: str = ""
    """Why it is too early to judge the row; empty when it is not."""
    mind: str = ""
    """What to be careful about with the row, where the warnings say it, too; files have it beside the row."""

    def to_json(self) -> dict[str, object]:
        return {
            "key": self.key,
            "label": self.label,
            "note": self.note,
            **self.values,
            "cost_incomplete": self.cost_note,
            "immature": self.young_note,
            "is_rest": self.is_rest,
            **({"mind": self.mind} if self.mind else {}),
        }


@dataclass(frozen=True, slots=True)
class Counted:
    """The balance of a run that is about one conversion, in records: the left side straight from them."""

    conversion: str
    records: int
    credited: Number
    unattributed: Number

    @property
    def holds(self) -> bool:
        return round((self.credited or 0) + (self.unattributed or 0), 6) == self.records


@dataclass(slots=True)
class Balance:
    """Both sides of the books. The left sides are summed straight from the records, the right sides from the ledger."""

    currency: str
    revenue_minor: int
    """Won revenue, summed from the opportunities themselves."""
    credited_minor: int
    unattributed_minor: int
    cost_minor: int
    """Actual cost of the period, summed from the cost lines themselves."""
    allocated_minor: int
    unallocated_minor: int
    credited_outside_minor: int = 0
    """Part of the credited that belongs to touchpoints outside the period (cohort clock)."""
    unattributed_reasons: dict[str, int] = field(default_factory=dict)
    """Unattributed revenue by reason."""
    counted: Counted | None = None
    """Where the run is about one conversion."""

    @property
    def holds(self) -> bool:
        return (
            self.credited_minor + self.unattributed_minor == self.revenue_minor
            and self.allocated_minor + self.unallocated_minor == self.cost_minor
            and (self.counted is None or self.counted.holds)
        )

    def to_json(self) -> dict[str, object]:
        return {"holds": self.holds, **asdict(self)}


@dataclass(frozen=True, slots=True)
class Check:
    """The rows added up, beside the same told another way: straight from the records."""

    what: str
    """`leads created in the period`"""
    records: int
    rows: int
    currency: str = ""
    """Of sums of money, in its minor units; "" where records are counted."""

    @property
    def holds(self) -> bool:
        return self.records == self.rows

    def to_json(self) -> dict[str, object]:
        return {"holds": self.holds, **asdict(self)}


@dataclass(slots=True)
class ReportResult:
    report: str
    title: str
    question: str
    by: str
    model: str
    clock: str
    first: date
    last: date
    as_of: datetime
    lookback_days: int | None
    metrics: list[Metric]
    rows: list[Row]
    totals: Row
    currency: str
    head: str
    """What a row is."""
    balance: Balance | None = None
    """Of a report that deals out credit and cost."""
    check: Check | None = None
    """Of a report that counts records."""
    unusual: list[Unusual] = field(default_factory=list)
    """Records behind it that are not as they should be, by kind."""
    warnings: list[str] = field(default_factory=list)
    """What else a reader has to be careful about."""
    machine_sessions: int = 0
    """Sessions of machines in the period, left out of every figure."""
    has_total: bool = True
    """False where a sum over the rows would mean nothing; the totals are empty then."""
    ripe: float | None = None
    """On the cohort clock: percent of the revenue to be expected of the period that has had time to be won."""
    is_young: bool = False
    """Too early to judge what touchpoints of the period bring."""
    counts: dict[str, object] = field(default_factory=dict)
    """What counts in this run, as asked: conversion, people, kinds of touchpoints, Direct, humans only."""
    over_time: Sparks | None = None
    """A figure of each row over the period, where it was told by the same question as the rows."""

    @property
    def dealt(self) -> Balance:
        """The balance of a report that deals out credit. Raises TypeError for one that does not."""
        if self.balance is None:
            raise TypeError(f"the report {self.report} deals out no credit")
        return self.balance

    def figure(self, row: str, metric: str) -> Number:
        """What a row or the total says; None for a row that it has not."""
        found = next((one for one in [*self.rows, self.totals] if one.key == row), None)
        return found.values.get(metric) if found else None

    @property
    def minds(self) -> list[str]:
        """Everything a reader has to be careful about, sentence by sentence."""
        nothing = [NOTHING_HERE] if self.is_empty else []
        return [*nothing, *(one.sentence for one in self.unusual), *self.warnings]

    @property
    def is_empty(self) -> bool:
        return not self.rows

    def to_json(self) -> dict[str, object]:
        return {
            "report": self.report,
            "title": self.title,
            "by": self.by,
            "as_of": self.as_of.isoformat(),
            "model": self.model,
            "clock": self.clock,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "lookback_days": self.lookback_days,
            **self.counts,
            "columns": [metric.told(self.currency, self.clock) for metric in self.metrics],
            "rows": [row.to_json() for row in self.rows],
            "totals": self.totals.to_json(),
            "has_total": self.has_total,
            "currency": self.currency,
            "head": self.head,
            "question": self.question,
            "balance": self.balance.to_json() if self.balance else None,
            "check": self.check.to_json() if self.check else None,
            "warnings": self.minds,
            "unusual": [one.to_json() for one in self.unusual],
            "machine_sessions_left_out": self.machine_sessions,
            "ripe_percent": self.ripe,
            "is_young": self.is_young,
        }
