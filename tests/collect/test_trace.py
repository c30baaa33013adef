"""Which step dropped or changed an event: what the live page and `loopline events --explain` show."""

import json
from typing import Any

from loopline.collect.arrived import Arrived, find_by_message_id, find_event, newest
from loopline.collect.settings import Settings
from loopline.collect.trace import Trace, trace
from tests.collect.station import CHROME, Station


def traces(station: Station, most: int = 100) -> list[Trace]:
    return [trace(one, station.state, Settings()) for one in newest(station.inbox, most)]


def changes(one: Trace, step: str) -> dict[str, str]:
    return {change.field: change.after for part in one.steps if part.name == step for change in part.changes}


def page(message_id: str, **more: Any) -> dict[str, Any]:
    return {"type": "page", "messageId": message_id, "anonymousId": "v1", **more}


def test_the_newest_come_first_out_of_batches_and_single_calls(station: Station) -> None:
    station.send(*[page(f"a{place}") for place in range(5)])
    station.post("/v1/track", {"event": "Bought", "messageId": "b", "userId": "u"})
    station.send(page("c0"), page("c1"))
    assert [one.message_id for one in traces(station)] == ["c1", "c0", "b", "a4", "a3", "a2", "a1", "a0"]
    assert [one.message_id for one in traces(station, most=5)] == ["c1", "c0", "b", "a4", "a3"]
    assert [one.id for one in traces(station)] == list(range(8, 0, -1))


def test_each_step_tells_what_it_changed(station: Station) -> None:
    url = "https://www.example.com/offer?utm_source=Mail&utm_medium=email&utm_campaign=Spring"
    station.send(page("p", context={"page": {"url": url}, "userAgent": CHROME, "consent": 2}))
    [one] = traces(station)
    assert (one.outcome, one.last_step, one.is_waiting) == ("stored", "", True)
    assert changes(one, "validate")["visitor_id"] == "v1"
    assert changes(one, "read device")["browser"] == "Chrome"
    assert changes(one, "read campaign")["campaign"] == "spring"
    assert changes(one, "build sessions")["is_entry"] == "True"
    assert changes(one, "decide channel")["channel"] == "Email"
    assert changes(one, "name identity")["identity"] == "visitor:v1"


def test_tracing_changes_nothing_and_says_the_same_before_and_after_loading(station: Station) -> None:
    station.send(page("p", context={"page": {"url": "https://www.example.com/"}, "consent": 2}))
    [before] = traces(station)
    assert station.state.position() == 0
    stored = station.events()
    [after] = traces(station)
    assert (before.is_waiting, after.is_waiting) == (True, False)
    assert (after.steps, after.outcome) == (before.steps, "stored")
    assert station.events() == stored


def test_the_step_where_an_event_left_is_named_with_the_reason(station: Station) -> None:
    station.send(page("p"), page("p"), {"type": "pagge"}, page("q", timestamp="someday"))
    station.send({"type": "identify", "userId": "u", "context": {"consent": 1}}, page("n", context={"consent": 0}))
    station.loader.load_all()
    told = {one.id: (one.outcome, one.last_step, one.reason) for one in traces(station)}
    assert told == {
        1: ("stored", "", ""),
        2: ("dropped", "drop duplicates", "duplicate"),
        3: ("set aside", "validate", "unknown_type"),
        4: ("set aside", "correct clock", "invalid_date"),
        5: ("dropped", "honour consent", "consent_identifies"),
        6: ("dropped", "honour consent", "no_consent"),
    }
    counted = station.state.counts()
    assert counted["dropped", "duplicate"] == 1
    assert counted["quarantined", "unknown_type"] == 1


def test_one_event_is_found_by_its_number_and_by_its_message_id(station: Station) -> None:
    station.send(*[page(f"a{place}") for place in range(4)])
    station.post("/v1/page", page('é\\u0000"b'))
    for number, message_id in ((1, "a0"), (3, "a2"), (4, "a3"), (5, 'é\\u0000"b')):
        found = find_event(station.inbox, number)
        assert isinstance(found, Arrived)
        assert json.loads(found.raw)["messageId"] == message_id
        by_id = find_by_message_id(station.inbox, message_id)
        assert by_id is not None
        assert by_id.seq == number
    assert find_event(station.inbox, 6) is None
    assert find_event(station.inbox, 0) is None
    assert find_by_message_id(station.inbox, "a9") is None


def test_write_keys_and_addresses_are_not_shown(station: Station) -> None:
    station.post("/v1/track", {"event": "x", "userId": "u", "writeKey": "server-key", "context": {"ip": "203.0.113.7"}})
    [one] = traces(station)
    assert "server-key" not in one.text
    assert "203.0.113.7" not in one.text
    assert one.name == "x"


def test_hostile_events_are_shown_harmless(station: Station) -> None:
    station.send(page("a", name="\x1b[2J\u202egnp.exe", properties={"deep": json.loads("[" * 60 + "]" * 60)}))
    station.post(
        "/v1/batch",
        b'{"batch":[5, null, "\\u0000", {"type":"page","context":7}, {"type":"page","messageId":"\\ud800"}]}',
    )
    station.post("/v1/batch", b'{"batch":[{"type":"page"}],"context":"no object"}')
    found = traces(station)
    assert len(found) == 7
    for one in found:
        assert all(sign.isprintable() or sign == "\n" for sign in one.text + one.detail + one.name)
    assert [one.outcome for one in found][:1] == ["set aside"]
    assert found[0].reason == "invalid_envelope"
