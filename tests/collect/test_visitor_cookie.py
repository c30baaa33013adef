"""How a visitor stays the same: the cookie of the site's own server, and the token that leads to another own site."""

import httpx
import pytest
from playwright.sync_api import BrowserContext

from loopline.collect.handover import Handover, Sender
from tests.collect.site import Site, open_page, wait_for, wait_until
from tests.collect.station import Station

pytestmark = pytest.mark.browser


@pytest.fixture
def own_path(site: Site, station: Station) -> Site:
    """A site that serves the collector under its own path, as the recipes for nginx and Caddy do."""
    site.passed_on = station.collector
    site.collector = "/ll"
    return site


def test_under_the_sites_own_path_the_server_remembers_the_visitor(
    station: Station, own_path: Site, context: BrowserContext
) -> None:
    page = open_page(context, own_path.url + "/")
    [first] = wait_for(station, 1)
    [cookie] = [one for one in context.cookies() if one["name"] == "_llv"]
    assert cookie["value"] == first["visitor_id"]
    assert cookie["httpOnly"]
    assert cookie["secure"]
    assert cookie["sameSite"] == "Lax"
    assert cookie["domain"] == "localhost"
    # The browser forgets what a script has stored; the server's cookie stays.
    context.clear_cookies(name="_ll")
    context.clear_cookies(name="_lls")
    page.goto(own_path.url + "/next")
    wait_for(station, 2)
    wait_until(page, f"loopline.facts().visitor == '{first['visitor_id']}'")
    page.evaluate("loopline.track('Again')")
    wait_for(station, 1, "kind = 'track'")
    assert {row["visitor_id"] for row in station.events()} == {first["visitor_id"]}


def test_a_reset_takes_the_place_of_the_servers_cookie_and_withdrawal_removes_it(
    station: Station, own_path: Site, context: BrowserContext
) -> None:
    page = open_page(context, own_path.url + "/")
    [first] = wait_for(station, 1)
    page.evaluate("loopline.reset()")
    [reset] = wait_for(station, 1, "name = 'Visitor reset'")
    page.goto(own_path.url + "/next")
    rows = wait_for(station, 2)
    assert rows[1]["visitor_id"] == reset["visitor_id"] != first["visitor_id"]
    assert {one["value"] for one in context.cookies() if one["name"] == "_llv"} == {reset["visitor_id"]}
    page.evaluate("loopline.consent(1)")
    wait_for(station, 1, "name = 'Consent withdrawn'")
    page.wait_for_timeout(200)
    assert context.cookies() == []


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"sec-gpc": "1"}])
def test_the_server_sets_no_cookie_elsewhere_or_against_the_visitors_will(
    station: Station, headers: dict[str, str]
) -> None:
    event = {"type": "page", "anonymousId": "a" * 32, "context": {"consent": 2}}
    sent = {"sec-fetch-site": "same-origin", **headers} if headers else {}
    answer = station.post("/e", {"batch": [event]}, "browser-key", **sent)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "event",
    [
        {"type": "page", "anonymousId": "a" * 32, "context": {"consent": 1}},
        {"type": "page", "anonymousId": "a" * 32},
        {"type": "page", "anonymousId": "somebody; Domain=evil.example", "context": {"consent": 2}},
        {"type": 7, "anonymousId": ["x"]},
    ],
)
def test_without_consent_or_a_real_id_there_is_no_cookie(station: Station, event: dict[str, object]) -> None:
    answer = httpx.post(
        station.url + "/e",
        json={"writeKey": "browser-key", "batch": [event]},
        headers={"sec-fetch-site": "same-origin", "cookie": "_llv=" + "b" * 31},
    )
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "visitor" not in answer.json()


def test_a_visitor_goes_on_to_another_own_site_and_stays_the_same(
    station: Station, site: Site, context: BrowserContext
) -> None:
    station.keys.set_own_hosts(["localhost", "127.0.0.1"])
    shop = site.url.replace("localhost", "127.0.0.1")
    site.extra = f'<a id="shop" href="{shop}/shop?plan=gold">Shop</a>'
    page = open_page(context, site.url + "/?utm_source=google&utm_medium=cpc")
    wait_for(station, 1)
    page.hover("#shop")
    wait_until(page, "document.querySelector('#shop').search.includes('_ll=')")
    page.click("#shop")
    wait_for(station, 2)
    page.click("#next")
    rows = wait_for(station, 3)
    assert [row["url_host"] for row in rows] == ["localhost", "127.0.0.1", "127.0.0.1"]
    assert len({row["visitor_id"] for row in rows}) == 1
    assert len({row["session_id"] for row in rows}) == 1
    assert [row["is_entry"] for row in rows] == [True, False, False]
    assert {row["channel"] for row in rows} == {"Paid Search"}
    stored = b"".join(request.body for block in station.inbox.read(0, 99) for request in block.requests)
    assert b"_ll=" not in stored


def test_a_token_of_another_browser_or_an_old_one_takes_nobody_along(station: Station) -> None:
    known = "a" * 32
    good = Handover(station.keys.secret()).token(b"hand=" + known.encode(), Sender(b"Firefox", "127.0.0.1"), 1_000)
    take = Handover(station.keys.secret()).take
    body = b'{"url": "https://b.example/x?a=1&_ll=' + good.encode() + b'"}'
    assert take(body, Sender(b"Firefox", "127.0.0.1"), 1_120) == (b'{"url": "https://b.example/x?a=1"}', known)
    assert take(body, Sender(b"Firefox", "127.0.0.1"), 1_121)[1] == ""
    assert take(body, Sender(b"Chrome", "127.0.0.1"), 1_060)[1] == ""
    assert take(body, Sender(b"Firefox", "10.0.0.1"), 1_060)[1] == ""
    assert take(body.replace(known.encode(), b"b" * 32), Sender(b"Firefox", "127.0.0.1"), 1_060)[1] == ""
    assert httpx.get(station.url + "/e?hand=me").text == ""
