"""The route as pages show it: the event store's part and the records' part in one row."""

from datetime import timedelta

import pytest
from django.template.loader import render_to_string

from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Role
from loopline.campaigns.models import Form, Submission
from loopline.huddles.models import Huddle, HuddleLead
from loopline.leads.actions import create_lead
from loopline.people.models import Person
from loopline.pipeline.actions import convert_lead, move_stage
from loopline.pipeline.closing import lose_opportunity, refund_opportunity, win_opportunity
from loopline.pipeline.interactions import Talk, log_interaction
from loopline.pipeline.models import Opportunity
from loopline.reports.visits.moments import Moment
from loopline.store.arrow import to_arrow
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch
from loopline.store.library import TABLES
from loopline.web.route import Route, opportunity_route, person_route
from tests.make import make_person, make_unit, make_user
from tests.pipeline.records import START, later, make_accepted_lead, make_opportunity, make_seller

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


def _visit(store: DuckDBEngine, person: Person, days: int, event_id: str = "e1", **said: object) -> None:
    """A visit of a browser that was linked to the person."""
    at = later(days=days)
    event = {"event_id": event_id, "source_id": "k", "unit_id": str(person.unit_id), "occurred_at": at,
             "received_at": at, "kind": "page", "identity": "visitor:v1", "visitor_id": "v1", "session_id": event_id,
             "is_entry": True, "consent": 3, "bot_verdict": "human", "channel": "Email", "utm_campaign": "audit",
             "url_path": "/pricing", "title": HOSTILE} | said  # fmt: skip
    fact = {"version": 1, "occurred_at": at, "is_deleted": False}
    tables = {
        "events": [event],
        "identity_facts": [fact | {"id": "visitor:v1", "person_id": str(person.pk)}],
        "person_facts": [fact | {"id": str(person.pk), "canonical_id": str(person.pk)}],
    }
    store.write(Batch(token=event_id, rows={name: to_arrow(TABLES[name], rows) for name, rows in tables.items()}))


def _moments(route: Route) -> list[Moment]:
    return [moment for stretch in route.stretches for moment in stretch.moments]


def _titles(route: Route) -> list[str]:
    return [f"{moment.title} {moment.subject}".strip() for moment in _moments(route)]


def _seller() -> tuple[User, BusinessUnit, Person]:
    user, _, unit = make_seller()
    return user, unit, make_person(unit=unit, name="Ines Okafor")


def test_the_route_runs_from_the_first_unknown_visit_to_the_refund(store: DuckDBEngine) -> None:
    user, unit, person = _seller()
    manager = make_user(Role.SALES_MANAGER, unit=unit).actor
    _visit(store, person, -9)
    lead = make_accepted_lead(unit, user, person)
    opportunity = convert_lead(
        lead, name="Halden", amount_minor=100, currency="EUR", expected_close_on=None, by=user.actor, at=later(days=1)
    )
    move_stage(opportunity, "proposal", note="sent", by=user.actor, at=later(days=2))
    log_interaction(Talk(unit, person, "meeting", "agreed on 50 seats"), by=user.actor, at=later(days=3))
    win_opportunity(opportunity, by=user.actor, at=later(days=4))
    refund_opportunity(opportunity, 40, reason="fewer seats", by=manager, at=later(days=5))
    route = person_route(person, user.actor)
    assert _titles(route) == [
        "Money given back Halden",
        "Won Halden",
        "Meeting",
        "Moved to proposal",
        "Converted into an opportunity",
        "Opportunity opened: Halden",
        "First visit from audit",
    ]
    assert _moments(route)[-1].detail == "Email (then unknown)"
    assert [moment.amount_minor for moment in _moments(route)[:2]] == [40, 100]
    assert _titles(opportunity_route(opportunity, user.actor)) == _titles(route)
    assert route.incomplete_since is None


def test_without_the_event_store_the_route_says_what_is_missing_and_keeps_the_rest() -> None:
    user, unit, person = _seller()
    use_engine(None)
    log_interaction(Talk(unit, person, "call", "wants 50 seats"), by=user.actor)
    route = person_route(person, user.actor)
    assert _titles(route) == ["Call"]
    assert route.incomplete_since is not None
    again = person_route(person, user.actor)
    assert again.incomplete_since == route.incomplete_since
    text = render_to_string("route/_route.html", {"route": route})
    assert "Visits incomplete since" in text
    assert "wants 50 seats" in text


def test_a_store_that_fails_is_said_and_never_an_empty_route(store: DuckDBEngine) -> None:
    user, _, person = _seller()
    _visit(store, person, 0)
    store.close()
    route = person_route(person, user.actor)
    assert route.incomplete_since is not None
    assert route.trouble
    assert "The records know of nothing else" in render_to_string("route/_route.html", {"route": route})


