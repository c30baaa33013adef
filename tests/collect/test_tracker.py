"""The tracker in a real browser, on a page of another origin with a strict Content-Security-Policy."""

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext

from loopline.collect.tracker.shrink import shrink
from tests.collect.site import Site, open_page, wait_for, wait_until
from tests.collect.station import Station

pytestmark = pytest.mark.browser


def test_the_script_is_under_three_kilobytes(station: Station) -> None:
    answer = httpx.get(station.url + "/t.js")
    assert len(gzip.compress(answer.content, 9)) < 3 * 1024
    assert answer.headers["content-type"].startswith("text/javascript")


def test_the_script_stays_small_with_several_sites_of_its_own(station: Station) -> None:
    station.keys.set_own_hosts(["halden.example", "shop.halden-instruments.example", "halden.no"])
    answer = httpx.get(station.url + "/t.js")
    assert b"halden-instruments" in answer.content
    assert len(gzip.compress(answer.content, 9)) <= 3 * 1024


def test_the_script_is_not_sent_again_when_unchanged(station: Station) -> None:
    tag = httpx.get(station.url + "/t.js").headers["etag"]
    assert httpx.get(station.url + "/t.js", headers={"if-none-match": tag}).status_code == 304


def test_shrinking_keeps_texts_and_regular_expressions() -> None:
    source = """let one = first => {
      // a comment "with quotes"
      let text = "a  b 'c";
      let rule = /[/ ]+ "/g;
      return { text: first.text + text };
    };"""
    assert shrink(source) == """let c=b=>{let a="a  b 'c",d=/[/ ]+ "/g;return{text:b.text+a}};"""


def test_a_visit_from_a_campaign_link_becomes_an_entry(station: Station, site: Site, context: BrowserContext) -> None:
    open_page(context, site.url + "/landing?utm_source=google&utm_medium=cpc&utm_campaign=Spring&gclid=abc")
    [row] = wait_for(station, 1)
    assert row["is_entry"]
    assert row["touch_kind"] == "entry"
    assert row["channel"] == "Paid Search"
    assert (row["utm_campaign"], row["click_id_kind"], row["landing_path"]) == ("spring", "gclid", "/landing")
    assert row["bot_verdict"] == "human"
    assert len(str(row["visitor_id"])) == 32
    assert row["identity"] == f"visitor:{row['visitor_id']}"
    assert json.loads(str(row["properties"]))["_loopline"]["click_id"] == "abc"


def test_two_visits_with_different_links_are_one_visitor_and_two_sessions(
    station: Station, site: Site, context: BrowserContext
) -> None:
    page = open_page(context, site.url + "/?utm_source=google&utm_medium=cpc&utm_campaign=spring")
    wait_for(station, 1)
    page.click("#next")
    wait_for(station, 2)
    open_page(context, site.url + "/news?utm_source=newsletter&utm_medium=email&utm_campaign=may")
    rows = wait_for(station, 3)
    assert len({row["visitor_id"] for row in rows}) == 1
    assert [row["is_entry"] for row in rows] == [True, False, True]
    assert [row["channel"] for row in rows] == ["Paid Search", "Paid Search", "Email"]
    assert rows[0]["session_id"] == rows[1]["session_id"] != rows[2]["session_id"]


def test_a_router_changes_pages_without_starting_sessions(
    station: Station, site: Site, context: BrowserContext
) -> None:
    page = open_page(context, site.url + "/?utm_source=linkedin&utm_medium=paid")
    wait_for(station, 1)
    page.click("#go")
    wait_for(station, 2)
    page.go_back()
    rows = wait_for(station, 3)
    assert [row["url_path"] for row in rows] == ["/", "/pricing", "/"]
    assert rows[1]["title"] == "SPA"
    assert [row["is_entry"] for row in rows] == [True, False, False]
    assert len({row["page_view_id"] for row in rows}) == 3


