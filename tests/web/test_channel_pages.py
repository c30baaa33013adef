"""The channel pages: the rules, own rules ahead of them, and why a visit belongs to its channel."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.collect.channels import RULES
from loopline.facts.relay import Relay
from loopline.store.arrow import to_arrow
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch
from loopline.store.library import TABLES
from loopline.web import collector
from tests.make import make_unit, signed_in_as

pytestmark = pytest.mark.django_db
NEW = {
    "name": "Fair badges", "channel": "Event",
    "field_1": "campaign", "test_1": "contains", "values_1": " Fair , badge",
    "field_2": "site", "test_2": "is", "values_2": "facebook",
}  # fmt: skip


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("Nordics")


@pytest.fixture(autouse=True)
def _clean_rules() -> Iterator[None]:
    yield
    collector.keys().set_channel_rules([])


@pytest.fixture
def store(store: DuckDBEngine, unit: BusinessUnit) -> DuckDBEngine:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    row = {"event_id": "e1", "source_id": "key", "unit_id": str(unit.pk), "occurred_at": at, "received_at": at,
           "kind": "page", "session_id": "s1", "is_entry": True, "touch_kind": "entry", "consent": 2,
           "utm_source": "fb", "utm_medium": "cpc", "channel": "Paid Social", "channel_rule": "ga4-paid-social@2026.1",
           "visitor_id": "v1", "bot_verdict": "human"}  # fmt: skip
    declared = row | {"event_id": "e2", "session_id": "s2", "channel": "Event", "channel_rule": "declared@1"}
    store.write(Batch("t", {"events": to_arrow(TABLES["events"], [row, declared])}))
    return store


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("name", ["channels", "channel_explain"])
def test_the_pages_are_open_to_everybody_who_sees_reports(name: str, unit: BusinessUnit) -> None:
    assert Client().get(reverse(name)).status_code == 302
    for role in Role:
        assert signed_in_as(role, unit).get(reverse(name)).status_code == 200


def test_marketing_puts_an_own_rule_ahead_moves_and_removes_it(unit: BusinessUnit) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    assert client.post(reverse("channels"), NEW).status_code == 302
    assert client.post(reverse("channels"), NEW | {"name": "Other"}).status_code == 302
    page = text(client.get(reverse("channels")))
    assert page.index("own-fair-badges") < page.index("own-other") < page.index(RULES[0].key)
    assert "campaign contains “fair” or “badge” and site is “facebook”" in page
    assert client.post(reverse("channel_rule_raise", args=["own-other"])).status_code == 302
    assert [rule.key for rule in collector.keys().channel_rules().rules] == ["own-other", "own-fair-badges"]
    found = text(client.get(reverse("channel_explain"), {"url": "example.com/?utm_source=fb&utm_campaign=big-fair"}))
    assert "Why Event?" in found
    assert "own-other@" in found
    client.post(reverse("channel_rule_remove", args=["own-other"]))
    assert [rule.key for rule in collector.keys().channel_rules().rules] == ["own-fair-badges"]
    verbs = list(AuditEntry.objects.order_by("seq").values_list("verb", flat=True))
    assert verbs[-4:] == ["added channel rule", "added channel rule", "moved channel rule up", "removed channel rule"]


@pytest.mark.parametrize("role", [Role.SALES, Role.FINANCE, Role.SALES_MANAGER])
def test_others_read_the_rules_and_change_none(role: Role, unit: BusinessUnit) -> None:
    client = signed_in_as(role, unit)
    assert "New rule of your own" not in text(client.get(reverse("channels")))
    assert client.post(reverse("channels"), NEW).status_code == 403
    assert client.post(reverse("channel_rule_remove", args=["own-x"])).status_code == 403
    assert client.post(reverse("channel_rule_raise", args=["own-x"])).status_code == 403
    assert collector.keys().channel_rules().rules == ()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "!!"}, {"channel": "Nonsense"}, {"field_1": ""}, {"values_1": " , "}, {"values_2": ""},
        {"test_1": "matches"},
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_used_is_refused_with_the_reason(change: dict[str, str], unit: BusinessUnit) -> None:
    answer = signed_in_as(Role.ADMINISTRATOR, unit).post(reverse("channels"), NEW | change)
    assert answer.status_code == 200
    assert 'role="alert"' in text(answer) or 'class="field-error' in text(answer) or "error" in text(answer)
    assert collector.keys().channel_rules().rules == ()


def test_a_rule_of_the_same_name_and_a_rule_that_is_gone_are_told(unit: BusinessUnit) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    client.post(reverse("channels"), NEW)
    assert "There is a rule of this name already" in text(client.post(reverse("channels"), NEW))
    assert "This rule is gone" in text(client.post(reverse("channel_rule_remove", args=["own-gone"]), follow=True))


def test_an_address_is_explained_rule_by_rule(unit: BusinessUnit) -> None:
    asked = {"url": "https://example.com/?utm_source=IG&utm_medium=cpc", "referrer": "https://www.paypal.com/x"}
    page = text(signed_in_as(Role.SALES, unit).get(reverse("channel_explain"), asked))
    assert "Why Paid Social?" in page
    assert "instagram" in page
    assert "brings nobody" in page
    assert all(rule.key in page for rule in RULES)


def test_hostile_addresses_are_shown_as_text(unit: BusinessUnit) -> None:
    asked = {"url": "https://example.com/?utm_source=<script>alert(1)</script>", "referrer": "http://[bad"}
    answer = signed_in_as(Role.MARKETING, unit).get(reverse("channel_explain"), asked)
    assert answer.status_code == 200
    assert "<script>alert(1)" not in text(answer)


def test_a_stored_visit_is_explained_to_those_who_may_see_its_unit(store: DuckDBEngine, unit: BusinessUnit) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    for visit in ("s1", "e1"):
        page = text(client.get(reverse("channel_explain"), {"visit": visit}))
        assert "Why Paid Social?" in page
        assert "ga4-paid-social@2026.1" in page
    assert "was declared" in text(client.get(reverse("channel_explain"), {"visit": "s2"}))
    assert client.get(reverse("channel_explain"), {"visit": "nothing"}).status_code == 404
    stranger = signed_in_as(Role.MARKETING, make_unit("South"))
    assert stranger.get(reverse("channel_explain"), {"visit": "s1"}).status_code == 404


def test_a_visit_that_would_be_judged_otherwise_today_says_so(store: DuckDBEngine, unit: BusinessUnit) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    client.post(reverse("channels"), NEW | {"field_1": "source", "values_1": "fb", "field_2": "", "values_2": ""})
    page = text(client.get(reverse("channel_explain"), {"visit": "s1"}))
    assert "Stored as Paid Social" in page
    assert "Why Event?" in page


def test_the_past_is_judged_again_when_somebody_asks_for_it(store: DuckDBEngine, unit: BusinessUnit) -> None:
    client = signed_in_as(Role.MARKETING, unit)
    assert "Nothing would move" in text(client.get(reverse("channels_again")))
    client.post(reverse("channels"), NEW | {"field_1": "source", "values_1": "fb", "field_2": "", "values_2": ""})
    page = text(client.get(reverse("channels_again")))
    page = page[page.index("Counts now as") :]
    assert page.index("Paid Social") < page.index("<td>Event</td>") < page.index("own-fair-badges@")
    assert client.post(reverse("channels_again")).status_code == 302
    Relay(store).relay_all()
    assert "Nothing would move" in text(client.get(reverse("channels_again")))
    [row] = store.rows("SELECT channel, channel_rule, utm_source FROM channel_facts")
    assert row == {"channel": "Event", "channel_rule": "ga4-paid-social@2026.1", "utm_source": "fb"}
    entry = AuditEntry.objects.latest("seq")
    assert (entry.verb, entry.detail["events"]) == ("judged channels again", 1)


@pytest.mark.parametrize("role", [Role.SALES, Role.FINANCE])
def test_only_who_edits_channels_judges_the_past_again(role: Role, store: DuckDBEngine, unit: BusinessUnit) -> None:
    assert Client().get(reverse("channels_again")).status_code == 302
    client = signed_in_as(role, unit)
    assert client.get(reverse("channels_again")).status_code == 403
    assert client.post(reverse("channels_again")).status_code == 403
