"""Whole weeks of spend and of one outcome, by channel or campaign, out of the books: what curves learn from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from loopline.attribution.conversions import MICRO_UNITS, conversions
from loopline.attribution.cost import falls_into, spent
from loopline.attribution.ledger import credit_ledger
from loopline.attribution.model import Model
from loopline.attribution.state import Part, question
from loopline.reports.balance import number
from loopline.reports.closed_loop_sql import COSTS_OF_CAMPAIGNS, ROW_OF_CREDIT, row_for
from loopline.reports.dimension import DIMENSIONS, NOTHING, Dimension
from loopline.reports.learnt import sharing_model
from loopline.reports.mondays import AT_ONCE, began, mondays_of
from loopline.reports.options import Options, Scope
from loopline.reports.periods import DAY
from loopline.store.engine import Engine, Value

OUTCOME_KINDS = {"": "lead", "lead": "lead", "qualified": "qualified", "opportunity": "opportunity", "won": "revenue"}
"""The conversion that was asked for → the kind of credit its curve is of: won opportunities are told in revenue."""
_WEEKS = Part("weeks", "SELECT CAST(w.began AS BIGINT) AS week_us FROM (SELECT unnest($weeks) AS began) AS w")


@dataclass(frozen=True, slots=True)
class Series:
    """One row of the report, a value a whole week, oldest first."""

    spend: tuple[int | None, ...]
    """Minor units; None before its first known cost."""
    outcome: tuple[float, ...]
    """Leads, qualified leads or opportunities, or minor units of revenue."""
    mondays: tuple[date, ...] = ()
    """The first days of the weeks."""


def weekly_series(scope: Scope, engine: Engine) -> Mapping[str, Series]:
    """Row → its weeks, of rows with a known cost; only whole weeks of the period.

    Raises OptionError for a model whose rows overlap, and StoreError.
    """
    mondays = _whole(scope)
    if not mondays:
        return {}
    scope = replace(scope, options=replace(scope.options, clock="period"))
    kind, dimension = OUTCOME_KINDS[scope.options.conversion], DIMENSIONS[scope.options.by]
    model, learnt = sharing_model(scope, engine, kind)
    spend = _spend(scope, mondays, dimension, engine)
    values: dict[str, Value] = {**scope.params, **learnt, "weeks": [str(began(day, scope)) for day in mondays]}
    outcome: dict[str, list[float]] = {key: [0.0] * len(mondays) for key in spend}
    place = {began(day, scope): at for at, day in enumerate(mondays)}
    scale = 1 if kind == "revenue" else MICRO_UNITS
    for row in engine.rows(_credit(model, dimension, scope.options, kind), values):
        if row["week_us"] is not None and str(row["row_key"]) in outcome:
            outcome[str(row["row_key"])][place[number(row["week_us"])]] += number(row["amount"]) / scale
    days = tuple(mondays)
    return {key: Series(tuple(weeks), tuple(outcome[key]), days) for key, weeks in sorted(spend.items())}


def unallocated_spend(scope: Scope, engine: Engine) -> int:
    """Actual cost of the scope's days that no row can have, minor units."""
    [row] = engine.rows(_UNALLOCATED.replace("{row}", DIMENSIONS[scope.options.by].cost_sql), scope.params)
    return number(row["spend"])


def whole_weeks(scope: Scope) -> Scope:
    """The scope cut to its whole weeks; itself where it has none."""
    mondays = _whole(scope)
    return replace(scope, first=mondays[0], last=mondays[-1] + 6 * DAY) if mondays else scope


def _whole(scope: Scope) -> list[date]:
    return [day for day in mondays_of(scope) if scope.first <= day and day + 6 * DAY <= scope.last]


def _credit(model: Model, dimension: Dimension, options: Options, kind: str) -> str:
    return question(
        f"""
        SELECT w.week_us AS week_us, t.row_key AS row_key, CAST(sum(t.amount) AS BIGINT) AS amount
        FROM (
            SELECT c.converted_us AS converted_us, {ROW_OF_CREDIT} AS row_key, r.credit AS amount, 1 AS one
            FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no WHERE c.kind = '{kind}'
        ) AS t
        ASOF LEFT JOIN (SELECT week_us, 1 AS one FROM weeks) AS w ON t.one = w.one AND t.converted_us >= w.week_us
        GROUP BY w.week_us, t.row_key
        """,
        conversions(kind),
        credit_ledger(model, row_for(dimension, model, options).without_reasons(), kind),
        _WEEKS,
    )


def _spend(scope: Scope, mondays: list[date], dimension: Dimension, engine: Engine) -> dict[str, list[int | None]]:
    """Row → spend of each week; None in the weeks before its first cost line begins, where nothing is known."""
    found: dict[str, list[int | None]] = {}
    for start in range(0, len(mondays), AT_ONCE):
        some = mondays[start : start + AT_ONCE]
        values: dict[str, Value] = {**scope.params, "first": some[0], "last": some[-1] + 6 * DAY}
        sums = []
        for at, monday in enumerate(some):
            values[f"first{at}"], values[f"last{at}"] = monday, monday + 6 * DAY
            sums.append(f"coalesce(sum({spent(f'$first{at}', f'$last{at}')}), 0) AS sum{at}")
        sql = _COST.replace("{sums}", ", ".join(sums)).replace("{row}", dimension.cost_sql)
        for row in engine.rows(sql, values):
            key, began_on = str(row["row_key"]), row["began_on"]
            if key == NOTHING or not isinstance(began_on, date):
                continue
            weeks = found.setdefault(key, [None] * len(mondays))
            for at, monday in enumerate(some):
                if began_on <= monday + 6 * DAY or start > 0:
                    weeks[start + at] = number(row[f"sum{at}"])
    return found


_UNALLOCATED = question(
    f"""
    SELECT coalesce(sum({spent("$first", "$last")}), 0) AS spend FROM costs
    WHERE {falls_into("$first", "$last")} AND reporting_minor IS NOT NULL AND {{row}} = '{NOTHING}'
    """,
    COSTS_OF_CAMPAIGNS,
)
_COST = question(
    f"""
    SELECT {{row}} AS row_key, min(starts_on) AS began_on, {{sums}}
    FROM costs WHERE {falls_into("$first", "$last")} AND reporting_minor IS NOT NULL GROUP BY {{row}}
    """,
    COSTS_OF_CAMPAIGNS,
)
