"""The event store for tests: every test that asks for `engine` runs on DuckDB and on ClickHouse's own engine.

chDB hosts one engine per process, so one is opened on first use and each test gets a database of its own in it.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from loopline.lib.times import Clock, utc_now
from loopline.store.clickhouse_address import read_address
from loopline.store.clickhouse_engine import ClickHouseEngine
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine

KINDS = ("duckdb", "clickhouse")
Case = TypeVar("Case")
MakeEngine = Callable[..., Engine]
"""`make_engine(clock=…)`: another engine on the store of this test, with its tables."""


def some_of(cases: Iterable[Case], engine: Engine, every: int) -> list[Case]:
    """All cases on DuckDB; on ClickHouse each `every`-th, and all with LOOPLINE_CASES=all (`make test-slow`).

    ClickHouse thinks about a long question for a tenth of a second before it reads a row. Tests that use this carry
    the marker `cases`.
    """
    is_quick = isinstance(engine, ClickHouseEngine) and os.environ.get("LOOPLINE_CASES") != "all"
    return list(cases)[:: every if is_quick else 1]


@pytest.fixture(params=KINDS)
def engine_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


_numbers = itertools.count()


@pytest.fixture(scope="session")
def chdb_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("chdb")
    keeper = ClickHouseEngine(f"chdb:///{folder}")  # the engine starts once; without a client it would stop
    yield folder
    keeper.close()


@pytest.fixture
def engine_url(engine_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """`EVENTS_URL` of an empty store of this kind."""
    if engine_kind == "duckdb":
        yield f"duckdb:///{tmp_path / 'events.duckdb'}"
        return
    folder = request.getfixturevalue("chdb_folder")
    name = f"test_{next(_numbers)}"
    url = f"chdb:///{folder}?database={name}"
    yield url
    cleaner = read_address(url).client({})
    cleaner.command(f"DROP DATABASE {name} SYNC")
    cleaner.close()


@pytest.fixture(scope="module", params=KINDS)
def reading_engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An empty store that the tests of a module share, for those that only ask."""
    engine: Engine
    if request.param == "duckdb":
        engine = DuckDBEngine(tmp_path_factory.mktemp("reading") / "events.duckdb")
    else:
        folder = request.getfixturevalue("chdb_folder")
        engine = ClickHouseEngine(f"chdb:///{folder}?database=reading_{next(_numbers)}")
    engine.migrate()
    yield engine
    engine.close()


@pytest.fixture
def make_engine(engine_url: str) -> Iterator[MakeEngine]:
    made: list[Engine] = []

    def make(clock: Clock = utc_now) -> Engine:
        path = Path(engine_url.removeprefix("duckdb:///"))
        engine: Engine = (
            DuckDBEngine(path, clock=clock)
            if engine_url.startswith("duckdb")
            else ClickHouseEngine(engine_url, clock=clock)
        )
        made.append(engine)
        engine.migrate()
        return engine

    yield make
    for engine in made:
        engine.close()


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    """An empty event store, once per engine."""
    return make_engine()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DuckDBEngine]:
    """The event store of the pages, in a file of this test."""
    engine = DuckDBEngine(tmp_path / "events.duckdb")
    engine.migrate()
    use_engine(engine)
    yield engine
    use_engine(None)
    engine.close()
