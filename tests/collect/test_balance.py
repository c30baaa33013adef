"""The books of the collector: what came in is what became of it, by key and altogether, at any moment."""

from pathlib import Path

import pytest

from loopline.collect.balance import Account, read_balance
from loopline.collect.keys import KeyKind, NewKey
from loopline.collect.quarantine import MendError
from tests.collect.station import Station

TRACK = {"type": "track", "event": "Signed up", "userId": "u1"}


def send_of_everything(station: Station) -> str:
    """Events of two keys that end in every way there is; the id of the second key."""
    limited = NewKey("agency", KeyKind.PARTNER, "unit-1", max_events_per_s=1)
    agency_id, _ = station.keys.create(limited, plain="agency-key")
    repeated = {**TRACK, "messageId": "m1"}
    station.send(
        repeated, repeated, {**repeated, "event": "Other"}, {"type": "x"}, {**TRACK, "context": {"consent": 0}}
    )
    station.send(*[TRACK] * 12, key="agency-key")
    assert station.post("/v1/batch", {"batch": [TRACK] * 3}, "agency-key").status_code == 429
    station.post("/v1/track", TRACK, "no-key")
    station.post("/v1/batch", b"{")
    return agency_id


def test_the_books_balance_before_and_after_loading(station: Station) -> None:
    agency_id = send_of_everything(station)
    waiting = read_balance(station.state, station.inbox).total
    assert (waiting.came, waiting.waiting, waiting.refused, waiting.difference) == (22, 17, 5, 0)
    station.events()
    balance = read_balance(station.state, station.inbox)
    total = balance.total
    assert (total.came, total.stored, total.duplicates, total.left_out, total.set_aside, total.refused) == (
        22, 13, 1, 1, 2, 5,
    )  # fmt: skip
    assert (total.waiting, total.difference) == (0, 0)
    agency = balance.sources[agency_id]
    assert (agency.received, agency.stored, agency.refused, agency.reasons) == (12, 12, 3, {"rate": 3})
    assert balance.sources[""].reasons == {"unknown_write_key": 1}
    assert all(one.difference == 0 for one in balance.sources.values())
    assert sum(one.came for one in balance.sources.values()) == total.came


def test_the_books_balance_after_a_replay_and_after_loading_all_anew(station: Station) -> None:
    send_of_everything(station)
    station.events()
    station.quarantine.replay()
    station.events()
    before = read_balance(station.state, station.inbox)
    assert (before.total.came, before.total.set_aside, before.total.difference) == (24, 4, 0)
    station.state.tidy(station.inbox.last_seq())
    assert read_balance(station.state, station.inbox) == before
    station.state.rewind(0)
    assert read_balance(station.state, station.inbox).total.waiting == 19


def test_an_event_that_got_lost_on_the_way_shows_as_a_difference(station: Station) -> None:
    station.send(TRACK, TRACK)
    station.events()
    station.state.change("UPDATE tallies SET events = 1 WHERE outcome = 'stored'")
    balance = read_balance(station.state, station.inbox)
    assert balance.total.difference == 1
    assert [one.difference for one in balance.sources.values()] == [1]
    assert Account().difference == 0


# Mending


def test_a_mended_event_is_checked_before_it_is_sent(station: Station, tmp_path: Path) -> None:
    station.send({"type": "trakc", "event": "Paid", "userId": "u1"}, {**TRACK, "messageId": "m1"})
    station.events()
    [one] = station.quarantine.waiting()
    received = station.inbox.last_seq()
    for wrong, why in (
        ({"type": "track"}, "name of the event"),
        ({"type": "track", "event": "Paid", "timestamp": "soon"}, "not a date"),
        ({**TRACK, "messageId": "m1"}, "stored already"),
        ({**TRACK, "event": "Paid", "messageId": "m1"}, "its own"),
        ({**TRACK, "context": {"consent": 0}}, "no_consent"),
        ({**TRACK, "context": 5}, "context"),
    ):
        with pytest.raises(MendError, match=why):
            station.quarantine.mend(one, wrong)
    assert station.inbox.last_seq() == received
    station.quarantine.mend(one, {**TRACK, "event": "Paid"})
    assert {row["name"] for row in station.events()} == {"Paid", "Signed up"}
    replayed = station.quarantine.find(one.id)
    assert replayed is not None
    assert replayed.replayed_at is not None
    with pytest.raises(MendError, match="already"):
        station.quarantine.mend(replayed, TRACK)


def test_what_was_no_event_at_all_can_be_replaced_by_one(station: Station) -> None:
    station.send(7)  # type: ignore[arg-type]
    station.events()
    [one] = station.quarantine.waiting()
    station.quarantine.mend(one, TRACK)
    assert [row["name"] for row in station.events()] == ["Signed up"]
    assert station.quarantine.find(999) is None
