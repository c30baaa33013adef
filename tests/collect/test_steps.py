"""What happens to an event between the inbox and the event store."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loopline.collect.channels import Visit
from loopline.collect.json_text import MAX_PROPERTIES_BYTES
from loopline.collect.keys import KeyKind, NewKey
from loopline.collect.own import OwnEvent, report_event
from loopline.collect.steps import STEPS
from tests.collect.station import CHROME, Station

NOW = datetime.now(UTC)


def page(visitor: str = "v1", url: str = "https://www.example.com/", **more: object) -> dict[str, object]:
    context = {"page": {"url": url, "referrer": more.pop("referrer", "")}, "userAgent": CHROME}
    return {"type": "page", "anonymousId": visitor, "context": context, **more}


def ago(**delta: float) -> str:
    return (NOW - timedelta(**delta)).isoformat()


def test_the_steps_are_a_visible_list() -> None:
    assert [name for name, _ in STEPS] == [
        "decode", "validate", "correct clock", "drop duplicates", "honour consent", "tell machines", "look up place",
        "read device", "read campaign", "build sessions", "mark touchpoints", "decide channel", "name identity",
    ]  # fmt: skip


# Clock


def test_a_wrong_browser_clock_is_corrected_by_the_time_of_sending(station: Station) -> None:
    event = {**page(), "timestamp": "2031-01-01T12:00:00Z"}
    station.post("/e", {"batch": [event], "sentAt": "2031-01-01T12:05:00Z", "context": {"consent": 2}}, "browser-key")
    [row] = station.events()
    assert abs(row["occurred_at"] - (row["received_at"] - timedelta(minutes=5))) < timedelta(seconds=1)  # type: ignore[operator]
    times = json.loads(str(row["properties"]))["_loopline"]
    received = datetime.fromisoformat(times.pop("receivedAt"))
    assert abs(received - row["received_at"]) < timedelta(milliseconds=1)  # type: ignore[operator]
    assert times == {"timestamp": "2031-01-01T12:00:00Z", "sentAt": "2031-01-01T12:05:00Z"}


def test_all_four_times_are_kept_and_what_the_caller_says_counts_before_the_librarys_stamp(station: Station) -> None:
    event = {**page(), "timestamp": "2031-01-01T12:00:00Z", "originalTimestamp": "2031-01-01T12:03:00Z"}
    station.send({**event, "sentAt": "2031-01-01T12:05:00Z"})
    [row] = station.events()
    assert abs(row["occurred_at"] - (row["received_at"] - timedelta(minutes=5))) < timedelta(seconds=1)  # type: ignore[operator]
    kept = json.loads(str(row["properties"]))["_loopline"]
    assert set(kept) == {"timestamp", "originalTimestamp", "sentAt", "receivedAt"}


def test_a_librarys_own_stamp_counts_where_the_caller_says_nothing(station: Station) -> None:
    station.send({**page(), "originalTimestamp": "2031-01-01T12:00:00Z", "sentAt": "2031-01-01T12:05:00Z"})
    [row] = station.events()
    assert abs(row["occurred_at"] - (row["received_at"] - timedelta(minutes=5))) < timedelta(seconds=1)  # type: ignore[operator]


def test_an_event_without_a_time_happened_when_it_came(station: Station) -> None:
    station.send({**page(), "sentAt": "2031-01-01T12:05:00Z"}, page("v2"))
    assert all(row["occurred_at"] == row["received_at"] for row in station.events())


def test_a_servers_history_keeps_its_exact_time(station: Station) -> None:
    event = {"type": "track", "event": "Signed", "userId": "u1", "timestamp": "2026-03-01T12:00:00Z"}
    station.post("/v1/batch", {"batch": [event], "sentAt": datetime.now(UTC).isoformat()})
    [row] = station.events()
    assert row["occurred_at"] == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_date_slightly_ahead_becomes_the_receipt_and_far_ahead_is_set_aside(station: Station) -> None:
    base = {"type": "track", "event": "Signed", "userId": "u1"}
    station.send(
        {**base, "timestamp": ago(hours=-2)}, {**base, "timestamp": ago(days=-30)}, {**base, "timestamp": "soon"}
    )
    [row] = station.events()
    assert row["occurred_at"] == row["received_at"]
    assert json.loads(str(row["properties"]))["_loopline"]["clamped"] is True
    assert station.quarantine.counts() == {"future_date": 1, "invalid_date": 1}


@pytest.mark.parametrize("moment", ["2026-03-01T12:00:00", "2026-03-01T13:00:00+01:00", 1772366400, 1772366400000])
def test_dates_may_be_written_in_several_ways(station: Station, moment: object) -> None:
    station.send({"type": "track", "event": "Signed", "userId": "u1", "timestamp": moment})
    [row] = station.events()
    assert row["occurred_at"] == datetime(2026, 3, 1, 12, tzinfo=UTC)


# Text


def test_long_and_deep_content_is_cut_and_marked(station: Station) -> None:
    deep: dict[str, object] = {}
    for _ in range(40):
        deep = {"inner": deep}
    properties = {"short": "kept", "long": "x" * 50_000, "deep": deep}
    station.send({"type": "track", "event": "E" * 400, "userId": "u1", "properties": properties})
    [row] = station.events()
    stored = json.loads(str(row["properties"]))
    assert str(row["name"]).endswith("…")
    assert len(str(row["name"])) == 200
    assert stored["short"] == "kept"
    assert "long" in stored["_cut"]
    assert "[nested too deeply]" in str(stored["deep"])
    assert len(str(row["properties"])) <= MAX_PROPERTIES_BYTES


def test_script_and_odd_characters_are_kept_as_data(station: Station) -> None:
    nasty = "<script>alert('x')</script>\u202e';DROP TABLE events;--\U0001f600"
    event = {**page(url="https://www.example.com/<script>"), "name": nasty, "properties": {nasty: nasty}}
    station.send(event)
    [row] = station.events()
    assert row["name"] == nasty
    assert json.loads(str(row["properties"])) == {nasty: nasty}


def test_the_reserved_name_in_properties_is_ours_alone(station: Station) -> None:
    station.send({"type": "track", "event": "E", "userId": "u", "properties": {"_loopline": {"clamped": 1}, "a": 1}})
    [row] = station.events()
    assert json.loads(str(row["properties"])) == {"a": 1}


# Who


def test_the_strongest_identity_wins(station: Station) -> None:
    traits = {"traits": {"email": " Ana@Example.COM "}}
    station.send(
        {"type": "track", "event": "1", "anonymousId": "v1"},
        {"type": "track", "event": "2", "anonymousId": "v1", "userId": "u1"},
        {"type": "identify", "anonymousId": "v1", "userId": "u1", "name": "3", **traits},
        {"type": "track", "event": "4", "userId": "u1", "context": traits},
        {"type": "track", "event": "5", "userId": "Ana@example.com"},
    )
    found = {row["name"]: row["identity"] for row in station.events()}
    mail = "email:ana@example.com"
    assert found == {"1": "visitor:v1", "2": "user:u1", "3": mail, "4": mail, "5": mail}


def test_do_not_track_takes_every_identifier_away(station: Station) -> None:
    form = {
        "type": "form",
        "name": "Contact",
        "anonymousId": "v1",
        "properties": {"fields": {"email": "a@b.co"}, "x": 1},
    }
    events = [{**form, "context": {"consent": 3}}, {"type": "identify", "userId": "u1", "context": {"consent": 3}}]
    station.post("/e", {"batch": events}, "browser-key", dnt="1", **{"user-agent": CHROME})
    [row] = station.events()
    assert (row["visitor_id"], row["user_id"], row["identity"], row["consent"]) == ("", "", "", 1)
    assert json.loads(str(row["properties"])) == {"x": 1}
    assert station.feed.read(0) == []
    assert station.state.counts()["dropped", "consent_identifies"] == 1


@pytest.mark.parametrize(
    ("agent", "verdict"),
    [
        (CHROME, "human"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "machine:crawler"),
        ("curl/8.5.0", "machine:crawler"),
        (CHROME.replace("Chrome/", "HeadlessChrome/"), "machine:crawler"),
        ("", "machine:no_user_agent"),
    ],
)
def test_machines_are_marked_and_kept(station: Station, agent: str, verdict: str) -> None:
    body = {"batch": [{"type": "page", "anonymousId": "v1"}]}
    station.post("/e", body, "browser-key", **{"user-agent": agent})
    [row] = station.events()
    assert row["bot_verdict"] == verdict


def test_device_browser_and_system_are_read(station: Station) -> None:
    station.send(page())
    [row] = station.events()
    assert (row["device"], row["browser"], row["os"]) == ("desktop", "Chrome", "Linux")


# Visits


def test_a_session_ends_after_half_an_hour_or_with_a_new_origin(station: Station) -> None:
    google = "https://www.google.com/"
    station.send(
        page(timestamp=ago(minutes=120), referrer=google),
        page(timestamp=ago(minutes=100), url="https://www.example.com/b", referrer="https://www.example.com/"),
        page(timestamp=ago(minutes=60), url="https://www.example.com/c"),
        page(timestamp=ago(minutes=50), url="https://www.example.com/d?utm_source=may&utm_medium=email"),
        page(timestamp=ago(minutes=49), url="https://www.example.com/e"),
    )
    rows = station.events("session_id, is_entry, channel, landing_path")
    assert [row["is_entry"] for row in rows] == [True, False, True, True, False]
    assert [row["channel"] for row in rows] == ["Organic Search", "Organic Search", "Direct", "Email", "Email"]
    assert [row["landing_path"] for row in rows] == ["/", "/", "/c", "/d", "/d"]
    assert len({row["session_id"] for row in rows}) == 3


def test_sessions_go_on_across_loads(station: Station) -> None:
    station.send(page(timestamp=ago(minutes=10)))
    station.events()
    station.send(page(timestamp=ago(minutes=5)))
    assert [row["is_entry"] for row in station.events()] == [True, False]


def test_a_servers_event_joins_an_open_visit_but_starts_none(station: Station) -> None:
    track = {"type": "track", "event": "Order paid", "anonymousId": "v1"}
    station.send({**track, "anonymousId": "v2"}, page(timestamp=ago(minutes=5)), track)
    rows = {(row["visitor_id"], row["kind"]): row for row in station.events()}
    assert rows["v1", "track"]["session_id"] == rows["v1", "page"]["session_id"] != ""
    assert (rows["v2", "track"]["session_id"], rows["v2", "track"]["channel"]) == ("", "")


def test_own_hosts_and_pay_pages_are_no_referrers(station: Station) -> None:
    station.keys.set_own_hosts(["example.org"])
    station.keys.create(NewKey("shop", KeyKind.BROWSER, "unit-1", ("https://shop.example.net",)))
    for number, host in enumerate(["pay.example.org", "example.com", "shop.example.net", "blog.example.dev"]):
        station.send(page(f"v{number}", referrer=f"https://{host}/x"))
    rows = station.events("visitor_id, channel, referrer_host")
    found = {row["visitor_id"]: (row["channel"], row["referrer_host"]) for row in rows}
    assert found == {
        "v0": ("Direct", ""),
        "v1": ("Direct", ""),
        "v2": ("Direct", ""),
        "v3": ("Referral", "blog.example.dev"),
    }


def test_campaign_values_are_trimmed_and_in_lower_case(station: Station) -> None:
    campaign = {"name": " Spring-SALE ", "source": "Google", "medium": "CPC", "content": " Banner A ", "term": 7}
    station.send(
        {"type": "page", "anonymousId": "v1", "context": {"campaign": campaign, "page": {"url": "https://x.co/"}}}
    )
    [row] = station.events()
    names = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
    assert [row[name] for name in names] == ["google", "cpc", "spring-sale", "Banner A", "7"]


def test_the_context_of_a_batch_counts_for_its_events(station: Station) -> None:
    context = {"campaign": {"source": "google", "medium": "cpc"}, "userAgent": CHROME}
    own = {"type": "page", "anonymousId": "v1", "context": {"page": {"url": "https://x.co/a"}}}
    station.post("/v1/batch", {"context": context, "batch": [own]})
    [row] = station.events()
    assert (row["channel"], row["browser"], row["url_path"]) == ("Paid Search", "Chrome", "/a")


# Who may say what


def test_a_browser_key_cannot_report_calls(station: Station) -> None:
    station.send({"type": "call", "anonymousId": "v1"}, key="browser-key")
    assert station.events() == []
    assert station.quarantine.counts() == {"type_not_allowed": 1}


def test_a_server_key_reports_calls_and_a_partner_key_deliveries(station: Station) -> None:
    station.keys.create(NewKey("agency", KeyKind.PARTNER, "unit-1"), plain="partner-key")
    station.send(
        {"type": "call", "name": "Answered", "userId": "u1"},
        {"type": "call", "userId": "u1", "properties": {"answered": False}},
    )
    station.send({"type": "track", "event": "Lead delivered", "userId": "u2"}, key="partner-key")
    rows = station.events("kind, touch_kind, channel, source")
    assert sorted((row["touch_kind"], row["channel"]) for row in rows) == [
        ("", ""), ("call", "Telesales"), ("partner", "Partner"),
    ]  # fmt: skip


def test_only_loopline_itself_may_name_persons_and_touchpoints(station: Station) -> None:
    own = {"person_id": "p1", "touch_kind": "meeting", "kind": "meeting", "bot_verdict": "human"}
    station.send({"type": "track", "event": "E", "userId": "u1", "loopline": own})
    [row] = station.events()
    assert (row["identity"], row["touch_kind"]) == ("user:u1", "")


def test_looplines_own_parts_report_through_the_same_inbox_once(station: Station) -> None:
    event = OwnEvent(
        event_id="click-1",
        kind="email",
        name="Email clicked",
        unit_id="unit-1",
        occurred_at=NOW - timedelta(hours=1),
        touch_kind="email_click",
        person_id="p1",
        visit=Visit(source="newsletter", medium="email", campaign="may"),
        source="email",
    )
    report_event(station.folder, event)
    report_event(station.folder, event)
    [row] = station.events()
    assert (row["identity"], row["touch_kind"], row["channel"], row["source"]) == (
        "person:p1",
        "email_click",
        "Email",
        "email",
    )
    assert row["occurred_at"] == event.occurred_at
    assert station.feed.read(0) == []


def test_an_own_form_inherits_the_visit_it_belongs_to(station: Station) -> None:
    station.send(page(url="https://x.co/?utm_source=google&utm_medium=cpc", timestamp=ago(minutes=3)))
    report_event(station.folder, OwnEvent("f1", "form", "Contact", "unit-1", NOW, touch_kind="form", visitor_id="v1"))
    rows = station.events("kind, channel, session_id")
    assert rows[0]["session_id"] == rows[1]["session_id"]
    assert rows[1]["channel"] == "Paid Search"


@pytest.mark.parametrize("wrong", [{"kind": "dance"}, {"touch_kind": "dance"}, {"occurred_at": datetime(2026, 1, 1)}])  # noqa: DTZ001
def test_a_wrong_own_event_is_refused_at_once(wrong: dict[str, object]) -> None:
    values = {"event_id": "e", "kind": "form", "name": "n", "unit_id": "u", "occurred_at": NOW}
    with pytest.raises(ValueError, match=r"\w"):
        OwnEvent(**{**values, **wrong})  # type: ignore[arg-type]


# Quarantine


def test_a_mended_event_is_replayed_with_its_own_time(station: Station) -> None:
    wrong = {"type": "pgae", "anonymousId": "v1", "context": {"page": {"url": "https://x.co/"}}}
    context = {"campaign": {"source": "may", "medium": "email"}}
    sent = datetime.now(UTC)
    station.post("/v1/batch", {"sentAt": ago(), "context": context, "batch": [wrong, {"type": "nonsense"}]})
    assert station.events() == []
    [one] = [one for one in station.quarantine.waiting() if b"pgae" in one.raw]
    assert "pgae" in one.detail
    station.quarantine.replay([one.id], lambda event: {**event, "type": "page"})
    [row] = station.events()
    assert row["channel"] == "Email"
    assert abs(row["received_at"] - sent) < timedelta(minutes=5)  # type: ignore[operator]
    assert [one.reason for one in station.quarantine.waiting()] == ["unknown_type"]


def test_what_is_still_wrong_comes_back_and_replaying_twice_stores_once(station: Station) -> None:
    station.send({"type": "track", "userId": "u1"}, {"type": "nonsense"})
    station.events()
    assert station.quarantine.replay() == 2
    assert station.events() == []
    assert len(station.quarantine.waiting()) == 2
    [one] = station.quarantine.waiting(reason="no_event_name")
    named = lambda event: {**event, "event": "Named"}  # noqa: E731
    station.quarantine.replay([one.id], named)
    station.state.change("UPDATE quarantine SET replayed_us = NULL WHERE seq = ?", one.id)
    station.quarantine.replay([one.id], named)
    assert [row["name"] for row in station.events()] == ["Named"]


def test_the_folder_is_all_there_is(station: Station, tmp_path: Path) -> None:
    assert station.folder == tmp_path
    assert {one.name.split("-")[0] for one in tmp_path.iterdir()} >= {"inbox.sqlite", "collect.sqlite", "keys.sqlite"}
