"""One event per source and messageId, however often and however late it is sent again."""

import json
import random
import time
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite

from loopline.collect import known_ids
from loopline.collect.keys import KeyKind, NewKey
from loopline.collect.known_ids import KnownId
from loopline.collect.own import OwnEvent, report_event
from loopline.collect.state import Outcome, State
from loopline.lib.times import utc_now
from tests.collect.station import Station

EVENT: dict[str, object] = {
    "type": "track", "event": "Order paid", "userId": "u1", "messageId": "m1", "timestamp": "2026-03-01T12:00:00Z",
    "properties": {"total": 12.5, "items": [{"sku": "a", "count": 1}]},
}  # fmt: skip


def reasons(station: Station) -> dict[str, int]:
    station.events()
    return {reason: events for (outcome, reason), events in station.state.counts().items() if outcome != "stored"}


@pytest.mark.parametrize(
    "again",
    [
        EVENT,
        {**EVENT, "sentAt": "2026-03-01T12:00:09Z"},
        {**EVENT, "context": {"library": {"name": "other", "version": "2"}}},
        dict(reversed(EVENT.items())) | {"properties": {"items": [{"count": 1, "sku": "a"}], "total": 12.5}},
    ],
    ids=["the same bytes", "sent later", "another library version", "other order"],
)
@pytest.mark.parametrize("in_one_stretch", [True, False])
def test_the_same_event_again_is_a_duplicate(station: Station, again: dict[str, object], in_one_stretch: bool) -> None:
    station.send(EVENT)
    if not in_one_stretch:
        station.events()
    station.send(again)
    assert reasons(station) == {"duplicate": 1}
    assert len(station.events()) == 1


def test_a_single_call_and_a_batch_say_the_same(station: Station) -> None:
    station.post("/v1/track", {key: value for key, value in EVENT.items() if key != "type"})
    station.post("/v1/batch", json.dumps({"batch": [EVENT], "sentAt": "2026-03-01T12:00:09Z"}, indent=2).encode())
    assert reasons(station) == {"duplicate": 1}


@pytest.mark.parametrize(
    "other",
    [
        {"event": "Order sent"},
        {"userId": "u2"},
        {"properties": {"total": 99}},
        {"timestamp": "2026-03-02T12:00:00Z"},
        {"type": "page"},
        {"context": {"page": {"url": "https://x.co/other"}}},
    ],
    ids=lambda value: next(iter(value)),
)
@pytest.mark.parametrize("in_one_stretch", [True, False])
def test_the_same_id_with_other_content_is_set_aside(
    station: Station, other: dict[str, object], in_one_stretch: bool
) -> None:
    station.send(EVENT)
    if not in_one_stretch:
        station.events()
    station.send({**EVENT, **other})
    assert reasons(station) == {"id_reused": 1}
    [kept] = station.quarantine.waiting()
    assert "Give each its own" in kept.detail
    station.quarantine.replay([kept.id], lambda event: {**event, "messageId": "m2"})
    assert len(station.events()) == 2


def test_two_sources_may_use_the_same_id(station: Station) -> None:
    station.keys.create(NewKey("other", KeyKind.SERVER, "unit-1"), plain="other-key")
    station.send(EVENT)
    station.send({**EVENT, "event": "Something else"}, key="other-key")
    assert len(station.events()) == 2


def test_what_looplines_own_parts_report_anew_is_no_reuse(station: Station) -> None:
    for name in ("Contact", "Contact us"):
        report_event(station.folder, OwnEvent("f1", "form", name, "unit-1", utc_now(), touch_kind="form"))
    assert reasons(station) == {"duplicate": 1}


def test_an_id_is_known_after_tidying_and_after_it_moved_to_the_large_table(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_ids, "_MAX_NEW", 10)
    for part in range(80):
        station.send(*({**EVENT, "messageId": f"m{part}-{number}"} for number in range(5)))
        station.events()
    [(new, old)] = station.state.select("SELECT (SELECT count(*) FROM new_ids), (SELECT count(*) FROM old_ids)")
    assert (new + old, old > 200) == (400, True)
    assert station.state.select("SELECT new_rows FROM id_sweep") == [(new,)]
    station.state.tidy(station.inbox.last_seq())
    station.send(*({**EVENT, "messageId": f"m{part}-{number}"} for part in range(80) for number in range(5)))
    assert reasons(station) == {"duplicate": 400}


def test_going_back_forgets_the_ids_behind_in_both_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_ids, "_MAX_NEW", 10)
    state = State(tmp_path)
    for number in range(1, 101):
        high = random.Random(number).randrange(-(1 << 63), 1 << 63)
        state.commit(Outcome(number, number, ids=[KnownId(high, 1, number, 1)]))
    state.rewind(60)
    highs = [random.Random(number).randrange(-(1 << 63), 1 << 63) for number in range(1, 101)]
    assert sorted(one.seq for one in state.known_ids(highs).values()) == list(range(1, 61))
    [(counted, new)] = state.select("SELECT new_rows, (SELECT count(*) FROM new_ids) FROM id_sweep")
    assert counted == new
    state.close()


def test_ids_and_counts_of_an_older_loopline_are_taken_over(tmp_path: Path) -> None:
    file = sqlite.connect(str(tmp_path / "collect.sqlite"))
    file.executescript("""
        CREATE TABLE seen (high INTEGER PRIMARY KEY, low INTEGER NOT NULL, seq INTEGER NOT NULL);
        INSERT INTO seen VALUES (7, 8, 9);
        CREATE TABLE counts (last_seq INTEGER, outcome TEXT, reason TEXT, events INTEGER);
        INSERT INTO counts VALUES (9, 'stored', '', 8), (9, 'dropped', 'duplicate', 1);
    """)
    file.close()
    state = State(tmp_path)
    found = state.known_ids([7])[7]
    assert (found.low, found.seq, found.is_repeated_by(123)) == (8, 9, True)
    assert state.books()[1] == {("", "received", ""): 9, ("", "stored", ""): 8, ("", "dropped", "duplicate"): 1}
    state.close()
    State(tmp_path).close()


@pytest.mark.slow
def test_the_cost_of_an_id_stays_nearly_the_same_with_millions(tmp_path: Path) -> None:
    """CPU time per id of looking up and remembering stretches of 20,000, among 200,000 and among 5,000,000."""
    state, chance = State(tmp_path), random.Random(5)
    seq, spent = 0, {}
    for stretch in range(250):
        ids = [KnownId(chance.randrange(-(1 << 63), 1 << 63), number, seq + number, 1) for number in range(1, 20_001)]
        began = time.process_time()
        state.known_ids([one.high for one in ids])
        state.commit(Outcome(seq + 1, seq + 20_000, ids=ids))
        spent[stretch] = (time.process_time() - began) / 20_000 * 1e6
        seq += 20_000
    early, late = sum(spent[one] for one in range(5, 10)) / 5, sum(spent[one] for one in range(240, 250)) / 10
    print(f"{early:.1f} µs per id among 200,000, {late:.1f} µs among 5,000,000")
    assert late < 12
    state.close()
