"""The pages about visitors as people meet them: filled, brought up to date while they are open, sound in every look."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.store.arrow import to_arrow
from loopline.store.current import engine
from loopline.store.engine import Batch
from loopline.store.library import TABLES
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import HOSTILE, LONG, Company
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser


def _visit(company: Company, visitor: str, at: datetime, pages: int, **said: Any) -> list[dict[str, Any]]:
    paths = (("/", "Home"), ("/product/line-control", "Line control"), ("/pricing", HOSTILE), (f"/{LONG}", LONG))
    return [
        {
            "event_id": f"{visitor}-{at:%j}-{place}", "source_id": "key", "unit_id": str(company.units[0].pk),
            "occurred_at": at + timedelta(seconds=place), "received_at": at, "kind": "page",
            "identity": f"visitor:{visitor}", "visitor_id": visitor, "session_id": f"s-{visitor}-{at:%j}",
            "is_entry": place == 0, "channel": "Paid Search", "utm_campaign": LONG, "url_host": "nordwind.test",
            "url_path": paths[place % 4][0], "title": paths[place % 4][1], "landing_path": "/", "engaged_ms": 95_000,
            "page_view_id": f"{visitor}-{at:%j}-{place}", "consent": 3, "bot_verdict": "human", "source": "browser",
            "network_company": HOSTILE, "country": "NO", "region": HOSTILE, "device": "desktop", "browser": "Firefox",
        } | said
        for place in range(pages)
    ] + [_scrolled(company, visitor, at)]  # fmt: skip


def _scrolled(company: Company, visitor: str, at: datetime) -> dict[str, Any]:
    """How far down the first page of a visit was seen."""
    return {
        "event_id": f"{visitor}-{at:%j}-scrolled", "source_id": "key", "unit_id": str(company.units[0].pk),
        "occurred_at": at, "received_at": at, "kind": "system", "identity": f"visitor:{visitor}",
        "visitor_id": visitor, "session_id": f"s-{visitor}-{at:%j}", "page_view_id": f"{visitor}-{at:%j}-0",
        "url_host": "nordwind.test", "url_path": "/", "consent": 3, "bot_verdict": "human", "source": "browser",
        "is_entry": False, "properties": '{"scroll": 72}',
    }  # fmt: skip


def _store(events: list[dict[str, Any]], links: list[dict[str, Any]] | None = None) -> None:
    rows = {"events": to_arrow(TABLES["events"], events)}
    if links:
        rows["identity_facts"] = to_arrow(TABLES["identity_facts"], links)
    engine().write(Batch(token=str(uuid4()), rows=rows))


def _fill(company: Company) -> None:
    now, mark = utc_now(), uuid4().hex[:8]
    events, links = [], []
    for place, person in enumerate(company.people):
        visitor = f"{mark}-{place}"
        for days_ago in (0, 3, 20, 45):
            events += _visit(company, visitor, now - timedelta(days=days_ago, minutes=2), 1 + (place + days_ago) % 4)
        links.append({"id": f"visitor:{visitor}", "version": 1, "occurred_at": now, "is_deleted": False,
                      "person_id": str(person.pk), "evidence": "form"})  # fmt: skip
    events += _visit(company, "stranger", now - timedelta(minutes=1), 4)
    events += _visit(company, "robot", now - timedelta(minutes=1), 1, bot_verdict="machine:crawler")
    _store(events, links)


def test_the_pages_about_visitors_are_sound_when_they_are_full(
    filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    _fill(filled_site)
    page = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(page)
    person = filled_site.people[3]
    assert person.company is not None
    for name, address in {
        "visitors_filled": "/visitors/?period=30",
        "pages_filled": "/visitors/pages/?period=90",
        "pages_behind": "/visitors/pages/behind/?path=/pricing&host=nordwind.test&period=90",
        "channel_trend_filled": "/visitors/channels/",
        "visitor": "/visitors/visitor/?id=stranger",
        "person_interests": reverse("person", args=[person.pk]),
        "company_route": reverse("company", args=[person.company.pk]),
    }.items():
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, name
        shoot(page, name)
    assert complaints.all == []


def test_the_visitors_of_this_minute_appear_by_themselves_without_losing_the_place(
    filled_site: Company, sign_in: SignIn
) -> None:
    page = sign_in(filled_site.users[Role.MARKETING])
    page.clock.install()
    page.goto("/visitors/?period=7")
    expect(page.get_by_text("No session in this time")).to_be_visible()
    _store(_visit(filled_site, "newcomer", utc_now() - timedelta(minutes=1), 2))
    page.clock.run_for(16_000)
    expect(page.get_by_role("link", name="Not known yet")).to_be_visible()
    summary = page.locator(".chart-table summary")
    summary.click()
    page.mouse.click(5, 400)
    _store(_visit(filled_site, "second", utc_now(), 1))
    page.clock.run_for(40_000)
    expect(page.get_by_role("link", name="Not known yet")).to_have_count(1)
    summary.click()
    page.mouse.click(5, 400)
    page.clock.run_for(16_000)
    expect(page.get_by_role("link", name="Not known yet")).to_have_count(2)


def test_a_server_that_does_not_answer_leaves_the_last_figures_and_says_so(
    filled_site: Company, sign_in: SignIn
) -> None:
    _store(_visit(filled_site, "lonely", utc_now() - timedelta(minutes=1), 2))
    page = sign_in(filled_site.users[Role.MARKETING])
    page.clock.install()
    page.goto("/visitors/?period=7")
    page.route("**/visitors/**", lambda route: route.abort())
    page.clock.run_for(16_000)
    expect(page.get_by_text("The server did not answer")).to_be_visible()
    expect(page.get_by_role("link", name="Not known yet")).to_be_visible()
    expect(page.locator(".toast")).to_have_count(0)
    page.unroute("**/visitors/**")
    page.clock.run_for(16_000)
    expect(page.get_by_text("The server did not answer")).to_be_hidden()
