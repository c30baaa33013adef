"""Figures that a page shows of a report lead to what is behind them, and what opens is the same figure.

Dashboards, the wall and Today, the sources of the bottlenecks, what stands beside the closed loop, what changed.
"""

import html
import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.roles import Role
from loopline.attribution.heard import CATEGORIES
from loopline.lib.times import utc_now
from loopline.reporting.models import FrozenRun
from loopline.reports import recent
from loopline.reports.catalogue import REPORTS
from loopline.reports.dimension import TOTAL
from loopline.reports.metric import Number
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.dashboards import DASHBOARDS, Shown
from loopline.web.report_pages import Opening
from tests.attribution.shelf import LEARNT, Shelf, day
from tests.make import make_unit, make_user, signed_in
from tests.reports.test_budget_planner import MONDAY
from tests.reports.test_every_figure_opens import company

pytestmark = pytest.mark.django_db
DAYS = {"period": "custom", "from": MONDAY.isoformat(), "to": "2024-05-31", "as_of": LEARNT.isoformat()}
Told = tuple[str, str, Number]
"""Row, metric, what the page says."""


@pytest.fixture
def client(store: DuckDBEngine) -> Client:
    make_unit()
    company(store)
    return signed_in(make_user(Role.FINANCE))


def sources_of_leads(store: DuckDBEngine) -> None:
    """Forty leads of two channels and of nothing at all, each third an opportunity, some of them decided."""
    shelf = Shelf(store)
    shelf.campaign("fair", "fair")
    for number in range(40):
        person, lead, at = f"p{number}", str(uuid4()), day(number / 2 - 60)
        shelf.person(person, f"v{number}")
        if number % 5:
            shelf.touch(f"t{number}", f"visitor:v{number}", at - timedelta(days=3 + number % 9),
                        channel="Email" if number % 2 else "Paid Search", utm_campaign="fair")  # fmt: skip
        shelf.lead(lead, person, at)
        if number % 3 == 0:
            outcome = "won" if number % 2 else "lost"
            shelf.won(str(uuid4()), person, at + timedelta(days=9), 100_01, lead_id=lead, outcome=outcome,
                      stage="proposal")  # fmt: skip
    shelf.store()


def links(answer: Any) -> set[str]:
    return {html.unescape(one) for one in re.findall(r'href="([^"]*/behind/[^"]*)"', answer.content.decode())}


