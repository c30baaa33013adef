"""Every report beside a second count of the same rows, over random small histories: the same to the cent.

The second count (`books`, `credit`, `closed_loop`, `library`) reads the tables of the event store row by row in Python
and knows docs/DEFINITIONS.md; it shares no question with the reports. Models that learn have cases of their own.
"""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from loopline.attribution.conversions import PEOPLE
from loopline.attribution.model import MODELS
from loopline.reports.catalogue import REPORTS
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.option_words import FIELDS, options_of
from loopline.reports.options import CONVERSIONS, Books, Options
from loopline.reports.weekly.sums import WEEKLY
from loopline.store.engine import Engine
from tests.second_count.books import read_tables
from tests.second_count.random_books import BETWEEN, UNITS, History
from tests.second_count.side_by_side import COUNTS, differences

KEYS = (*COUNTS, "closed-loop", "weekly")
AT_THE_END = datetime(2024, 4, 6, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata")
DAYS = (date(2024, 1, 1), date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 10), date(2024, 3, 31))
"""A leap day, and days of 23 hours."""


def some_books(chance: random.Random) -> Books:
    """Of an organisation somewhere, for somebody who sees all units, or not all."""
    seen = UNITS[: chance.choice((1, 2, 3, 3))]
    return Books(
        currency="EUR", zone=chance.choice(ZONES), units={unit: unit.title() for unit in seen},
        margins={"north": chance.choice((100, 40))}, sees_all_units=len(seen) == len(UNITS),
    )  # fmt: skip


def some_options(key: str, chance: random.Random) -> Options:
    """Options that the report reads, each of them anything."""
    report = REPORTS.get(key, WEEKLY)
    first = chance.choice(DAYS)
    models = [one.key for one in MODELS.values() if not one.is_fitted and not (one.overlaps and key != "closed-loop")]
    anything: dict[str, Any] = {
        "clock": chance.choice(("period", "cohort")), "model": chance.choice(models),
        "lookback": chance.choice((90, 90, None, 7, 1)), "half_life": chance.choice((7.0, 0.5)),
        "conversion": chance.choice(("", "", *CONVERSIONS)), "people": chance.choice([*PEOPLE]),
        "kinds": chance.choice((None, None, frozenset({"entry", "call"}))),
        "direct": chance.choice(("count", "ignore")), "humans": chance.random() < 0.8,
    }  # fmt: skip
    read = {one.name for one in options_of(report)}
    by = chance.choice([*DIMENSIONS]) if key == "closed-loop" else chance.choice([*(report.by or ("",))])
    return Options(
        first=first, last=min(first + timedelta(days=chance.choice((0, 6, 30, 90))), date(2024, 4, 30)),
        as_of=chance.choice((BETWEEN, AT_THE_END, AT_THE_END)), by="channel" if key == "weekly" else by,
        unit_ids=chance.choice((None, None, frozenset({"north"}))),
        **{FIELDS[name]: value for name, value in anything.items() if name in read},
    )  # fmt: skip


def hold_together(engine: Engine, seed: int, rounds: int) -> None:
    History(engine, seed)
    tables, chance = read_tables(engine), random.Random(seed)
    for key in KEYS * rounds:
        options, books = some_options(key, chance), some_books(chance)
        assert differences(key, options, books, engine, tables) == [], (key, options, books)


@pytest.mark.parametrize("engine_kind", ["duckdb"], indirect=True)
@pytest.mark.parametrize("seed", [7])
def test_every_report_says_what_a_second_count_says(engine: Engine, seed: int) -> None:
    hold_together(engine, seed, rounds=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine_kind", "seed"),
    [*(("duckdb", seed) for seed in range(100, 130)), *(("clickhouse", seed) for seed in range(102, 130, 6))],
    indirect=["engine_kind"],
)
def test_every_report_says_so_over_many_histories(engine: Engine, engine_kind: str, seed: int) -> None:
    """ClickHouse thinks long about a question: of a few histories only."""
    hold_together(engine, seed, rounds=1 if engine_kind == "clickhouse" else 4)


@pytest.mark.parametrize("engine_kind", ["duckdb"], indirect=True)
def test_a_second_count_that_differs_is_told(engine: Engine) -> None:
    """A cent more in one row of what is counted shows."""
    History(engine, 7)
    tables = read_tables(engine)
    options = Options(first=date(2024, 1, 1), last=date(2024, 3, 31), as_of=AT_THE_END, by="channel")
    books = Books(currency="EUR", zone="UTC", units={unit: unit for unit in UNITS})
    for sale in tables["opportunity_facts"]:
        if sale["reporting_minor"] is not None:
            sale["reporting_minor"] += 1
    assert any("revenue_minor" in words for words in differences("closed-loop", options, books, engine, tables))
