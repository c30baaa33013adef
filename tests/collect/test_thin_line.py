"""From an HTTP request to a row of the event store."""

from tests.collect.station import Station


def test_an_accepted_event_becomes_a_row(station: Station) -> None:
    station.send({"type": "track", "event": "Signed up", "userId": "u1", "messageId": "m1"})
    [row] = station.events("event_id, kind, name, identity, unit_id, source, consent")
    assert row == {
        "event_id": "m1", "kind": "track", "name": "Signed up", "identity": "user:u1", "unit_id": "unit-1",
        "source": "server", "consent": 2,
    }  # fmt: skip


def test_the_same_message_counts_once(station: Station) -> None:
    event = {"type": "track", "event": "Signed up", "userId": "u1", "messageId": "m1"}
    station.send(event, event)
    station.send(event)
    assert len(station.events()) == 1
    station.send(event)
    assert len(station.events()) == 1
    assert station.state.counts() == {("stored", ""): 1, ("dropped", "duplicate"): 3}
