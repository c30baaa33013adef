"""A damaged inbox: every whole block is kept, none is read changed, and what is gone is said, never silently.

Each case is a copy of an inbox as a power cut leaves it, damaged near its end in a way drawn by its number.
"""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.balance import read_balance
from loopline.collect.log import Block, Log
from loopline.collect.request import Request
from tests.collect.killed_mending import told
from tests.collect.station import Station

PAGE, FRAME = 8192, 8192 + 24
CASES, FEW = 500, 60
ONCE_FAILED = (269, 270)
"""A small table that SQLite could not prepare, and a blank page under a log that seemed to end in time."""
FILE, WAL = "inbox.sqlite", "inbox.sqlite-wal"


def request(seed: int, size: int) -> Request:
    body = b'{"event":"%s"}' % random.Random(seed).randbytes(size // 2).hex().encode()
    return Request(1, seed, "key", "unit", "server", "track", body)


Place = tuple[str, int]
"""A page of the file or a frame of its write-ahead log."""


@dataclass
class Cut:
    """An inbox at the moment of a power cut, and where its blocks lie."""

    folder: Path
    blocks: dict[int, Block]
    holders: dict[int, dict[int, set[Place]]]
    """seq → number of each page that holds some of the block → where such a page stands."""

    def whole_without(self, damaged: set[Place]) -> set[int]:
        """Blocks of which every page still stands somewhere undamaged."""
        return {seq for seq, pages in self.holders.items() if all(places - damaged for places in pages.values())}


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    """Half of the blocks are in the file, the others in its write-ahead log only."""
    live, folder = tmp_path_factory.mktemp("live"), tmp_path_factory.mktemp("cut")
    log, chance = Log(live), random.Random(1)
    for number in range(30):
        sizes = [chance.choice((40, 300, 3_000, 20_000)) for _ in range(chance.randint(1, 4))]
        log.append_now([request(number * 10 + place, size) for place, size in enumerate(sizes)])
        if number == 14:
            log.pin(1, log.last_seq(), 0)  # begun, not stored
            log._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for name in (FILE, WAL, "inbox.end"):
        shutil.copy(live / name, folder / name)
    blocks = {block.seq: block for block in log.read(0, 1 << 60)}
    log.close()
    return Cut(folder, blocks, _holders(folder, blocks))


def _holders(folder: Path, blocks: dict[int, Block]) -> dict[int, dict[int, set[Place]]]:
    """Found by looking for pieces of the bodies, not by reading SQLite's format."""
    piece, whose = 12, {}
    for seq, block in blocks.items():
        for one in block.requests:
            whose.update({one.body[place : place + piece]: seq for place in range(len(one.body) - piece)})
    holders: dict[int, dict[int, set[Place]]] = {seq: {} for seq in blocks}
    for place, number, page in _pages(folder):
        for seq in {whose.get(page[at : at + piece]) for at in range(PAGE)} - {None}:
            holders[seq].setdefault(number, set()).add(place)
    return holders


def _pages(folder: Path) -> Iterator[tuple[Place, int, bytes]]:
    file, wal = (folder / FILE).read_bytes(), (folder / WAL).read_bytes()
    for number in range(len(file) // PAGE):
        yield (FILE, number), number + 1, file[number * PAGE : (number + 1) * PAGE]
    for number in range((len(wal) - 32) // FRAME):
        frame = wal[32 + number * FRAME : 32 + (number + 1) * FRAME]
        yield (WAL, number), int.from_bytes(frame[:4], "big"), frame[24:]


def damage(folder: Path, chance: random.Random) -> set[Place]:
    """Cut off, flip or blank something, three times of four in the last third; which pages and frames that hit."""
    name = chance.choice((FILE, WAL))
    path, head, step = folder / name, *((0, PAGE) if name == FILE else (32, FRAME))
    content = bytearray(path.read_bytes())
    size = len(content)
    first = chance.choice((0, size * 2 // 3, size * 2 // 3, size * 2 // 3))
    at = chance.randrange(first, size)
    kind = chance.choice(("cut off", "flipped", "blank"))
    if kind == "cut off":
        hit = range(at, size)
        del content[at:]
    elif kind == "flipped":
        hit = range(at, min(size, at + chance.choice((1, 1, 3, 40))))
        for place in hit:
            content[place] ^= chance.randrange(1, 256)
    else:
        at = max(head, at - (at - head) % step)
        hit = range(at, min(size, at + step * chance.choice((1, 1, 2))))
        content[at : hit.stop] = bytes(len(hit))
    path.write_bytes(content)
    return {(name, place) for place in range((hit.start - head) // step, (hit.stop - 1 - head) // step + 1)}


def check_case(cut: Cut, folder: Path, number: int) -> int:
    """Damage a copy, open it and compare; how many events were lost."""
    shutil.copytree(cut.folder, folder)
    hit = damage(folder, random.Random(number))
    log = Log(folder)
    found = {block.seq: block for block in log.read(0, 1 << 60) if block.events}
    lost = cut.blocks.keys() - found.keys()
    events = sum(cut.blocks[seq].events for seq in lost)
    assert {seq: block for seq, block in found.items() if cut.blocks[seq] != block} == {}
    assert lost & cut.whole_without(hit) == set()
    assert sum(one.lost for one in log.damages()) == events
    last = max(cut.blocks)
    assert log.last_seq() == last
    log.append_now([request(number, 40)])
    assert log.last_seq() == last + 1
    log.close()
    shutil.rmtree(folder)
    return events


def check_cases(cut: Cut, folder: Path, numbers: Iterable[int]) -> None:
    lost = [check_case(cut, folder / str(number), number) for number in numbers]
    assert 0 < sum(1 for events in lost if events) < len(lost)


def test_every_whole_block_of_a_damaged_inbox_is_kept_and_what_is_lost_is_said(cut: Cut, tmp_path: Path) -> None:
    check_cases(cut, tmp_path, (*range(FEW), *ONCE_FAILED))


@pytest.mark.slow
def test_all_cases_of_damage(cut: Cut, tmp_path: Path) -> None:
    check_cases(cut, tmp_path, range(CASES))


@pytest.mark.parametrize(
    ("part", "planted"),
    [("mending.read_mark", lambda _folder: None), ("checksum.checksum_of", lambda *_values: 0)],
    ids=["no witness of the end", "checksums that say nothing"],
)
def test_the_cases_find_an_inbox_that_does_not_notice(
    cut: Cut, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, planted: Any
) -> None:
    monkeypatch.setattr(f"loopline.collect.{part}", planted)
    with pytest.raises(AssertionError):
        check_cases(cut, tmp_path, range(FEW))


def flip_a_frame(folder: Path) -> None:
    """Whole frames follow it, which SQLite does not read."""
    content = bytearray((folder / WAL).read_bytes())
    content[32 + FRAME * 3 + 100] ^= 1
    (folder / WAL).write_bytes(content)


def lose_the_file(folder: Path) -> None:
    """Its write-ahead log is still there, which SQLite throws away."""
    (folder / FILE).unlink()


@pytest.mark.parametrize("harm", [flip_a_frame, lose_the_file])
def test_a_kill_while_a_damaged_inbox_is_mended_loses_nothing_more(
    cut: Cut, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    shutil.copytree(cut.folder, tmp_path / "damaged")
    harm(tmp_path / "damaged")
    shutil.copytree(tmp_path / "damaged", tmp_path / "whole")
    expected = told(tmp_path / "whole")
    assert any(events for _, events in expected["blocks"]), "something is kept"
    program = [sys.executable, "-m", "tests.collect.killed_mending"]
    done = subprocess.run(
        [*program, str(tmp_path / "damaged"), str(tmp_path / "scratch"), "40"],
        capture_output=True, text=True, timeout=120, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    tries = [json.loads(line) for line in done.stdout.splitlines()]
    assert sum(1 for one in tries if one["killed_before"]) >= 20
    assert [one for one in tries if {key: one[key] for key in expected} != expected] == []


def lose_the_end(folder: Path) -> None:
    """What a controller does that confirms what it only meant to write."""
    os.truncate(folder / WAL, 0)


def test_what_is_gone_is_in_the_books_and_the_rest_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    live, folder = tmp_path / "live", tmp_path / "cut"
    station = Station(live)
    events = [{"type": "track", "event": "E", "userId": "u", "messageId": f"m{number}"} for number in range(5)]
    for number in range(4):
        station.inbox.append_now([track(events[number])])
    station.loader.load_all()
    station.inbox._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    station.inbox.append_now([track(events[4])])
    shutil.copytree(live, folder)
    station.close()
    lose_the_end(folder)
    again = Station(folder)
    assert "1 acknowledged events cannot be read any more" in caplog.text
    again.inbox.append_now([track({**events[4], "messageId": "after"})])
    ids = [row["event_id"] for row in again.events("event_id")]
    assert sorted(map(str, ids)) == ["after", "m0", "m1", "m2", "m3"]
    balance = read_balance(again.state, again.inbox)
    assert (balance.total.difference, balance.total.reasons) == (0, {"damaged": 1})
    again.close()


def track(event: dict[str, object]) -> Request:
    return Request(1, time.time_ns() // 1000, "key", "unit", "server", "track", json.dumps(event).encode())


def test_a_block_that_changed_under_a_running_server_is_left_out_and_counted(station: Station) -> None:
    station.send({"type": "track", "event": "Good", "userId": "u"})
    station.send({"type": "track", "event": "Bad", "userId": "u"})
    station.inbox._connection.execute(
        "UPDATE blocks SET requests = CAST(replace(requests, 'Bad', 'Bud') AS BLOB) WHERE seq = 2"
    )
    assert [row["name"] for row in station.events("name")] == ["Good"]
    assert read_balance(station.state, station.inbox).total.reasons == {"damaged": 1}
    assert station.inbox.unreadable() == [2]


def test_an_inbox_from_before_there_were_checksums_is_taken_on(tmp_path: Path) -> None:
    connection = sqlite.connect(tmp_path / FILE)
    connection.execute(
        "CREATE TABLE blocks (seq INTEGER PRIMARY KEY, events INTEGER NOT NULL, committed_us INTEGER NOT NULL,"
        " requests BLOB NOT NULL)"
    )
    packed = msgspec.msgpack.encode([request(1, 40)])
    connection.execute("INSERT INTO blocks VALUES (1, 1, 7, ?)", (packed,))
    connection.commit()
    connection.close()
    log = Log(tmp_path)
    log.append_now([request(2, 40)])
    assert [block.requests for block in log.read(0, 9)] == [[request(1, 40)], [request(2, 40)]]
    assert (log.unreadable(), log.damages()) == ([], [])
    log.close()


def test_an_inbox_that_is_gone_does_not_give_its_numbers_out_again(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.append_now([request(1, 40), request(2, 40)])
    log.close()
    for name in tmp_path.glob("inbox.sqlite*"):
        name.unlink()
    again = Log(tmp_path)
    again.append_now([request(3, 40)])
    assert (again.id, again.last_seq(), again.damages()[0].lost) == (log.id, 3, 2)
    again.close()


def test_another_inbox_is_not_held_against_the_mark_of_the_one_before(tmp_path: Path) -> None:
    for name, count in (("one", 3), ("other", 1)):
        log = Log(tmp_path / name)
        log.append_now([request(number, 40) for number in range(count)])
        log.close()
    shutil.copy(tmp_path / "one" / "inbox.end", tmp_path / "other" / "inbox.end")
    log = Log(tmp_path / "other")
    assert (log.last_seq(), log.damages()) == (1, [])
    log.close()


def test_a_second_process_waits_and_does_not_look_again(tmp_path: Path) -> None:
    first = Log(tmp_path)
    second = Log(tmp_path)
    assert (first._claim.is_first, second._claim.is_first) == (True, False)
    first.close()
    second.close()


def test_a_log_that_cannot_be_opened_holds_up_nobody_who_tries_after(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    for _ in range(2):
        with pytest.raises(sqlite.OperationalError):
            Log(tmp_path)
    (tmp_path / FILE).rmdir()
    Log(tmp_path).close()
