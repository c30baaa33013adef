"""The huddle as people meet it: two screens that follow each other, keys, cards, the homework page of a phone."""

from datetime import time, timedelta
from uuid import NAMESPACE_OID, uuid5

import pytest
from playwright.sync_api import Browser, Page, expect

from loopline.access.models import User
from loopline.access.roles import Role
from loopline.huddles.actions import close_huddle, open_huddle
from loopline.huddles.decisions import Measure, NewDecision, add_decision, approve_decision
from loopline.huddles.homework import token_of
from loopline.huddles.models import Homework, Huddle, HuddleSeries
from loopline.huddles.series import SeriesPlan, start_series
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.store.current import engine
from tests.attribution.shelf import Shelf
from tests.browser.conftest import SignIn
from tests.browser.look import Look
from tests.browser.records import Company
from tests.browser.server import Server
from tests.browser.watch import Complaints
from tests.make import make_person, make_user

pytestmark = pytest.mark.browser


def weekly(company: Company) -> HuddleSeries:
    begins = utc_now() + timedelta(hours=2)
    roster = (company.users[Role.MARKETING], company.users[Role.SALES], company.users[Role.SALES_MANAGER])
    plan = SeriesPlan("Weekly huddle", begins.date(), time(begins.hour, begins.minute), roster)
    return start_series(company.units[0], plan, by=roster[0].actor)


def key(what: str, number: int) -> str:
    return str(uuid5(NAMESPACE_OID, f"{what}-{number}"))


def fill_facts(company: Company) -> None:
    """Half a year of leads and deals of which some got stuck."""
    shelf, now, unit = Shelf(engine()), utc_now() - timedelta(hours=1), str(company.units[0].pk)
    for number in range(60):
        at = now - timedelta(days=3 * number)
        dates = {"qualified_at": at, "handed_over_at": at + timedelta(hours=2)}
        if number % 3:
            dates["accepted_at"] = at + timedelta(hours=9 + number % 7)
        if number % 3 == 1:
            dates["converted_at"] = at + timedelta(days=2)
        state = {0: "rejected", 1: "converted", 2: "accepted"}[number % 3]
        more = {"reason": "no_need", "rejected_at": at + timedelta(hours=5)} if number % 3 == 0 else {}
        shelf.lead(key("lead", number), f"p-{number}", at, unit_id=unit, state=state, **dates, **more)
        if number % 3 == 1:
            created = at + timedelta(days=2)
            base = {"unit_id": unit, "lead_id": key("lead", number), "created_at": created, "currency": "EUR",
                    "refunded_minor": 0}  # fmt: skip
            for stage, days in (("qualified", 0), ("discovery", 3), ("proposal", 7), ("negotiation", 11)):
                shelf.fact("opportunity_facts", key("deal", number), stage=stage, outcome="open",
                           occurred_at=created + timedelta(days=days), **base)  # fmt: skip
            closed = {
                "stage": "negotiation",
                "closed_at": created + timedelta(days=14),
                "occurred_at": created + timedelta(days=14),
            }
            won = {"outcome": "won", "reporting_minor": 9_000_00} if number % 2 else {"outcome": "lost"}
            shelf.fact("opportunity_facts", key("deal", number), **base, **closed, **won)  # type: ignore[arg-type]
    shelf.store()


def an_open_one(company: Company) -> Huddle:
    huddle = open_huddle(company.units[0], series=weekly(company), by=company.users[Role.MARKETING].actor)
    add_decision(
        huddle,
        NewDecision(
            "Ask for a phone number on the demo form", company.users[Role.SALES], utc_now().date(),
            "Half as many sent back", "No fewer demo requests", "Requests fall by a tenth",
            Measure("sent_back", -10, "random"),
        ),
        by=company.users[Role.MARKETING].actor,
    )  # fmt: skip
    return huddle


def test_two_screens_follow_each_other_and_keys_run_the_meeting(
    filled_site: Company, sign_in: SignIn, browser: Browser, server: Server
) -> None:
    huddle = an_open_one(filled_site)
    runner = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(runner)
    runner.goto(f"/huddles/{huddle.pk}/")
    expect(runner.get_by_text("Live: what anybody does shows here at once.")).to_be_visible()
    guest = another_screen(browser, server, filled_site.users[Role.SALES])
    try:
        follow(runner, guest, f"/huddles/{huddle.pk}/")
    finally:
        guest.context.close()
    assert complaints.all == []


