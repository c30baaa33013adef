"""What the tracker does on pages that come back, wait, are read, are left and are offline: in a real browser."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from loopline.lib.times import utc_now
from tests.chromium import INSTALLED, SWITCHES
from tests.collect.site import Site, open_page, wait_for, wait_until
from tests.collect.station import Station

pytestmark = pytest.mark.browser


@pytest.fixture
def returning_browser(browser: Browser) -> Iterator[Browser]:
    """A browser that keeps left pages alive, as people's browsers do; Playwright switches that off."""
    opened = browser.browser_type.launch(
        executable_path=INSTALLED, args=SWITCHES, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield opened
    opened.close()


def told(row: dict[str, object]) -> dict[str, object]:
    found: dict[str, object] = json.loads(str(row["properties"]))
    return found


def leave(page: Page) -> None:
    page.goto("about:blank")


def test_a_page_out_of_the_back_forward_cache_is_a_new_page_view(
    station: Station, site: Site, returning_browser: Browser
) -> None:
    context = returning_browser.new_context()
    page = open_page(context, site.url + "/")
    wait_for(station, 1)
    page.evaluate("window.kept = true")
    page.click("#next")
    wait_for(station, 2)
    page.go_back(wait_until="commit")
    rows = wait_for(station, 3)
    assert page.evaluate("window.kept"), "the page was loaded anew, so this shows nothing"
    assert [row["url_path"] for row in rows] == ["/", "/next", "/"]
    assert len({row["page_view_id"] for row in rows}) == 3
    assert len({row["session_id"] for row in rows}) == 1
    context.close()


def test_a_page_that_is_only_being_prepared_is_no_visit(station: Station, site: Site, context: BrowserContext) -> None:
    context.add_init_script("Object.defineProperty(document, 'prerendering', {get: () => window.isWaiting !== false})")
    page = open_page(context, site.url + "/?utm_source=google&utm_medium=cpc")
    page.wait_for_timeout(400)
    assert station.events() == []
    assert context.cookies() == []
    page.evaluate("isWaiting = false; document.dispatchEvent(new Event('prerenderingchange'))")
    [row] = wait_for(station, 1)
    assert (row["is_entry"], row["channel"]) == (True, "Paid Search")


def test_pages_behind_a_hash_are_counted_only_if_asked(station: Station, site: Site, context: BrowserContext) -> None:
    page = open_page(context, site.url + "/#/start")
    wait_for(station, 1)
    page.evaluate("location.hash = '#/pricing'")
    page.wait_for_timeout(300)
    wait_for(station, 1)
    site.attributes += " data-hash"
    page = open_page(context, site.url + "/#/start")
    page.evaluate("location.hash = '#/pricing?plan=gold'")
    rows = wait_for(station, 3)
    assert [row["url_path"] for row in rows] == ["/#/start", "/#/start", "/#/pricing"]


def test_scroll_depth_and_engaged_time_of_a_page_view_grow(
    station: Station, site: Site, context: BrowserContext
) -> None:
    site.extra = "<br>" * 400
    page = open_page(context, site.url + "/")
    [view] = wait_for(station, 1)
    page.wait_for_timeout(1_100)
    page.mouse.wheel(0, 1_000)
    page.wait_for_timeout(300)
    page.evaluate("Object.defineProperty(document, 'hidden', {configurable: true, get: () => true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    [first] = wait_for(station, 1, "kind = 'system'")
    page.evaluate("delete document.hidden")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(1_100)
    page.keyboard.press("End")
    page.wait_for_timeout(300)
    leave(page)
    rows = wait_for(station, 2, "kind = 'system'")
    assert {row["page_view_id"] for row in rows} == {view["page_view_id"]}
    depths = [int(str(told(row)["scroll"])) for row in rows]
    assert 5 < depths[0] < depths[1]
    assert depths[1] == 100
    assert int(str(first["engaged_ms"])) < int(str(rows[1]["engaged_ms"]))


def test_engaged_time_is_told_at_growing_steps_while_a_page_is_read(
    station: Station, site: Site, context: BrowserContext
) -> None:
    page, now = context.new_page(), utc_now()
    page.clock.install(time=now)
    page.clock.pause_at(now + timedelta(seconds=1))  # however slow the machine, the page's time is this test's
    page.goto(site.url + "/")
    wait_until(page, "window.loopline && loopline.facts")
    for second in range(2, 62, 2):
        page.clock.run_for(2_000)
        page.mouse.move(second, second)
        page.keyboard.press("a")
    rows = wait_for(station, 3, "kind = 'system'")
    times = sorted(int(str(row["engaged_ms"])) // 1_000 for row in rows)
    assert 10 <= times[0] <= 14
    assert times[1] > 2 * times[0] - 1
    assert times[2] > 2 * times[1] - 1


def test_links_to_other_sites_and_files_are_told_without_holding_up_the_visitor(
    station: Station, site: Site, context: BrowserContext
) -> None:
    site.extra = """<a id="out" href="https://partner.example/offer?mail=a@b.example#top">Partner</a>
    <a id="file" href="/brochure.PDF?v=2">Brochure</a><a id="save" href="/export" download>Export</a>"""
    context.route("https://partner.example/**", lambda route: route.fulfill(body="there", content_type="text/html"))
    page = open_page(context, site.url + "/")
    wait_for(station, 1)
    with page.expect_download():
        page.click("#save")
    page.evaluate("document.querySelector('#file').addEventListener('click', event => event.preventDefault())")
    page.click("#file")
    page.click("#out")
    page.wait_for_url("https://partner.example/**")
    rows = wait_for(station, 3, "kind = 'track'")
    found = [(row["name"], str(told(row)["url"]).removeprefix(site.url)) for row in rows]
    assert found == [
        ("File downloaded", "/export"),
        ("File downloaded", "/brochure.PDF"),
        ("Outbound link clicked", "https://partner.example/offer"),
    ]


def test_what_happened_offline_is_sent_from_the_next_page(
    station: Station, site: Site, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(site.url + "/")
    wait_for(station, 1)
    context.set_offline(True)
    page.evaluate("loopline.track('On the train')")
    leave(page)
    assert station.events(where="kind = 'track'") == []
    context.set_offline(False)
    open_page(context, site.url + "/next")
    [row] = wait_for(station, 1, "name = 'On the train'")
    [landing, later] = wait_for(station, 2)
    assert landing["occurred_at"] < row["occurred_at"] < later["occurred_at"]
    assert row["url_path"] == "/"
    assert {row["session_id"], landing["session_id"], later["session_id"]} == {row["session_id"]}


def test_what_is_refused_while_a_page_is_hidden_waits_in_the_browser(
    station: Station, site: Site, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(site.url + "/")
    wait_for(station, 1)
    context.route("**/e", lambda route: route.fulfill(status=503, headers={"access-control-allow-origin": "*"}))
    page.evaluate("Object.defineProperty(document, 'hidden', {get: () => true})")
    page.evaluate("loopline.track('Later')")
    wait_until(page, "(localStorage._llq || '').includes('Later')")
    context.unroute("**/e")
    open_page(context, site.url + "/next")
    wait_for(station, 1, "name = 'Later'")


def test_without_consent_nothing_waits_in_the_browser(station: Station, site: Site, context: BrowserContext) -> None:
    site.attributes = 'data-key="tests"'
    page = context.new_page()
    page.goto(site.url + "/")
    wait_for(station, 1)
    context.set_offline(True)
    page.evaluate("loopline.track('On the train')")
    page.evaluate("window.dispatchEvent(new Event('pagehide'))")
    assert page.evaluate("localStorage.length") == 0


def test_the_landing_is_held_until_consent_and_keeps_its_time(
    station: Station, site: Site, context: BrowserContext
) -> None:
    site.attributes = 'data-key="tests" data-consent="0"'
    page = open_page(context, site.url + "/?utm_source=google&utm_medium=cpc")
    page.wait_for_timeout(600)
    assert station.inbox.last_seq() == 0
    assert page.evaluate("loopline.facts().consent") == 0
    page.evaluate("loopline.consent(2)")
    [given] = wait_for(station, 1, "name = 'Consent given'")
    [landing] = wait_for(station, 1)
    assert (landing["is_entry"], landing["channel"], landing["consent"]) == (True, "Paid Search", 2)
    assert landing["visitor_id"] == given["visitor_id"] != ""
    assert (given["occurred_at"] - landing["occurred_at"]).total_seconds() > 0.5


def test_consent_said_again_on_the_next_page_is_no_news(station: Station, site: Site, context: BrowserContext) -> None:
    site.attributes = 'data-key="tests" data-consent="0"'
    site.early = "window.loopline = window.loopline || []; loopline.push(['consent', 2]);"
    page = open_page(context, site.url + "/?utm_source=google&utm_medium=cpc")
    wait_for(station, 1, "name = 'Consent given'")
    page.click("#next")
    rows = wait_for(station, 2)
    wait_for(station, 1, "name = 'Consent given'")
    assert [row["is_entry"] for row in rows] == [True, False]
    assert len({row["session_id"] for row in rows}) == 1
    assert {row["consent"] for row in rows} == {2}


def test_withdrawal_is_on_the_record_and_stops_collection(
    station: Station, site: Site, context: BrowserContext
) -> None:
    page = open_page(context, site.url + "/")
    [landing] = wait_for(station, 1)
    page.evaluate("loopline.consent(0)")
    [row] = wait_for(station, 1, "name = 'Consent withdrawn'")
    assert row["visitor_id"] == landing["visitor_id"]
    page.evaluate("loopline.track('Never'); loopline.page()")
    leave(page)
    assert context.cookies() == []
    assert len(station.events(where="kind <> 'system'")) == 2


def test_someone_who_comes_back_from_a_pay_page_is_still_in_the_same_visit(
    station: Station, site: Site, context: BrowserContext
) -> None:
    page = open_page(context, site.url + "/?utm_source=google&utm_medium=cpc")
    wait_for(station, 1)
    page.goto(site.url + "/thanks", referer="https://checkout.stripe.com/")
    wait_for(station, 2)
    page.click("#next")
    rows = wait_for(station, 3)
    assert len({row["session_id"] for row in rows}) == 1
    assert [row["is_entry"] for row in rows] == [True, False, False]
    assert {row["channel"] for row in rows} == {"Paid Search"}
    assert {row["landing_path"] for row in rows} == {"/"}


def test_events_of_a_visit_are_numbered_across_pages(station: Station, site: Site, context: BrowserContext) -> None:
    page = open_page(context, site.url + "/")
    wait_for(station, 1)
    page.evaluate("loopline.track('One')")
    page.wait_for_timeout(300)
    page.click("#next")
    wait_for(station, 2)
    rows = station.events(where="session_id <> ''")
    numbers = sorted(int(str(told(row)["_loopline"]["number"])) for row in rows)  # type: ignore[index]
    assert numbers == list(range(1, len(rows) + 1))
    assert len(rows) >= 3


def test_withdrawal_in_one_tab_stops_the_others(station: Station, site: Site, context: BrowserContext) -> None:
    first = open_page(context, site.url + "/")
    second = open_page(context, site.url + "/next")
    wait_for(station, 2)
    first.evaluate("loopline.consent(1)")
    wait_for(station, 1, "name = 'Consent withdrawn'")
    second.evaluate("loopline.track('Never')")
    second.wait_for_timeout(200)
    assert context.cookies() == []
    assert station.events(where="name = 'Never'") == []


@pytest.mark.parametrize(("minutes", "sessions"), [(29, 1), (31, 2)])
def test_a_visit_ends_after_thirty_idle_minutes_on_the_same_page_too(
    station: Station, site: Site, context: BrowserContext, minutes: int, sessions: int
) -> None:
    page = context.new_page()
    page.clock.install()
    page.goto(site.url + "/")
    wait_for(station, 1)
    page.clock.run_for(minutes * 60_000)
    page.evaluate("loopline.track('Again')")
    page.clock.run_for(1_000)
    [row] = wait_for(station, 1, "kind = 'track'")
    rows = station.events(where="kind IN ('page', 'track')")
    assert len({one["session_id"] for one in rows}) == sessions
    assert row["touch_kind"] == ("entry" if sessions == 2 else "")
