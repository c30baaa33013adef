"""The page that says why the report changed: who may see it, what it splits, what it says when nothing can be said."""

import html
import re
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reports.change import states
from loopline.reports.change.causes import CAUSES
from loopline.store.current import engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.fact_words import _said
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in, signed_in_as
from tests.reports.late_facts import APRIL
from tests.reports.test_records_changed import between_only

pytestmark = pytest.mark.django_db

ELSEWHERE = {"events"}
"""Causes that the closed loop does not read."""
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    """Known for two months: a sale of 100 in the north. Learned just now: its refund, a code, a sale in the south."""
    north, south = make_unit("North"), make_unit("South")
    now = utc_now()
    long_ago = now - timedelta(days=60)
    shelf = Shelf(store)
    unit = str(north.pk)
    shelf.person("ines", "v1", learnt=long_ago)
    shelf.touch("t1", "visitor:v1", long_ago - timedelta(days=3), unit_id=unit, utm_campaign="spring", learnt=long_ago)
    shelf.won("o1", "ines", long_ago, 100_00, unit_id=unit, learnt=long_ago)
    shelf.store()
    late = now - timedelta(minutes=5)
    shelf.campaign("spring", "spring", unit=unit, learnt=late)
    shelf.fact("campaign_facts", "spring", unit_id=unit, name=HOSTILE, channel=HOSTILE, status="running",
               currency="EUR", learnt=late)  # fmt: skip
    refunded: dict[str, object] = {"refunded_minor": 40_00, "reporting_minor": 60_00}
    shelf.won("o1", "", long_ago, 100_00, unit_id=unit, learnt=late, **refunded)
    shelf.won("o2", "", long_ago, 77_777_77, unit_id=str(south.pk), learnt=late)
    shelf.store()
    return north, south


def page(role: Role, unit: BusinessUnit, **query: str) -> tuple[int, str]:
    answer = signed_in_as(role, unit).get(reverse("report_changes", args=["closed-loop"]), {"period": "all", **query})
    return answer.status_code, answer.content.decode()


def test_strangers_sign_in_first() -> None:
    make_user()
    assert Client().get(reverse("report_changes", args=["closed-loop"])).status_code == 302


