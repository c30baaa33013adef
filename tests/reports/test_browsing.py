"""Sessions by hour, day, week and channel, and the pages they held, against what was worked out by hand."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from loopline.reports.visits.pages import Page, lead_ids, lookers, pages
from loopline.reports.visits.sessions import channel_trend, visits_by
from loopline.reports.visits.visitors import Asked
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
NORTH, SOUTH = "unit-north", "unit-south"
ZONE = "Europe/Oslo"
END = MONDAY + timedelta(days=14)
ALL = Asked(MONDAY - timedelta(hours=1), END, (NORTH,))


def _event(event_id: str, hours: float, **said: Any) -> dict[str, Any]:
    at = MONDAY + timedelta(hours=hours)
    return {"event_id": event_id, "source_id": "key", "unit_id": NORTH, "occurred_at": at, "received_at": at,
            "kind": "page", "identity": f"visitor:{said['visitor_id']}", "is_entry": False, "consent": 3,
            "url_host": "nordwind.test", "page_view_id": event_id, "bot_verdict": "human",
            "source": "browser"} | said  # fmt: skip


def _fact(row_id: str, **said: Any) -> dict[str, Any]:
    return {"id": row_id, "version": 1, "occurred_at": MONDAY, "is_deleted": False} | said


def used(page_view: str, scrolled: object) -> dict[str, Any]:
    """How far down the tracker saw a page, or what somebody says who is no tracker."""
    return {"kind": "system", "page_view_id": page_view, "properties": json.dumps({"scroll": scrolled})}


def _fill(engine: Engine) -> None:
    ines = {"visitor_id": "v1", "session_id": "s1"}
    again = {"visitor_id": "v1b", "session_id": "s2"}
    stranger = {"visitor_id": "v2", "session_id": "s3"}
    home, pricing = {"url_path": "/", "title": "Home"}, {"url_path": "/pricing", "title": "Pricing"}
    paid = {"channel": "Paid Search"}
    person = {"unit_id": NORTH, "company_id": "", "country": "", "job_title": "", "language": ""}
    lead = {"unit_id": NORTH, "created_at": MONDAY}
    tables = {
        "events": [
            # Ines, Monday morning: home 20 s, pricing 40 s, home again
            _event("a1", 9, **ines, **home, **paid, is_entry=True, engaged_ms=20_000),
            _event("a1s", 9.01, **ines, **used("a1", 40)),
            _event("a1t", 9.02, **ines, **used("a1", 80)),
            _event("a2s", 9.11, **ines, **used("a2", "deep")),
            _event("a2t", 9.12, **ines, **used("a2", 9_000)),
            _event("a2", 9.1, **ines, **pricing, **paid, engaged_ms=40_000),
            _event("a3", 9.2, **ines, **home, **paid),
            # Ines in another browser, Tuesday of the next week: pricing and gone
            _event("b1", 24 * 8, **again, **pricing, is_entry=True, engaged_ms=10_000),
            # somebody unknown, Monday at 23:30 in UTC, which is Tuesday in Oslo: home, then a form
            _event("c1", 23.5, **stranger, **home, channel="Referral", is_entry=True, engaged_ms=60_000),
            _event("c1s", 23.51, **stranger, **used("c1", 20)),
            _event("c2", 23.6, **stranger, kind="form", page_view_id="c1"),
            # a machine, and another unit
            _event("m1", 10, visitor_id="v9", session_id="s9", **home, is_entry=True, bot_verdict="machine:crawler"),
            _event("x1", 11, visitor_id="v8", session_id="s8", **home, is_entry=True, unit_id=SOUTH),
        ],
        "identity_facts": [_fact("visitor:v1", person_id="ines-2", evidence="form"),
                           _fact("visitor:v1b", person_id="ines", evidence="form")],
        "person_facts": [_fact("ines-2", canonical_id="ines", **person), _fact("ines", canonical_id="ines", **person)],
        "lead_facts": [_fact("lead-1", person_id="ines-2", **lead), _fact("lead-2", person_id="ines", **lead),
                       _fact("lead-3", person_id="ines", **lead | {"unit_id": SOUTH})],
    }  # fmt: skip
    rows = {name: to_arrow(TABLES[name], content) for name, content in tables.items()}
    engine.write(Batch(token="browsing", rows=rows))


@pytest.fixture(scope="module")
def store(reading_engine: Engine) -> Engine:
    _fill(reading_engine)
    return reading_engine


def _named(found: list[Page]) -> dict[str, Page]:
    return {one.path: one for one in found}


def test_each_page_has_its_views_entries_exits_and_bounces(store: Engine) -> None:
    found = _named(pages(store, ALL))
    assert list(found) == ["/", "/pricing"]
    assert found["/"] == Page(
        "nordwind.test", "/", "Home", views=3, visitors=2, engaged=timedelta(seconds=40), scrolled=50.0,
        entries=2, exits=2, bounces=0, bounce_rate=0.0, leads=2,
    )  # fmt: skip
    assert found["/pricing"] == Page(
        "nordwind.test", "/pricing", "Pricing", views=2, visitors=2, engaged=timedelta(seconds=25), scrolled=None,
        entries=1, exits=1, bounces=1, bounce_rate=100.0, leads=2,
    )  # fmt: skip


def test_a_visit_that_is_not_over_has_no_exit_and_no_bounce_yet(store: Engine) -> None:
    running = replace(ALL, now=MONDAY + timedelta(days=8, minutes=10))
    found = _named(pages(store, running))["/pricing"]
    assert (found.entries, found.exits, found.bounces, found.bounce_rate) == (1, 0, 0, None)


@pytest.mark.parametrize("path", ["/", "/pricing"])
def test_every_figure_of_a_page_is_the_sum_of_the_people_behind_it(store: Engine, path: str) -> None:
    page, behind = _named(pages(store, ALL))[path], lookers(store, ALL, "nordwind.test", path)
    for figure in ("views", "visitors", "entries", "exits", "bounces"):
        assert sum(getattr(one, figure) for one in behind) == getattr(page, figure), figure
    leads = lead_ids(store, ALL, "nordwind.test", path)
    assert leads == ["lead-1", "lead-2"]
    assert len(leads) == page.leads


def test_the_people_behind_a_page_are_one_row_each_whatever_browser_they_used(store: Engine) -> None:
    behind = lookers(store, ALL, "nordwind.test", "/pricing")
    assert [(one.person_id, one.views, one.visitors) for one in behind] == [("ines", 2, 2)]
    assert [one.person_id for one in lookers(store, ALL, "nordwind.test", "/")] == ["", "ines"]
    assert lookers(store, ALL, "nordwind.test", "' OR 1=1 --") == []


def test_another_units_pages_and_leads_stay_its_own(store: Engine) -> None:
    [page] = pages(store, replace(ALL, unit_ids=(SOUTH,)))
    assert (page.views, page.leads) == (1, 0)
    assert pages(store, replace(ALL, unit_ids=())) == []
    assert _named(pages(store, replace(ALL, unit_ids=None)))["/"].leads == 3


def test_visits_stand_in_the_day_of_the_organisation(store: Engine) -> None:
    days = visits_by("day", store, ALL, ZONE)
    assert len(days) == 15
    assert {f"{one.at:%d}": (one.visits, one.known_visits) for one in days if one.visits} == {
        "02": (1, 1),
        "03": (1, 0),
        "10": (1, 1),
    }


def test_a_day_has_all_its_hours_also_those_without_a_visit(store: Engine) -> None:
    monday = replace(ALL, until=ALL.since + timedelta(days=1))
    hours = visits_by("hour", store, monday, ZONE)
    assert [f"{one.at:%H}" for one in hours] == [f"{hour:02}" for hour in range(24)]
    assert [f"{one.at:%H}" for one in hours if one.visits] == ["10"]


def test_sessions_are_counted_by_the_week_they_began_in_and_their_channel(store: Engine) -> None:
    trend = channel_trend(store, ALL, ZONE, date(2026, 3, 2), 2)
    assert trend.mondays == (date(2026, 3, 2), date(2026, 3, 9))
    assert [(one.channel, one.weeks) for one in trend.channels] == [
        ("Direct", (0, 1)),
        ("Paid Search", (1, 0)),
        ("Referral", (1, 0)),
    ]
    assert trend.all_channels.weeks == (2, 1)
    assert trend.machine_visits == 1


def test_weeks_without_a_session_are_a_zero_and_nothing_is_no_channel(store: Engine) -> None:
    trend = channel_trend(store, replace(ALL, unit_ids=()), ZONE, date(2026, 3, 2), 2)
    assert (trend.channels, trend.all_channels.weeks, trend.machine_visits) == ((), (0, 0), 0)
