"""The event store for tests: every test that asks for `engine` runs on DuckDB and on ClickHouse's own engine.

chDB hosts one engine per process, so one is opened on first use and each test gets a database in it. Making one and
dropping it takes longer than most tests: it is emptied and lent to the next test instead, as one of DuckDB is.
"""

import functools
import itertools
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loopline.lib.times import Clock, utc_now
from loopline.store.clickhouse_address import read_address
from loopline.store.clickhouse_engine import ClickHouseEngine
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from tests.lent import Lender, empty_clickhouse, lent_clickhouse

KINDS = ("duckdb", "clickhouse")
KEPT_MEMORY = "128MB"
"""Tests ask without a rest: memory that each question gives back and takes anew costs them half of all page faults."""
MakeEngine = Callable[..., Engine]
"""`make_engine(clock=…)`: another engine on the store of this test, with its tables."""


@functools.cache
def _empty_file() -> bytes:
    """A DuckDB file with all tables: copying it is ten times quicker than making them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.duckdb"
        engine = DuckDBEngine(path)
        engine.migrate()
        engine.close()
        return path.read_bytes()


def empty_duckdb(path: Path, *, clock: Clock = utc_now, threads: int = 2) -> DuckDBEngine:
    """An event store in this file, with its tables; what the file holds already stays."""
    is_new = not path.exists()
    if is_new:
        path.write_bytes(_empty_file())
    engine = DuckDBEngine(path, clock=clock, threads=threads, flush_from=KEPT_MEMORY)
    if not is_new:
        engine.migrate()
    return engine


@pytest.fixture(params=KINDS)
def engine_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


_numbers = itertools.count()
_free: list[ClickHouseEngine] = []
"""Databases with all tables and no rows, for the next test."""


@pytest.fixture(scope="session")
def chdb_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("chdb")
    keeper = ClickHouseEngine(f"chdb:///{folder}")  # the engine starts once; without a client it would stop
    yield folder
    keeper.close()


@pytest.fixture
def engine_url(engine_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """`EVENTS_URL` of an empty store of this kind; without any table where the test has the marker `new_database`."""
    if engine_kind == "duckdb":
        yield f"duckdb:///{tmp_path / 'events.duckdb'}"
        return
    folder = request.getfixturevalue("chdb_folder")
    if request.node.get_closest_marker("new_database"):
        url = _new_database(folder)
        yield url
        _drop(url)
        return
    with _lent_clickhouse(folder) as (_, url):
        yield url


@contextmanager
def _lent_clickhouse(folder: Path) -> Iterator[tuple[ClickHouseEngine, str]]:
    if _free:
        owner = _free.pop()
    else:
        owner = ClickHouseEngine(_new_database(folder))
        owner.migrate()
    engine = lent_clickhouse(owner)
    yield engine, f"chdb:///{folder}?database={engine._address.database}"
    empty_clickhouse(engine)
    _free.append(engine)


def _new_database(folder: Path) -> str:
    return f"chdb:///{folder}?database=test_{next(_numbers)}"


def _drop(url: str) -> None:
    address = read_address(url)
    client = address.client({})
    client.command(f"DROP DATABASE {address.database} SYNC")
    client.close()


@pytest.fixture(scope="module", params=KINDS)
def reading_engine(
    request: pytest.FixtureRequest, lender: Lender, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """An empty store that the tests of a module share, for those that only ask."""
    if request.param == "duckdb":
        with lender.lent(tmp_path_factory.mktemp("reading"), threads=2) as engine:
            yield engine
    else:
        with _lent_clickhouse(request.getfixturevalue("chdb_folder")) as (lent, _):
            yield lent


@pytest.fixture
def make_engine(engine_url: str, request: pytest.FixtureRequest) -> Iterator[MakeEngine]:
    made: list[Engine] = []

    def make(clock: Clock = utc_now) -> Engine:
        engine: Engine
        if engine_url.startswith("duckdb"):
            engine = empty_duckdb(Path(engine_url.removeprefix("duckdb:///")), clock=clock)
            made.append(engine)
            return engine
        engine = ClickHouseEngine(engine_url, clock=clock)
        made.append(engine)
        if request.node.get_closest_marker("new_database"):
            engine.migrate()
        return engine

    yield make
    for engine in made:
        engine.close()


@pytest.fixture(scope="session")
def lender(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lender]:
    made = Lender(tmp_path_factory.mktemp("lent"), lambda path, threads: empty_duckdb(path, threads=threads))
    yield made
    made.close()


@pytest.fixture
def engine(engine_kind: str, request: pytest.FixtureRequest, lender: Lender, tmp_path: Path) -> Iterator[Engine]:
    """An empty event store, once per engine: one of its own where the test has the marker `new_database`, that of
    `engine_url` where it asks for it, else a lent one."""
    if request.node.get_closest_marker("new_database") or "engine_url" in request.fixturenames:
        make: MakeEngine = request.getfixturevalue("make_engine")
        yield make()
    elif engine_kind == "duckdb":
        with lender.lent(tmp_path, threads=2) as lent:
            yield lent
    else:
        with _lent_clickhouse(request.getfixturevalue("chdb_folder")) as (engine, _):
            yield engine


@pytest.fixture
def store(lender: Lender, tmp_path: Path) -> Iterator[DuckDBEngine]:
    """The event store of the pages. Their questions are asked with more threads by tests of `engine`; threads that have
    nothing to do take a seventh of a page's time."""
    with lender.lent(tmp_path, threads=1) as engine:
        use_engine(engine)
        yield engine
        use_engine(None)
