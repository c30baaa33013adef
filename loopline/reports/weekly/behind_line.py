"""What is behind a figure of the weekly table: the records that add up to one of its lines, or to its total.

Credit is dealt by the model as the table learnt it, over the whole period, and the conversions of the line's week are
taken out of it. The closed loop of that week alone would teach a model that learns something else.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from loopline.attribution.conversions import MICRO_UNITS
from loopline.attribution.state import question, visible
from loopline.attribution.touchpoints import touchpoints
from loopline.lib.times import from_micros
from loopline.reports import behind_sql as sql
from loopline.reports.balance import number
from loopline.reports.closed_loop_sql import row_for
from loopline.reports.dimension import DIMENSIONS, TOTAL, UNATTRIBUTED
from loopline.reports.learnt import sharing_model
from loopline.reports.mondays import mondays_of
from loopline.reports.opened import FARTHEST, Item, Opened
from loopline.reports.options import OptionError, Scope
from loopline.reports.periods import DAY
from loopline.reports.weekly.figures import COST, FIGURES, LEADS, REVENUE, TOUCHES
from loopline.reports.weekly.table import KINDS, by_channel
from loopline.store.engine import Engine, Row, Value

_CHANNEL = DIMENSIONS["channel"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One line of the table, or all of them."""

    scope: Scope
    """Of its days within the period."""
    whole: Scope
    """Of the period."""
    unit_id: str
    """Only of this business unit; "" where the line does not tell units apart."""
    channel: str
    """Key of the channel's row, `~total` for all."""

    @property
    def values(self) -> dict[str, Value]:
        return {**self.scope.params, "row": self.channel, "unit_id": self.unit_id}


def open_line(row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
    """`row`: the key of a line. Raises OptionError for one that this table cannot have, and StoreError."""
    told = next(one for one in FIGURES if one.key == metric)
    items = _OPENING[metric](_asked(row, scope), engine)
    known = [one.adds for one in items if one.adds is not None]
    # Of nothing counted there are 0; a cost is 0 only where something was booked that says so.
    total = round(sum(known), 6) if known or told is not COST else None
    return Opened(told, row, tuple(items[:FARTHEST]), len(items), total, is_known=bool(items))


def _asked(row: str, scope: Scope) -> _Asked:
    whole = replace(scope, options=by_channel(scope.options))
    if row == TOTAL:
        return _Asked(whole, whole, "", TOTAL)
    week, unit_id, channel = [*row.split("/", 2), "", ""][:3]
    monday = next((one for one in mondays_of(whole) if one.isoformat() == week), None)
    if monday is None or row.count("/") < 2:
        raise OptionError(
            f"The weekly table of this period has no line “{row[:60]}”. Take one of its lines, such as "
            f"“{mondays_of(whole)[0]}//Email”: a Monday, a business unit where units are told apart, a channel.",
            "row",
        )
    return _Asked(_days_of(monday, whole), whole, unit_id, channel)


def _days_of(monday: date, whole: Scope) -> Scope:
    return replace(whole, first=max(monday, whole.first), last=min(monday + 6 * DAY, whole.last))


def _conversions(asked: _Asked, engine: Engine, kind: str) -> list[Row]:
    """With their credit, the largest first."""
    model, learnt = sharing_model(asked.whole, engine, *KINDS)
    values: dict[str, Value] = {**asked.whole.params, **learnt, "row": asked.channel, "only_converted": False}
    found, options = [], asked.whole.options
    if asked.channel != UNATTRIBUTED:
        found += engine.rows(sql.credited(_CHANNEL, model, options, kind), values)
    if asked.channel in {UNATTRIBUTED, TOTAL}:
        found += engine.rows(sql.unearned(_CHANNEL, model, options, kind), values)
    first, last = (asked.scope.params[name] for name in ("from_us", "to_us"))
    mine = [
        one
        for one in found
        if number(first) <= number(one["converted_us"]) < number(last) and asked.unit_id in ("", one["unit_id"])
    ]
    return sorted(mine, key=lambda one: (-abs(number(one["credit"])), str(one["record_id"])))


def _leads(asked: _Asked, engine: Engine) -> list[Item]:
    return [
        Item("lead", str(one["record_id"]), from_micros(number(one["converted_us"])),
             round(number(one["credit"]) / MICRO_UNITS, 6))
        for one in _conversions(asked, engine, "lead")
    ]  # fmt: skip


def _sales(asked: _Asked, engine: Engine) -> list[Item]:
    return [
        Item("opportunity", str(one["record_id"]), from_micros(number(one["converted_us"])), number(one["credit"]))
        for one in _conversions(asked, engine, "revenue")
    ]


def _question_of_touches(scope: Scope) -> str:
    row = row_for(_CHANNEL, scope.model, scope.options)
    return question(
        f"""
        SELECT person_id, count(*) AS touches, max(touched_us) AS last_us FROM touchpoints
        WHERE can_earn AND NOT is_machine AND touched_us >= $from_us AND touched_us < $to_us AND {visible("unit_id")}
            AND (row_key = $row OR $row = '{TOTAL}') AND ($unit_id = '' OR unit_id = $unit_id)
        GROUP BY person_id ORDER BY touches DESC, last_us DESC, person_id
        """,
        touchpoints(row),
    )


def _touches(asked: _Asked, engine: Engine) -> list[Item]:
    """By who they were of; those of strangers all together."""
    return [
        Item("person" if one["person_id"] else "strangers", str(one["person_id"] or ""),
             from_micros(number(one["last_us"])), number(one["touches"]))
        for one in engine.rows(_question_of_touches(asked.scope), asked.values)
    ]  # fmt: skip


def _costs(asked: _Asked, engine: Engine) -> list[Item]:
    rows = engine.rows(sql.cost_lines(_CHANNEL), asked.values)
    return [
        Item("cost", str(one["id"]), None, None if one["spent_minor"] is None else number(one["spent_minor"]))
        for one in rows
        if asked.unit_id in ("", one["unit_id"])
    ]


_OPENING: dict[str, Callable[[_Asked, Engine], list[Item]]] = {
    COST.key: _costs, TOUCHES.key: _touches, LEADS.key: _leads, REVENUE.key: _sales,
}  # fmt: skip