def test_the_store_answering_again_ends_the_gap(store: DuckDBEngine) -> None:
    user, _, person = _seller()
    use_engine(None)
    assert person_route(person, user.actor).incomplete_since is not None
    use_engine(store)
    assert person_route(person, user.actor).incomplete_since is None


def test_nothing_known_is_said_and_is_no_error(store: DuckDBEngine) -> None:
    user, _, person = _seller()
    route = person_route(person, user.actor)
    assert route.is_empty
    assert "Nothing is known yet" in render_to_string("route/_route.html", {"route": route})


def test_a_form_is_told_once_with_what_the_person_wrote(store: DuckDBEngine) -> None:
    user, unit, person = _seller()
    form = Form.objects.create(
        unit=unit, slug="demo", title="Ask for a demo", fields=[{"key": "message", "kind": "textarea", "label": "Why"}]
    )
    data = {"email": person.email, "message": f"replacing spreadsheets {HOSTILE}"}
    Submission.objects.create(form=form, person=person, event_id="f1", data=data, at=START)
    _visit(store, person, 0, "f1", kind="form", is_entry=False, touch_kind="form")
    route = person_route(person, user.actor)
    [moment] = [one for one in _moments(route) if one.kind == "form"]
    assert (moment.title, moment.subject) == ("Sent", "Ask for a demo")
    text = render_to_string("route/_route.html", {"route": route})
    assert "replacing spreadsheets &lt;script&gt;" in text
    assert HOSTILE not in text


def test_what_was_said_in_a_huddle_and_why_it_was_lost_are_part_of_it(store: DuckDBEngine) -> None:
    user, unit, person = _seller()
    lead = make_accepted_lead(unit, user, person)
    huddle = Huddle.objects.create(unit=unit, since=START, opened_by_name="Ada")
    HuddleLead.objects.create(
        huddle=huddle, lead=lead, place=1, disposition="too_early", sales_note="budget next year",
        disposed_by_name="Ada", disposed_at=later(days=1),
    )  # fmt: skip
    opportunity = convert_lead(
        lead, name="Halden", amount_minor=1, currency="EUR", expected_close_on=None, by=user.actor, at=later(days=2)
    )
    lose_opportunity(opportunity, "timing", note="next year", by=user.actor, at=later(days=3))
    found = {moment.title: moment for moment in _moments(person_route(person, user.actor))}
    assert (found["In the huddle:"].subject, found["In the huddle:"].detail) == (
        "too early",
        "sales: “budget next year”",
    )
    assert found["Lost"].detail == "Timing · “next year”"


def test_qualified_and_handed_over_in_one_breath_is_one_line(store: DuckDBEngine) -> None:
    user, unit, person = _seller()
    lead = create_lead(person, unit, origin="form “Ask for a demo”", by=user.actor, at=START)
    for second, state in ((1, "marketing_qualified"), (2, "handed_over")):
        lead.transitions.create(
            from_state="new", to_state=state, by_name="Loopline", at=START + timedelta(seconds=second)
        )
    lead.transitions.create(from_state="handed_over", to_state="accepted", by_name=user.name, at=later(hours=1))
    assert _titles(person_route(person, user.actor)) == ["Accepted by sales", "Became a lead"]
    first = _moments(person_route(person, user.actor))[-1]
    assert first.detail.startswith("marketing qualified · handed over")


def test_other_units_parts_of_the_route_stay_hidden(store: DuckDBEngine) -> None:
    user, unit, person = _seller()
    elsewhere = make_unit()
    _visit(store, person, 0, unit_id=str(elsewhere.pk))
    Opportunity.objects.filter(pk=make_opportunity(elsewhere).pk).update(name="Secret")
    stranger, _, _ = make_seller(unit=elsewhere)
    log_interaction(Talk(unit, person, "note", "likes it"), by=user.actor)
    assert _titles(person_route(person, user.actor)) == ["Note"]
    assert "Note" not in _titles(person_route(person, stranger.actor))


def test_several_people_are_told_apart_by_name(store: DuckDBEngine) -> None:
    user, unit, person = _seller()
    opportunity = make_opportunity(unit)
    opportunity.contacts.create(person=person)
    log_interaction(Talk(unit, person, "note", "likes it"), by=user.actor)
    [note] = [moment for moment in _moments(opportunity_route(opportunity, user.actor)) if moment.kind == "note"]
    assert note.who == "Ines Okafor"
    [alone] = _moments(person_route(person, user.actor))[:1]
    assert alone.who == ""
