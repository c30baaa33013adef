"""The next stretch is prepared while the last one is stored: the same outcome as one after the other."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from loopline.collect.loader import Loader, Pace
from loopline.collect.preparer_process import PreparerError, PreparerProcess
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.collect.stretch import Bounds, PreparerHere
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch, StoreError, StoreFullError
from tests.collect.station import Station
from tests.collect.test_loading import outcome, send_visits

PACE = Pace(max_events=4)


@pytest.fixture
def helper(tmp_path: Path) -> PreparerProcess:
    return PreparerProcess(tmp_path)


@pytest.fixture
def one_after_the_other(station: Station, tmp_path: Path) -> Iterator[Station]:
    """The same inbox loaded in this process; events repeat and visits go on across the bounds of stretches."""
    for _ in range(2):
        send_visits(station, 0, 8)
    send_visits(station, 6, 12)
    other = Station(tmp_path / "other")
    for block in station.inbox.read(0, 1 << 60):
        other.inbox.restore(block)
    other.loader = Loader(other.inbox, other.engine, other.state, pace=PACE)
    yield other
    other.close()


@dataclass
class Wayward:
    """A store that fails at the second write: before it has the rows, or after."""

    engine: DuckDBEngine
    has_rows: bool
    calls: list[Batch] = field(default_factory=list)

    def cursor(self, name: str) -> int:
        return self.engine.cursor(name)

    def write(self, batch: Batch) -> datetime:
        self.calls.append(batch)
        if len(self.calls) == 2:
            if self.has_rows:
                self.engine.write(batch)
            raise StoreFullError("no room")
        return self.engine.write(batch)


def load_through(station: Station, store: object, helper: PreparerProcess) -> int:
    """Load all that waits; how often the store failed meanwhile."""
    loader = Loader(station.inbox, store, station.state, preparer=helper, pace=PACE)  # type: ignore[arg-type]
    failures = 0
    while True:
        try:
            loader.load_all()
        except (StoreError, PreparerError):
            failures += 1
            continue
        helper.close()
        return failures


def test_preparing_ahead_changes_nothing(
    station: Station, helper: PreparerProcess, one_after_the_other: Station
) -> None:
    assert load_through(station, station.engine, helper) == 0
    assert outcome(station) == outcome(one_after_the_other)


@pytest.mark.parametrize("has_rows", [False, True])
def test_a_store_that_fails_while_the_next_stretch_is_prepared_gets_every_event_once(
    station: Station, helper: PreparerProcess, one_after_the_other: Station, has_rows: bool
) -> None:
    store = Wayward(station.engine, has_rows)
    assert load_through(station, store, helper) == 1
    is_repeated = store.calls[2].token == store.calls[1].token
    assert is_repeated is not has_rows
    if is_repeated:
        assert store.calls[2].rows["events"].equals(store.calls[1].rows["events"])
    assert outcome(station) == outcome(one_after_the_other)


def test_a_helper_that_dies_with_a_stretch_begun_is_replaced(
    station: Station, helper: PreparerProcess, one_after_the_other: Station
) -> None:
    loader = Loader(station.inbox, station.engine, station.state, preparer=helper, pace=PACE)
    assert loader.load_once() == 4
    process = helper._process
    assert process is not None
    process.kill()
    process.wait()
    assert load_through(station, station.engine, helper) == 0
    assert outcome(station) == outcome(one_after_the_other)


def test_settings_that_changed_since_a_stretch_was_begun_count(station: Station, helper: PreparerProcess) -> None:
    page = {"url": "https://x.co/", "referrer": "https://www.google.com/"}
    for number in range(12):
        station.send({"type": "page", "anonymousId": f"v{number}", "context": {"page": page}})
    asked = iter([Settings(), Settings()])  # for the first stretch, and for the second one as it is begun
    changed = Settings(own_hosts=frozenset({"google.com"}))
    loader = Loader(
        station.inbox, station.engine, station.state, preparer=helper, pace=PACE, settings=lambda: next(asked, changed)
    )
    loader.load_all()
    helper.close()
    [found] = station.engine.rows("SELECT count(*) AS events FROM events WHERE referrer_host = 'www.google.com'")
    assert found["events"] == 4


def test_a_state_that_waits_for_the_store_is_not_written(station: Station, tmp_path: Path) -> None:
    send_visits(station, 0, 4)
    state = State(tmp_path)
    preparer = PreparerHere(station.inbox, state)
    assert preparer.prepare(Bounds(1, 4), Settings()).num_rows == 2
    ahead = preparer.prepare_ahead(Bounds(5, 8), Settings())
    assert ahead is not None
    assert state.position() == 0
    assert preparer.prepare_ahead(Bounds(5, 8), Settings()) is None
    preparer.remember(Bounds(1, 4))
    assert state.position() == 4
    preparer.remember(Bounds(5, 8))
    assert state.position() == 8
    state.close()
