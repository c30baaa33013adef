"""The machines page and the job behind it: who is judged, who may overrule it, and what never happens again."""

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.access.visitor_verdicts import judge_visitors
from loopline.facts.relay import Relay
from loopline.lib.times import utc_now
from loopline.store.arrow import to_arrow
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch
from loopline.store.library import TABLES
from tests.make import make_unit, signed_in_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("Nordics")


@pytest.fixture
def store(store: DuckDBEngine, unit: BusinessUnit) -> DuckDBEngine:
    """A visitor that reads ninety pages within a minute, an hour ago."""
    began = (utc_now() - timedelta(hours=1)).replace(second=0, microsecond=0)
    rows = [
        {"event_id": f"e{number}", "source_id": "site", "unit_id": str(unit.pk), "kind": "page", "visitor_id": "fast",
         "occurred_at": began + timedelta(seconds=number / 2), "received_at": began, "session_id": "s",
         "is_entry": number == 0, "identity": "visitor:fast", "consent": 2, "bot_verdict": "human",
         "source": "browser"}
        for number in range(90)
    ]  # fmt: skip
    store.write(Batch("t", {"events": to_arrow(TABLES["events"], rows)}))
    return store


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def verdicts(store: DuckDBEngine) -> list[object]:
    Relay(store).relay_all()
    return [row["verdict"] for row in store.rows("SELECT verdict FROM bot_verdict_facts ORDER BY version")]


def test_a_machine_is_judged_once_and_told_on_the_page(store: DuckDBEngine, unit: BusinessUnit) -> None:
    assert judge_visitors(store) == 1
    assert judge_visitors(store) == 0, "what waits to be carried over counts as judged"
    assert verdicts(store) == ["machine:too_fast"]
    assert judge_visitors(store) == 0
    page = text(signed_in_as(Role.SALES, unit).get(reverse("machines")))
    assert "more than 60 pages within a minute" in page
    assert "This is a human" not in page
    assert AuditEntry.objects.filter(verb="judged visitors").count() == 1


def test_a_persons_word_stands_against_the_rules(store: DuckDBEngine, unit: BusinessUnit) -> None:
    judge_visitors(store)
    Relay(store).relay_all()
    client = signed_in_as(Role.MARKETING, unit)
    assert "counts as a machine" in text(client.get(reverse("machines"), {"visitor": "fast"}))
    answer = client.post(reverse("machine_verdict"), {"visitor": "fast", "verdict": "human"})
    assert answer.status_code == 302
    assert verdicts(store) == ["machine:too_fast", "human"]
    assert judge_visitors(store) == 0
    page = text(client.get(reverse("machines"), {"visitor": "fast"}))
    assert "counts as a human" in page
    assert "Nothing was left out" in page
    entry = AuditEntry.objects.latest("seq")
    assert (entry.verb, entry.detail["visitor"], entry.unit_id) == ("judged visitor by hand", "fast", None)


def test_a_word_given_before_the_rules_judge_keeps_them_from_it(store: DuckDBEngine, unit: BusinessUnit) -> None:
    signed_in_as(Role.MARKETING, unit).post(reverse("machine_verdict"), {"visitor": "fast", "verdict": "human"})
    assert judge_visitors(store) == 0
    assert verdicts(store) == ["human"]


def test_who_may_say_what_a_visitor_is(store: DuckDBEngine, unit: BusinessUnit) -> None:
    said = {"visitor": "fast", "verdict": "machine"}
    assert Client().get(reverse("machines")).status_code == 302
    assert Client().post(reverse("machine_verdict"), said).status_code == 302
    for role in (Role.SALES, Role.FINANCE, Role.SALES_MANAGER):
        client = signed_in_as(role, unit)
        assert client.get(reverse("machines")).status_code == 200
        assert client.post(reverse("machine_verdict"), said).status_code == 403
    stranger = signed_in_as(Role.MARKETING, make_unit("South"))
    assert stranger.post(reverse("machine_verdict"), said).status_code == 404
    assert stranger.get(reverse("machines"), {"visitor": "fast"}).status_code == 404
    client = signed_in_as(Role.MARKETING, unit)
    assert "is no verdict" in text(client.post(reverse("machine_verdict"), said | {"verdict": "ghost"}, follow=True))
    assert verdicts(store) == []
    client.post(reverse("machine_verdict"), said)
    assert verdicts(store) == ["machine:by_hand"]
