"""The people of the story, each in a browser of their own, doing what they do through pages alone."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.chromium import PATIENCE_MS
from tests.story.company import PASSWORD


@dataclass
class Colleague:
    """Someone who is signed in."""

    page: Page
    url: str

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.url + path)
        assert answer is not None
        assert answer.ok, f"{path} answered {answer.status}"
        return self.page

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=False).first.click()

    def fill(self, **fields: str) -> None:
        """Fields of the form in view, by their names."""
        for name, value in fields.items():
            field = self.page.locator(f"[name='{name.replace('__', '-')}']:visible").first
            if field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)


def _context(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MS)
    return context


def sign_in(browser: Browser, url: str, email: str) -> Colleague:
    colleague = Colleague(_context(browser).new_page(), url)
    colleague.open("/account/login/")
    colleague.fill(login=email, password=PASSWORD)
    colleague.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(colleague.page.get_by_role("heading", level=1)).to_be_visible()
    return colleague


def invite(administrator: Colleague, browser: Browser, name: str, role: str, *, takes_leads: bool = False) -> Colleague:
    """The administrator makes a link; the invited one opens it, chooses a password and is in."""
    page = administrator.open("/settings/users/invite/")
    administrator.fill(name=name, email=f"{name.split()[0].lower()}@loopline.test", role=role)
    for box in page.locator("input[name='units']").all():
        box.check()
    if takes_leads:
        page.locator("input[name='takes_leads']").check()
    administrator.press("Create invitation link")
    link = page.locator("code.secret").inner_text()
    colleague = Colleague(_context(browser).new_page(), administrator.url)
    colleague.page.goto(link)
    colleague.fill(password=PASSWORD)
    colleague.press("Save and sign in")
    expect(colleague.page.get_by_text(name).first).to_be_visible()
    return colleague


def plan_campaign(marketing: Colleague, name: str, channel: str, code: str, cost: Decimal, on: date) -> None:
    """A campaign with its code and what it cost, on its own page."""
    page = marketing.open("/campaigns/new/")
    marketing.fill(name=name, channel=channel, starts_on=on.isoformat())
    page.locator("main form").last.get_by_role("button").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    page.locator("#code input[name='code']").last.fill(code)
    page.locator("#code form.panel-form button").click()
    expect(page.locator("#code li code", has_text=code)).to_be_visible()
    page.locator("#cost summary", has_text="Add a cost").click()
    marketing.fill(cost__amount=str(cost), cost__starts_on=on.isoformat(), cost__ends_on=on.isoformat())
    page.locator("#cost details form button").first.click()
    expect(page.locator("#cost table")).to_be_visible()


def open_form(marketing: Colleague, slug: str, title: str) -> None:
    marketing.open("/forms/new/")
    marketing.fill(title=title, slug=slug, consent_text="You may call me about this.")
    marketing.press("Create form")
    expect(marketing.page.get_by_text(f"/f/{slug}").first).to_be_visible()


def agree_on_definition(marketing: Colleague, sales_manager: Colleague) -> None:
    """Marketing writes the first one, both sign, it comes in force."""
    marketing.open("/definition/")
    for step in ("Write the first one", "Propose it", "Sign for marketing"):
        marketing.press(step)
    sales_manager.page.goto(marketing.page.url)
    for step in ("Sign for sales", "Put in force"):
        sales_manager.press(step)
    sales_manager.page.get_by_role("dialog").get_by_role("button", name="Put in force").click()
    expect(sales_manager.page.get_by_text("v1 is in force")).to_be_visible()
    page = sales_manager.open("/definition/")
    expect(page.get_by_text("in force since")).to_be_visible()


def visit_and_ask(browser: Browser, site: str) -> None:
    """A buyer: first from a search ad, again from a newsletter, then the form."""
    page = _context(browser).new_page()
    with page.expect_request(lambda request: request.url.endswith("/e")):
        page.goto(f"{site}/?utm_source=google&utm_medium=cpc&utm_campaign=spring&gclid=x1")
        page.wait_for_timeout(1_500)
        page.goto(f"{site}/pricing")
    page.wait_for_timeout(1_000)
    page.goto(f"{site}/guides/calibration-checklist?utm_source=newsletter&utm_medium=email&utm_campaign=letter")
    page.wait_for_timeout(1_000)
    page.goto(f"{site}/contact")
    form = page.frame_locator("iframe")
    form.get_by_label("Work e-mail").fill("ines.okafor@haldenfoods.no")
    form.get_by_label("Name", exact=True).fill("Ines Okafor")
    form.get_by_label("Company", exact=True).fill("Halden Foods")
    form.get_by_label("What is it about?").fill("Replacing spreadsheets <script>alert(1)</script>")
    form.get_by_label("You may call me about this.").check()
    page.wait_for_timeout(3_000)  # nobody fills in a form faster than that; the spam guard knows
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("button", name="Send")).to_have_count(0)
    page.context.close()
