"""The pipeline as a salesperson meets it: board, opportunity with its route, conversion, tasks."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.pipeline.actions import edit_opportunity, move_stage
from loopline.pipeline.closing import lose_opportunity, win_opportunity
from loopline.pipeline.contacts import set_contact
from loopline.pipeline.interactions import Talk, log_interaction
from loopline.pipeline.models import Opportunity
from loopline.store.arrow import to_arrow
from loopline.store.current import engine
from loopline.store.engine import Batch
from loopline.store.library import TABLES
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import HOSTILE, Company

pytestmark = pytest.mark.browser


def test_the_board_is_moved_by_its_menu_without_losing_the_place(
    filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    user = filled_site.users[Role.SALES]
    win_opportunity(filled_site.opportunities[3], by=user.actor)
    page = sign_in(user)
    page.goto("/pipeline/")
    shoot(page, "pipeline")
    page.get_by_label("Move Ines Okafor: line control").click()
    page.get_by_role("button", name="Move to proposal").click()
    column = page.locator("[data-column=proposal]")
    expect(column.get_by_role("link", name="Ines Okafor: line control")).to_be_visible()
    assert Opportunity.objects.get(pk=filled_site.opportunities[0].pk).stage == "proposal"
    page.goto("/pipeline/list/")
    shoot(page, "pipeline_list")


def test_a_card_is_dragged_to_another_column(filled_site: Company, sign_in: SignIn) -> None:
    page = sign_in(filled_site.users[Role.SALES])
    page.goto("/pipeline/")
    card = page.locator(".deal", has_text="Ines Okafor")
    with page.expect_response(lambda answer: answer.request.method == "POST"):  # the card itself moves at once
        card.drag_to(page.locator("[data-column=negotiation]"))
    expect(
        page.locator("[data-column=negotiation]").get_by_role("link", name="Ines Okafor: line control")
    ).to_be_visible()
    assert Opportunity.objects.get(pk=filled_site.opportunities[0].pk).stage == "negotiation"


def test_an_opportunity_shows_its_whole_route(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    user = filled_site.users[Role.SALES]
    actor, opportunity = user.actor, filled_site.opportunities[0]
    set_contact(opportunity, filled_site.people[0], "decision_maker", by=actor)
    set_contact(opportunity, filled_site.people[3], "finance", by=actor)
    for days, kind, summary in (
        (9, "call", "wants 50 seats"),
        (6, "meeting", HOSTILE),
        (2, "note", "likes the audit trail"),
    ):
        talk = Talk(
            unit=opportunity.unit, person=filled_site.people[0], kind=kind, summary=summary, opportunity=opportunity
        )
        log_interaction(talk, by=actor, at=utc_now() - timedelta(days=days))
    edit_opportunity(opportunity, {"expected_close_on": utc_now().date() - timedelta(days=3)}, by=actor)
    move_stage(opportunity, "discovery", by=actor)
    page = sign_in(user)
    page.goto(f"/pipeline/{opportunity.pk}/")
    shoot(page, "opportunity")
    page.get_by_role("link", name="Won…").click()
    expect(page.get_by_role("dialog", name="Won")).to_be_visible()
    shoot(page, "opportunity-win")
    page.get_by_label("Amount in EUR").fill("18500.50")
    page.get_by_role("button", name="Mark as won").click()
    expect(page.get_by_text("is won.")).to_be_visible()
    shoot(page, "opportunity-won")


def test_a_lost_one_says_why(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    user = filled_site.users[Role.SALES_MANAGER]
    opportunity = lose_opportunity(filled_site.opportunities[1], "price", note="a third cheaper", by=user.actor)
    page = sign_in(user)
    page.goto(f"/pipeline/{opportunity.pk}/")
    shoot(page, "opportunity-lost")


def test_a_lead_is_converted(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    page = sign_in(filled_site.users[Role.SALES])
    page.goto(f"/leads/{filled_site.leads[5].pk}/convert/")
    shoot(page, "lead_convert")
    page.get_by_label("Amount").fill("12000")
    page.get_by_role("button", name="Convert").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Halden Foods 5")


def test_tasks_are_done_with_one_click(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    page = sign_in(filled_site.users[Role.SALES])
    page.goto("/tasks/")
    shoot(page, "tasks")
    page.get_by_role("button", name="Done: Call Ines Okafor").click()
    expect(page.get_by_role("button", name="Take up again: Call Ines Okafor")).to_be_visible()


def test_a_long_route_folds_what_is_quiet_and_shows_what_mattered(
    filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    person, opportunity = filled_site.people[0], filled_site.opportunities[0]
    user = filled_site.users[Role.SALES]
    set_contact(opportunity, person, "decision_maker", by=user.actor)
    _write_visits(str(person.pk), str(person.unit_id))
    page = sign_in(user)
    page.goto(f"/pipeline/{opportunity.pk}/")
    expect(page.get_by_text("1 session by machines left out.")).to_be_visible()
    shoot(page, "route")
    page.locator(".route-fold summary").click()
    shoot(page, "route-open")


def _write_visits(person: str, unit: str) -> None:
    """A first visit from an advertisement, a long quiet autumn, a form, and a crawler with the same cookie."""
    now = utc_now()
    visitor = f"visitor:{person}"
    base = {"source_id": "k", "unit_id": unit, "identity": visitor, "visitor_id": person, "kind": "page", "consent": 3,
            "bot_verdict": "human", "is_entry": True, "touch_kind": "entry", "url_path": "/pricing", "title": "Pricing",
            "engaged_ms": 190_000}  # fmt: skip
    sources = [("Paid Social", "linkedin", "ops-leaders")] + [("Direct", "", "")] * 9 + [("Email", "newsletter", "44")]
    events = []
    for place, (channel, source, campaign) in enumerate(sources):
        at = now - timedelta(days=60 - place * 5)
        visit = f"{person}-{place}"
        seen = base | {
            "event_id": visit,
            "session_id": visit,
            "page_view_id": visit,
            "occurred_at": at,
            "received_at": at,
        }
        then = {"event_id": f"{visit}-b", "page_view_id": f"{visit}-b", "occurred_at": at + timedelta(minutes=4)}
        events.append(seen | {"channel": channel, "utm_source": source, "utm_campaign": campaign})
        events.append(seen | then | {"is_entry": False, "title": "Integrations", "url_path": "/integrations"})
    at = now - timedelta(days=9)
    late = base | {"occurred_at": at, "received_at": at}
    form = {"kind": "form", "touch_kind": "form", "is_entry": False, "properties": '{"form": "Ask for a demo"}'}
    events.append(late | form | {"event_id": f"{person}-f", "session_id": f"{person}-10"})
    events.append(late | {"event_id": f"{person}-m", "session_id": f"{person}-m", "bot_verdict": "machine:crawler"})
    fact = {"version": 1, "occurred_at": now, "is_deleted": False}
    tables = {
        "events": events,
        "identity_facts": [fact | {"id": visitor, "person_id": person}],
        "person_facts": [fact | {"id": person, "canonical_id": person}],
    }
    engine().write(Batch(token=person, rows={name: to_arrow(TABLES[name], rows) for name, rows in tables.items()}))
