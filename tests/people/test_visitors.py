"""Visits and last sightings read back from both engines, against what was worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopline.reports.visits.visitors import Asked, Counts, count_visits, last_seen, visitor, visitors_now, visits
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NORTH, SOUTH = "unit-north", "unit-south"
ALL = Asked(DAY - timedelta(days=1), DAY + timedelta(days=2), None)


def event(event_id: str, minutes: float, **said: Any) -> dict[str, Any]:
    at = DAY + timedelta(minutes=minutes)
    whole = {"event_id": event_id, "source_id": "key", "unit_id": NORTH, "occurred_at": at, "received_at": at,
             "kind": "page", "identity": "visitor:v1", "visitor_id": "v1", "session_id": "s1", "is_entry": False,
             "consent": 3, "bot_verdict": "human", "source": "browser"}  # fmt: skip
    return whole | said


def fact(row_id: str, **said: Any) -> dict[str, Any]:
    return {"id": row_id, "version": 1, "occurred_at": DAY, "is_deleted": False} | said


def fill(engine: Engine) -> None:
    entry = {"is_entry": True, "landing_path": "/"}
    paid = {"channel": "Paid Search", "utm_campaign": "spring"}
    engaged = {"kind": "system", "page_view_id": "p1"}
    tables = {
        "events": [
            event("e1", 0, **entry, **paid, url_path="/", title="Home", page_view_id="p1"),
            event("e2", 1, **engaged, engaged_ms=20_000),
            event("e3", 2, **engaged, engaged_ms=45_000),
            event("e4", 3, **paid, url_path="/pricing", title="Pricing", page_view_id="p2", landing_path="/"),
            event("e5", 60, **entry, session_id="s2", visitor_id="v2", identity="visitor:v2", channel="Direct",
                  url_path="/blog", page_view_id="p3", referrer_host=""),
            event("e6", 61, kind="form", name="Demo", session_id="s2", visitor_id="v2", identity="person:tomas"),
            event("e7", 90, **entry, session_id="s3", visitor_id="v3", identity="visitor:v3",
                  bot_verdict="machine:crawler", page_view_id="p4"),
            event("e8", 95, **entry, session_id="s4", visitor_id="v4", identity="visitor:v4", page_view_id="p5"),
            event("e9", 100, **entry, session_id="", visitor_id="", identity="", channel="Referral",
                  referrer_host="blog.example", url_path="/x"),
            event("e10", 110, **entry, session_id="s5", visitor_id="v5", identity="visitor:v5", unit_id=SOUTH,
                  page_view_id="p6"),
        ],
        "identity_facts": [fact("visitor:v1", person_id="ines-2", evidence="form"),
                           fact("visitor:v4", person_id="eva", evidence="form")],
        "person_facts": [fact("ines-2", unit_id=NORTH, canonical_id="ines", company_id="", country="", job_title=""),
                         fact("ines", unit_id=NORTH, canonical_id="ines", company_id="", country="", job_title="")],
        "bot_verdict_facts": [fact("v4", verdict="machine:pattern")],
        "campaign_code_facts": [fact(f"{NORTH}/spring", unit_id=NORTH, code="spring", campaign_id="c", activity_id="")],
        "campaign_facts": [fact("c", unit_id=NORTH, name="Spring webinar", channel="Paid Search")],
    }  # fmt: skip
    rows = {name: to_arrow(TABLES[name], content) for name, content in tables.items()}
    engine.write(Batch(token="visitors", rows=rows))


@pytest.fixture(scope="module")
def store(reading_engine: Engine) -> Engine:
    fill(reading_engine)
    return reading_engine


def test_visits_are_told_latest_first_with_who_whence_and_what(store: Engine) -> None:
    found = visits(store, ALL)
    assert [(one.id, one.person_id, one.channel, one.campaign) for one in found] == [
        ("s5", "", "Direct", ""),
        ("e9", "", "Referral", ""),
        ("s2", "tomas", "Direct", ""),
        ("s1", "ines", "Paid Search", "Spring webinar"),
    ]
    first = found[-1]
    assert (first.pages, first.engaged, first.last_page) == (2, timedelta(seconds=45), "Pricing")
    assert (first.began_at, first.last_at) == (DAY, DAY + timedelta(minutes=3))
    assert found[2].sent_a_form
    assert found[2].engaged is None
    assert found[1].referrer_host == "blog.example"


def test_machines_are_left_out_and_counted(store: Engine) -> None:
    assert count_visits(store, replace(ALL, now=DAY + timedelta(minutes=63))) == Counts(
        visits=4, visitors=4, known_visits=2, now=3, page_views=5, engaged=timedelta(seconds=45), machine_visits=2
    )
    assert [one.id for one in visits(store, replace(ALL, who="machines"))] == ["s4", "s3"]


def test_who_did_something_in_the_last_minutes_is_here_now(store: Engine) -> None:
    asked = replace(ALL, until=DAY + timedelta(minutes=63), who="now")
    assert [one.id for one in visits(store, asked)] == ["s2"]
    assert count_visits(store, asked).now == 1


def test_a_visit_that_only_went_on_is_not_among_those_that_began(store: Engine) -> None:
    since = DAY + timedelta(minutes=2)
    assert "s1" in {one.id for one in visits(store, replace(ALL, since=since))}
    assert "s1" not in {one.id for one in visits(store, replace(ALL, since=since, only_begun=True))}
    assert count_visits(store, replace(ALL, since=since, only_begun=True)).visits == 3


def test_a_browser_is_told_as_it_was_and_its_person_named(store: Engine) -> None:
    first = visitor(store, "v1", unit_ids=None)
    assert first is not None
    assert (first.began_at, first.last_at, first.visits) == (DAY, DAY + timedelta(minutes=3), 1)
    assert (first.person_id, first.is_machine) == ("ines", False)
    machine = visitor(store, "v4", unit_ids=None)
    assert machine is not None
    assert machine.is_machine
    assert visitor(store, "v1", unit_ids=(SOUTH,)) is None
    assert visitor(store, "nobody", unit_ids=None) is None
    assert visitor(store, "", unit_ids=None) is None


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"who": "known"}, ["s2", "s1"]),
        ({"who": "anonymous"}, ["s5", "e9"]),
        ({"channel": "Paid Search"}, ["s1"]),
        ({"unit_ids": (NORTH,)}, ["e9", "s2", "s1"]),
        ({"unit_ids": ()}, []),
        ({"until": DAY + timedelta(minutes=50)}, ["s1"]),
        ({"most": 1, "skip": 1}, ["e9"]),
        ({"channel": "' OR 1=1 --"}, []),
    ],
)
def test_only_what_was_asked_for_is_told(store: Engine, asked: dict[str, Any], ids: list[str]) -> None:
    wanted = Asked(**({"since": ALL.since, "until": ALL.until, "unit_ids": None} | asked))
    assert [one.id for one in visits(store, wanted)] == ids


def test_nothing_asked_of_nothing_is_no_visit(store: Engine) -> None:
    nothing = count_visits(store, Asked(ALL.since, ALL.since, None))
    assert nothing == Counts(0, 0, 0, now=0, page_views=0, engaged=None, machine_visits=0)


def test_people_were_last_seen_at_their_last_event_whatever_its_identity(store: Engine) -> None:
    assert last_seen(store, ["ines", "tomas", "nobody"], unit_ids=None) == {
        "ines": DAY + timedelta(minutes=3),
        "tomas": DAY + timedelta(minutes=61),
    }
    assert last_seen(store, ["ines"], unit_ids=(SOUTH,)) == {}
    assert last_seen(store, ["eva"], unit_ids=None) == {}  # what her browser did was judged a machine's
    assert last_seen(store, [], unit_ids=None) == {}


def test_who_is_there_now_are_browsers_of_the_last_minutes(store: Engine) -> None:
    assert visitors_now(store, DAY + timedelta(minutes=64), unit_ids=None) == 1
    assert visitors_now(store, DAY + timedelta(minutes=113), unit_ids=(SOUTH,)) == 1
