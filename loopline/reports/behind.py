"""What is behind a figure of the closed-loop report: the records, touchpoints or cost lines that add up to it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from loopline.lib.times import from_micros
from loopline.reports import behind_sql as sql
from loopline.reports.balance import number
from loopline.reports.catalogue import REPORTS
from loopline.reports.dimension import DIMENSIONS, TOTAL, UNATTRIBUTED
from loopline.reports.learnt import learnt_model
from loopline.reports.metric import METRICS, Metric, Number, whole
from loopline.reports.naming import is_known_row
from loopline.reports.opened import MOST
from loopline.reports.options import Books, OptionError, Options, Scope
from loopline.reports.run import check_row, settle
from loopline.store.engine import Engine, Value

FIRST = slice(MOST)
"""What is listed unless more is asked for; the sum is over all of them."""

MOST_TOUCHES = 100
"""So many of one record are listed: a path may have a million."""

KINDS = {
    "leads": "lead",
    "qualified": "qualified",
    "converted": "lead",
    "opportunities": "opportunity",
    "won": "won",
    "revenue_minor": "revenue",
}
"""Which conversions are behind which figure."""


@dataclass(frozen=True, slots=True)
class Touch:
    event_id: str
    at: datetime
    channel: str
    code: str
    landing_path: str
    person_id: str
    credit: Number


@dataclass(slots=True)
class Record:
    """A lead or an opportunity, with what it adds to the figure and the touchpoints that earned it."""

    kind: str
    record_id: str
    unit_id: str
    at: datetime
    amount: Number
    credit: Number
    reason: str = ""
    """Why nothing earned it, for the unattributed."""
    touches: list[Touch] = field(default_factory=list)
    """At most MOST_TOUCHES, those that earned most, oldest first."""
    touch_count: int = 0
    """How many there are."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person or a stranger who touched the row."""

    person_id: str
    adds: int
    """What it adds to the figure."""
    sessions: int
    touches: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class CostLine:
    cost_id: str
    unit_id: str
    campaign_id: str
    first: date
    last: date
    amount_minor: int | None
    spent_minor: int | None
    """The part that falls into the period."""


@dataclass(slots=True)
class Behind:
    metric: Metric
    row: str
    scope: Scope
    total: Number
    count: int
    """How many there are, listed or not."""
    records: list[Record] = field(default_factory=list)
    visitors: list[Visitor] = field(default_factory=list)
    costs: list[CostLine] = field(default_factory=list)

    @property
    def leads(self) -> list[Record]:
        return [one for one in self.records if one.kind == "lead"]


def behind(row: str, metric: str, options: Options, engine: Engine, books: Books, listed: slice = FIRST) -> Behind:
    """What adds up to the figure `metric` of `row` (`~total` for the total), with those that are to be `listed`.

    Raises OptionError and StoreError.

    A ratio has nothing behind it of its own; its parts do (`Metric.parts`).
    """
    if metric not in METRICS:
        raise OptionError(f"There is no figure “{metric}”. Choose one of: {', '.join(METRICS)}.", "metric")
    found = Behind(METRICS[metric], row, settle(options, engine, books), None, 0)
    if metric in KINDS:
        _records(found, engine, listed)
    elif metric in {"sessions", "people"}:
        _visitors(found, engine, listed)
    elif metric == "cost_minor":
        _costs(found, engine, listed)
    naming = DIMENSIONS[found.scope.options.by].naming
    if not found.count and not is_known_row(naming, row, found.scope, engine):
        check_row(REPORTS["closed-loop"], row, options, engine, books)
    return found


