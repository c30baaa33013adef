"""An option that no report knows: pages answer and say so, files are refused, and what trackers add troubles nobody."""

import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.reports.address import not_understood
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf, day
from tests.make import make_unit, signed_in_as

PAGES = (
    reverse("closed_loop"), reverse("closed_loop_behind"), reverse("closed_loop_beside"), reverse("models"),
    reverse("weekly"), reverse("bottlenecks"), reverse("planner"), reverse("report", args=["paths"]),
    reverse("report_behind", args=["source-quality"]), reverse("report_windows", args=["closed-loop"]),
    reverse("report_changes", args=["closed-loop"]), reverse("dashboard", args=["marketing"]),
)  # fmt: skip


@pytest.fixture
def client(store: DuckDBEngine, db: None):
    shelf = Shelf(store)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), channel="Email")
    shelf.won("o1", "ines", day(12), 100_00)
    shelf.store()
    return signed_in_as(Role.ADMINISTRATOR, make_unit())


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_the_option_that_it_did_not_understand(client, page: str) -> None:
    words = client.get(f"{page}?period=all&modle=first_touch&metric=revenue_minor").content.decode()
    assert "“modle” is no option of reports" in words
    assert f'href="{page}?period=all&amp;metric=revenue_minor&amp;model=first_touch"' in words


@pytest.mark.parametrize("page", PAGES)
def test_what_ad_and_mail_systems_add_to_a_link_troubles_nobody(client, page: str) -> None:
    added = "utm_source=mail&utm_id=7&fbclid=x&gclid=y&_hsenc=z&mc_eid=1&mkt_tok=2"
    plain = client.get(f"{page}?period=all&metric=revenue_minor")
    shared = client.get(f"{page}?period=all&metric=revenue_minor&{added}")
    assert shared.status_code == plain.status_code
    assert "is no option of reports" not in shared.content.decode()


def test_the_figures_are_those_without_it(client) -> None:
    page = reverse("closed_loop")
    plain, mistyped = (client.get(f"{page}?period=all&by=channel{more}") for more in ("", "&modle=first_touch"))
    assert [row.values for row in mistyped.context["result"].rows] == [
        row.values for row in plain.context["result"].rows
    ]


@pytest.mark.parametrize(
    "file", [reverse("closed_loop_download", args=["csv"]), reverse("report_download", args=["paths", "csv"])]
)
def test_a_file_has_no_room_for_a_notice_and_is_refused(client, file: str) -> None:
    answer = client.get(f"{file}?period=all&modle=first_touch")
    assert answer.status_code == 400
    assert "“modle” is no option of reports. Did you mean “model”?" in answer.content.decode()
    assert client.get(f"{file}?period=all&model=first_touch&utm_source=mail").status_code == 200


def test_names_are_shown_as_text_and_not_at_any_length(client) -> None:
    words = client.get(reverse("closed_loop"), {"<b>" + "x" * 500: "1", "": "2", **dict.fromkeys("abcdefgh", "3")})
    text = words.content.decode()
    assert "“&lt;b&gt;" + "x" * 36 + "…” is no option of reports" in text
    assert text.count("is no option of reports") == 5
    assert ">Take it out</a>" in text


def test_what_was_perhaps_meant_is_found() -> None:
    said = dict.fromkeys(("Model", "lookback_days", "half-life", "zzz", "from", "row", "utm_x"), "1")
    assert not_understood(said) == {"Model": "model", "lookback_days": "lookback", "half-life": "half_life", "zzz": ""}
