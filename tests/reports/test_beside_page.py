"""Beside the closed loop: how much its window matters, and what buyers say; loaded into its page, or a page alone."""

import html
import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in_as

pytestmark = pytest.mark.django_db
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    """In the north a sale with a first visit 40 days before, and a lead that named a podcast; one sale in the south."""
    north, south, now = make_unit("North"), make_unit("South"), utc_now()
    unit, sold = str(north.pk), now - timedelta(days=20)
    shelf = Shelf(store)
    shelf.person("ines", "v1", learnt=sold)
    for name, days, source in (("early", 40, HOSTILE), ("late", 3, "newsletter")):
        shelf.touch(name, "visitor:v1", sold - timedelta(days=days), unit_id=unit, utm_source=source, learnt=sold,
                    channel="Email")  # fmt: skip
    shelf.touch("form", "person:ines", sold - timedelta(days=2), unit_id=unit, kind="form", touch_kind="form",
                channel="Email", properties=json.dumps({"self_reported": "media"}), learnt=sold)  # fmt: skip
    shelf.lead("l1", "ines", sold - timedelta(days=1), unit_id=unit, learnt=sold)
    shelf.won("o1", "ines", sold, 300_00, unit_id=unit, learnt=sold)
    shelf.person("ben", "v2", learnt=sold)
    shelf.touch("south", "visitor:v2", sold - timedelta(days=3), unit_id=str(south.pk), learnt=sold)
    shelf.won("o2", "ben", sold, 77_777_77, unit_id=str(south.pk), learnt=sold)
    shelf.store()
    return north, south


def test_strangers_sign_in_first() -> None:
    make_user()
    assert Client().get(reverse("closed_loop_beside")).status_code == 302


@pytest.mark.parametrize("role", [Role.FINANCE, Role.ADMINISTRATOR])
def test_the_window_and_what_buyers_say_stand_beside_the_table(
    role: Role, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client, asked = signed_in_as(role, units[0]), {"period": "all", "by": "source", "model": "first_touch"}
    address = reverse("closed_loop_beside")
    assert address in client.get(reverse("closed_loop"), asked).content.decode(), "the closed loop leads there"
    page = client.get(address, asked).content.decode()
    part = client.get(address, asked, headers={"HX-Request": "true"}).content.decode()
    for text in (page, part):
        assert "Revenue by lookback window" in text
        assert HOSTILE not in text
        assert text.count("€300") >= 2, "with 7 and 30 days the newsletter has it all, with 90 the first visit"
        assert "Podcast, press, article 1" in text
        assert re.search("100\\s%", text), "one asked, one answered"
        assert ("€77,778" in text) == (role is Role.ADMINISTRATOR)
    whole = html.unescape(re.findall(r'href="([^"]+)">The whole report', page)[0])
    assert client.get(whole).status_code == 200
    assert "<html" in page
    assert "<html" not in part


def test_it_follows_the_conversion_and_says_what_is_wrong_with_the_address(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    client = signed_in_as(Role.MARKETING, units[0])
    about_leads = client.get(reverse("closed_loop_beside"), {"period": "all", "conversion": "lead"}).content.decode()
    assert "Leads by lookback window" in about_leads
    wrong = client.get(reverse("closed_loop_beside"), {"by": "nothing"})
    assert (wrong.status_code, "There is no" in wrong.content.decode()) == (400, True)
    part = client.get(reverse("closed_loop_beside"), {"by": "nothing"}, headers={"HX-Request": "true"})
    assert (part.status_code, "There is no" in part.content.decode()) == (200, True), "it is put into its page"


def test_what_platforms_claim_stands_beside_the_credit_without_a_total(
    store: DuckDBEngine, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client, address = signed_in_as(Role.FINANCE, units[0]), reverse("closed_loop_beside")
    assert "No ad platform told anything" in client.get(address, {"period": "all"}).content.decode()
    shelf, sold = Shelf(store), utc_now() - timedelta(days=20)
    for unit, platform, claimed in ((units[0], HOSTILE, 7), (units[0], "google", 9), (units[1], "hush", 4_711)):
        shelf.cost(
            f"c-{platform}", "", 10_00, sold.date(), unit_id=str(unit.pk), platform=platform,
            claimed_micro=claimed * 1_000_000, claimed_reporting_minor=claimed * 1_234_00,
        )  # fmt: skip
    shelf.store()
    text = client.get(address, {"period": "all"}).content.decode()
    assert "What ad platforms claim" in text
    assert "€11,106" in text, "what google claims"
    assert "€19,744" not in text, "nobody adds up what two platforms claim"
    assert "4,711" not in text, "another unit's"
    assert HOSTILE not in text
    assert reverse("report", args=["platform-claims"]) in text
