"""What is open to everyone is not open to a flood: limited by visitor, fair behind a proxy, said and counted."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, RequestFactory

from loopline.access.actor import SYSTEM
from loopline.campaigns.actions import build_link
from loopline.campaigns.links import LinkTags
from loopline.collect.log import Log
from loopline.collect.own import close_logs
from loopline.lib.buckets import Buckets
from loopline.lib.config import read_config
from loopline.web import floods
from loopline.web.floods import Flood, limited
from loopline.web.views.public_form import FORMS
from loopline.web.views.short_link import CLICKS
from tests.make import make_campaign, make_form

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A LOOPLINE_DATA of its own, and a clock that stands still: every bucket is full."""
    monkeypatch.setattr(settings, "CONFIG", dataclasses.replace(settings.CONFIG, data=tmp_path))
    monkeypatch.setattr(floods, "uncounted", floods.Uncounted())
    for flood in (CLICKS, FORMS):
        monkeypatch.setattr(flood, "buckets", Buckets(lambda: 0.0))
    yield tmp_path
    close_logs(tmp_path)


def link_address() -> str:
    tags = LinkTags(source="newsletter", medium="email", campaign="spring")
    return f"/l/{build_link(make_campaign(), 'https://www.halden.example/', tags, by=SYSTEM).short_code}"


def form_address() -> str:
    return f"/f/{make_form().slug}"


@pytest.mark.parametrize(("flood", "address"), [(CLICKS, link_address), (FORMS, form_address)], ids=["link", "form"])
def test_more_than_people_send_is_asked_to_come_back_and_counted(folder: Path, flood: Flood, address: object) -> None:
    assert callable(address)
    client, path = Client(), address()
    most = int(flood.rate * flood.burst_s)
    assert {client.head(path).status_code for _ in range(most)} <= {200, 302}
    refused = client.get(path)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert "Wait 1 second and try again" in refused.content.decode()
    assert not refused.cookies
    assert client.get(path, REMOTE_ADDR="203.0.113.77").status_code in {200, 302}, "somebody else is not held up"
    log = Log(folder)
    assert log.refused() == {(flood.source_id, "flood"): (1, 1)}
    log.close()


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [("/api/v1/experiments/x/arm", "*/*", "application/json"), ("/f/demo", "application/json", "application/json"),
     ("/f/demo", "text/html,*/*;q=0.8", "text/html; charset=utf-8"), ("/f/demo", "*/*", "text/html; charset=utf-8")],
)  # fmt: skip
def test_a_program_is_told_in_json(path: str, accept: str, kind: str) -> None:
    flood = Flood("x", rate=1, burst_s=1, buckets=Buckets(lambda: 0.0))
    view = limited(flood)(lambda _request: HttpResponse())
    request = RequestFactory().get(path, headers={"Accept": accept})
    assert view(request).status_code == 200
    refused = view(request)
    assert (refused.status_code, refused.headers["Content-Type"], refused.headers["Retry-After"]) == (429, kind, "1")
    if "json" in kind:
        told = json.loads(refused.content)
        assert (told["code"], told["field"], told["wait_s"]) == ("too_many", None, 1)


def test_a_flood_ends_by_itself() -> None:
    now = [0.0]
    flood = Flood("x", rate=2, burst_s=5, buckets=Buckets(lambda: now[0]))
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9")
    assert [flood.wait_s(request) for _ in range(11)] == [0] * 10 + [1]
    now[0] += 1
    assert [flood.wait_s(request) for _ in range(3)] == [0, 0, 1]


def waits(flood: Flood, address: str, forwarded: str = "", times: int = 11) -> int:
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=address, headers=headers)
    return max(flood.wait_s(request) for _ in range(times))


def test_networks_of_visitors_are_told_apart() -> None:
    flood = Flood("x", rate=1, burst_s=10, buckets=Buckets(lambda: 0.0))
    assert waits(flood, "2001:db8:1:2::1")
    assert waits(flood, "2001:db8:1:2:ffff::9", times=1), "the same /64"
    assert not waits(flood, "2001:db8:1:3::1", times=1)
    assert not waits(flood, "203.0.113.1", times=10)
    assert waits(flood, "no address at all")


def test_behind_a_proxy_that_is_not_named_one_visitor_does_not_hold_up_the_others() -> None:
    flood = Flood("x", rate=1, burst_s=10, buckets=Buckets(lambda: 0.0))
    assert waits(flood, "10.0.0.5", "198.51.100.1, 203.0.113.1")
    assert not waits(flood, "10.0.0.5", "203.0.113.2", times=10)
    forged = [waits(flood, "10.0.0.5", f"203.0.113.{number}", times=1) for number in range(3, 250)]
    assert any(forged), "what it says is believed only as far as it goes"


def test_what_a_stranger_says_about_himself_is_not_believed() -> None:
    flood = Flood("x", rate=1, burst_s=10, buckets=Buckets(lambda: 0.0))
    assert max(waits(flood, "8.8.8.8", f"198.51.100.{number}", times=1) for number in range(11))


def test_the_proxies_that_are_believed_can_be_named() -> None:
    assert read_config({}).proxies == "127.0.0.1,::1"
    assert read_config({"LOOPLINE_PROXIES": "10.0.0.0/8"}).proxies == "10.0.0.0/8"


def test_only_so_many_buckets_are_kept() -> None:
    buckets = Buckets(lambda: 0.0)
    for number in range(25_000):
        buckets.take(str(number), 1, rate=1, burst_s=1)
    assert len(buckets._levels) == 20_000