def test_campaign_values_survive_a_router_that_removes_them(
    station: Station, site: Site, context: BrowserContext
) -> None:
    page = open_page(context, site.url + "/?strip&utm_source=google&utm_medium=cpc&utm_campaign=spring")
    [row] = wait_for(station, 1)
    assert "utm" not in page.url
    assert row["utm_campaign"] == "spring"


def test_engaged_time_is_sent_when_the_page_is_left(station: Station, site: Site, context: BrowserContext) -> None:
    page = open_page(context, site.url + "/")
    [view] = wait_for(station, 1)
    page.wait_for_timeout(700)
    page.click("#next")
    [row] = wait_for(station, 1, "kind = 'system'")
    assert row["page_view_id"] == view["page_view_id"]
    assert 500 < int(row["engaged_ms"]) < 10_000


def test_a_marked_form_sends_only_the_allowed_fields(station: Station, site: Site, context: BrowserContext) -> None:
    page = open_page(context, site.url + "/?utm_source=google&utm_medium=cpc")
    wait_for(station, 1)
    page.click("form button")
    [row] = wait_for(station, 1, "kind = 'form'")
    fields = json.loads(str(row["properties"]))["fields"]
    assert fields == {"email": "Ines@Halden.no", "name": "Ines Halden", "company": "Halden AS"}
    assert (row["name"], row["touch_kind"], row["channel"]) == ("Contact us", "form", "Paid Search")
    assert row["identity"] == "email:ines@halden.no"
    assert f"visitor_id={row['visitor_id']}" in page.url
    [signal] = station.feed.read(0)
    assert (signal.kind, signal.email, signal.visitor_id) == ("form", "ines@halden.no", row["visitor_id"])


def test_without_consent_nothing_is_stored_in_the_browser_and_nobody_is_identified(
    station: Station, site: Site, context: BrowserContext
) -> None:
    site.attributes = 'data-key="tests"'
    page = open_page(context, site.url + "/?utm_source=google&utm_medium=cpc")
    page.click("#next")
    rows = wait_for(station, 2)
    assert context.cookies() == []
    assert [(row["visitor_id"], row["session_id"], row["identity"], row["consent"]) for row in rows] == [
        ("", "", "", 1)
    ] * 2
    assert [row["is_entry"] for row in rows] == [True, False]
    page.evaluate("loopline.consent(2)")
    page.evaluate("loopline.track('Asked')")
    [row] = wait_for(station, 1, "name = 'Asked'")
    assert row["consent"] == 2
    assert row["visitor_id"]


def test_consent_given_on_the_first_page_keeps_where_the_visit_came_from(
    station: Station, site: Site, context: BrowserContext
) -> None:
    site.attributes = 'data-key="tests"'
    page = open_page(context, site.url + "/?utm_source=google&utm_medium=cpc")
    wait_for(station, 1)
    page.wait_for_timeout(1500)
    page.evaluate("loopline.consent(2)")
    [given] = wait_for(station, 1, "name = 'Consent given'")
    [began] = wait_for(station, 1, "name = 'Visit began'")
    assert (began["touch_kind"], began["channel"], began["is_entry"]) == ("entry", "Paid Search", False)
    assert began["identity"] == given["identity"] == f"visitor:{given['visitor_id']}"
    assert given["touch_kind"] == ""
    [landing] = wait_for(station, 1)
    # A moment is right to within the way to the server, which a busy machine makes long.
    assert abs(began["occurred_at"] - landing["occurred_at"]) < timedelta(milliseconds=750)
    assert given["occurred_at"] - landing["occurred_at"] > timedelta(milliseconds=750)


def test_withdrawn_consent_removes_the_identifiers(station: Station, site: Site, context: BrowserContext) -> None:
    page = open_page(context, site.url + "/")
    wait_for(station, 1)
    assert {one["name"] for one in context.cookies()} == {"_ll", "_lls"}
    page.evaluate("loopline.consent(1)")
    assert context.cookies() == []


