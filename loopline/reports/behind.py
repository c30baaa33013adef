"""What is behind a figure of the closed-loop report: the records, touchpoints or cost lines that add up to it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from loopline.attribution.model import Model
from loopline.lib.times import from_micros
from loopline.reports import behind_sql as sql
from loopline.reports.balance import number
from loopline.reports.catalogue import REPORTS
from loopline.reports.dimension import DIMENSIONS, TOTAL, UNATTRIBUTED
from loopline.reports.learnt import learnt_model
from loopline.reports.metric import METRICS, Metric, Number, whole
from loopline.reports.naming import is_known_row
from loopline.reports.opened import MOST, Item
from loopline.reports.options import Books, OptionError, Options, Scope
from loopline.reports.run import check_row, settle
from loopline.store.engine import Engine, Row, Value

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


def items_behind(row: str, metric: str, scope: Scope, engine: Engine) -> list[Item]:
    """All records that add up to the figure, without what earned them. Raises OptionError and StoreError."""
    if metric in KINDS:
        kind = KINDS[metric]
        found = _conversions(row, metric, scope, engine).answers
        return [
            Item(_record_kind(kind), str(one["record_id"]), from_micros(number(one["converted_us"])),
                 _counted(one["credit"], kind))
            for one in found
        ]  # fmt: skip
    if metric in {"sessions", "people"}:
        return [
            Item("person" if one.person_id else "strangers", one.person_id, one.last_at, one.adds)
            for one in _who(row, metric, scope, engine)
        ]
    return [Item("cost", str(one["id"]), None, _spent(one)) for one in _cost_lines(row, scope, engine)]


@dataclass(frozen=True, slots=True)
class _Conversions:
    model: Model
    values: Mapping[str, Value]
    """Of the questions of them."""
    answers: list[Row]
    """With their credit, the largest first."""


def _conversions(row: str, metric: str, scope: Scope, engine: Engine) -> _Conversions:
    kind, dimension = KINDS[metric], DIMENSIONS[scope.options.by]
    # What the report learnt is what has to be opened.
    model, learnt = learnt_model(scope, engine, *dict.fromkeys((*scope.options.kinds, kind)))
    values: dict[str, Value] = {**scope.params, **learnt, "row": row, "only_converted": metric == "converted"}
    answers = []
    if row != UNATTRIBUTED:
        answers += engine.rows(sql.credited(dimension, model, scope.options, kind), values)
    if row in {UNATTRIBUTED, TOTAL} and scope.options.clock == "period":
        answers += engine.rows(sql.unearned(dimension, model, scope.options, kind), values)
    answers.sort(key=lambda one: (-abs(number(one["credit"])), str(one["record_id"])))
    return _Conversions(model, values, answers)


def _record_kind(kind: str) -> str:
    return "lead" if kind in {"lead", "qualified"} else "opportunity"


def _counted(micro: object, kind: str) -> Number:
    """Money in minor units; counts out of micro-units."""
    return number(micro) if kind == "revenue" else whole(number(micro))


def _records(found: Behind, engine: Engine, part: slice) -> None:
    scope, kind = found.scope, KINDS[found.metric.key]
    conversions = _conversions(found.row, found.metric.key, scope, engine)
    found.count = len(conversions.answers)
    found.total = _counted(sum(number(one["credit"]) for one in conversions.answers), kind)
    for one in conversions.answers[part]:
        found.records.append(
            Record(
                kind=_record_kind(kind),
                record_id=str(one["record_id"]),
                unit_id=str(one["unit_id"]),
                at=from_micros(number(one["converted_us"])),
                amount=_counted(one["amount"], kind),
                credit=_counted(one["credit"], kind),
                reason=str(one["reason"]),
            )
        )
    touches = sql.touches(DIMENSIONS[scope.options.by], conversions.model, scope.options, kind)
    _add_touches(found, engine, touches, conversions.values, kind)


def _add_touches(found: Behind, engine: Engine, question: str, values: Mapping[str, Value], kind: str) -> None:
    ids = [record.record_id for record in found.records if not record.reason]
    if not ids:
        return
    by_record: dict[str, list[Touch]] = defaultdict(list)
    counts: dict[str, int] = {}
    for row in engine.rows(question, {**values, "records": ids, "most": MOST_TOUCHES}):
        counts[str(row["record_id"])] = number(row["of_record"])
        by_record[str(row["record_id"])].append(
            Touch(
                event_id=str(row["event_id"]),
                at=from_micros(number(row["touched_us"])),
                channel=str(row["channel"]),
                code=str(row["code"]),
                landing_path=str(row["landing_path"]),
                person_id=str(row["person_id"]),
                credit=_counted(row["credit"], kind),
            )
        )
    for record in found.records:
        record.touches = by_record[record.record_id]
        record.touch_count = counts.get(record.record_id, 0)


def _visitors(found: Behind, engine: Engine, part: slice) -> None:
    visitors = _who(found.row, found.metric.key, found.scope, engine)
    found.total, found.count = sum(one.adds for one in visitors), len(visitors)
    found.visitors += visitors[part]


def _who(row: str, metric: str, scope: Scope, engine: Engine) -> list[Visitor]:
    rows = engine.rows(sql.visitors(DIMENSIONS[scope.options.by]), {**scope.params, "row": row})
    counts_people = metric == "people"
    return [
        Visitor(
            person_id=str(one["person_id"] or ""),
            adds=1 if counts_people else number(one["sessions"]),
            sessions=number(one["sessions"]),
            touches=number(one["touches"]),
            last_at=from_micros(number(one["last_us"])),
        )
        for one in rows
        if not counts_people or (one["person_id"] is not None and one["touches"])
    ]


def _costs(found: Behind, engine: Engine, part: slice) -> None:
    rows = _cost_lines(found.row, found.scope, engine)
    known = [spent for one in rows if (spent := _spent(one)) is not None]
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
                spent_minor=_spent(one),
            )
        )


def _cost_lines(row: str, scope: Scope, engine: Engine) -> list[Row]:
    question = sql.cost_lines(DIMENSIONS[scope.options.by])
    return engine.rows(question, {**scope.params, "row": "" if row == UNATTRIBUTED else row})


def _spent(line: Row) -> int | None:
    return None if line["spent_minor"] is None else number(line["spent_minor"])
