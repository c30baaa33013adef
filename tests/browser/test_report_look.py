"""The report pages as people meet them: charts drawn under the policy, figures that open, options in the address."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reporting.models import ReportMail, SavedView
from loopline.reports.change import states
from loopline.store.current import engine
from tests.attribution.shelf import Shelf
from tests.browser.conftest import SignIn
from tests.browser.look import NARROW, Look
from tests.browser.records import HOSTILE, LONG, Company
from tests.browser.watch import Complaints

pytestmark = pytest.mark.browser


def fill_books(company: Company) -> None:
    """Four campaigns with hostile and long names, visits, leads, sales and costs of the last weeks."""
    shelf, now, unit = Shelf(engine()), utc_now() - timedelta(minutes=1), str(company.units[0].pk)
    for number, name in enumerate(("Spring webinar series", "Paid search", HOSTILE, LONG)):
        key = f"campaign-{number}"
        shelf.campaign(key, f"code-{number}", unit=unit)
        shelf.fact(
            "campaign_facts", key, unit_id=unit, name=name, channel="Paid Search", status="running", currency="EUR"
        )
        for buyer in range(6 - number):
            person = str(company.people[buyer].pk)
            visitor = f"v{number}-{buyer}"
            shelf.person(person, visitor)
            at = now - timedelta(days=40 - 5 * buyer, hours=number)
            channel = ("Event", "Paid Search", HOSTILE, LONG)[number]
            code = f"code-{number}"
            shelf.touch(f"e{visitor}", f"visitor:{visitor}", at, unit_id=unit, utm_campaign=code, channel=channel)
        if number != 1:
            shelf.cost(
                key, key, 1_840_00 + number * 700_00, (now - timedelta(days=35)).date(), now.date(), unit_id=unit
            )
    for place, lead in enumerate(company.leads):
        shelf.lead(str(lead.pk), str(lead.person_id), now - timedelta(days=5 + place), unit_id=unit)
    for place, sale in enumerate(company.opportunities):
        person = str(company.people[place % 6].pk)
        shelf.won(str(sale.pk), person, now - timedelta(days=1 + 5 * place), 4_100_37 * (place + 1), unit_id=unit)
    shelf.won("lost-trace", "", now - timedelta(days=2), 19_300_00, unit_id=unit)
    shelf.store()


def learn_more(company: Company) -> None:
    """What became known just now: a corrected sale, a refund, a cost, a mapped code."""
    shelf, now, unit = Shelf(engine()), utc_now(), str(company.units[0].pk)
    first, second, *_ = (str(sale.pk) for sale in company.opportunities)
    shelf.won(first, "", now - timedelta(days=3), 9_300_12, unit_id=unit, learnt=now)
    shelf.won(second, "", now - timedelta(days=2), 8_200_74, unit_id=unit, learnt=now,
              refunded_minor=1_000_00, reporting_minor=7_200_74)  # fmt: skip
    shelf.cost("late", "campaign-1", 2_400_00, now.date(), unit_id=unit, learnt=now)
    shelf.code("code-2", "campaign-0", unit=unit, learnt=now)
    shelf.store()


def test_the_report_draws_its_charts_and_opens_its_figures(filled_site: Company, sign_in: SignIn, shoot: Look) -> None:
    fill_books(filled_site)
    page = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(page)
    page.goto("/reports/closed-loop/")
    expect(page.locator("[data-chart=over-time] svg")).to_be_visible()
    expect(page.locator("[data-chart=by-row] svg")).to_be_visible()
    expect(page.get_by_text("Balanced")).to_be_visible()
    shoot(page, "closed_loop_filled")
    page.get_by_text("How much the window matters").click()
    expect(page.get_by_role("region", name="By lookback window")).to_be_visible()
    expect(page.get_by_role("region", name="What buyers say brought them")).to_be_visible()
    shoot(page, "closed_loop_beside")
    page.get_by_text("Model Linear").click()
    page.get_by_role("link", name="First touch").click()
    expect(page).to_have_url(re.compile("model=first_touch"))
    page.locator("#rows tbody tr").first.get_by_role("link", name="€").first.click()
    expect(page.get_by_text("What adds up to this figure?")).to_be_visible()
    assert "model=first_touch" in page.url
    page.goto("/reports/closed-loop/behind/?metric=revenue_minor&row=~total")
    page.locator(".touches-of > summary").first.click()
    shoot(page, "closed_loop_behind_filled")
    page.goto("/reports/models/")
    expect(page.get_by_text("Where the models differ")).to_be_visible()
    shoot(page, "models_filled")
    page.goto("/reports/library/model-comparison/?period=last_90_days")
    shoot(page, "model_comparison_filled")
    page.goto("/reports/models/own/new/")
    for name, value in {"Name": "Board model", "First touchpoint": "40", "Last touchpoint": "40"}.items():
        page.get_by_label(name).fill(value)
    page.get_by_label("The rest together").fill("20")
    page.get_by_label("Calls").fill("2")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("calls count double")).to_be_visible()
    shoot(page, "own_model_preview")
    page.goto("/reports/closed-loop/?conversion=won&kinds=entry&direct=ignore")
    page.get_by_text("Touchpoints visits, without Direct").click()
    shoot(page, "closed_loop_counts")
    learn_more(filled_site)
    page.goto("/reports/library/closed-loop/changes/?cause=opportunities")
    shoot(page, "report_changes_filled")
    assert complaints.all == []


def test_on_large_books_what_changed_comes_into_its_page_when_it_is_known(
    filled_site: Company, sign_in: SignIn, shoot: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "MANY_EVENTS", 0)
    fill_books(filled_site)
    learn_more(filled_site)
    page = sign_in(filled_site.users[Role.MARKETING])
    held: list[Route] = []
    page.route(
        "**/changes/**", lambda one: held.append(one) if "hx-request" in one.request.headers else one.continue_()
    )
    page.goto("/reports/library/closed-loop/changes/")
    expect(page.get_by_role("status").filter(has_text="asked again")).to_be_visible()
    shoot(page, "report_changes_waiting", looks=NARROW)
    held[0].continue_()
    expect(page.get_by_role("region", name="What arrived, and what it changed")).to_be_visible()
    expect(page.get_by_text("asked again")).to_have_count(0)


def test_a_report_of_the_library_draws_its_chart_and_is_frozen(
    filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    fill_books(filled_site)
    page = sign_in(filled_site.users[Role.MARKETING])
    complaints = Complaints(page)
    page.goto("/reports/library/paths/")
    expect(page.get_by_role("img", name="The commonest paths to a sale")).to_be_visible()
    shoot(page, "paths_filled")
    page.goto("/reports/closed-loop/?by=activity")
    expect(page.get_by_text("Balanced")).to_be_visible()
    page.goto("/reports/library/pipeline-created/")
    expect(page.locator("[data-chart=main] svg")).to_be_visible()
    expect(page.get_by_text("Adds up", exact=True)).to_be_visible()
    page.get_by_text("Keep", exact=True).click()
    shoot(page, "report_filled")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(HAS_ROOM_FOR_BARS)
    page.get_by_label("Freeze these figures for").fill("Board")
    page.get_by_role("button", name="Freeze this run").click()
    page.get_by_role("link", name="Run again").click()
    expect(page.get_by_text("unchanged")).to_have_count(2)
    shoot(page, "frozen_run_filled")
    keep_more(filled_site)
    for name, address in OTHERS.items():
        page.goto(address)
        shoot(page, name, looks=NARROW)
    assert complaints.all == []
    for address in PRINTED:
        page.goto(address)
        printed_whole(page)


PRINTED = (
    "/reports/closed-loop/", "/reports/library/forecast/", "/reports/library/self-reported/",
    "/reports/library/model-comparison/", "/reports/models/",
)  # fmt: skip
HAS_ROOM_FOR_BARS = """() => {
  const chart = document.querySelector("[data-chart=main]");
  const bars = [...chart.querySelectorAll(".mark-rect path")].map((one) => one.getBoundingClientRect());
  const room = chart.getBoundingClientRect();
  return Math.max(...bars.map((bar) => bar.width)) > 0.4 * room.width && bars.every((bar) => bar.right <= room.right);
}"""
"""Beside the longest names: also after the window changed."""
OTHERS = {
    "kept_filled": "/reports/kept/",
    "report_mail_filled": "/reports/library/pipeline-created/mail/",
    "report_behind_filled": "/reports/library/pipeline-created/behind/?row=~total&metric=opened_minor",
    "unusual_filled": "/reports/unusual/closed-loop/cost.cost-without-rate/",
    "platform_claims_filled": "/reports/library/platform-claims/",
    "weekly_filled": "/reports/weekly/",
}


def keep_more(company: Company) -> None:
    """Long names among what is kept, a cost that a platform told, and one without a rate."""
    owner, now = company.users[Role.MARKETING], utc_now()
    SavedView.objects.create(name=LONG, report="closed-loop", owner=owner, unit=company.units[0])
    mail = ReportMail.objects.create(
        name=LONG, report="pipeline-created", owner=owner, next_at=now, not_before=now, trouble=HOSTILE
    )
    mail.recipients.set(company.users.values())
    shelf, unit, day = Shelf(engine()), str(company.units[0].pk), (now - timedelta(days=3)).date()
    shelf.cost("bill", "campaign-3", None, day, unit_id=unit, currency="CHF", amount_minor=1_234_567_89)
    shelf.cost("told", "campaign-3", 2_000_00, day, unit_id=unit, platform=LONG, claimed_micro=9_000_000,
               claimed_reporting_minor=123_456_789_00)  # fmt: skip
    shelf.store()


def printed_whole(page: Page) -> None:
    """On A4, lying on its side for a wide table, none is wider than the paper; all can be read, and nothing is printed
    that only leads elsewhere."""
    page.emulate_media(media="print")
    lies = page.evaluate("getComputedStyle(document.body).page") == "wide"
    page.set_viewport_size({"width": 1039 if lies else 687, "height": 1000})
    wide = "tables => tables.filter(one => one.getBoundingClientRect().right > innerWidth + 1).length"
    assert page.locator("main table").evaluate_all(wide) == 0, page.url
    sizes = "all => Math.min(99, ...all.map(one => parseFloat(getComputedStyle(one).fontSize)))"
    assert page.locator("main :is(th, td):visible").evaluate_all(sizes) >= 9, page.url
    for one in (".sidebar", ".page-actions", ".tabs a:not([aria-current])"):
        expect(page.locator(one).filter(visible=True)).to_have_count(0)
    page.emulate_media(media="screen")


def test_the_chip_of_an_option_that_cannot_be_used_is_marked(
    filled_site: Company, sign_in: SignIn, shoot: Look
) -> None:
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    page.goto("/reports/closed-loop/?lookback=ninety&by=channel&period=last_quarter")
    marked = page.locator(".chip.is-wrong")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("Window ninety")
    shoot(page, "report-wrong-option")
    marked.locator("summary").click()
    marked.get_by_text("30 days").click()
    expect(marked).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_count(0)


CUT = "() => [...document.querySelectorAll('.table-frame')].filter(one => one.scrollWidth > one.clientWidth + 1).length"


TABLES = ("/campaigns/", "/reports/bottlenecks/", "/reports/library/funnel/", "/reports/library/buyers/")


@pytest.mark.parametrize("address", TABLES)
def test_on_a_tablet_no_column_of_a_main_table_is_cut(address: str, filled_site: Company, sign_in: SignIn) -> None:
    fill_books(filled_site)
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    page.set_viewport_size({"width": 768, "height": 1024})
    page.goto(address)
    expect(page.locator(".table-frame").first).to_be_visible()
    assert page.evaluate(CUT) == 0
    hidden = page.locator("th.hide-medium, th.hide-tablet")
    assert hidden.count()
    assert not any(one.is_visible() for one in hidden.all())


def test_on_a_phone_the_scale_of_the_models_stays_in_its_panel(filled_site: Company, sign_in: SignIn) -> None:
    fill_books(filled_site)
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    page.set_viewport_size({"width": 390, "height": 844})
    for address in ("/reports/models/", "/reports/library/model-comparison/"):
        page.goto(address)
        least, most = (one.bounding_box() for one in page.locator(".model-scale > span").all())
        frame = page.locator(".panel-body:has(> .model-rows)").bounding_box()
        assert least
        assert most
        assert frame
        assert frame["x"] < least["x"]
        assert most["x"] + most["width"] < frame["x"] + frame["width"]


def test_at_the_width_of_the_design_the_closed_loop_is_whole(filled_site: Company, sign_in: SignIn) -> None:
    """With six digits of money, visits by the thousand, and a cost without a rate that is marked in each figure."""
    fill_books(filled_site)
    shelf, unit, now = Shelf(engine()), str(filled_site.units[0].pk), utc_now()
    person, day = str(filled_site.people[0].pk), (now - timedelta(days=3)).date()
    shelf.won("large", person, now - timedelta(days=1), 734_973_21, unit_id=unit)
    shelf.cost("dear", "campaign-0", 254_309_54, day, unit_id=unit)
    shelf.cost("unknown", "campaign-3", None, day, unit_id=unit, currency="CHF", amount_minor=1_840_00)
    for number in range(1_200):
        visit = f"later-{number}"
        shelf.touch(visit, f"visitor:{visit}", now - timedelta(hours=2), unit_id=unit, utm_campaign="code-0")
    shelf.store()
    page = sign_in(filled_site.users[Role.ADMINISTRATOR])
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/reports/closed-loop/?period=all")
    expect(page.get_by_role("columnheader", name="ROMI")).to_be_in_viewport(ratio=1)
    assert page.evaluate(CUT) == 0
