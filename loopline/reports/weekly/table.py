"""The weekly table: one line for each week and channel, with spend, touches, leads and revenue.

It is what marketing-mix packages take (tidy, complete, nothing summed twice). Sums over the channels are the whole of
each week, because what no channel earned and what belongs to none have lines of their own. By unit there is a line for
each week, business unit and channel, as the packages take regions: conversions and costs stand in the unit they belong
to, touches in the one they happened in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from loopline.attribution.conversions import MICRO_UNITS, conversions
from loopline.attribution.cost import falls_into, spent
from loopline.attribution.ledger import credit_ledger, unattributed
from loopline.attribution.model import Model
from loopline.attribution.state import Part, question, visible
from loopline.attribution.touchpoints import RowOf, touchpoints
from loopline.lib.batches import batches
from loopline.lib.times import local_day
from loopline.reports.balance import number, sum_records
from loopline.reports.closed_loop_sql import COSTS_OF_CAMPAIGNS, ROW_OF_CREDIT, row_for
from loopline.reports.dimension import DIMENSIONS, NOTHING, OTHER_UNITS, UNATTRIBUTED
from loopline.reports.learnt import sharing_model
from loopline.reports.mondays import AT_ONCE, began, mondays_of
from loopline.reports.options import Books, Options, Scope
from loopline.reports.periods import DAY
from loopline.reports.result import Check
from loopline.reports.run import settle
from loopline.reports.unusual import Unusual, unusual
from loopline.reports.weekly.figures import KEY
from loopline.store.engine import Engine, Row, Value

BY = {"channel": "Channel", "unit": "Business unit and channel"}
COLUMNS = ("week", "unit", "channel", "spend_minor", "touches", "leads", "revenue_minor")
NAMES = {NOTHING: "No channel", OTHER_UNITS: "Other business units", UNATTRIBUTED: "Unattributed"}
RESTS_ON = frozenset({"won", "cost"})
"""As the closed loop: what is unusual opens there."""
KINDS = ("lead", "revenue")
_Key = tuple[date, str, str]
"""Week, id of the business unit (or ""), channel."""
_WEEKS = Part("weeks", "SELECT CAST(w.began AS BIGINT) AS week_us FROM (SELECT unnest($weeks) AS began) AS w")


@dataclass(slots=True)
class Line:
    week: date
    """Its Monday."""
    unit: str
    """Name of the business unit; "" where units are not told apart."""
    channel: str
    spend_minor: int | None = None
    """None where no cost of the channel is known at all, or none of the week's has an exchange rate: that is not a
    spend of zero."""
    touches: int = 0
    leads: float = 0
    revenue_minor: int = 0
    key: str = ""
    """Of these days, this unit and this channel, by their ids: names may be alike."""


@dataclass(slots=True)
class WeeklyTable:
    scope: Scope
    has_units: bool = False
    lines: list[Line] = field(default_factory=list)
    holds: bool = True
    """Revenue and spend add up to those of the records."""
    check: Check | None = None
    """The same in figures, both together."""
    unusual: list[Unusual] = field(default_factory=list)
    """Sales and costs behind it that are not as they should be, as the closed loop tells them."""
    warnings: list[str] = field(default_factory=list)

    @property
    def minds(self) -> list[str]:
        return [*(one.sentence for one in self.unusual), *self.warnings]

    @property
    def _columns(self) -> list[str]:
        return [name for name in COLUMNS[1:] if self.has_units or name != "unit"]

    def to_json(self) -> dict[str, Any]:
        scope = self.scope
        return {
            "report": KEY,
            "title": "Weekly table",
            "from": scope.first.isoformat(),
            "to": scope.last.isoformat(),
            "as_of": scope.as_of.isoformat(),
            "model": scope.options.model,
            "currency": scope.books.currency,
            "by": "unit" if self.has_units else "channel",
            "holds": self.holds,
            "warnings": self.minds,
            "rows": [
                {"week": one.week.isoformat(), **{name: getattr(one, name) for name in self._columns}}
                for one in self.lines
            ],
        }


def weekly_table(options: Options, engine: Engine, books: Books) -> WeeklyTable:
    """Weeks begin on Monday in the organisation's zone and are cut to the period; conversions count on their own date.

    Raises OptionError for a model whose rows overlap or a period of more than ten years, and StoreError.
    """
    table = lines_in(settle(by_channel(options), engine, books), engine, has_units=options.by == "unit")
    table.unusual = unusual(RESTS_ON, table.scope, engine)
    return table


def by_channel(options: Options) -> Options:
    """What the questions are asked with, whether or not units are told apart beside."""
    return replace(options, clock="period", by="channel", conversion="")


def lines_in(scope: Scope, engine: Engine, *, has_units: bool) -> WeeklyTable:
    """The table of a settled scope, without what is unusual behind it. Raises as `weekly_table` does."""
    scope = replace(scope, options=by_channel(scope.options))
    unit = "unit_id" if has_units else "''"
    model, learnt = sharing_model(scope, engine, *KINDS)
    mondays = mondays_of(scope)
    values: dict[str, Value] = {**scope.params, **learnt, "weeks": [str(began(day, scope)) for day in mondays]}
    by_began = {began(day, scope): day for day in mondays}
    found: dict[_Key, Line] = {}

    def line(row: Row) -> Line:
        key = by_began[number(row["week_us"])], str(row["unit"]), str(row["channel"])
        return found.setdefault(key, Line(*key))

    row = row_for(DIMENSIONS["channel"], model, scope.options)
    for one in engine.rows(_touches(row, unit), values):
        line(one).touches = number(one["touches"])
    for one in engine.rows(_credit(model, row, unit), values):
        at, amount = line(one), number(one["amount"])
        if one["kind"] == "lead":
            at.leads = round(at.leads + amount / MICRO_UNITS, 6)
        else:
            at.revenue_minor += amount
    for key, spend in _costs(scope, mondays, unit, engine).items():
        found.setdefault(key, Line(*key)).spend_minor = spend
    table = WeeklyTable(scope, has_units, _complete(found, mondays, scope.books))
    _check(table, engine)
    table.warnings += _not_whole(scope, mondays)
    return table


def _touches(row: RowOf, unit: str) -> str:
    return question(
        f"""
        SELECT w.week_us AS week_us, t.unit AS unit, t.row_key AS channel, count(*) AS touches
        FROM (
            SELECT row_key, touched_us, {unit} AS unit, 1 AS one FROM touchpoints
            WHERE can_earn AND NOT is_machine AND touched_us >= $from_us AND touched_us < $to_us
                AND {visible("unit_id")}
        ) AS t
        ASOF LEFT JOIN (SELECT week_us, 1 AS one FROM weeks) AS w ON t.one = w.one AND t.touched_us >= w.week_us
        GROUP BY w.week_us, t.unit, t.row_key
        """,
        touchpoints(row),
        _WEEKS,
    )


def _credit(model: Model, row: RowOf, unit: str) -> str:
    """By the week of the conversion, whenever its touchpoints were."""
    unit = unit.replace("unit_id", "c.unit_id")
    return question(
        f"""
        SELECT w.week_us AS week_us, t.kind AS kind, t.unit AS unit, t.channel AS channel,
            CAST(sum(t.amount) AS BIGINT) AS amount
        FROM (
            SELECT c.converted_us AS converted_us, c.kind AS kind, {unit} AS unit, {ROW_OF_CREDIT} AS channel,
                r.credit AS amount, 1 AS one
            FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
            UNION ALL
            SELECT c.converted_us AS converted_us, c.kind AS kind, {unit} AS unit, '{UNATTRIBUTED}' AS channel,
                c.amount AS amount, 1 AS one
            FROM unattributed AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
        ) AS t
        ASOF LEFT JOIN (SELECT week_us, 1 AS one FROM weeks) AS w ON t.one = w.one AND t.converted_us >= w.week_us
        GROUP BY w.week_us, t.kind, t.unit, t.channel
        """,
        conversions(*KINDS),
        credit_ledger(model, row, *KINDS),
        unattributed(model, row, *KINDS),
        _WEEKS,
    )


def _costs(scope: Scope, mondays: list[date], unit: str, engine: Engine) -> dict[_Key, int]:
    """Spend by week, unit and channel of channels with a known cost. A week is left out where something was booked and
    nothing of it has an exchange rate."""
    found: dict[_Key, int] = {}
    for some in batches(mondays, AT_ONCE):
        values: dict[str, Value] = {**scope.params}
        columns = []
        for place, monday in enumerate(some):
            values[f"first{place}"] = max(monday, scope.first)
            values[f"last{place}"] = min(monday + 6 * DAY, scope.last)
            columns.append(_COST_OF_WEEK.replace("{place}", str(place)))
        rows = engine.rows(_COST.replace("{columns}", ", ".join(columns)).replace("{unit}", unit), values)
        for one in rows:
            if number(one["lines"]) > number(one["without_rate"]):
                of_line = str(one["unit"]), str(one["channel"])
                found |= {
                    (day, *of_line): number(one[f"sum{place}"])
                    for place, day in enumerate(some)
                    if not number(one[f"without_rate{place}"]) or number(one[f"with_rate{place}"])
                }
    return found


_IN_WEEK = falls_into("$first{place}", "$last{place}")
_COST_OF_WEEK = f"""
    coalesce(sum({spent("$first{place}", "$last{place}")}), 0) AS sum{{place}},
    count(*) FILTER (WHERE {_IN_WEEK} AND reporting_minor IS NULL) AS without_rate{{place}},
    count(*) FILTER (WHERE {_IN_WEEK} AND reporting_minor IS NOT NULL) AS with_rate{{place}}"""
_COST = question(
    f"""
    SELECT {{unit}} AS unit, channel, count(*) AS lines,
        count(*) FILTER (WHERE reporting_minor IS NULL) AS without_rate, {{columns}}
    FROM costs WHERE {falls_into("$first", "$last")} GROUP BY unit, channel
    """,
    COSTS_OF_CAMPAIGNS,
)


def _complete(found: Mapping[_Key, Line], mondays: list[date], books: Books) -> list[Line]:
    """Each channel in each week and unit: packages want no gaps, and a week without touches had none."""
    names = {unit: books.units.get(unit, unit) for _, unit, _ in found}
    channels = sorted({channel for _, _, channel in found}, key=lambda key: (key in NAMES, key))
    lines = []
    for monday in mondays:
        for unit in sorted(names, key=lambda key: names[key]):
            for channel in channels:
                line = found.get((monday, unit, channel), Line(monday, unit, channel))
                line.key = f"{monday.isoformat()}/{unit}/{channel}"
                line.unit, line.channel = names[unit], NAMES.get(channel, channel)
                lines.append(line)
    return lines


def _not_whole(scope: Scope, mondays: list[date]) -> list[str]:
    """A week of three days would be taken for a weak one."""
    today, last = local_day(scope.as_of, scope.books.zone), 6 * DAY
    whole = [monday for monday in mondays if scope.first <= monday and monday + last <= min(scope.last, today - DAY)]
    if len(whole) == len(mondays):
        return []
    count = len(mondays) - len(whole)
    what = f"{count} of {len(mondays)} weeks {'is' if count == 1 else 'are'}" if len(mondays) > 1 else "The week is"
    words = f"{what} not whole: some days are outside of the period or still to come."
    if not whole:
        return [words]
    return [f"{words} Whole weeks: {whole[0]:%-d %b %Y} to {whole[-1] + last:%-d %b %Y}."]


def _check(table: WeeklyTable, engine: Engine) -> None:
    sums = sum_records(engine, table.scope)
    revenue = sum(one.revenue_minor for one in table.lines)
    spend = sum(one.spend_minor or 0 for one in table.lines)
    table.holds = (revenue, spend) == (sums.revenue_minor, sums.cost_minor)
    words = "won revenue and actual cost of the period together"
    table.check = Check(words, sums.revenue_minor + sums.cost_minor, revenue + spend, table.scope.books.currency)
    if not table.holds:
        table.warnings.append("The weeks do not add up to the records; these figures must not be used.")
