"""A figure of the forecast opened: the opportunities or leads that a month is expected from, and what it was told from.

The figure is dealt out over the records by what each adds.
"""

import numpy as np

from loopline.lib.money import deal_out
from loopline.lib.times import from_micros
from loopline.reports.balance import number
from loopline.reports.dimension import TOTAL
from loopline.reports.forecast.columns import METRICS, SOURCES
from loopline.reports.forecast.dealt import dealt
from loopline.reports.forecast.leads import IN_HAND, OF_AGES
from loopline.reports.forecast.learnt import TooLittleError, learn, values_asked
from loopline.reports.forecast.months import MONTHS, places_of
from loopline.reports.forecast.opportunities import OPEN
from loopline.reports.forecast.outlook import HIGH, LEVELS, LOW, TINY, Floats, Outlook
from loopline.reports.forecast.waits import waits_of
from loopline.reports.forecast.workings import LISTS, amounts_of, draws_of, older_of, open_list, pace_of, rates_of
from loopline.reports.opened import FARTHEST, Item, Opened
from loopline.reports.options import Scope
from loopline.store.engine import Engine


def open_forecast(row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
    """The records a month is expected from, and what the rates, amounts and ranges were learnt from; or the records
    behind a count of these.

    Raises OptionError for a month that is not forecast.
    """
    if metric in LISTS:
        return open_list(row, metric, values_asked(scope, engine), engine)
    column = next(one for one in METRICS if one.key == metric)
    months = places_of(row, scope)
    try:
        learnt = learn(scope, engine)
    except TooLittleError:
        return Opened(column, row, (), 0, None)
    seen = learnt.outlook(scope)
    won, older = amounts_of(learnt.amounts.tolist()), older_of(learnt.leads.history)
    if metric == "from_open_minor":
        figure = sum(_by_month(seen.from_open, months))
        items, count = _open_opportunities(figure, seen, months, scope, engine)
        waits = waits_of(learnt.open_now, seen.chances, learnt.by_stage)
        return Opened(column, row, tuple(items), count, figure, workings=(rates_of(learnt.by_stage), waits, won))
    if metric == "from_leads_minor":
        by_month = _by_month(seen.from_leads, months)
        items, count = _open_leads(by_month, seen, months, scope, engine)
        return Opened(column, row, tuple(items), count, sum(by_month), workings=(older, won))
    if metric == "to_come_minor":
        figure = sum(_by_month(seen.to_come, months))
        return Opened(column, row, (), 0, figure, workings=(pace_of(learnt.leads.came), older, won))
    level = LEVELS.index(LOW if metric == "expected_low_minor" else HIGH)
    levels = seen.levels[:, MONTHS if row == TOTAL else months[0]]
    parts = tuple(one for one in METRICS if one.key in SOURCES)
    return Opened(column, row, (), 0, round(float(levels[level])), parts, (draws_of(levels.tolist()),))


def _by_month(expected: Floats, months: list[int]) -> list[int]:
    """Rounded month by month, as the rows show them."""
    return [round(float(expected[month])) for month in months]


def _open_opportunities(
    figure: int, seen: Outlook, months: list[int], scope: Scope, engine: Engine
) -> tuple[list[Item], int]:
    """The largest, and how many there are that are won in any draw."""
    weights = seen.of_each[:, months].sum(axis=1)
    places = np.flatnonzero(weights)
    if not len(places):
        return [], 0
    rows = engine.rows(OPEN, scope.params)
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
