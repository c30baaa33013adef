"""The pages of Count: anonymous, wrong role, allowed; units; downloads; errors that are told."""

import csv
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import BusinessUnit, Organisation
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.reports.charts import bundle as chart_bundle
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web import internal
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user

pytestmark = pytest.mark.django_db

PAGES = ["closed_loop", "closed_loop_behind", "models"]


@pytest.fixture
def units(store: DuckDBEngine) -> tuple[BusinessUnit, BusinessUnit]:
    """North sold for 1,000.10 through spring, south for 77,777.77 through its own campaign, both this month."""
    north, south = make_unit("North"), make_unit("South")
    now = utc_now() - timedelta(minutes=5)
    shelf = Shelf(store)
    for unit, campaign, amount in ((north, "spring", 1_000_10), (south, "hush", 77_777_77)):
        shelf.campaign(campaign, campaign, unit=str(unit.pk))
        person = f"person-{campaign}"
        shelf.person(person, campaign)
        shelf.touch(
            campaign, f"visitor:{campaign}", now - timedelta(minutes=9), unit_id=str(unit.pk), utm_campaign=campaign
        )
        shelf.won(f"won-{campaign}", person, now, amount, unit_id=str(unit.pk))
        shelf.cost(f"cost-{campaign}", campaign, amount // 2, now.date(), unit_id=str(unit.pk))
    shelf.store()
    return north, south


def client_of(role: Role, unit: BusinessUnit) -> Client:
    client = Client()
    client.force_login(make_user(role, unit=unit))
    return client


@pytest.mark.parametrize("name", PAGES)
def test_anonymous_people_sign_in_first(name: str) -> None:
    make_user()
    assert Client().get(reverse(name)).headers["Location"].startswith("/account/login/")


def test_on_paper_stands_whose_figures_they_are(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    """Who sees one unit only has no choice of units."""
    user = make_user(Role.MARKETING, unit=units[0])
    client = Client()
    client.force_login(user)
    on_paper = '<span class="chip only-print">Unit <b>North</b></span>'
    for address in (reverse("closed_loop"), reverse("report", args=["funnel"]), reverse("dashboard", args=["sales"])):
        assert on_paper in client.get(address).content.decode(), address
    user.units.add(units[1])
    assert '<span class="only-print">: North, South</span>' in client.get(reverse("closed_loop")).content.decode()
    everybody = client_of(Role.ADMINISTRATOR, units[0]).get(reverse("closed_loop")).content.decode()
    assert "North, South" not in everybody


def test_on_paper_stands_one_moment_and_it_is_that_of_the_figures(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine
) -> None:
    client, horizon = client_of(Role.MARKETING, units[0]), store.horizon()
    chip = '<details class="chip no-print">\n    <summary>As of <b>now</b></summary>'
    for address in (reverse("closed_loop"), reverse("report", args=["funnel"]), reverse("models"), reverse("weekly")):
        text = client.get(address).content.decode()
        assert chip in text, address
        assert "as of <time" in text, address
    windows = reverse("report_windows", args=["closed-loop"])
    for address in (windows, reverse("closed_loop_beside"), reverse("dashboard", args=["sales"])):
        answer = client.get(address)
        assert answer.context["figures_as_of"] == horizon, address
        assert chip not in answer.content.decode(), address


def test_anonymous_people_download_nothing() -> None:
    make_user()
    answer = Client().get(reverse("closed_loop_download", args=["csv"]))
    assert answer.headers["Location"].startswith("/account/login/")


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", list(Role))
def test_every_role_opens_the_pages_and_sees_its_own_unit_only(
    name: str, role: Role, units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    answer = client_of(role, units[0]).get(reverse(name))
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "1,000" in text
    assert ("77,777" in text or "78,778" in text) == (role is Role.ADMINISTRATOR)
    assert ("Hush" in text) == (role is Role.ADMINISTRATOR and name != "closed_loop_behind")


def test_a_unit_one_may_not_see_is_refused_in_words(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    answer = client_of(Role.MARKETING, units[0]).get(reverse("closed_loop"), {"unit": str(units[1].pk)})
    assert answer.status_code == 400
    assert "no such business unit" in answer.content.decode()


@pytest.mark.parametrize(
    "query",
    [{"model": "x"}, {"clock": "x"}, {"by": "x"}, {"period": "x"}, {"from": "x"}, {"as_of": "x"}, {"lookback": "x"}],
)
@pytest.mark.parametrize("name", PAGES)
def test_an_address_that_means_nothing_says_what_to_choose(
    name: str, query: dict[str, str], units: tuple[BusinessUnit, BusinessUnit]
) -> None:
    answer = client_of(Role.MARKETING, units[0]).get(reverse(name), query)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()


def test_the_page_shows_figures_balance_and_charts(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    text = client_of(Role.MARKETING, units[0]).get(reverse("closed_loop"), {"period": "this_month"}).content.decode()
    assert "Balanced" in text
    assert "€1,000.10 credited + €0.00 unattributed = €1,000.10 won" in text
    assert "charts-" in text
    assert "row=spring&amp;metric=revenue_minor" in text


def test_without_data_the_page_says_what_will_be_here(store: DuckDBEngine) -> None:
    text = client_of(Role.MARKETING, make_unit()).get(reverse("closed_loop")).content.decode()
    assert "Nothing happened in this period" in text
    assert "€0" not in text


def test_a_store_that_does_not_answer_is_told_and_never_a_zero() -> None:
    use_engine(None)
    answer = client_of(Role.MARKETING, make_unit()).get(reverse("closed_loop"))
    assert answer.status_code == 503
    assert "€0" not in answer.content.decode()


def test_a_period_the_books_do_not_reach_is_not_compared_with(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    text = client_of(Role.MARKETING, units[0]).get(reverse("closed_loop"), {"compare": "before"}).content.decode()
    assert "Nothing to compare with" in text


def test_the_downloads_hold_the_figures_of_the_page(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = client_of(Role.MARKETING, units[0])
    sheet = client.get(reverse("closed_loop_download", args=["csv"]))
    assert sheet.headers["Content-Disposition"].startswith('attachment; filename="closed-loop-by-campaign-')
    assert "1000.10" in sheet.content.decode()
    assert "Hush" not in sheet.content.decode()
    told = json.loads(client.get(reverse("closed_loop_download", args=["json"])).content)
    assert told["balance"]["holds"] is True
    assert told["totals"]["revenue_minor"] == 1_000_10
    assert client.get(reverse("closed_loop_download", args=["csv"]), {"by": "x"}).status_code == 400


@pytest.mark.parametrize(("role", "is_said"), [(Role.FINANCE, True), (Role.MARKETING, False)])
def test_who_sees_sums_and_no_names_is_told_why(
    units: tuple[BusinessUnit, BusinessUnit], role: Role, is_said: bool
) -> None:
    client = client_of(role, units[0])
    about_people = client.get(reverse("closed_loop_behind"), {"metric": "people"}).content.decode()
    assert "A known person" in about_people
    assert ("You see sums, not names" in about_people) == is_said
    about_money = client.get(reverse("closed_loop_behind"), {"metric": "cost_minor"}).content.decode()
    assert "not names" not in about_money


def test_a_cost_that_is_not_known_is_not_called_complete(
    units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine
) -> None:
    shelf, now = Shelf(store), utc_now() - timedelta(hours=2)
    shelf.touch("direct", "visitor:direct", now, unit_id=str(units[0].pk), channel="Direct")
    shelf.store()
    sheet = client_of(Role.FINANCE, units[0]).get(reverse("closed_loop_download", args=["csv"]), {"by": "channel"})
    head, *lines = csv.reader(sheet.content.decode("utf-8-sig").splitlines())
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert {row["Channel"]: (row["Cost (EUR)"], row["Cost is"]) for row in rows} == {
        "Direct": ("", "unknown"), "Email": ("500.05", "complete"), "No channel": ("", "unknown"),
        "Unattributed": ("", "unknown"), "Total": ("500.05", "complete"),
    }  # fmt: skip


def test_a_ratio_opens_into_its_parts(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = client_of(Role.MARKETING, units[0])
    answer = client.get(reverse("closed_loop_behind"), {"metric": "romi", "row": "~total"})
    assert "metric=revenue_minor" in answer.content.decode()
    assert "metric=cost_minor" in answer.content.decode()
    totals = client.get(reverse("closed_loop")).context["result"].totals.values
    told = {metric.key: value for metric, value in answer.context["parts"]}
    assert told == {key: totals[key] for key in ("romi", "revenue_minor", "cost_minor")}


def test_the_program_for_charts_is_kept_for_ever_under_its_version(
    store: DuckDBEngine, tmp_path: Path, settings
) -> None:
    path = settings.CONFIG.data / "cache" / f"charts-{chart_bundle.version()}.js.gz"
    answer = Client().get(reverse("chart_bundle", args=[chart_bundle.version()]), HTTP_ACCEPT_ENCODING="gzip")
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    assert path.exists()
    plain = Client().get(reverse("chart_bundle", args=["old"]))
    assert b"vegaEmbed" in plain.content
    assert "immutable" not in plain.headers["Cache-Control"]


def test_commands_get_the_report_with_their_token_only(
    units: tuple[BusinessUnit, BusinessUnit], tmp_path: Path
) -> None:
    Organisation.current()
    assert Client().get(reverse("internal_report"), {"key": "closed-loop"}).status_code == 404
    internal.announce(tmp_path / "server.json", "http://127.0.0.1:1")
    token = json.loads((tmp_path / "server.json").read_text())["token"]
    client = Client(headers={"Authorization": f"Bearer {token}"})
    told = client.get(reverse("internal_report"), {"key": "closed-loop", "by": "channel"}).json()
    assert told["totals"]["revenue_minor"] == 1_000_10 + 77_777_77
    refused = client.get(reverse("internal_report"), {"key": "open-loop"})
    assert refused.status_code == 400
    assert "closed-loop" in refused.json()["error"]


def test_what_counts_is_in_the_address_and_said_on_the_page(units: tuple[BusinessUnit, BusinessUnit]) -> None:
    client = client_of(Role.MARKETING, units[0])
    said = {"kinds": ["call", "entry"], "direct": "ignore", "humans": "all", "people": "company", "conversion": "won"}
    text = client.get(reverse("closed_loop"), {**said, "period": "all"}).content.decode()
    assert "visits, calls, without Direct, with machines" in text
    assert "kinds=call%2Centry" in text
    assert "opportunities won" in text
    assert "Leads</th>" not in text
    assert client.get(reverse("closed_loop"), {"people": "friends"}).status_code == 400
    told = client.get(reverse("closed_loop_download", args=["json"]), {**said, "period": "all"}).json()
    assert told["touch_kinds"] == ["call", "entry"]
    assert told["balance"]["counted"]["conversion"] == "won"


def test_models_are_compared_as_asked_with_windows_and_a_refusal_in_words(
    units: tuple[BusinessUnit, BusinessUnit],
) -> None:
    client = client_of(Role.MARKETING, units[0])
    text = client.get(
        reverse("models"), {"show": ["linear", "influenced", "markov"], "windows": "yes"}
    ).content.decode()
    assert "by lookback window" in text
    assert "needs 30" in text
    refused = client.get(reverse("models"), {"learnt": "markov", "show": "linear"})
    assert refused.status_code == 200
    assert "needs 30" in refused.content.decode()
    assert "Models side by side" in refused.content.decode()
    assert client.get(reverse("models"), {"conversion": "wish"}).status_code == 400
    assert client.get(reverse("closed_loop"), {"model": "markov"}).status_code == 400
    assert client.get(reverse("closed_loop"), {"order": "9"}).status_code == 400
