"""History follows both ways: a link, a sharing, a merge and its undoing, each seen as of the moment after it."""

from datetime import UTC, datetime, timedelta

import pytest

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit
from loopline.attribution.state import question
from loopline.attribution.touchpoints import RowOf, touchpoints
from loopline.facts.relay import Relay
from loopline.people.actions import link_identity, merge_people, note_logout, undo_merge
from loopline.people.browser_uses import stretches_of
from loopline.reports.visits.arrivals import Wanted, arrivals
from loopline.reports.visits.interests import Whose, interests
from loopline.reports.visits.route import read_visits
from loopline.reports.visits.visitors import Asked, last_seen, visitor, visits
from loopline.rules.measures import EventFilter, Measure, Measuring
from loopline.rules.population import BrowserUse as RuleUse
from loopline.rules.population import Moment as RuleMoment
from loopline.rules.population import measures_sql, to_sql
from loopline.rules.read import read_rule
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES
from tests.make import make_person, make_unit

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def visit(engine: Engine, unit: BusinessUnit, *at: datetime) -> None:
    """A visit of the browser at each of these moments: e0, e1, …"""
    rows = [
        {"event_id": f"e{number}", "source_id": "key", "unit_id": str(unit.pk), "occurred_at": one, "received_at": one,
         "kind": "page", "touch_kind": "entry", "identity": "visitor:v1", "visitor_id": "v1", "is_entry": True,
         "session_id": f"s{number}", "page_view_id": f"p{number}", "url_path": f"/{number}", "engaged_ms": 1000,
         "consent": 2, "bot_verdict": "human"}
        for number, one in enumerate(at)
    ]  # fmt: skip
    engine.write(Batch(token="visit", rows={"events": to_arrow(TABLES["events"], rows)}))


def told(engine: Engine) -> datetime:
    """The moment at which the store has learnt everything so far."""
    Relay(engine).relay_all()
    return engine.horizon()


EVERYTHING_HUMAN = {"all_kinds": True, "touch_kinds": [], "humans_only": True}
"""The options of a run that leaves out only machines."""


def whose(engine: Engine, as_of: datetime) -> list[str]:
    """The person of each visit, by the books as of this moment; "" for a stranger's."""
    sql = question("SELECT event_id, person_id FROM touchpoints ORDER BY event_id", touchpoints(RowOf("''")))
    return [str(row["person_id"] or "") for row in engine.rows(sql, {"as_of": as_of, **EVERYTHING_HUMAN})]


def test_a_visit_is_whose_it_was_known_to_be_at_each_moment(engine: Engine) -> None:
    visit(engine, unit := make_unit(), LONG_AGO)
    ines, other = make_person("ines@halden.no", unit=unit), make_person("ines@gmail.com", unit=unit)
    unknown = told(engine)
    link_identity("visitor:v1", ines, "form", SYSTEM)
    linked = told(engine)
    link_identity("visitor:v1", other, "form", SYSTEM)
    shared = told(engine)
    merge = merge_people(other, ines, by=SYSTEM)
    merged = told(engine)
    undo_merge(merge, by=SYSTEM)
    apart = told(engine)
    moments = [whose(engine, one) for one in (unknown, linked, shared, merged, apart)]
    assert moments == [[""], [str(ines.pk)], [""], [str(other.pk)], [""]]


def later(hours: float) -> datetime:
    return LONG_AGO + timedelta(hours=hours)


def test_a_shared_browser_is_each_ones_while_it_can_be_told(engine: Engine) -> None:
    # Long before, just before Ines, after her, the next day, just before Tom, after him, after the logout.
    visit(engine, unit := make_unit(), LONG_AGO, later(4.8), later(5.2), later(29), later(49.8), later(60), later(80))
    ines, tom = make_person("ines@halden.no", unit=unit), make_person("tom@halden.no", unit=unit)
    link_identity("visitor:v1", ines, "form", SYSTEM, later(5))
    alone = told(engine)
    link_identity("visitor:v1", tom, "form", SYSTEM, later(50))
    shared = told(engine)
    note_logout("visitor:v1", by=SYSTEM, at=later(70))
    parted = told(engine)
    merge = merge_people(tom, ines, by=SYSTEM)
    merged = told(engine)
    undo_merge(merge, by=SYSTEM)
    apart = told(engine)
    one, another = str(ines.pk), str(tom.pk)
    told_apart = ["", one, one, "", another, another]
    assert whose(engine, alone) == [one] * 7
    assert whose(engine, shared) == [*told_apart, another]
    assert whose(engine, parted) == [*told_apart, ""]
    assert whose(engine, merged) == [another] * 7
    assert whose(engine, apart) == [*told_apart, ""]
    assert whose(engine, shared) == [*told_apart, another]


def test_every_answer_about_a_person_has_the_same_stretches_of_a_shared_browser(engine: Engine) -> None:
    visit(engine, unit := make_unit(), LONG_AGO, later(4.8), later(5.2), later(29), later(49.8))
    ines, tom = make_person("ines@halden.no", unit=unit), make_person("tom@halden.no", unit=unit)
    link_identity("visitor:v1", ines, "form", SYSTEM, later(5))
    link_identity("visitor:v1", tom, "identify", SYSTEM, later(50))
    told(engine)
    one, another = str(ines.pk), str(tom.pk)
    asked = Asked(LONG_AGO - timedelta(days=1), later(100), None)
    assert [row.person_id for row in visits(engine, asked)] == [another, "", one, one, ""]
    assert [moment.at for moment in read_visits(engine, [one], units=None).moments] == [later(5.2), later(4.8)]
    assert last_seen(engine, [one, another], unit_ids=None) == {one: later(5.2), another: later(49.8)}
    found = interests(engine, Whose(people=(one,)), [], now=later(100))
    assert sorted(page.path for interest in found for page in interest.pages) == ["/1", "/2"]
    assert [row["event_id"] for row in arrivals(engine, Wanted(LONG_AGO, email="tom@halden.no"))] == ["e4"]
    browser = visitor(engine, "v1", unit_ids=None)
    assert browser is not None
    assert browser.person_id == ""


def test_rules_count_a_shared_browser_for_whose_it_was(engine: Engine) -> None:
    visit(engine, unit := make_unit(), LONG_AGO, later(4.8), later(5.2), later(29), later(49.8))
    ines, tom = make_person("ines@halden.no", unit=unit), make_person("tom@halden.no", unit=unit)
    link_identity("visitor:v1", ines, "form", SYSTEM, later(5))
    link_identity("visitor:v1", tom, "identify", SYSTEM, later(50))
    told(engine)
    moment = RuleMoment(later(100), engine.horizon())
    rule = read_rule({"count": {"kind": "page"}, "at_least": 2})
    query = to_sql(rule)
    rows = engine.rows(query.sql, query.params(str(unit.pk), moment))
    assert {str(row["person_id"]): row["is_met"] for row in rows} == {str(ines.pk): True, str(tom.pk): False}
    count = measures_sql([Measure(Measuring.COUNT, EventFilter(kind="page"))])
    for person, expected in ((ines, 2), (tom, 1)):
        mine = [RuleUse(one.use.identity, one.use.since, one.until) for one in stretches_of(person)]
        params = count.params(str(unit.pk), moment, uses=mine)
        assert engine.rows(count.sql, params) == [{"m0": expected}]
