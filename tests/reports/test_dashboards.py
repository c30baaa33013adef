"""Dashboards and the wall screen: whose they are, that they show reports, and that one failure stays alone."""

import re
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit, Organisation
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reports import recent
from loopline.reports.catalogue import REPORTS
from loopline.reports.options import OptionError
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web import dashboards
from tests.attribution.shelf import BOOKS, Shelf, day
from tests.attribution.test_markov import forty_sales
from tests.make import make_unit, make_user, signed_in_as

pytestmark = pytest.mark.django_db
EVERY = [tile for one in dashboards.DASHBOARDS.values() for tile in one.tiles] + [
    tile for _, tiles in dashboards.WALL for tile in tiles
]


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    north, south = make_unit("North"), make_unit("South")
    shelf, now = Shelf(store), utc_now() - timedelta(minutes=5)
    for unit, key, amount in ((north, "open<b>", 1_000_10), (south, "hush", 77_777_77)):
        shelf.fact("company_facts", key, unit_id=str(unit.pk), name=key, industry=key)
        shelf.lead(f"lead-{key}", key, now - timedelta(hours=2), unit_id=str(unit.pk), handed_over_at=now)
        shelf.won(f"won-{key}", key, now, amount, unit_id=str(unit.pk), company_id=key, lead_id=f"lead-{key}")
    shelf.store()
    return north, south


@pytest.mark.parametrize("tile", EVERY, ids=lambda tile: f"{tile.report}: {tile.title}")
def test_a_tile_shows_what_its_report_has(tile: dashboards.Tile) -> None:
    report = REPORTS[tile.report]
    known = {metric.key for metric in report.metrics}
    assert {*tile.figures, *tile.columns} <= known
    assert not tile.has_chart or report.chart
    assert "by" not in tile.options or tile.options["by"] in (report.by or {})


@pytest.mark.parametrize("name", ["dashboards", "wall", "dashboard"])
def test_anonymous_people_sign_in_first(name: str) -> None:
    make_user()
    address = reverse(name, args=["sales"] if name == "dashboard" else [])
    assert Client().get(address).headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize("role", list(Role))
def test_everybody_begins_with_the_one_of_their_role_and_sees_their_units(
    role: Role, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    client = signed_in_as(role, units[0])
    answer = client.get(reverse("dashboards"), follow=True)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert ("hush" in text or "77,77" in text or "78,778" in text) <= (role is Role.ADMINISTRATOR)
    assert "1,000" in text or role is Role.ADMINISTRATOR


@pytest.mark.parametrize("key", list(dashboards.DASHBOARDS))
def test_every_dashboard_shows_figures_that_were_proven_and_no_markup_of_others(
    key: str, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    text = signed_in_as(Role.MARKETING, units[0]).get(reverse("dashboard", args=[key])).content.decode()
    assert "balanced" in text or "adds up" in text
    assert "does not" not in text
    assert "open<b>" not in text.split('id="chart-data"')[0]


def test_the_wall_shows_the_stations_of_the_loop(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    text = signed_in_as(Role.SALES, units[0]).get(reverse("wall")).content.decode()
    assert all(f"<h2>{name}</h2>" in text for name in ("Arrive", "Hand over", "Win", "Count", "Learn"))
    assert "€1,000" in text
    assert "77,777" not in text
    assert "North · " in text, "whose figures they are"
    everybody = signed_in_as(Role.ADMINISTRATOR, units[0]).get(reverse("wall")).content.decode()
    assert f"{Organisation.current().name} · " in everybody
    assert "North · " not in everybody


def test_a_tile_that_fails_says_why_and_leaves_the_others_alone(
    units: tuple[BusinessUnit, BusinessUnit], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dashboards.run_with_before

    def broken(key: str, *asked: object) -> object:
        if key == "buyers":
            raise OptionError("Not today.", "period")
        return run(key, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(dashboards, "run_with_before", broken)
    text = signed_in_as(Role.SALES, units[0]).get(reverse("dashboard", args=["sales"])).content.decode()
    assert "Not today." in text
    assert "adds up" in text


def test_a_store_that_does_not_answer_is_told_on_every_tile_and_never_a_zero() -> None:
    use_engine(None)
    answer = signed_in_as(Role.SALES, make_unit()).get(reverse("dashboard", args=["sales"]))
    assert "€0" not in answer.content.decode()


def test_what_does_not_exist_is_said_so(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = signed_in_as(Role.SALES, units[0])
    assert client.get(reverse("dashboard", args=["weather"])).status_code == 404
    assert client.get(reverse("dashboard", args=["sales"]), {"period": "x"}).status_code == 400
    assert client.get(reverse("dashboard", args=["sales"]), {"unit": str(units[1].pk)}).status_code == 400


def test_a_period_before_with_too_little_to_learn_from_takes_no_tile_away(store: DuckDBEngine) -> None:
    """Forty sales in March and none in February: Markov answers for March and has nothing to compare with."""
    shelf = Shelf(store)
    shelf.lead("early", "early", day(-50))
    shelf.store()
    forty_sales(store)
    march = {"period": "custom", "from": "2024-03-01", "to": "2024-03-31", "model": "markov"}
    [tile] = dashboards.shown([dashboards.DASHBOARDS["marketing"].tiles[0]], march, BOOKS, date(2024, 4, 2))
    assert tile.trouble == ""
    assert {figure.change for figure in tile.figures} == {""}


def test_all_tiles_are_as_of_one_moment_that_is_taken_again_where_answering_takes_long(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here everything takes long; what was learned meanwhile is shown to who asks for it, and after an erasure."""
    monkeypatch.setattr(recent, "LONG_S", 0.0)
    monkeypatch.setattr(recent, "TIMES", 10_000)
    client, address = signed_in_as(Role.SALES, units[0]), reverse("dashboard", args=["sales"])
    first = client.get(address).content.decode()
    assert "Ask again" not in first
    shelf = Shelf(store)
    shelf.lead("later", "later", utc_now(), unit_id=str(units[0].pk), handed_over_at=utc_now())
    shelf.store()
    again = client.get(address)
    assert {tile.result.as_of for tile in again.context["tiles"]} == {again.context["moment"].at}
    assert again.context["moment"].at < store.horizon()
    assert "Ask again as of now" in again.content.decode()
    asked = client.get(address, {"moment": "now"})
    assert asked.context["moment"].at == store.horizon()
    assert "Ask again" not in asked.content.decode()
    shelf.lead("latest", "latest", utc_now(), unit_id=str(units[0].pk), handed_over_at=utc_now())
    shelf.store()
    store.erase("person_facts", "id", ["nobody"])
    assert client.get(address).context["moment"].at == store.horizon()


def test_a_dashboard_as_of_a_moment_says_which(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client, address = signed_in_as(Role.SALES, units[0]), reverse("dashboard", args=["sales"])
    answer = client.get(address, {"as_of": (utc_now() - timedelta(seconds=30)).isoformat()})
    assert answer.status_code == 200
    assert re.search(r"As of <b><time[^>]*>(today|yesterday) ", answer.content.decode())


def test_what_is_answered_quickly_is_as_of_now(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that stands still, which makes every machine a quick one."""
    monkeypatch.setattr(recent, "time", SimpleNamespace(monotonic=lambda: 1.0))
    client, address = signed_in_as(Role.SALES, units[0]), reverse("dashboard", args=["sales"])
    client.get(address)
    shelf = Shelf(store)
    shelf.lead("later", "later", utc_now(), unit_id=str(units[0].pk), handed_over_at=utc_now())
    shelf.store()
    assert client.get(address).context["moment"].at == store.horizon()