def follow(client: Client, address: str) -> Number:
    """The figure of the page of what is behind it."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    if "found" in answer.context:
        found, parts = answer.context["found"], answer.context["parts"]
        return parts[0][1] if parts else found.total  # type: ignore[no-any-return]
    return answer.context["figure"]  # type: ignore[no-any-return]


def hold(client: Client, answer: Any, opening: Opening | None, told: Iterable[Told]) -> int:
    """Whether each figure that opens is a link of the page to the same figure; how many there were."""
    there, followed = links(answer), 0
    assert opening
    for row, metric, value in told:
        address = opening.of(row, metric) if value is not None else ""
        if address:
            assert address in there, (row, metric)
            assert (follow(client, address) or 0) == pytest.approx(value, abs=1e-4), (row, metric)
            followed += 1
    return followed


def of_tile(one: Shown) -> list[Told]:
    assert not one.trouble, one.trouble
    if one.figures:
        return [(TOTAL, figure.metric.key, figure.value) for figure in one.figures]
    if one.chart:
        return []
    return [(row.key, metric.key, row.values[metric.key]) for row in one.rows[:2] for metric in one.columns]


@pytest.mark.parametrize("key", list(DASHBOARDS))
def test_every_figure_of_a_dashboard_opens(key: str, client: Client) -> None:
    answer = client.get(reverse("dashboard", args=[key]), DAYS)
    counts = [hold(client, answer, one.opening, of_tile(one)) for one in answer.context["tiles"]]
    assert sum(counts) > 8
    assert all(count or one.chart for count, one in zip(counts, answer.context["tiles"], strict=True))


def test_a_tile_of_a_moment_ago_opens_as_of_that_moment(
    client: Client, store: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "LONG_S", 0.0)
    monkeypatch.setattr(recent, "TIMES", 10_000)
    address, said = reverse("dashboard", args=["marketing"]), {name: DAYS[name] for name in ("period", "from", "to")}
    client.get(address, said)
    shelf = Shelf(store)
    shelf.won("later", "p1-1", day(20), 9_999_00, learnt=utc_now())
    shelf.store()
    answer = client.get(address, said)
    assert not answer.context["moment"].is_now
    loop = answer.context["tiles"][0]
    assert hold(client, answer, loop.opening, of_tile(loop)) == 6


def test_the_figures_of_the_wall_open(client: Client) -> None:
    answer = client.get(reverse("wall"))
    for _, tiles in answer.context["stations"]:
        for one in tiles:
            hold(client, answer, one.opening, of_tile(one))
    assert len(links(answer)) > 5


def test_the_figures_of_today_open(client: Client, store: DuckDBEngine) -> None:
    shelf = Shelf(store)
    shelf.won("lately", "p1-1", utc_now(), 99_00)
    shelf.store()
    answer = client.get(reverse("today_figures"), headers={"HX-Request": "true"})
    told = [(TOTAL, one.metric.key, one.value) for one in answer.context["figures"]]
    assert hold(client, answer, answer.context["opening"], told) >= 4


@pytest.mark.parametrize("said", [{}, {"by": "campaign", "lookback": "7"}, {"people": "company"}])
def test_the_sources_and_the_win_rate_of_the_bottlenecks_open(said: dict[str, str], store: DuckDBEngine) -> None:
    make_unit()
    sources_of_leads(store)
    client = signed_in(make_user(Role.FINANCE))
    answer = client.get(reverse("bottlenecks"), DAYS | said)
    sources = answer.context["quality"].sources
    told: list[Told] = []
    for one in sources:
        told += [(one.key, "source_leads", one.leads), (one.key, "source_young", one.young),
                 (one.key, "source_rate", one.converted.percent), (one.key, "source_won", one.won.part),
                 (one.key, "source_minor", one.won_minor)]  # fmt: skip
        told += [(one.key, f"source_{name}", getattr(one, name)) for name in ("at_least", "at_most")
                 if one.converted.whole]  # fmt: skip
    assert hold(client, answer, answer.context["source_opening"], told) >= 5
    found = answer.context["found"]
    assert hold(client, answer, answer.context["win_opening"], [(TOTAL, "win_rate", found.win_rate.percent)]) == 1


@pytest.mark.parametrize(
    "said", [{}, {"by": "channel", "model": "first_touch"}, {"kinds": "form", "model": "time_decay", "half_life": "1"},
             {"conversion": "won", "lookback": "7", "people": "company"}],
)  # fmt: skip
def test_what_buyers_say_and_platforms_claim_opens(said: dict[str, str], client: Client) -> None:
    answer = client.get(reverse("closed_loop_beside"), DAYS | said)
    heard, claimed = answer.context["said"], answer.context["claimed"]
    keys = ("leads_tracked", "leads_asked", "leads_answered", "answer_rate")
    rows: list[Told] = [(row.key, key, row.values[key]) for row in (*heard.rows, heard.totals) for key in keys]
    rows += [(row.key, key, count) for row, words in answer.context["said_rows"] for key, _, count in words]
    assert hold(client, answer, answer.context["said_opening"], rows) >= 8
    claims = ("told_minor", "claimed", "claimed_minor", "leads", "won", "revenue_minor")
    assert hold(client, answer, answer.context["claimed_opening"],
                [(row.key, key, row.values[key]) for row in claimed.rows for key in claims]) >= 5  # fmt: skip
    assert any(key == "said_event" for _, key, _ in rows), CATEGORIES


@pytest.mark.parametrize("key", ["closed-loop", "buyers", "funnel", "weekly", "plan-and-actual"])
def test_before_and_now_of_what_changed_open_as_of_their_moments(key: str, client: Client, store: DuckDBEngine) -> None:
    """A period by name would be another one as of the earlier moment; so the days are named."""
    later = LEARNT + timedelta(days=9)
    shelf = Shelf(store)
    shelf.won("sale-3", "p3-0", day(3 / 4 + 15), 60_03, refunded_minor=40_00, learnt=later, lead_id="lead-3",
              outcome="won", stage="proposal", created_at=day(3 / 4 - 5), company_id="halden")  # fmt: skip
    shelf.won("sale-new", "p1-1", day(20), 99_00, learnt=later, company_id="halden")
    shelf.lead("lead-new", "p1-1", day(2), learnt=later)
    shelf.cost("cost-new", "ads", 12_34, date(2024, 3, 5), learnt=later)
    shelf.store()
    said = {"from": "2024-01-01", "to": "2024-05-31", "since": LEARNT.isoformat(), "as_of": later.isoformat()}
    answer = client.get(reverse("report_changes", args=[key]), said)
    found = answer.context["found"]
    assert found.rows
    for which, side, result in (("opening_before", "before", found.before), ("opening_now", "after", found.after)):
        told: list[Told] = [(TOTAL, one.key, result.totals.values[one.key])
                            for one in (*answer.context["columns"], *found.told) if found.after.has_total]  # fmt: skip
        told += [(row.key, found.metric.key, getattr(row, side)) for row in found.rows[:4]]
        assert hold(client, answer, answer.context[which], told) > 3


def test_a_frozen_figure_does_not_open_and_that_of_now_beside_it_does(client: Client, store: DuckDBEngine) -> None:
    client.post(f"{reverse('report_freeze', args=['buyers'])}?from=2024-01-01&to=2024-05-31")
    run = FrozenRun.objects.get()
    shelf = Shelf(store)
    shelf.won("sale-new", "p1-1", day(20), 99_00, learnt=utc_now(), company_id="halden")
    shelf.store()
    answer = client.get(reverse("report_changes", args=["buyers"]), {"frozen": str(run.pk)}, follow=True)
    found = answer.context["found"]
    assert answer.context["opening_before"] is None
    assert hold(client, answer, answer.context["opening_now"],
                [(row.key, found.metric.key, row.after) for row in found.rows]) >= 1  # fmt: skip


def test_a_figure_that_no_report_opens_stays_plain() -> None:
    opening = Opening(REPORTS["closed-loop"], {"by": "channel", "compare": "before", "nonsense": "x"})
    assert opening.of("Email", "weather") == ""
    assert opening.of("Email", "won") == "/reports/closed-loop/behind/?by=channel&row=Email&metric=won"