@pytest.mark.parametrize("role", list(Role))
def test_every_role_sees_what_changed_in_its_own_unit_only(
    role: Role, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    status, text = page(role, units[0])
    assert status == 200
    assert "Refunds" in text
    assert "−€40.00" in text
    assert ("77,777" in text) == (role is Role.ADMINISTRATOR)
    assert HOSTILE not in text


def test_a_cause_opens_with_what_was_known_before(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    _, text = page(Role.FINANCE, units[0], cause="refunds")
    assert "€100.00" in text
    assert "€60.00 · refunded €40.00" in text
    _, text = page(Role.FINANCE, units[0], cause="campaigns")
    assert HOSTILE not in text
    assert "not known" in text
    _, text = page(Role.FINANCE, units[0], cause="identities")
    assert "no business unit" in text


def test_every_cause_opens_down_to_its_records(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    """A fact of each kind arrived; its line leads to a page of its own that answers. All are asked of the same books,
    so what changed is worked out once."""
    unit, late = str(units[0].pk), utc_now() - timedelta(minutes=4)
    shelf = Shelf(engine())
    shelf.touch(
        "late",
        "visitor:v7",
        late - timedelta(days=70),
        visitor_id="v7",
        kind="page",
        session_id="s7",
        unit_id=unit,
        learnt=late,
    )
    shelf.fact("bot_verdict_facts", "v7", verdict="human", rule_version="1", reasons="", learnt=late)
    shelf.fact("channel_facts", "again", utm_campaign="spring", touch_kind="entry", channel="Event", learnt=late)
    shelf.fact("attribution_model_facts", "custom_ours", name="Ours", number=1, plan="{}", sentence="All", learnt=late)
    shelf.store()
    client = signed_in_as(Role.ADMINISTRATOR, units[0])
    for cause in (one.key for one in CAUSES):
        address = reverse("report_changes", args=["coverage" if cause in ELSEWHERE else "closed-loop"])
        text = client.get(address, {"period": "all", "cause": cause}).content.decode()
        assert 'id="facts"' in text, cause
        opened = text[text.index('id="facts"') :]
        if cause in {"touchpoints", "verdicts", "channels", "models"}:
            found = re.search(r'class="name"><a href="([^"]+)"', opened)
            assert found, f"{cause}: the line leads on"
            assert client.get(html.unescape(found[1])).status_code == 200, cause


def test_every_figure_of_a_cause_leads_to_the_records_that_add_up_to_it(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    """A refund changed no lead: its name alone leads to the revenue, though the page is about leads."""
    client = signed_in_as(Role.FINANCE, units[0])
    address = reverse("report_changes", args=["closed-loop"])
    shown = client.get(address, {"period": "all", "metric": "leads", "since": "2026-01-05T06:00"})
    assert "Since <b><time" in shown.content.decode(), "a moment is told as elsewhere"
    found, followed = shown.context["found"], 0
    for link in dict.fromkeys(re.findall(r'href="(\?[^"]*cause=[^"]+)#facts"', shown.content.decode())):
        asked = dict(parse_qsl(html.unescape(link)[1:]))
        [share] = [one for one in found.shares if one.cause.key == asked["cause"]]
        opened = client.get(address, asked).context
        assert opened["changed"].total == share.changes[asked["metric"]], link
        followed += bool(share.changes[asked["metric"]])
        assert share.changes[asked["metric"]] or not any(share.changes.values()), f"{link} shows nothing"
    assert followed > 1


def test_rows_say_because_of_what_they_changed(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    _, text = page(Role.MARKETING, units[0], metric="revenue_minor")
    assert 'Code mappings</a> <span class="nowrap">+€100.00</span>' in text


def test_a_cause_opens_into_the_records_that_it_changed(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    """The sale and its credit before and since, whole and in one row, which add up to what the cause changed."""
    client = signed_in_as(Role.FINANCE, units[0])
    address = reverse("report_changes", args=["closed-loop"])
    asked = {"period": "all", "metric": "revenue_minor"}
    found = client.get(address, asked | {"cause": "refunds"}).context
    [(named, record)] = found["changed_records"]
    assert (named.name, record.before, record.item.adds, record.change) == (
        "A deleted opportunity",
        100_00,
        60_00,
        -40_00,
    )
    [share] = [one for one in found["found"].shares if one.cause.key == "refunds"]
    assert found["changed"].total == share.changes["revenue_minor"] == -40_00
    codes = client.get(address, asked | {"cause": "codes", "row": "spring"})
    [(_, record)] = codes.context["changed_records"]
    assert (record.before, record.item.adds) == (None, 100_00)
    assert f"Code mappings: what changed in Revenue of {html.escape(HOSTILE)}" in codes.content.decode()
    [(_, record)] = client.get(address, asked | {"cause": "codes", "row": "~unmapped"}).context["changed_records"]
    assert (record.before, record.item.adds) == (100_00, None), "it left the row of codes without a campaign"
    nothing = client.get(address, asked | {"cause": "campaigns"}).content.decode()
    assert "None of it changed Revenue" in nothing
    refused = client.get(address, asked | {"cause": "codes", "row": HOSTILE})
    assert refused.status_code == 400
    assert HOSTILE not in refused.content.decode()
    weekly = client.get(reverse("report_changes", args=["weekly"]), asked | {"cause": "refunds"}).context
    [(_, record)] = weekly["changed_records"]
    assert (record.before, record.item.adds) == (100_00, 60_00), "the week of the sale, of no channel"
    [line] = weekly["found"].rows
    of_line = client.get(reverse("report_changes", args=["weekly"]), asked | {"cause": "refunds", "row": line.key})
    assert of_line.context["changed"].total == line.change == -40_00


def test_where_nothing_arrived_the_page_says_so(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    since = (utc_now() - timedelta(minutes=1)).isoformat()
    status, text = page(Role.MARKETING, units[0], since=since)
    assert status == 200
    assert "Nothing arrived" in text


@pytest.mark.parametrize(
    "query", [{"since": "x"}, {"since": "2999-01-01"}, {"metric": "romi"}, {"cause": "luck"}, {"model": "x"}]
)
def test_what_cannot_be_asked_is_refused_in_words(
    query: dict[str, str], units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    status, text = page(Role.MARKETING, units[0], **query)
    assert status == 400
    assert 'role="alert"' in text


@pytest.mark.parametrize("key", ["buyers", "coverage", "paths"])
def test_other_reports_say_what_changed_in_them_too(key: str, units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = signed_in_as(Role.FINANCE, units[0])
    report = client.get(reverse("report", args=[key]), {"period": "all"}).content.decode()
    assert reverse("report_changes", args=[key]) in report
    answer = client.get(reverse("report_changes", args=[key]), {"period": "all"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Refunds" in text
    assert ("Worked out from other figures, so not split" in text) == (key != "coverage"), "its rows have no total"
    assert HOSTILE not in text


def test_a_report_of_shares_alone_offers_nothing_and_says_why(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = signed_in_as(Role.FINANCE, units[0])
    assert "What changed?" not in client.get(reverse("report", args=["budget-planner"])).content.decode()
    answer = client.get(reverse("report_changes", args=["budget-planner"]))
    assert answer.status_code == 400
    assert "only shares, rates and means" in answer.content.decode()


def test_there_is_no_such_report(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    assert signed_in_as(Role.FINANCE, units[0]).get(reverse("report_changes", args=["nothing"])).status_code == 404


def test_on_large_books_the_page_comes_at_once_says_so_and_what_changed_is_loaded_into_it(
    units: tuple[BusinessUnit, BusinessUnit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states, "MANY_EVENTS", 0)
    client = signed_in_as(Role.FINANCE, units[0])
    address, query = reverse("report_changes", args=["closed-loop"]), {"period": "all", "metric": "revenue_minor"}
    at_once = client.get(address, query).content.decode()
    assert "asked again, once for each kind of fact" in at_once
    assert 'hx-trigger="load"' in at_once
    assert "Refunds" not in at_once
    whole = client.get(address, query | {"whole": "yes", "since": (utc_now() - timedelta(days=9)).isoformat()})
    assert "Refunds" in whole.content.decode(), "without scripts"
    loaded = client.get(address, query, headers={"HX-Request": "true"}).content.decode()
    assert "Refunds" in loaded
    assert "asked again" not in loaded
    known = client.get(address, query | {"cause": "refunds"}).content.decode()
    assert "€60.00 · refunded €40.00" in known, "what was worked out is opened at once"
    refused = client.get(address, query | {"metric": "romi"}, headers={"HX-Request": "true"})
    assert refused.status_code == 200, "else it would not be put in its place"
    assert 'role="alert"' in refused.content.decode()


def test_the_weekly_table_says_what_changed_in_it(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = signed_in_as(Role.FINANCE, units[0])
    address = reverse("report_changes", args=["weekly"])
    assert address in client.get(reverse("weekly"), {"period": "all"}).content.decode()
    answer = client.get(address, {"period": "all", "metric": "revenue_minor"})
    text = answer.content.decode()
    assert "−€40.00" in text
    assert 'Refunds</a> <span class="nowrap">−€40.00</span>' in text
    assert reverse("weekly") in text, "the way back"
    assert "conversion=" not in text, "no choice that would not be used"
    found = answer.context["found"]
    assert [row.key.split("/")[1:] for row in found.rows] == [["", ""]], "one week, of no unit and no channel"
    assert "77,777" not in text


def test_what_a_fact_says_is_told_in_words_and_never_by_its_key() -> None:
    facts = {
        "clocks": {"kind": "first_touch"}, "leads": {"state": "marketing_qualified"}, "consents": {"is_granted": False},
        "opportunities": {"outcome": "won", "stage": "negotiation"}, "definitions": {"status": "in_force"},
    }  # fmt: skip
    told = {key: _said(values, "EUR", "UTC", {}) for key, values in facts.items()}  # type: ignore[arg-type]
    assert told == {
        "clocks": "call, write or meet for the first time", "leads": "marketing qualified", "consents": "taken back",
        "opportunities": "won · negotiation", "definitions": "in force",
    }  # fmt: skip


def test_a_row_that_is_there_only_between_two_causes_stands_with_nothing_before_and_now(store: DuckDBEngine) -> None:
    between_only(store)
    said = {"from": "2024-03-01", "to": "2024-03-31", "since": APRIL.isoformat(), "metric": "closed_minor"}
    client = signed_in(make_user(Role.FINANCE))
    answer = client.get(reverse("report_changes", args=["buyers"]), said)
    [row] = re.findall(r'<th scope="row" class="name">paper</th>(.*?)</tr>', answer.content.decode(), re.S)
    assert "behind" not in row
    assert re.findall(r">(—|·|[+−]€100.00)<", row) == ["—", "—", "·", "+€100.00", "−€100.00"]
    for cause in map(html.unescape, re.findall(r'href="([^"]*)#facts"', row)):
        opened = client.get(reverse("report_changes", args=["buyers"]) + cause)
        assert "of paper" in opened.content.decode()
        assert opened.context["changed"].count == 1


@pytest.mark.parametrize("role", [Role.MARKETING, Role.SALES])
def test_models_are_compared_where_one_could_be_learnt_at_one_of_the_moments_only(
    role: Role, store: DuckDBEngine
) -> None:
    """Of 35 sales ten were learned just now: Markov needs 30."""
    north, now = make_unit("North"), utc_now()
    long_ago, shelf, own = now - timedelta(days=60), Shelf(store), {"unit_id": str(north.pk)}
    for number in range(35):
        learnt = long_ago if number < 25 else now - timedelta(minutes=5)
        shelf.person(f"p{number}", f"v{number}", learnt=long_ago)
        shelf.touch(f"t{number}", f"visitor:v{number}", long_ago - timedelta(days=3), learnt=long_ago, **own)
        shelf.won(f"o{number}", f"p{number}", long_ago, 10_00, learnt=learnt, **own)
    shelf.store()
    client, address = signed_in_as(role, north), reverse("report_changes", args=["model-comparison"])
    shown = client.get(address, {"period": "all"})
    assert shown.context["found"].before.totals.values.get("by_markov") is None
    assert shown.context["found"].after.totals.values["by_markov"] == 350_00
    opened = client.get(address, {"period": "all", "metric": "by_markov", "cause": "opportunities"})
    assert opened.context["changed"].total == 350_00
    assert opened.context["changed"].count == 35