def test_global_privacy_control_wins_over_the_sites_consent(station: Station, site: Site, browser: Browser) -> None:
    context = browser.new_context(extra_http_headers={"Sec-GPC": "1"})
    open_page(context, site.url + "/")
    [row] = wait_for(station, 1)
    assert (row["consent"], row["visitor_id"], row["identity"]) == (1, "", "")
    context.close()


def test_it_works_with_storage_blocked(station: Station, site: Site, context: BrowserContext) -> None:
    context.add_init_script(
        "Object.defineProperty(document, 'cookie', {get() { throw new Error('no') }, set() { throw new Error('no') }})"
    )
    page = open_page(context, site.url + "/")
    wait_for(station, 1)
    page.click("#go")
    rows = wait_for(station, 2)
    assert rows[0]["visitor_id"] == rows[1]["visitor_id"] != ""
    assert [row["is_entry"] for row in rows] == [True, False]


def test_the_host_page_does_not_notice_a_collector_that_is_down(
    station: Station, site: Site, context: BrowserContext
) -> None:
    context.route("**/e", lambda route: route.abort())
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(site.url + "/")
    wait_until(page, "window.loopline && loopline.facts")
    page.click("#go")
    page.wait_for_timeout(300)
    assert errors == []
    assert station.events() == []


def test_what_could_not_be_sent_is_sent_later_and_counts_once(
    station: Station, site: Site, context: BrowserContext
) -> None:
    tries: list[int] = []

    def answer(route: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            route.fulfill(status=503, headers={"access-control-allow-origin": "*", "retry-after": "1"})
        else:
            route.continue_()

    context.route("**/e", answer)
    page = context.new_page()
    page.goto(site.url + "/")
    for _ in range(100):
        page.wait_for_timeout(100)
        if len(tries) > 1:
            break
    wait_for(station, 1)
    assert len(tries) == 2


def test_a_browser_driven_by_a_program_is_a_machine_unless_its_key_allows_it(
    station: Station, site: Site, context: BrowserContext
) -> None:
    site.attributes = 'data-key="browser-key" data-consent="2"'
    open_page(context, site.url + "/")
    [row] = wait_for(station, 1)
    assert str(row["bot_verdict"]).startswith("machine:")


def test_calls_made_before_the_script_arrived_are_kept(station: Station, site: Site, context: BrowserContext) -> None:
    site.early = """window.loopline = window.loopline || [];
    loopline.push(["track", "Watched video", {seconds: 12}]);
    loopline.push(["identify", "u-7", {email: "a@b.example"}]);"""
    open_page(context, site.url + "/")
    [track] = wait_for(station, 1, "kind = 'track'")
    [identify] = wait_for(station, 1, "kind = 'identify'")
    assert json.loads(str(track["properties"]))["seconds"] == 12
    assert (identify["user_id"], identify["identity"]) == ("u-7", "email:a@b.example")


def test_reset_makes_a_new_visitor(station: Station, site: Site, context: BrowserContext) -> None:
    page = open_page(context, site.url + "/")
    wait_for(station, 1)
    page.evaluate("loopline.reset()")
    page.evaluate("loopline.track('After')")
    rows = wait_for(station, 2, "kind <> 'system'")
    assert rows[0]["visitor_id"] != rows[1]["visitor_id"]


def test_scripts_in_titles_and_fields_stay_text(station: Station, site: Site, context: BrowserContext) -> None:
    page = open_page(context, site.url + "/?utm_campaign=%3Cscript%3Ealert(1)%3C/script%3E")
    [row] = wait_for(station, 1)
    assert row["utm_campaign"] == "<script>alert(1)</script>"
    page.evaluate("loopline.track('<img src=x onerror=alert(1)>')")
    wait_for(station, 1, "kind = 'track'")


def test_the_source_has_no_eval_and_no_inline_html() -> None:
    source = (Path("loopline/collect/tracker/t.js")).read_text()
    assert not any(word in source for word in ("eval(", "new Function", "innerHTML", "document.write"))
