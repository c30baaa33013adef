"""Loading exactly once: after crashes at every step, from the archive, and when files do not fit together."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loopline.collect import steps
from loopline.collect.archive import restore, tidy
from loopline.collect.inbox import Inbox, Limits
from loopline.collect.loader import Loader, LoaderError, Pace
from loopline.collect.preparer_process import PreparerError, PreparerProcess
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.collect.stretch import Bounds, PreparerHere
from loopline.collect.work import Work
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch, StoreFullError
from tests.collect.station import Station, serving


def send_visits(station: Station, first: int, last: int) -> None:
    for number in range(first, last):
        page = {"url": f"https://x.co/{number}?utm_source=s{number % 3}&utm_medium=email"}
        event = {"type": "page", "anonymousId": f"v{number % 5}", "messageId": f"m{number}", "context": {"page": page}}
        station.send(event, event, {"type": "identify", "userId": f"u{number}"}, {"type": "nonsense"})


def outcome(station: Station) -> tuple[object, ...]:
    rows = station.events("event_id, session_id, is_entry, channel")
    return rows, station.state.counts(), station.quarantine.counts(), [one.seq for one in station.feed.read(0)]


class Killed(BaseException):
    """Stands for the process ending at this place."""


class KilledAfterPreparing(PreparerHere):
    def prepare(self, bounds: Bounds, settings: Settings) -> pa.Table:
        super().prepare(bounds, settings)
        raise Killed


class KilledBeforeRemembering(PreparerHere):
    def remember(self, bounds: Bounds) -> None:
        raise Killed


@pytest.mark.parametrize("killed_at", [KilledAfterPreparing, KilledBeforeRemembering])
def test_a_crash_at_any_step_changes_nothing(station: Station, tmp_path: Path, killed_at: type[PreparerHere]) -> None:
    pace = Pace(max_events=9)
    send_visits(station, 0, 12)
    for _ in range(3):
        state = State(tmp_path)
        with pytest.raises(Killed):
            Loader(
                station.inbox, station.engine, state, preparer=killed_at(station.inbox, state), pace=pace
            ).load_once()
        Loader(station.inbox, station.engine, state, pace=pace).load_once()
        state.close()
    other = Station(tmp_path / "other")
    for block in station.inbox.read(0, 1 << 60):
        other.inbox.restore(block)
    assert outcome(station) == outcome(other)
    assert len(station.events()) == 24
    other.close()


def test_a_lost_state_is_made_anew_without_doubling(station: Station, tmp_path: Path) -> None:
    send_visits(station, 0, 5)
    before = outcome(station)
    station.state.close()
    for path in tmp_path.glob("collect.sqlite*"):
        path.unlink()
    station.state = State(tmp_path)
    station.loader = Loader(station.inbox, station.engine, station.state)
    send_visits(station, 4, 6)
    rows = station.events()
    assert len(rows) == len(before[0]) + 2 + 1  # type: ignore[arg-type]


def test_an_emptied_event_store_is_filled_again(station: Station, tmp_path: Path) -> None:
    send_visits(station, 0, 6)
    before = outcome(station)
    station.engine.close()
    station.engine = DuckDBEngine(tmp_path / "fresh.duckdb")
    station.engine.migrate()
    station.loader = Loader(station.inbox, station.engine, station.state)
    assert outcome(station)[0] == before[0]
    assert station.state.counts() == before[1]


def test_a_replaced_inbox_is_noticed(station: Station, tmp_path: Path) -> None:
    send_visits(station, 0, 2)
    station.events()
    empty = Inbox(tmp_path / "empty")
    with pytest.raises(LoaderError, match=r"inbox was\s+replaced"):
        Loader(empty, station.engine, State(tmp_path / "empty")).load_once()
    empty.close()


def test_closed_days_are_archived_without_addresses_and_can_be_loaded_again(station: Station, tmp_path: Path) -> None:
    send_visits(station, 0, 6)
    station.send({"type": "page", "anonymousId": "v9", "context": {"ip": "203.0.113.9"}}, key="browser-key")
    before = outcome(station)
    later = datetime.now(UTC) + timedelta(days=9)
    tidy(station.inbox, station.state, later)
    [path] = (tmp_path / "archive").iterdir()
    assert "ip" not in pq.read_schema(path).names
    assert b"203.0.113.9" not in b"".join(pq.read_table(path)["body"].to_pylist())
    assert len(station.inbox.read(0, 1 << 60)) == 1
    assert station.inbox.last_seq() == 25
    assert station.state.counts() == before[1]
    assert restore(station.inbox) == 7
    station.engine.close()
    station.engine = DuckDBEngine(tmp_path / "fresh.duckdb")
    station.engine.migrate()
    station.loader = Loader(station.inbox, station.engine, station.state)
    assert station.events("event_id, session_id, is_entry, channel") == before[0]


def test_what_is_not_loaded_stays_in_the_inbox(station: Station) -> None:
    send_visits(station, 0, 2)
    tidy(station.inbox, station.state, datetime.now(UTC) + timedelta(days=30))
    assert len(station.events()) == 4


@dataclass
class FullOnce:
    """A store whose disk is full the first time."""

    engine: DuckDBEngine
    calls: list[Batch] = field(default_factory=list)

    def cursor(self, name: str) -> int:
        return self.engine.cursor(name)

    def write(self, batch: Batch) -> datetime:
        self.calls.append(batch)
        if len(self.calls) == 1:
            raise StoreFullError("no room")
        return self.engine.write(batch)


def test_a_store_that_was_full_gets_the_same_stretch_again(station: Station) -> None:
    send_visits(station, 0, 2)
    store = FullOnce(station.engine)
    loader = Loader(station.inbox, store, station.state)  # type: ignore[arg-type]
    with pytest.raises(StoreFullError):
        loader.load_once()
    send_visits(station, 2, 4)
    loader.load_all()
    assert store.calls[0].token == store.calls[1].token
    assert store.calls[0].rows["events"].equals(store.calls[1].rows["events"])
    assert len(station.events()) == 8


def test_the_helper_process_gives_the_same_rows_and_survives_its_death(station: Station, tmp_path: Path) -> None:
    helper = PreparerProcess(tmp_path)
    station.loader = Loader(
        station.inbox, station.engine, station.state, settings=station.keys.settings, preparer=helper
    )
    send_visits(station, 0, 3)
    assert len(station.events()) == 6
    send_visits(station, 3, 6)
    process = helper._process
    assert process is not None
    process.kill()
    process.wait()
    send_visits(station, 5, 7)
    assert len(station.events()) == 14 + 1
    helper.close()
    other = Station(tmp_path / "other")
    for block in station.inbox.read(0, 1 << 60):
        other.inbox.restore(block)
    assert outcome(station)[:2] == outcome(other)[:2]
    other.close()


def test_a_helper_that_cannot_start_says_so(tmp_path: Path) -> None:
    helper = PreparerProcess(tmp_path / "no" / "\0")
    with pytest.raises((PreparerError, ValueError)):
        helper.prepare(Bounds(1, 1), Settings())


def test_a_request_that_breaks_a_step_is_set_aside_and_the_rest_goes_on(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_on_poison(work: Work) -> None:
        if any(item.name == "Poison" for item in work.items):
            raise ZeroDivisionError

    monkeypatch.setattr(steps, "STEPS", (*steps.STEPS, ("a new step with a fault", break_on_poison)))
    for name in ("Good", "Poison", "Also good"):
        station.send({"type": "track", "event": name, "userId": "u1", "messageId": name})
    assert {row["name"] for row in station.events()} == {"Good", "Also good"}
    assert station.quarantine.counts() == {"step_failed": 1}
    monkeypatch.undo()
    station.quarantine.replay()
    assert len(station.events()) == 3


def test_a_long_backlog_asks_senders_to_wait_and_ends_by_itself(tmp_path: Path) -> None:
    station = Station(tmp_path, Limits(min_free_bytes=1, max_lag_events=3))
    with serving(station.collector) as url:
        station.url = url
        station.loader.load_once()
        event = {"type": "track", "event": "E", "userId": "u1"}
        station.send(*[event] * 5)
        station.inbox._look_at_room()
        answer = station.post("/v1/track", event)
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "lag", "30")
        assert httpx.get(url + "/readyz").status_code == 503
        station.loader.load_all()
        station.inbox._look_at_room()
        assert station.post("/v1/track", event).status_code == 200
    station.close()


def test_little_room_on_the_disk_asks_senders_to_wait(tmp_path: Path) -> None:
    free = [10]
    inbox = Inbox(tmp_path, Limits(min_free_bytes=1 << 20), free_bytes=lambda: free[0])
    inbox.start()
    assert inbox.trouble is not None
    assert inbox.trouble.reason == "disk"
    free[0] = 2 << 20
    inbox._look_at_room()
    assert inbox.trouble is None
    inbox.close()
