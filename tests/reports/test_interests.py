"""Interests worked out from pages: the formula by hand on both engines, and topics from paths."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loopline.reports.visits.interests import Interest, Whose, interests
from loopline.reports.visits.topics import HOME, Topic, topic_of
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
NORTH, SOUTH = "unit-north", "unit-south"
TOPICS = (Topic("/product/pumps", "Pumps"), Topic("/product", "Products"))


def _view(view: str, days_ago: float, path: str, **said: Any) -> dict[str, Any]:
    at = NOW - timedelta(days=days_ago)
    return {"event_id": view, "source_id": "key", "unit_id": NORTH, "occurred_at": at, "received_at": at,
            "kind": "page", "identity": "visitor:v1", "visitor_id": "v1", "session_id": "s1", "is_entry": False,
            "consent": 3, "bot_verdict": "human", "source": "browser", "page_view_id": view, "url_path": path,
            "title": ""} | said  # fmt: skip


def _fact(row_id: str, **said: Any) -> dict[str, Any]:
    return {"id": row_id, "version": 1, "occurred_at": NOW, "is_deleted": False} | said


@pytest.fixture(scope="module")
def store(reading_engine: Engine) -> Engine:
    engaged = {"kind": "system", "name": "Engaged time"}
    tables = {
        "events": [
            _view("p1", 30, "/product/pumps/x1", title="Pump X1"),
            _view("p1", 29.999, "/product/pumps/x1", event_id="p1b", engaged_ms=180_000, **engaged),
            _view("p2", 0, "/product/valves", engaged_ms=60_000),
            _view("p3", 0, "/pricing", engaged_ms=3_600_000, identity="email:ines@halden.example"),
            _view("p4", 60, "/pricing"),
            _view("p5", 400, "/jobs", engaged_ms=60_000),
            _view("p6", 0, "/jobs", bot_verdict="machine:crawler"),
            _view("p7", 0, "/jobs", visitor_id="v4", identity="visitor:v4"),
            _view("p8", 0, "/es", unit_id=SOUTH),
            _view("p9", 0, "/jobs", visitor_id="v2", identity="visitor:v2"),
        ],
        "identity_facts": [_fact("visitor:v1", person_id="ines", evidence="form"),
                           _fact("visitor:v4", person_id="ines", evidence="form"),
                           _fact("email:ines@halden.example", person_id="ines-2", evidence="form")],
        "person_facts": [_fact("ines-2", unit_id=NORTH, canonical_id="ines"),
                         _fact("ines", unit_id=NORTH, canonical_id="ines")],
        "bot_verdict_facts": [_fact("v4", verdict="machine:pattern")],
    }  # fmt: skip
    rows = {name: to_arrow(TABLES[name], content) for name, content in tables.items()}
    reading_engine.write(Batch(token="interests", rows=rows))
    return reading_engine


def _points(found: list[Interest]) -> dict[str, float]:
    return {one.topic: round(sum(page.points for page in one.pages), 6) for one in found}


def test_points_are_a_view_and_its_minutes_halved_every_thirty_days(store: Engine) -> None:
    found = interests(store, Whose(people=("ines",), unit_ids=(NORTH,)), TOPICS, now=NOW)
    # pumps: (1 + 3 min) after one half-life; valves: 1 + 1 min today; pricing: 1 + 5 min at most, and 1 after two
    assert _points(found) == {"Pricing": 6.25, "Pumps": 2.0, "Products": 2.0}
    assert [one.topic for one in found] == ["Pricing", "Products", "Pumps"]
    assert [round(one.share, 2) for one in found] == [60.98, 19.51, 19.51]


def test_each_topic_has_the_pages_behind_it(store: Engine) -> None:
    pricing, _, pumps = interests(store, Whose(people=("ines",), unit_ids=(NORTH,)), TOPICS, now=NOW)
    assert [(page.path, page.title, page.views) for page in pumps.pages] == [("/product/pumps/x1", "Pump X1", 1)]
    assert pumps.pages[0].engaged == timedelta(minutes=3)
    assert (pricing.views, pricing.last_at) == (2, NOW)


def test_a_visitor_nobody_knows_has_interests_too(store: Engine) -> None:
    assert _points(interests(store, Whose(visitors=("v2",)), (), now=NOW)) == {"Jobs": 1.0}


def test_other_units_machines_and_old_visits_do_not_count(store: Engine) -> None:
    assert _points(interests(store, Whose(people=("ines",), unit_ids=(SOUTH,)), (), now=NOW)) == {"Es": 1.0}
    assert "Jobs" not in _points(interests(store, Whose(people=("ines",)), (), now=NOW))
    assert interests(store, Whose(people=("nobody",)), (), now=NOW) == []
    assert interests(store, Whose(), (), now=NOW) == []


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("/product/pumps", "Pumps"),
        ("/Product/Pumps/x1?", "Pumps"),
        ("/product/pumpstation", "Products"),
        ("/product/", "Products"),
        ("/line-control/audit", "Line control"),
        ("/case_studies.html", "Case studies"),
        ("/", HOME),
        ("", HOME),
        ("//", HOME),
        ("/-/x", HOME),
    ],
)
def test_a_page_belongs_to_the_longest_prefix_else_to_the_first_part_of_its_path(path: str, topic: str) -> None:
    assert topic_of(path, TOPICS) == topic
