"""Short links: followed by anyone, counted through the collector's steps, leading only where they were made for."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from loopline.access.actor import SYSTEM
from loopline.campaigns.actions import build_link
from loopline.campaigns.links import LinkTags
from loopline.campaigns.models import Campaign, TrackedLink
from loopline.campaigns.short_links import Clicks, clicks_of
from loopline.collect.inbox import Inbox
from loopline.collect.loader import Loader
from loopline.collect.log import Log
from loopline.collect.own import close_logs
from loopline.collect.state import State
from loopline.store.engine import Engine
from tests.make import make_campaign
from tests.store.rows import written

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
PREVIEW = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
TARGET = "https://www.halden.example/angebot/größe?lang=no"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A LOOPLINE_DATA of its own."""
    monkeypatch.setattr(settings, "CONFIG", dataclasses.replace(settings.CONFIG, data=tmp_path))
    yield tmp_path
    close_logs(tmp_path)


def make_link(campaign: Campaign | None = None, url: str = TARGET) -> TrackedLink:
    tags = LinkTags(source="Newsletter", medium="email", campaign="Spring", content="Button")
    return build_link(campaign or make_campaign(), url, tags, by=SYSTEM)


def stored(folder: Path, engine: Engine) -> list[dict[str, Any]]:
    inbox, state = Inbox(folder), State(folder)
    try:
        Loader(inbox, engine, state).load_all()
    finally:
        inbox.close()
        state.close()
    return engine.rows(f"SELECT {written()} FROM events ORDER BY received_at, event_id")


def test_anyone_who_follows_a_link_is_sent_on_and_counted(folder: Path, engine: Engine) -> None:
    link = make_link()
    answer = Client().get(
        f"/l/{link.short_code}",
        headers={"User-Agent": CHROME, "Referer": "https://www.linkedin.com/feed/?secret=1"},
    )
    assert answer.status_code == 302
    assert answer.headers["Location"] == (
        "https://www.halden.example/angebot/gr%C3%B6%C3%9Fe?lang=no"
        "&utm_source=newsletter&utm_medium=email&utm_campaign=spring&utm_content=Button"
    )
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert not answer.cookies
    [row] = stored(folder, engine)
    assert (row["kind"], row["name"], row["source_id"]) == ("track", "Short link clicked", "short-link")
    assert (row["utm_source"], row["utm_campaign"], row["utm_content"]) == ("newsletter", "spring", "Button")
    assert (row["unit_id"], row["bot_verdict"], row["browser"]) == (str(link.campaign.unit_id), "human", "Chrome")
    assert (row["consent"], row["visitor_id"], row["identity"]) == (1, "", "")
    assert (row["touch_kind"], row["is_entry"]) == ("", False), "the visit that follows is the touchpoint"
    assert json.loads(str(row["properties"]))["link"] == str(link.pk)


def test_previews_are_marked_and_fetching_ahead_is_no_click(folder: Path, engine: Engine) -> None:
    link = make_link()
    address = f"/l/{link.short_code}"
    for headers in ({"User-Agent": PREVIEW}, {"User-Agent": ""}, {"User-Agent": CHROME, "Sec-GPC": "1"}):
        assert Client().get(address, headers=headers).status_code == 302
    ahead = {"User-Agent": CHROME, "Sec-Purpose": "prefetch;prerender"}
    assert Client().get(address, headers=ahead).status_code == 302
    assert Client().head(address, headers={"User-Agent": CHROME}).status_code == 302
    verdicts = sorted(str(row["bot_verdict"]) for row in stored(folder, engine))
    assert verdicts == ["human", "machine:crawler", "machine:no_user_agent"]
    assert clicks_of(engine, [link], str(link.campaign.unit_id)) == {str(link.pk): Clicks(people=1, machines=2)}
    assert clicks_of(engine, [link], "another unit") == {}


def test_a_code_may_be_typed_in_capitals(folder: Path) -> None:
    link = make_link()
    assert link.short_code is not None
    assert Client().get(f"/l/{link.short_code.upper()}", headers={"User-Agent": CHROME}).status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "/l/nosuch1", "/l/", "/l/a", "/l/" + "a" * 500, "/l/%00abcd", "/l/ſpring1", "/l/%E2%80%AEabcd", "/l/..%2f..",
        "/l/https://evil.example", "/l//evil.example", "/l/abcd?url=https://evil.example", "/l/1'OR'1",
    ],
)  # fmt: skip
def test_no_other_address_leads_anywhere(folder: Path, path: str) -> None:
    make_link()
    answer = Client().get(path)
    assert answer.status_code in {400, 404}
    assert "Location" not in answer.headers
    assert not (folder / "inbox.sqlite").exists()


def test_what_is_in_the_query_changes_nothing(folder: Path) -> None:
    link = make_link()
    answer = Client().get(f"/l/{link.short_code}?url=https://evil.example&next=//evil.example")
    assert answer.headers["Location"].startswith("https://www.halden.example/")
    assert Client().post(f"/l/{link.short_code}").status_code == 405


def test_a_target_that_is_no_web_address_is_never_followed(folder: Path) -> None:
    link = make_link()
    for url in ("javascript:alert(1)", "data:text/html,x", "//evil.example", "ftp://halden.example/"):
        TrackedLink.objects.filter(pk=link.pk).update(url=url)
        assert Client().get(f"/l/{link.short_code}").status_code == 404


def test_hostile_headers_are_stored_harmless(folder: Path, engine: Engine) -> None:
    link = make_link()
    for hostile in ("<script>alert(1)</script>", "\xff\xfe" * 300, "a" * 20_000, "http://[::1", "javascript:alert(1)"):
        answer = Client().get(f"/l/{link.short_code}", headers={"User-Agent": hostile, "Referer": hostile})
        assert answer.status_code == 302
    assert len(stored(folder, engine)) == 5


def test_a_click_that_cannot_be_stored_is_sent_on_all_the_same_and_counted(
    folder: Path, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    link = make_link()
    address = f"/l/{link.short_code}"
    (folder / "inbox.sqlite").mkdir()
    for _ in range(2):
        assert Client().get(address, headers={"User-Agent": CHROME}).status_code == 302
    assert "could not be stored" in caplog.text
    (folder / "inbox.sqlite").rmdir()
    assert Client().get(address, headers={"User-Agent": CHROME}).status_code == 302
    log = Log(folder)
    assert log.refused() == {("short-link", "commit"): (2, 2)}
    assert log.last_seq() == 1
    log.close()
