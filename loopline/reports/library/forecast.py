"""Forecast: what is likely to be won in the months to come, by the organisation's own rates and lags, with a range."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from loopline.attribution.state import question, visible
from loopline.lib.money import deal_out
from loopline.lib.times import day_start, from_micros
from loopline.reports.balance import number
from loopline.reports.charts.rows import ranges
from loopline.reports.counting import in_period
from loopline.reports.courses import days_to_won
from loopline.reports.dimension import TOTAL
from loopline.reports.forecast.dealt import dealt
from loopline.reports.forecast.growth import Came, growth_said, leads_came
from loopline.reports.forecast.leads import GIVEN_UP_AFTER, IN_HAND, LEAD_LAGS, OF_AGES, OLDER
from loopline.reports.forecast.outlook import (
    HIGH,
    LEVELS,
    LOW,
    PACE_DAYS,
    TINY,
    Floats,
    LeadsInHand,
    Open,
    Outlook,
    Record,
    outlook,
)
from loopline.reports.forecast.stood import SINCE, stays_by_stage
from loopline.reports.forecast.waits import not_known_of, waits_of
from loopline.reports.forecast.workings import (
    LISTS,
    SALES,
    amounts_of,
    draws_of,
    older_of,
    open_list,
    pace_of,
    rates_of,
)
from loopline.reports.metric import Metric, Number, Unit, ratio_of, sum_of
from loopline.reports.opened import FARTHEST, Item, Opened
from loopline.reports.options import OptionError, Scope
from loopline.reports.periods import month_start
from loopline.reports.report import Report, result_of
from loopline.reports.result import Check, ReportResult, Row
from loopline.reports.straight import straight
from loopline.store.engine import Engine

MONTHS = 6
HALF_A_DAY = 0.5
"""Ages are counted in whole days: on the mean they are so much more."""
FEWEST = 30
"""Decided opportunities; from fewer it would learn chance."""
_OPEN = question(
    """
    SELECT s.id AS id, epoch_us(s.created_at) AS at_us, s.stage AS stage,
        floor(($as_of_us - epoch_us(s.created_at)) / 86400000000) AS age,
        floor(($as_of_us - w.entered_us) / 86400000000) AS waited, s.reporting_minor AS reporting_minor
    FROM sales AS s LEFT JOIN since AS w ON w.id = s.id WHERE s.outcome = 'open' ORDER BY s.id
    """,
    SALES,
    SINCE,
)
_OPEN_STRAIGHT = f"""
SELECT count(*) AS sales
FROM {straight("opportunity_facts")} WHERE outcome = 'open' AND {visible("unit_id")}
"""
_BY_STAGE = question(
    f"""
    SELECT r.stage AS stage, s.outcome AS outcome, count(*) AS sales
    FROM (SELECT DISTINCT id, stage FROM opportunity_facts WHERE recorded_at <= $as_of AND stage <> '') AS r
    JOIN sales AS s ON s.id = r.id
    WHERE s.outcome IN ('won', 'lost') AND {in_period("s.closed_at")} GROUP BY r.stage, s.outcome
    """,
    SALES,
)
_WON = question(
    f"""
    SELECT (epoch(closed_at) - epoch(created_at)) / 86400.0 AS lag, reporting_minor FROM sales
    WHERE outcome = 'won' AND reporting_minor IS NOT NULL AND {in_period("closed_at")} ORDER BY id
    """,
    SALES,
)
_DATED = "expected closing date"


def _money(key: str, label: str, formula: str, short: str) -> Metric:
    return sum_of(key, label, formula, of="opportunity or lead", dated=_DATED, unit=Unit.MONEY, short=short)


def _bound(key: str, label: str, formula: str) -> Metric:
    return ratio_of(key, label, formula, dated=_DATED, unit=Unit.MONEY)


_SOURCES = ("from_open_minor", "from_leads_minor", "to_come_minor")
METRICS = (
    replace(_money("expected_minor", "Expected", "all three sources together, the mean of the draws", "Expected"),
            parts=_SOURCES),
    _bound("expected_low_minor", "At least", "9 of 10 draws gave more; a draw that is bad in one month need not be bad "
           "in the next, so the total is not the sum of the months"),
    _bound("expected_high_minor", "At most", "9 of 10 draws gave less"),
    _money("from_open_minor", "From open opportunities", "open opportunities × the share won, and when, of "
           "those that had waited as long in their stage", "From open"),
    _money("from_leads_minor", "From leads in hand", "leads without an opportunity, not given up × the share won of "
           "older leads that were so at their age × the mean amount", "From leads"),
    _money("to_come_minor", "From leads to come", f"as many leads a day as in the last {PACE_DAYS} days × the same",
           "From leads to come"),
)  # fmt: skip


def _run(report: Report, scope: Scope, engine: Engine) -> ReportResult:
    found = engine.rows(_BY_STAGE, scope.params)
    if (decided := _decided(found)) < FEWEST:
        return _none(
            report,
            scope,
            f"{decided} decided opportunities in the period; a forecast needs {FEWEST} to learn from. "
            "Choose a longer period, or wait until more are decided.",
        )
    starts = _months(scope)
    learnt = _learn(scope, engine, found)
    if not len(learnt.amounts):
        return _none(
            report,
            scope,
            "Of no sale of the period is it known what it is worth, so nothing says what others will be. Choose a "
            "longer period; where sales have no exchange rate, add it.",
        )
    seen = learnt.outlook(scope, starts)
    [straight] = engine.rows(_OPEN_STRAIGHT, scope.params)
    rows = [_row(f"{first:%b %Y}", first.isoformat(), seen, place) for place, first in enumerate(starts[:-1])]
    result = result_of(report, scope, "Month", rows, Row(TOTAL, "Total"))
    # Rounded month by month, the sum must be that of the rows; what all months may bring at least or at most is no sum.
    sums = {key: sum(int(row.values[key] or 0) for row in rows) for key in ("expected_minor", *_SOURCES)}
    result.totals.values = {**sums, **_range(seen.total_low, seen.total_high)}
    result.check = Check("open opportunities in the books", number(straight["sales"]), len(seen.of_each))
    result.warnings += not_known_of(learnt.open_now, seen.chances, learnt.by_stage)
    result.warnings += growth_said(learnt.came)
    return result


def _none(report: Report, scope: Scope, why: str) -> ReportResult:
    totals = Row(TOTAL, "Total", values={metric.key: None for metric in METRICS})
    result = result_of(report, scope, "Month", [], totals)
    result.warnings.append(why)
    return result


def _open(row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
    """The opportunities or leads that a month is expected from, the figure dealt out over them by what each adds, and
    what the rates, amounts and ranges were learnt from.

    Raises OptionError for a month that is not forecast.
    """
    if metric in LISTS:
        return open_list(row, metric, {**scope.params, "mature_days": _mature(scope, engine)}, engine)
    column = next(one for one in METRICS if one.key == metric)
    starts = _months(scope)
    keys = [first.isoformat() for first in starts[:-1]]
    if row not in (TOTAL, *keys):
        raise OptionError(f"There is no month “{row}” in the forecast. Choose one of: {', '.join(keys)}.", "row")
    found = engine.rows(_BY_STAGE, scope.params)
    if _decided(found) < FEWEST:
        return Opened(column, row, (), 0, None)
    months = list(range(MONTHS)) if row == TOTAL else [keys.index(row)]
    learnt = _learn(scope, engine, found)
    if not len(learnt.amounts):
        return Opened(column, row, (), 0, None)
    seen = learnt.outlook(scope, starts)
    waits = waits_of(learnt.open_now, seen.chances, learnt.by_stage)
    won, older, pace = amounts_of(learnt.amounts.tolist()), older_of(learnt.leads.history), pace_of(learnt.leads.came)
    if metric == "from_open_minor":
        figure = sum(round(float(seen.from_open[month])) for month in months)
        items, count = _open_opportunities(figure, seen, months, scope, engine)
        return Opened(column, row, tuple(items), count, figure, workings=(rates_of(learnt.by_stage), waits, won))
    if metric == "from_leads_minor":
        by_month = [round(float(seen.from_leads[month])) for month in months]
        items, count = _open_leads(by_month, seen, months, scope, engine)
        return Opened(column, row, tuple(items), count, sum(by_month), workings=(older, won))
    if metric == "to_come_minor":
        figure = sum(round(float(seen.to_come[month])) for month in months)
        return Opened(column, row, (), 0, figure, workings=(pace, older, won))
    level = LEVELS.index(LOW if metric == "expected_low_minor" else HIGH)
    levels = seen.levels[:, MONTHS if row == TOTAL else months[0]]
    parts = tuple(one for one in METRICS if one.key in _SOURCES)
    return Opened(column, row, (), 0, round(float(levels[level])), parts, (draws_of(levels.tolist()),))


def _open_opportunities(
    figure: int, seen: Outlook, months: list[int], scope: Scope, engine: Engine
) -> tuple[list[Item], int]:
    """The largest, and how many there are that are won in any draw."""
    weights = seen.of_each[:, months].sum(axis=1)
    places = np.flatnonzero(weights)
    if not len(places):
        return [], 0
    rows = engine.rows(_OPEN, scope.params)
    parts = dealt(figure, weights[places])
    items = [_item("opportunity", rows[place], part) for place, part in zip(places, parts, strict=True)]
    return _largest(items), len(items)


def _open_leads(
    by_month: list[int], seen: Outlook, months: list[int], scope: Scope, engine: Engine
) -> tuple[list[Item], int]:
    """The largest, and how many there are. Leads of one age are alike, so the figure is dealt out over ages first; only
    leads of the ages that are listed are read."""
    won = seen.won_at_age[:, months]
    weights = (won * (np.array(by_month) / np.maximum(won.sum(axis=0), TINY))).sum(axis=1)
    places = np.flatnonzero(weights)
    if not len(places):
        return [], 0
    counts = {number(row["age"]): number(row["leads"]) for row in engine.rows(IN_HAND, scope.params)}
    ages = [int(seen.ages[place]) for place in places]
    of_age = dict(zip(ages, dealt(sum(by_month), weights[places]), strict=True))
    ages.sort(key=lambda age: -of_age[age] / counts[age])
    listed, known = [], 0
    for age in ages:
        if known >= FARTHEST:
            break
        listed.append(age)
        known += counts[age]
    rows = engine.rows(OF_AGES, {**scope.params, "ages": [str(age) for age in listed]})
    parts = {age: iter(deal_out(of_age[age], [1.0] * counts[age])) for age in listed}
    items = [_item("lead", row, next(parts[number(row["age"])])) for row in rows]
    return _largest(items), sum(counts[age] for age in ages)


def _item(kind: str, row: dict[str, object], adds: int) -> Item:
    return Item(kind, str(row["id"]), from_micros(number(row["at_us"])), adds)


def _largest(items: list[Item]) -> list[Item]:
    return sorted(items, key=lambda item: (-(item.adds or 0), item.record_id))[:FARTHEST]


def _decided(found: list[dict[str, object]]) -> int:
    """Decided opportunities to learn from: those of the stage that most of them reached."""
    return max((sum(number(row["sales"]) for row in found if row["stage"] == stage)
                for stage in {row["stage"] for row in found}), default=0)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Learnt:
    """What the books teach, and what is in them now."""

    open_now: Open
    by_stage: dict[str, Record]
    lags: Floats
    amounts: Floats
    leads: LeadsInHand
    came: Came

    def outlook(self, scope: Scope, starts: list[date]) -> Outlook:
        """Over the months that begin on `starts`; the last of them is where the last month ends."""
        ends = [(day_start(one, scope.books.zone) - scope.as_of).total_seconds() / 86400 for one in starts[1:]]
        return outlook(self.open_now, self.by_stage, self.lags, self.amounts, self.leads, np.array(ends))


def _learn(scope: Scope, engine: Engine, found: list[dict[str, object]]) -> _Learnt:
    params = {**scope.params, "mature_days": _mature(scope, engine)}
    by_stage: dict[str, Record] = {}
    for stage in sorted({str(row["stage"]) for row in found}):
        counts = {row["outcome"]: number(row["sales"]) for row in found if row["stage"] == stage}
        by_stage[stage] = Record(counts.get("won", 0), counts.get("lost", 0))
    open_now, won = engine.rows(_OPEN, params), engine.rows(_WON, params)
    [older], came = engine.rows(OLDER, params), leads_came(params, engine)
    in_hand, lags = engine.rows(IN_HAND, params), engine.rows(LEAD_LAGS, params)
    given_up = engine.rows(GIVEN_UP_AFTER, params)
    return _Learnt(
        Open([str(row["stage"]) for row in open_now], _floats(open_now, "age"),
             [None if row["reporting_minor"] is None else number(row["reporting_minor"]) for row in open_now],
             _floats(open_now, "waited") + HALF_A_DAY, stays_by_stage(params, engine)),
        by_stage, _floats(won, "lag"), _floats(won, "reporting_minor"),
        LeadsInHand(
            np.repeat(_floats(in_hand, "age") + HALF_A_DAY, [number(row["leads"]) for row in in_hand]),
            Record(number(older["won"]), number(older["leads"]) - number(older["won"])),
            _floats(lags, "converted_after"), _floats(lags, "won_after"), _floats(given_up, "given_up_after"),
            came.lately,
        ),
        came,
    )  # fmt: skip


def _mature(scope: Scope, engine: Engine) -> float:
    return float(days_to_won(scope, engine) or 0)


def _floats(rows: list[dict[str, object]], name: str) -> Floats:
    """NaN where the answer says nothing."""
    return np.array([row[name] for row in rows], dtype=np.float64)


def _months(scope: Scope) -> list[date]:
    """The first days of this month and those that follow, and of the one after them."""
    return [month_start(scope.today, place) for place in range(MONTHS + 1)]


def _row(label: str, key: str, seen: Outlook, place: int) -> Row:
    parts = [round(float(one[place])) for one in (seen.from_open, seen.from_leads, seen.to_come)]
    values: dict[str, Number] = {"expected_minor": sum(parts), **dict(zip(_SOURCES, parts, strict=True))}
    note = "what is left of it" if place == 0 else ""
    return Row(key, label, note, values=values | _range(seen.low[place], seen.high[place]))


def _range(low: float, high: float) -> dict[str, Number]:
    return {"expected_low_minor": round(float(low)), "expected_high_minor": round(float(high))}


REPORT = Report(
    key="forecast",
    label="Forecast",
    summary="Revenue of the months to come: open opportunities, leads in hand and leads to come, by the organisation's "
    "own rates and lags, with a range.",
    question="What is likely to be won in the next six months, and how sure is that?",
    metrics=METRICS,
    run=_run,
    open=_open,
    opens=frozenset({"expected_low_minor", "expected_high_minor", *_SOURCES}),
    opens_within=frozenset(LISTS),
    group="Win",
    chart=lambda result: ranges(result, "expected_minor", "expected_low_minor", "expected_high_minor"),
    leading=("expected_minor", "expected_low_minor", "expected_high_minor", *_SOURCES),
    how=(
        "The period is what the forecast learns from: what became in it of opportunities that had waited as long in "
        "the same stage; win rates of those decided in it, by the stages they had reached; their lags and amounts; "
        "leads created in it that had long enough.",
        "Winning and losing compete, and what is still open counts as long as it was seen (Aalen–Johansen). Where of "
        "fewer than 30 that had waited as long it is known what became of them, those that had as nearly make up for "
        "the others; where there are fewer than 30 in all, the win rate of the stage and the lags of what was won "
        "count, and the page says of how many.",
        "2,000 draws: each draws the rates, the pace and the worth of a mean sale from what they may be, each "
        "opportunity's outcome and month, and the number and worth of sales that leads become. The range leaves out "
        "the lowest and the highest tenth.",
        "What is expected from open opportunities opens into each of them, with its mean over the draws. Leads of one "
        "age are alike: what is expected from leads in hand opens into them, dealt out by the chance of their age. "
        "Leads to come are nobody yet: they open into the pace and the rate they are told from.",
        "It knows nothing of seasons, of new prices or of a colleague who leaves; leads to come do not grow in number "
        "(where they clearly did within a year the page says so), and an amount is taken as it stands: larger sales "
        "may be won more or less often than small ones. Ask it as of an earlier day and compare with what came.",
    ),
    rests_on=frozenset({"won", "open"}),
)  # fmt: skip
