"""From a rejected lead to an adopted definition in a real browser, in at most twelve actions of all people together."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from loopline.access.models import User
from loopline.facts.relay import Relay
from loopline.huddles.first_tries import try_first
from loopline.huddles.models import Decision
from loopline.leads.actions import reject_lead
from loopline.leads.models import DefinitionVersion, Lead
from loopline.store.current import engine
from tests.browser.conftest import SignIn
from tests.browser.lead_story import tell
from tests.browser.look import Look
from tests.browser.server import Server
from tests.browser.test_huddle_look import another_screen
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser
MOST_ACTIONS = 12


class Actions:
    """Counts what people do: each address they open, click, key and field they fill is one action."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def _count(self, what: str) -> None:
        self.done.append(what)
        assert len(self.done) <= MOST_ACTIONS, f"action {len(self.done)} of at most {MOST_ACTIONS}: {self.done}"

    def open(self, page: Page, address: str) -> None:
        self._count(f"open {address}")
        page.goto(address)

    def press(self, page: Page, key: str) -> None:
        self._count(f"press {key}")
        page.locator("body").press(key)

    def click(self, page: Page, name: str) -> None:
        """A link. What follows is done on the page it leads to: keys pressed before that has come are lost."""
        self._count(f"click {name}")
        with page.expect_navigation():
            page.get_by_role("link", name=re.compile(f"^{name}")).first.click()


def test_the_count_catches_a_way_that_is_too_long(page: Page) -> None:
    actions = Actions()
    for _ in range(MOST_ACTIONS):
        actions.press(page, "x")
    with pytest.raises(AssertionError, match="action 13 of at most 12"):
        actions.press(page, "x")


def test_a_rejected_lead_becomes_an_adopted_definition_in_twelve_actions(
    site: Server, sign_in: SignIn, browser: Browser, server: Server, shoot: Look
) -> None:
    story = tell()
    for lead in (story.leads[1], story.leads[3]):
        clause = next(one["clause"] for one in lead.evidence if "/pricing" in str(one["clause"]))
        reject_lead(lead, Lead.Reason.BELOW_DEFINITION, detail={"clause": clause}, by=story.ana.actor)
    Relay(engine()).relay_all()
    actions, marketing = Actions(), sign_in(story.marketing)
    complaints = Complaints(marketing)
    actions.open(marketing, f"/leads/{story.leads[3].pk}/")
    expect(marketing.get_by_text("Sent back: below definition").first).to_be_visible()
    actions.click(marketing, "Huddle")
    actions.press(marketing, "o")
    actions.click(marketing, "Definition")
    expect(marketing.get_by_text("is being tried on the past half year")).to_be_visible()
    shoot(marketing, "definition-desk-trying")
    assert try_first() == 1
    expect(marketing.get_by_text("Careful.")).to_be_visible()
    shoot(marketing, "definition-desk")
    actions.press(marketing, "1")
    expect(marketing.locator(".desk-offer[aria-pressed]")).to_contain_text("1")
    actions.press(marketing, "p")
    expect(marketing.get_by_text("Proposed. Marketing and sales can sign it here.")).to_be_visible()
    shoot(marketing, "definition-desk-proposed")
    actions.press(marketing, "m")
    expect(marketing.get_by_text("Signed for marketing.")).to_be_visible()
    _sales_agrees(actions, marketing, another_screen(browser, server, story.manager), story.manager)
    assert DefinitionVersion.objects.get(unit=story.unit, status="in_force") == Decision.objects.get().definition
    assert len(actions.done) <= MOST_ACTIONS
    assert complaints.all == []


def _sales_agrees(actions: Actions, marketing: Page, sales: Page, manager: User) -> None:
    try:
        actions.open(sales, "/huddles/")
        actions.press(sales, "o")
        actions.click(sales, "Definition")
        actions.press(sales, "s")
        expect(marketing.get_by_text(f"{manager.name} (sales)")).to_be_visible()
        actions.press(sales, "v")
        expect(sales.get_by_text("is in force: new leads are judged by it from now on.")).to_be_visible()
        expect(marketing.get_by_text("in force", exact=True).first).to_be_visible()
    finally:
        sales.context.close()
