"""The hand-over and the huddle in a real browser: looked at in every width, worked with keys."""

import pytest
from playwright.sync_api import Page, expect

from loopline.huddles.models import Decision, Huddle
from loopline.leads.models import Lead
from tests.browser.conftest import SignIn
from tests.browser.lead_story import Story, tell
from tests.browser.look import Look
from tests.browser.server import Server
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser


@pytest.fixture
def story(site: Server) -> Story:
    return tell()


def opened(page: Page, address: str, shoot: Look, name: str) -> None:
    complaints = Complaints(page)
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200
    shoot(page, name)
    assert complaints.all == []


def test_the_pages_of_leads_are_sound(story: Story, sign_in: SignIn, shoot: Look) -> None:
    page = sign_in(story.ana)
    opened(page, "/leads/", shoot, "leads-waiting")
    opened(page, "/leads/?tab=accepted", shoot, "leads-accepted")
    opened(page, f"/leads/{story.leads[0].pk}/", shoot, "lead")
    opened(page, f"/leads/{story.leads[5].pk}/", shoot, "lead-sent-back")
    opened(page, f"/leads/{story.leads[0].pk}/send-back/", shoot, "lead-send-back")
    page = sign_in(story.marketing)
    opened(page, "/leads/?tab=back", shoot, "leads-back")
    opened(page, "/leads/?tab=marketing", shoot, "leads-marketing")


def test_a_salesperson_answers_with_keys(story: Story, sign_in: SignIn) -> None:
    page = sign_in(story.ana)
    page.goto("/leads/")
    expect(page.get_by_role("heading", name="Leads waiting for you")).to_be_visible()
    first = page.locator(".pane-item[aria-current] b").inner_text()
    page.keyboard.press("j")
    expect(page.locator(".pane-item[aria-current] b")).not_to_have_text(first)
    second = page.locator(".pane-item[aria-current] b").inner_text()
    page.keyboard.press("a")
    expect(page.get_by_text(f"{second} is yours.")).to_be_visible()
    assert Lead.objects.get(person__name=second).state == Lead.State.ACCEPTED
    page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Send back to marketing")
    dialog.get_by_label("Reason").select_option("no_need")
    dialog.get_by_label("What marketing should know").fill("bought last month")
    dialog.get_by_role("button", name="Send back").click()
    expect(page.get_by_text(f"{first} is back with marketing.")).to_be_visible()
    lead = Lead.objects.get(person__name=first)
    assert (lead.state, lead.reason_note) == (Lead.State.REJECTED, "bought last month")


WRITTEN = """who
  person.business_email
company
  company.employees at least 50
need
  any of
    form demo within 90 days
    count page on /pricing at least 1 times within 30 days
    score interest level hot
consent
  consent contact
never
  person.job_title contains student, intern
score interest of 100 points hot 60 warm 30
  20 when
    company.known
  10 each page on /pricing within 90 days half-life 14 days up to 40
  -15 each page on /jobs
"""


def test_the_definition_pages_are_sound(story: Story, sign_in: SignIn, shoot: Look) -> None:
    page = sign_in(story.marketing)
    opened(page, "/definition/", shoot, "definition")
    page.get_by_role("button", name="Propose a change").click()
    page.get_by_label("Why should it change?").fill("students")
    page.get_by_role("button", name="Start a draft").click()
    expect(page.get_by_role("heading", name="Add a condition")).to_be_visible()
    opened(page, page.url, shoot, "definition-draft")
    page.get_by_label("The person", exact=True).select_option("person.job_title:contains")
    page.get_by_label("Words").fill("head, director")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".rule").get_by_text("has head or director in the job title")).to_be_visible()
    page.get_by_text("As text: scores, segments").click()
    page.get_by_label("Definition", exact=True).fill(WRITTEN)
    page.get_by_role("button", name="Use this text").click()
    page.get_by_text("Add an example").click()
    page.get_by_label("Who is it?").fill("Student with a free address")
    page.get_by_label("Is this a lead?").select_option("no")
    page.locator("#id_email").select_option("free")
    page.get_by_role("button", name="Keep this example").click()
    expect(page.get_by_text("all 1 judged as they must be")).to_be_visible()
    opened(page, page.url, shoot, "definition-written")
    page.get_by_role("link", name="What if").click()
    expect(page.get_by_text("What would happen to whom")).to_be_visible()
    opened(page, page.url, shoot, "definition-what-if")
    page = sign_in(story.manager)
    page.goto("/definition/")
    page.get_by_role("link", name="v2 is proposed").click()
    expect(page.get_by_role("button", name="Sign for sales")).to_be_visible()
    opened(page, page.url, shoot, "definition-proposed")
    page.get_by_role("button", name="Sign for sales").click()
    page.get_by_role("button", name="Put in force…").click()
    page.get_by_role("dialog").get_by_role("button", name="Put in force").click()
    expect(page.get_by_text("v2 is in force")).to_be_visible()


def turn(page: Page, *cards: str) -> None:
    """Everybody goes on to the next card, once for each of these."""
    for card in cards:
        page.locator("body").press("n")
        expect(page.locator(".agenda-strip [aria-current]")).to_contain_text(card)


def test_a_huddle_is_run_with_keys_and_closes_with_minutes(story: Story, sign_in: SignIn, shoot: Look) -> None:
    page = sign_in(story.manager)
    opened(page, "/huddles/", shoot, "huddle-before")
    page.keyboard.press("o")
    expect(page.get_by_text("of 6 leads talked about")).to_be_visible()
    opened(page, page.url, shoot, "huddle-during")
    turn(page, "Promises", "Loop", "Leads")
    page.get_by_label("Sales says").fill("needs a reference")
    page.get_by_role("button", name="Needs help").click()
    for count in range(2, 7):
        expect(page.get_by_text(f"{count - 1} of 6 leads talked about")).to_be_visible()
        page.locator("body").press("1")
    expect(page.get_by_text("6 of 6 leads talked about")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    turn(page, "Bottleneck", "Definition", "Deals", "Close")
    page.get_by_label("What is decided").fill("Ask for the company's size in the form")
    page.get_by_label("Who does it").select_option(label="Mara Solheim")
    page.get_by_label("What should change").fill("fewer than 2 too small a week")
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("Decided.")).to_be_visible()
    page.locator("body").press("c")
    expect(page.get_by_role("heading", name="Minutes of")).to_be_visible()
    opened(page, page.url, shoot, "huddle-minutes")
    huddle = Huddle.objects.get()
    assert "needs a reference" in huddle.minutes
    decision = Decision.objects.get()
    assert decision.task is not None
    page.goto("/huddles/")
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text("done", exact=False).first).to_be_visible()
