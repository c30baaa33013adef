"""One person's events leave the inbox, its archive and what the loader remembers; everybody else's stay."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loopline.collect.archive import archived_days, restore, tidy
from loopline.collect.balance import read_balance
from loopline.collect.erasing import erase_from_archive, erase_from_log, erase_from_state
from loopline.collect.log import Log
from loopline.collect.theirs import Theirs
from tests.collect.station import Station

INES = Theirs(emails=frozenset({"ines@halden.no"}), users=frozenset({"u-4711"}), visitors=frozenset({"a" * 32}))
TRACES = (b"ines@halden", b"Ines", b"u-4711", b"aaaaaaaa")


def theirs() -> list[dict[str, object]]:
    return [
        {"type": "page", "messageId": "i1", "anonymousId": "a" * 32},
        {"type": "track", "event": "Signed up", "messageId": "i2", "userId": "u-4711", "properties": {"name": "Ines"}},
        {"type": "identify", "messageId": "i3", "userId": "x", "traits": {"email": "Ines@Halden.no", "name": "Ines"}},
        {"type": "page", "messageId": "i4", "anonymousId": "z", "context": {"page": {"url": "/?m=ines%40halden.no"}}},
        {"type": "nonsense", "messageId": "i5", "userId": "u-4711"},
    ]


def others(number: int) -> dict[str, object]:
    return {"type": "track", "event": "Opened", "messageId": f"o{number}", "userId": f"tom-{number}"}


def everything(folder: Path) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file() and "events.duckdb" not in path.name]
    return b"".join(path.read_bytes() for path in files)


def erase(station: Station) -> int:
    upto = station.inbox.last_seq()
    gone = erase_from_log(station.inbox, INES, upto) + erase_from_archive(station.folder, INES)
    erase_from_state(station.state, INES, ["unit-1"], upto)
    assert station.inbox.wipe()
    assert station.state.wipe()
    return gone


def test_erased_events_leave_no_byte_and_everybody_elses_stay(station: Station) -> None:
    station.send(others(1), *theirs(), others(2))
    station.post("/v1/identify", {"messageId": "i6", "userId": "u-4711", "traits": {"name": "Ines"}})
    station.loader.load_all()
    before = {block.seq: block.requests for block in station.inbox.read(0, 100)}
    assert all(one in everything(station.folder) for one in TRACES)
    assert erase(station) == 6
    left = everything(station.folder)
    assert [one for one in TRACES if one in left] == []
    assert erase(station) == 0, "doing it again changes nothing"
    assert station.inbox.unreadable() == []
    after = {block.seq: block.requests for block in station.inbox.read(0, 100)}
    assert after.keys() == before.keys()
    kept = [one for one in json.loads(next(iter(after.values()))[0].body)["batch"] if one["type"] != "erased"]
    assert kept == [others(1), others(2)]
    assert station.quarantine.waiting() == []


def test_building_anew_from_inbox_and_archive_brings_nobody_back_and_the_books_balance(
    station: Station, tmp_path: Path
) -> None:
    station.send(others(1), *theirs(), others(2))
    station.loader.load_all()
    tidy(station.inbox, station.state, datetime.now(UTC) + timedelta(days=20))
    [day] = archived_days(station.folder)
    written = day.read_bytes()
    erase(station)
    assert day.read_bytes() != written
    again = Station(tmp_path / "again")
    try:
        (again.folder / "archive").mkdir()
        (again.folder / "archive" / day.name).write_bytes(day.read_bytes())
        restore(again.inbox)
        again.loader.load_all()
        assert [row["user_id"] for row in again.events("user_id")] == ["tom-1", "tom-2"]
        books = read_balance(again.state, again.inbox).total
        assert (books.received, books.stored, books.reasons, books.difference) == (7, 2, {"erased": 5}, 0)
        assert all(one not in everything(again.folder) for one in TRACES)
    finally:
        again.close()


def test_a_day_of_others_is_not_written_anew(station: Station) -> None:
    station.send(others(1))
    station.loader.load_all()
    tidy(station.inbox, station.state, datetime.now(UTC) + timedelta(days=20))
    [day] = archived_days(station.folder)
    before = day.stat()
    erase(station)
    assert (day.stat().st_ino, day.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_books_say_that_stored_events_were_erased_since(station: Station) -> None:
    station.send(others(1), *theirs()[:4])
    station.loader.load_all()
    [source] = read_balance(station.state, station.inbox).sources
    station.state.note_erased("e1", {source: 4}, 5)
    station.state.note_erased("e1", {source: 4}, 5)
    books = read_balance(station.state, station.inbox)
    assert (books.total.stored, books.total.reasons, books.total.difference) == (1, {"erased": 4}, 0)
    assert books.sources[source].difference == 0
    assert station.state.counts() == {("stored", ""): 1, ("dropped", "erased"): 4}


@pytest.mark.parametrize("body", [{"type": "erased"}, {"type": "erased", "userId": "u"}])
def test_nobody_outside_can_say_that_an_event_was_erased(station: Station, body: dict[str, object]) -> None:
    station.send(body)
    station.loader.load_all()
    assert station.quarantine.counts() == {"unknown_type": 1}


def test_an_event_on_a_shared_browser_goes_by_its_id_or_else_by_when_it_came() -> None:
    shared = Theirs(shared={"v1": ((100, 200),)}, event_ids=frozenset({"mine"}))
    mine, elses = b'{"messageId":"mine","anonymousId":"v1"}', b'{"messageId":"other","anonymousId":"v1"}'
    without = b'{"anonymousId":"v1"}'
    assert [shared.is_about(one, 150) for one in (mine, elses, without)] == [True, False, True]
    assert not shared.is_about(without, 200)


def test_a_log_that_another_process_writes_anew_waits_for_its_turn(tmp_path: Path) -> None:
    from threading import Thread

    from loopline.collect.rewriting import rewriting

    log = Log(tmp_path)
    with rewriting(tmp_path):
        thread = Thread(target=erase_from_log, args=(log, INES, 5))
        thread.start()
        thread.join(0.05)
        assert thread.is_alive()
    thread.join()
    log.close()
