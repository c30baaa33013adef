"""Cost of which something is unknown is marked wherever figures that rest on it are shown, in the same words."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reporting.letter import letter_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.files.export import exported
from loopline.reports.files.write import table_lines
from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day
from tests.make import make_unit, signed_in_as
from tests.reports.test_incomplete_cost import BOTH, ONE_CAMPAIGN, ONE_LINE, a_mail_an_ad_and_one_abroad

pytestmark = pytest.mark.django_db
TOLD = f"{ONE_CAMPAIGN.capitalize()}."
MARK = f'<span class="mark" title="{ONE_CAMPAIGN}">'


def running(store: DuckDBEngine, *, is_booked: bool) -> Client:
    """Somebody of the North; people came by the news of today, which cost nothing that is known unless `is_booked`."""
    unit: BusinessUnit = make_unit("North")
    shelf, now, key = Shelf(store), utc_now() - timedelta(minutes=5), str(unit.pk)
    for campaign in ("spring", "news"):
        shelf.campaign(campaign, campaign, unit=key)
        shelf.touch(f"e-{campaign}", f"visitor:{campaign}", now, unit_id=key, utm_campaign=campaign, channel="Email")
        if campaign == "spring" or is_booked:
            shelf.cost(campaign, campaign, 40_00, now.date(), unit_id=key)
    shelf.cost("plan", "spring", 80_00, now.date(), unit_id=key, cost_kind="planned")
    shelf.lead("l1", "ines", now, unit_id=key)
    shelf.store()
    return signed_in_as(Role.ADMINISTRATOR, unit)


def only_unit() -> str:
    return str(BusinessUnit.objects.get(name="North").pk)


@pytest.mark.parametrize(
    ("key", "marked"),
    [
        ("marketing", {"The loop": 2, "Campaigns": 1}),
        ("management", {"The loop": 2, "What one buyer costs at each stage": 1}),
        ("finance", {"Plan and actual": 3, "IT cost": 1}),
    ],
)
def test_every_tile_marks_what_rests_on_cost_and_one_says_why(
    store: DuckDBEngine, key: str, marked: dict[str, int]
) -> None:
    page = running(store, is_booked=False).get(reverse("dashboard", args=[key])).content.decode()
    tiles = {one.split("</a></h2>")[0].split(">")[-1]: one for one in page.split('<header class="panel-head">')[1:]}
    assert {name: tiles[name].count('<span class="mark"') for name in marked} == marked
    assert page.count(TOLD) == 1


@pytest.mark.parametrize("is_booked", [True, False])
@pytest.mark.parametrize("key", ["marketing", "management", "finance"])
def test_a_tile_tells_a_line_without_a_rate_once_with_what_to_do(
    key: str, is_booked: bool, store: DuckDBEngine
) -> None:
    """The sentence that says how much it is leads to it; the other one keeps what else is unknown. Marks say all."""
    client = running(store, is_booked=is_booked)
    shelf = Shelf(store)
    for number in range(2):
        shelf.cost(f"abroad-{number}", "spring", None, utc_now().date(), unit_id=only_unit(), currency="CHF")
    shelf.store()
    page = client.get(reverse("dashboard", args=[key])).content.decode()
    tiles = ["".join(re.findall(r'<ul class="mind is-in-tile">(.*?)</ul>', one, re.S)) for one in
             page.split('<header class="panel-head">')[1:]]  # fmt: skip
    assert max(one.count("exchange rate") for one in tiles) == 1
    assert sum("2 cost lines have no exchange rate" in one for one in tiles) == 1
    assert sum(TOLD in one for one in tiles) == (not is_booked)
    assert 'title="cost incomplete: 2 cost lines without an exchange rate' in page
    wall = client.get(reverse("wall")).content.decode()
    notes = re.findall(r'<p class="wall-mind small">(.*?)</p>', wall, re.S)
    assert sum("exchange rate" in one for one in notes) == 1
    assert any(f"This month, {ONE_CAMPAIGN}" in one for one in notes) == (not is_booked)


@pytest.mark.parametrize("key", ["marketing", "sales", "management", "finance"])
def test_where_all_is_booked_nothing_is_marked(store: DuckDBEngine, key: str) -> None:
    page = running(store, is_booked=True).get(reverse("dashboard", args=[key])).content.decode()
    assert "cost incomplete" not in page.lower()


def test_the_wall_and_today_say_it_too(store: DuckDBEngine) -> None:
    client = running(store, is_booked=False)
    wall = client.get(reverse("wall")).content.decode()
    assert wall.count(MARK) == 2
    assert wall.count(f"This month, {ONE_CAMPAIGN}") == 1
    today = client.get(reverse("today_figures"), headers={"HX-Request": "true"}).content.decode()
    assert today.count(MARK) == 2
    assert TOLD in today


def test_the_pages_of_the_reports_behind_the_tiles_say_it(store: DuckDBEngine) -> None:
    client = running(store, is_booked=False)
    for key, marks in (("cost-per-stage", 2), ("it-costs", 2), ("plan-and-actual", 6)):
        page = client.get(reverse("report", args=[key]), {"period": "last_90_days", "by": ""}).content.decode()
        assert page.count(MARK) == marks, key


def test_reports_of_cost_say_what_the_closed_loop_says_of_it(engine: Engine) -> None:
    shelf = a_mail_an_ad_and_one_abroad(engine)
    shelf.lead("l1", "ines", day(2))
    shelf.cost("c9", "spring", None, MARCH["first"], currency="CHF")
    shelf.cost("plan", "autumn", 80_00, MARCH["first"], cost_kind="planned")
    shelf.store()
    both = BOTH.replace("1 cost line", "2 cost lines")

    def notes(key: str, **options: str) -> dict[str, str]:
        result = run_report(key, Options(**MARCH, **options), engine, BOOKS)
        return {row.key: row.cost_note for row in [*result.rows, result.totals] if row.cost_note}

    assert set(notes("cost-per-stage").values()) == {both}
    assert notes("it-costs") == {"north": BOTH, "south": ONE_LINE, "~total": both}
    assert notes("plan-and-actual", by="campaign") == {
        "spring": ONE_LINE,
        "abroad": ONE_LINE,
        "~total": both,
        "autumn": "cost incomplete: nothing booked in this period",
    }
    assert notes("plan-and-actual", by="unit") == {"north": BOTH, "south": ONE_LINE, "~total": both}
    assert notes("plan-and-actual", by="category") == {"media": ONE_LINE.replace("1 cost line", "2 cost lines"),
                                                       "~total": both}  # fmt: skip


def test_files_the_command_line_the_api_and_mails_say_it(store: DuckDBEngine) -> None:
    a_mail_an_ad_and_one_abroad(store, has_rate=True)
    for key, by in (("it-costs", ""), ("plan-and-actual", "unit"), ("closed-loop", "channel")):
        result = run_report(key, Options(**MARCH, by=by), store, BOOKS)
        told = result.to_json()
        [*_, total] = csv.reader(io.StringIO(exported(told, "csv").decode("utf-8-sig")))
        assert total[-1] == ONE_CAMPAIGN, key
        assert f"* Total: {ONE_CAMPAIGN}" in table_lines(told), key
        assert told["totals"]["cost_incomplete"] == ONE_CAMPAIGN  # type: ignore[index]
        html = letter_of("Costs", result, REPORTS[key], "http://localhost/", lambda _form: b"").html
        assert "Total *</td>" in html, key
        assert f"* Total: {ONE_CAMPAIGN}<br>" in html, key
