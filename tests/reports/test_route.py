"""A route read back from both engines, against moments worked out by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

from loopline.reports.visits.moments import Moment, PageSeen
from loopline.reports.visits.route import read_visitor, read_visits
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

DAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NORTH, SOUTH = "unit-north", "unit-south"
INES, TOMAS = "person-ines", "person-tomas"


def _event(event_id: str, minutes: float, **said: Any) -> dict[str, Any]:
    at = DAY + timedelta(minutes=minutes)
    return {"event_id": event_id, "source_id": "key", "unit_id": NORTH, "occurred_at": at, "received_at": at,
            "kind": "page", "identity": "visitor:v1", "visitor_id": "v1", "session_id": "s1", "is_entry": False,
            "consent": 3, "bot_verdict": "human", "source": "browser"} | said  # fmt: skip


def _fact(row_id: str, version: int, **said: Any) -> dict[str, Any]:
    return {"id": row_id, "version": version, "occurred_at": DAY, "is_deleted": False, "unit_id": NORTH} | said


def _link(identity: str, person: str, version: int, **said: Any) -> dict[str, Any]:
    row = _fact(identity, version, person_id=person, evidence="form", **said)
    return {name: value for name, value in row.items() if name != "unit_id"}


def _person(person: str, version: int, canonical: str = "") -> dict[str, Any]:
    return _fact(person, version, canonical_id=canonical or person)


def _write(engine: Engine, token: str, **tables: list[dict[str, Any]]) -> datetime:
    rows = {name: to_arrow(TABLES[name], content) for name, content in tables.items()}
    return engine.write(Batch(token=token, rows=rows))


def _write_a_route(engine: Engine) -> datetime:
    entry = {"is_entry": True, "touch_kind": "entry"}
    paid = {"channel": "Paid Search", "utm_source": "google", "utm_campaign": "spring"}
    mail = {"channel": "Email", "utm_source": "newsletter", "utm_campaign": "unmapped-44", "session_id": "s2"}
    engaged = {"kind": "system", "name": "Engaged time"}
    return _write(
        engine,
        "route",
        events=[
            _event("e1", 0, **entry, **paid, url_path="/", title="Home", page_view_id="p1"),
            _event("e2", 0.5, **engaged, url_path="/", page_view_id="p1", engaged_ms=20_000),
            _event("e3", 1, **engaged, url_path="/", page_view_id="p1", engaged_ms=45_000,
                   properties='{"scroll": 64}'),
            _event("e4", 2, url_path="/pricing", title="Pricing", page_view_id="p2"),
            _event("e5", 4, **engaged, url_path="/pricing", page_view_id="p2", engaged_ms=100_000),
            _event("e6", 5, url_path="/", title="Home", page_view_id="p3"),
            _event("e7", 6, **engaged, url_path="/", page_view_id="p3", engaged_ms=5_000,
                   properties='{"scroll": 30}'),
            _event("e8", 1_500, **entry, **mail, url_path="/audit", page_view_id="p4"),
            _event("e9", 1_501, kind="track", name="Downloaded checklist", session_id="s2", url_path="/audit"),
            _event("f1", 1_503, kind="form", name="Form submitted", touch_kind="form", session_id="s2",
                   page_view_id="p4", identity="email:ines@halden.example", properties='{"form": "Ask for a demo"}'),
            _event("c1", 3_000, kind="call", name="Call answered", touch_kind="call", session_id="", visitor_id="",
                   identity=f"person:{INES}", source="loopline"),
            _event("m1", 60, **entry, session_id="s-bot", bot_verdict="machine:crawler", page_view_id="p9"),
            _event("x1", 70, **entry, session_id="s-other", identity="visitor:v2", visitor_id="v2", page_view_id="p10"),
            _event("y1", 80, **entry, session_id="s-south", unit_id=SOUTH, page_view_id="p11", url_path="/es"),
        ],
        identity_facts=[_link("visitor:v1", INES, 1), _link("email:ines@halden.example", INES, 2),
                        _link("visitor:v2", TOMAS, 3)],
        person_facts=[_person(INES, 1), _person(TOMAS, 2)],
        campaign_code_facts=[_fact(f"{NORTH}/spring", 1, code="spring", campaign_id="c")],
        campaign_facts=[_fact("c", 1, name="Spring webinar series")],
    )  # fmt: skip


def _said(moments: tuple[Moment, ...]) -> list[tuple[str, str, str, str]]:
    return [(moment.kind, moment.title, moment.subject, moment.detail) for moment in moments]


def test_a_route_is_told_newest_first_from_the_first_unknown_visit_on(engine: Engine) -> None:
    _write_a_route(engine)
    visits = read_visits(engine, [INES], units=[NORTH])
    assert _said(visits.moments) == [
        ("call", "Call", "", ""),
        ("form", "Sent a form", "Ask for a demo", ""),
        ("visit", "Visit from", "newsletter · unmapped-44", "Email · Downloaded checklist"),
        ("visit", "Visit from", "Spring webinar series", "Paid Search"),
    ]
    assert [moment.at for moment in visits.moments] == [
        DAY + timedelta(minutes=minutes) for minutes in (3_000, 1_503, 1_500, 0)
    ]
    assert {moment.person_id for moment in visits.moments} == {INES}
    assert visits.is_cut is False


def test_engaged_time_is_the_most_of_a_page_view_and_adds_up_over_a_visit(engine: Engine) -> None:
    _write_a_route(engine)
    *_, second, first = read_visits(engine, [INES], units=[NORTH]).moments
    assert first.pages == (PageSeen("Home", "/", 50_000, 64), PageSeen("Pricing", "/pricing", 100_000))
    assert second.pages == (PageSeen("/audit", "/audit", None),)
    assert [page.engaged for page in (*first.pages, *second.pages)] == ["50\u00a0s", "1\u00a0min\u00a040\u00a0s", ""]


def test_machines_are_left_out_and_counted(engine: Engine) -> None:
    _write_a_route(engine)
    assert read_visits(engine, [INES], units=[NORTH]).machine_visits == 1
    _write(engine, "verdict", bot_verdict_facts=[
        {name: value for name, value in _fact("v1", 1, verdict="machine:pattern").items() if name != "unit_id"}
    ])  # fmt: skip
    visits = read_visits(engine, [INES], units=[NORTH])
    assert [moment.kind for moment in visits.moments] == ["call"]
    assert visits.machine_visits == 3


def test_another_units_visits_stay_its_own(engine: Engine) -> None:
    _write_a_route(engine)
    assert [moment.event_id for moment in read_visits(engine, [INES], units=[SOUTH]).moments] == ["y1"]
    assert len(read_visits(engine, [INES], units=None).moments) == 5
    assert read_visits(engine, [INES], units=[]).moments == ()


def test_nobody_has_no_route_and_that_is_no_error(engine: Engine) -> None:
    assert read_visits(engine, [INES], units=None).moments == ()
    _write_a_route(engine)
    assert read_visits(engine, ["somebody-else"], units=None).moments == ()
    assert read_visits(engine, [], units=None).moments == ()


def test_merging_brings_the_route_along_and_undoing_takes_it_back(engine: Engine) -> None:
    before = _write_a_route(engine)
    merged = _write(engine, "merge", person_facts=[_person(TOMAS, 3, INES)])
    both = read_visits(engine, [INES], units=[NORTH])
    assert "x1" in {moment.event_id for moment in both.moments}
    assert {moment.person_id for moment in both.moments} == {INES}
    _write(engine, "undone", person_facts=[_person(TOMAS, 4)])
    assert "x1" not in {moment.event_id for moment in read_visits(engine, [INES], units=[NORTH]).moments}
    assert "x1" in {moment.event_id for moment in read_visits(engine, [INES], units=[NORTH], as_of=merged).moments}
    assert "x1" not in {moment.event_id for moment in read_visits(engine, [INES], units=[NORTH], as_of=before).moments}


def test_a_withdrawn_link_takes_its_visits_away(engine: Engine) -> None:
    _write_a_route(engine)
    _write(engine, "withdrawn", identity_facts=[_link("visitor:v1", "", 9)])
    found = {moment.event_id for moment in read_visits(engine, [INES], units=[NORTH]).moments}
    assert found == {"f1", "c1"}


def test_a_code_mapped_later_names_the_campaign_of_old_visits(engine: Engine) -> None:
    before = _write_a_route(engine)
    _write(engine, "code", campaign_code_facts=[_fact(f"{NORTH}/unmapped-44", 2, code="unmapped-44", campaign_id="n")],
           campaign_facts=[_fact("n", 2, name="Newsletter 44")])  # fmt: skip
    assert "Newsletter 44" in {moment.subject for moment in read_visits(engine, [INES], units=[NORTH]).moments}
    then = read_visits(engine, [INES], units=[NORTH], as_of=before)
    assert "Newsletter 44" not in {moment.subject for moment in then.moments}


def test_hostile_text_comes_back_as_it_was(engine: Engine) -> None:
    hostile = "<script>alert('x')</script>; DROP TABLE events --"
    _write_a_route(engine)
    visit = {"session_id": "s9", "is_entry": True, "utm_campaign": hostile, "title": hostile, "page_view_id": "p20"}
    _write(engine, "hostile", events=[_event("h1", 5_000, **visit)])
    newest = read_visits(engine, [INES], units=[NORTH]).moments[0]
    assert (newest.subject, newest.pages[0].title) == (hostile, hostile)
    assert read_visits(engine, [hostile], units=[hostile]).moments == ()


def test_a_very_long_route_is_cut_and_says_so(engine: Engine) -> None:
    _write_a_route(engine)
    many = [_event(f"n{number:05}", number, session_id=f"many{number}", is_entry=True) for number in range(3_100)]
    _write(engine, "many", events=many)
    visits = read_visits(engine, [INES], units=[NORTH])
    assert visits.is_cut is True
    assert len(visits.moments) == 2_999  # two of the 3,000 newest items are of one visit


def test_a_visitor_nobody_knows_has_a_route_of_its_own(engine: Engine) -> None:
    _write_a_route(engine)
    stranger = read_visitor(engine, "v2", units=[NORTH])
    assert [moment.event_id for moment in stranger.moments] == ["x1"]
    assert read_visitor(engine, "v2", units=[SOUTH]).moments == ()
    assert read_visitor(engine, "' OR 1=1 --", units=None).moments == ()


def test_what_a_known_person_did_in_a_shared_browser_is_not_the_strangers(engine: Engine) -> None:
    _write_a_route(engine)
    assert "f1" not in {moment.event_id for moment in read_visitor(engine, "v1", units=None).moments}