def follow(runner: Page, guest: Page, address: str) -> None:
    guest.goto(address)
    expect(guest.get_by_text("Live: what anybody does shows here at once.")).to_be_visible()
    for card in ("Promises", "Loop", "Leads"):
        runner.keyboard.press("n")
        for screen in (runner, guest):
            expect(screen.locator(".agenda-strip [aria-current]")).to_contain_text(card)
        expect(runner.get_by_text("Live: what anybody does shows here at once.")).to_be_visible()
    expect(guest.locator(".timer")).to_be_visible()
    guest.get_by_label("Sales says").fill("I am writing this")
    runner.keyboard.press("5")
    expect(guest.locator(".page-head .question")).to_be_visible()
    expect(runner.locator(".pane-list .pill", has_text="no contact yet").first).to_be_visible()
    expect(guest.get_by_label("Sales says")).to_have_value("I am writing this")


def another_screen(browser: Browser, server: Server, user: User) -> Page:
    from django.test import Client

    client = Client()
    client.force_login(user)
    context = browser.new_context(base_url=server.url, viewport={"width": 360, "height": 740})
    context.add_cookies([{"name": n, "value": m.value, "url": server.url} for n, m in client.cookies.items()])
    return context.new_page()


def test_every_card_is_sound(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    fill_facts(filled_site)
    huddle = an_open_one(filled_site)
    approve_decision(huddle.decisions.get(), "sales", by=filled_site.users[Role.SALES_MANAGER].actor)
    page = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(page)
    for card in ("wins", "promises", "loop", "leads", "bottleneck", "definition", "deals", "close"):
        page.goto(f"/huddles/{huddle.pk}/?card={card}")
        shoot(page, f"huddle_{card}")
    page.goto(f"/huddles/series/{huddle.series_id}/")
    shoot(page, "huddle_series")
    close_huddle(huddle, carry_over=True, by=filled_site.users[Role.MARKETING].actor)
    page.goto(f"/huddles/{huddle.pk}/")
    shoot(page, "huddle_minutes")
    page.goto("/huddles/")
    shoot(page, "huddles_filled")
    page.goto("/reports/bottlenecks/")
    shoot(page, "bottlenecks_filled")
    assert complaints.all == []


def test_homework_is_done_on_a_phone_without_a_password(filled_site: Company, page: Page, shoot: Look) -> None:
    series = weekly(filled_site)
    now = utc_now()
    homework = Homework.objects.create(
        series=series, user=filled_site.users[Role.SALES], meeting_at=now, expires_at=now + timedelta(hours=1)
    )
    page.set_viewport_size({"width": 390, "height": 844})
    complaints = Complaints(page)
    page.goto(f"/huddles/homework/{token_of(homework)}")
    shoot(page, "homework")
    page.get_by_role("button", name="Accept").first.click()
    expect(page.get_by_text("accepted").first).to_be_visible()
    assert complaints.all == []


def test_scorecards_and_what_decisions_did_look_right(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    unit, now = filled_site.units[0], utc_now() - timedelta(days=3)
    people = [
        make_user(Role.SALES, unit=unit, name=name) for name in ("Ana Ruiz", "Bartholomew Featherstonehaugh", "Eve")
    ]
    for seller, accepted, rejected in zip(people, (9, 4, 40), (3, 22, 10), strict=True):
        Lead.objects.bulk_create(
            Lead(
                unit=unit, person=make_person(unit=unit), owner=seller, created_at=now, handed_over_at=now, due_at=now,
                state="accepted" if number < accepted else "rejected", reason="" if number < accepted else "no_need",
                accepted_at=now + timedelta(hours=1) if number < accepted else None,
                rejected_at=None if number < accepted else now + timedelta(hours=2),
            )
            for number in range(accepted + rejected)
        )  # fmt: skip
    page = sign_in(filled_site.users[Role.SALES_MANAGER])
    complaints = Complaints(page)
    page.goto(f"/huddles/scorecards/?unit={unit.pk}")
    expect(page.locator("td").get_by_text("below the 99.8 % limit")).to_be_visible()
    shoot(page, "scorecards")
    page.goto("/huddles/decisions/")
    shoot(page, "decisions")
    assert complaints.all == []
