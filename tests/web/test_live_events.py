"""The live page and the command that tell what becomes of each event: anonymous, wrong role or unit, allowed."""

import json
import time
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.cli.main import main
from loopline.collect.own import append_requests, close_logs
from loopline.collect.request import Request
from loopline.web import collector
from tests.make import make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    close_logs(settings.CONFIG.data)


def client_of(role: Role, unit: BusinessUnit | None = None) -> Client:
    client = Client()
    client.force_login(make_user(role, unit=unit or make_unit()))
    return client


def arrive(unit: BusinessUnit, *events: dict[str, object], source_id: str = "key-1") -> int:
    """Put a batch into the inbox, as the collector does; the number of its last event."""
    body = json.dumps({"writeKey": "secret-key", "batch": events}).encode()
    request = Request(len(events), time.time_ns() // 1000, source_id, str(unit.pk), "server", "batch", body)
    append_requests(settings.CONFIG.data, [request])
    return collector.log().last_seq()


def test_anonymous_people_sign_in_first() -> None:
    make_user()
    for address in (reverse("live_events"), reverse("live_event", args=[1])):
        assert Client().get(address).headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize("role", [Role.SALES, Role.SALES_MANAGER, Role.FINANCE])
def test_others_than_marketing_and_administrators_are_refused(role: Role) -> None:
    client = client_of(role)
    assert client.get(reverse("live_events")).status_code == 403
    assert client.get(reverse("live_event", args=[1])).status_code == 403


def test_the_page_names_what_dropped_an_event_and_filters_by_source_kind_and_outcome() -> None:
    unit = make_unit()
    arrive(unit, {"type": "page", "messageId": "p", "anonymousId": "v", "context": {"consent": 0}}, source_id="shop")
    arrive(unit, {"type": "track", "event": "Plan chosen", "userId": "u"}, {"type": "pagge"}, source_id="billing")
    client = client_of(Role.MARKETING, unit)
    text = client.get(reverse("live_events")).content.decode()
    assert 'honour consent: <span title="no_consent">no consent</span>' in text
    assert 'validate: <span title="unknown_type">unknown type</span>' in text
    assert "track: Plan chosen" in text
    assert "<html" not in client.get(reverse("live_events"), headers={"HX-Request": "true"}).content.decode()
    for asked, shown, hidden in (
        ({"source": "shop"}, "no_consent", "Plan chosen"),
        ({"kind": "track"}, "Plan chosen", "no_consent"),
        ({"outcome": "dropped"}, "no_consent", "Plan chosen"),
        ({"outcome": "set aside"}, "unknown_type", "no_consent"),
    ):
        found = client.get(reverse("live_events"), asked).content.decode()
        assert shown in found
        assert hidden not in found
    odd = {"source": "\u202e😀", "kind": "'\"><script>", "outcome": "x" * 5000}
    found = client.get(reverse("live_events"), odd).content.decode()
    assert "None of these" in found
    assert "'\"><script>" not in found
    assert client.get(reverse("live_events"), {"source": "\x00"}).status_code < 500


def test_marketing_sees_events_of_its_own_business_units_only() -> None:
    own, other = make_unit(), make_unit("Iberia")
    theirs = arrive(other, {"type": "track", "event": "Of Iberia", "userId": "u"})
    nobody = arrive(BusinessUnit(name="Gone"), {"type": "track", "event": "Of nobody", "userId": "u"})
    client = client_of(Role.MARKETING, own)
    found = client.get(reverse("live_events")).content.decode()
    assert "Of Iberia" not in found
    assert "Of nobody" not in found
    assert client.get(reverse("live_event", args=[theirs])).status_code == 404
    administrator = client_of(Role.ADMINISTRATOR, own)
    for number, name in ((theirs, "Of Iberia"), (nobody, "Of nobody")):
        assert name in administrator.get(reverse("live_event", args=[number])).content.decode()


def test_one_event_opens_in_full_and_harmless() -> None:
    unit = make_unit()
    url = "https://www.example.com/?utm_source=<script>alert(1)</script>&utm_medium=email"
    hostile = {
        "type": "page", "anonymousId": "</pre><script>alert(2)</script>", "name": "\u202egnp\x1b[2J",
        "context": {"page": {"url": url}, "ip": "203.0.113.7", "consent": 2},
    }  # fmt: skip
    number = arrive(unit, hostile)
    text = client_of(Role.MARKETING, unit).get(reverse("live_event", args=[number])).content.decode()
    assert "read campaign" in text
    assert "&lt;script&gt;alert(1)" in text
    for bad in ("<script>alert", "secret-key", "203.0.113.7", "\u202e", "\x1b"):
        assert bad not in text


@pytest.mark.parametrize("number", [0, 999_999_999, 10**30])
def test_an_event_that_is_not_there_is_not_found(number: int) -> None:
    assert client_of(Role.ADMINISTRATOR).get(f"/settings/live/{number}/").status_code == 404


def test_the_command_tells_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    unit = make_unit()
    number = arrive(
        unit, {"type": "track", "event": "Bell\x07", "userId": "u", "messageId": "m-1", "timestamp": "once"}
    )
    for wanted in (str(number), "m-1"):
        assert main(["events", "--explain", wanted]) == 0
        said = capsys.readouterr().out
        assert "→ validate" in said
        assert "✗ correct clock" in said
        assert "invalid_date" in said
        assert "\x07" not in said
    assert main(["events", "--explain", "nowhere"]) == 1
    assert "there is no event “nowhere”" in capsys.readouterr().err