def _records(found: Behind, engine: Engine, part: slice) -> None:
    scope, kind = found.scope, KINDS[found.metric.key]
    dimension = DIMENSIONS[scope.options.by]
    # What the report learnt is what has to be opened.
    model, learnt = learnt_model(scope, engine, *dict.fromkeys((*scope.options.kinds, kind)))
    values: dict[str, Value] = {
        **scope.params,
        **learnt,
        "row": found.row,
        "only_converted": found.metric.key == "converted",
    }
    in_count = kind != "revenue"
    is_period = scope.options.clock == "period"
    answers = []
    if found.row != UNATTRIBUTED:
        answers += engine.rows(sql.credited(dimension, model, scope.options, kind), values)
    if found.row in {UNATTRIBUTED, TOTAL} and is_period:
        answers += engine.rows(sql.unearned(dimension, model, scope.options, kind), values)
    answers.sort(key=lambda one: (-abs(number(one["credit"])), str(one["record_id"])))
    found.count = len(answers)
    total = sum(number(one["credit"]) for one in answers)
    found.total = whole(total) if in_count else total
    for one in answers[part]:
        amount, credit = number(one["amount"]), number(one["credit"])
        found.records.append(
            Record(
                kind="lead" if kind in {"lead", "qualified"} else "opportunity",
                record_id=str(one["record_id"]),
                unit_id=str(one["unit_id"]),
                at=from_micros(number(one["converted_us"])),
                amount=whole(amount) if in_count else amount,
                credit=whole(credit) if in_count else credit,
                reason=str(one["reason"]),
            )
        )
    _add_touches(found, engine, sql.touches(dimension, model, scope.options, kind), values, in_count)


def _add_touches(found: Behind, engine: Engine, question: str, values: Mapping[str, Value], in_count: bool) -> None:
    ids = [record.record_id for record in found.records if not record.reason]
    if not ids:
        return
    by_record: dict[str, list[Touch]] = defaultdict(list)
    counts: dict[str, int] = {}
    for row in engine.rows(question, {**values, "records": ids, "most": MOST_TOUCHES}):
        credit = number(row["credit"])
        counts[str(row["record_id"])] = number(row["of_record"])
        by_record[str(row["record_id"])].append(
            Touch(
                event_id=str(row["event_id"]),
                at=from_micros(number(row["touched_us"])),
                channel=str(row["channel"]),
                code=str(row["code"]),
                landing_path=str(row["landing_path"]),
                person_id=str(row["person_id"]),
                credit=whole(credit) if in_count else credit,
            )
        )
    for record in found.records:
        record.touches = by_record[record.record_id]
        record.touch_count = counts.get(record.record_id, 0)


def _visitors(found: Behind, engine: Engine, part: slice) -> None:
    dimension = DIMENSIONS[found.scope.options.by]
    values = {**found.scope.params, "row": found.row}
    rows = engine.rows(sql.visitors(dimension), values)
    people = [row for row in rows if row["person_id"] is not None and row["touches"]]
    listed: Sequence[dict[str, object]] = people if found.metric.key == "people" else rows
    found.total = len(people) if found.metric.key == "people" else sum(number(row["sessions"]) for row in rows)
    found.count = len(listed)
    for row in listed[part]:
        found.visitors.append(
            Visitor(
                person_id=str(row["person_id"] or ""),
                adds=1 if found.metric.key == "people" else number(row["sessions"]),
                sessions=number(row["sessions"]),
                touches=number(row["touches"]),
                last_at=from_micros(number(row["last_us"])),
            )
        )


def _costs(found: Behind, engine: Engine, part: slice) -> None:
    dimension = DIMENSIONS[found.scope.options.by]
    row = "" if found.row == UNATTRIBUTED else found.row
    rows = engine.rows(sql.cost_lines(dimension), {**found.scope.params, "row": row})
    known = [number(one["spent_minor"]) for one in rows if one["spent_minor"] is not None]
    found.total, found.count = (sum(known) if known else None), len(rows)
    for one in rows[part]:
        first, last = one["starts_on"], one["ends_on"]
        assert isinstance(first, date)
        assert isinstance(last, date)
        found.costs.append(
            CostLine(
                cost_id=str(one["id"]),
                unit_id=str(one["unit_id"]),
                campaign_id=str(one["campaign_id"]),
                first=first,
                last=last,
                amount_minor=None if one["reporting_minor"] is None else number(one["reporting_minor"]),
                spent_minor=None if one["spent_minor"] is None else number(one["spent_minor"]),
            )
        )
