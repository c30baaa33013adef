"""The mail of the closed loop: its chart, what was asked, and figures as the page writes them."""

from datetime import date

import pytest

from loopline.reporting.letter import letter_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day

pytestmark = pytest.mark.django_db


def test_the_closed_loop_comes_with_its_chart_its_options_and_a_minus_that_is_one(store: DuckDBEngine) -> None:
    shelf = Shelf(store)
    for key, earned, cost in (("spring", 100_00, 40_00), ("autumn", 30_00, 90_00)):
        shelf.campaign(key, key)
        shelf.person(f"buyer of {key}", f"v-{key}")
        shelf.touch(f"e-{key}", f"visitor:v-{key}", day(2), utm_campaign=key)
        shelf.won(f"sale of {key}", f"buyer of {key}", day(20), earned)
        shelf.cost(key, key, cost, date(2024, 3, 1))
    shelf.store()
    asked = Options(**MARCH, model="first_touch", lookback_days=30)
    result = run_report("closed-loop", asked, store, BOOKS)
    letter = letter_of("Board", result, REPORTS["closed-loop"], "http://localhost/reports/closed-loop/", lambda _: b"")
    picture = letter.attachments[0]
    assert (picture.type, picture.content[:4]) == ("image/png", b"\x89PNG")
    assert "Revenue and cost, EUR</p>" in letter.html
    assert "1 Mar 2024 to 31 Mar 2024" in letter.html
    assert "Model: First touch<br>" in letter.html
    assert "Window: 30 days before the conversion<br>" in letter.html
    assert "−67 %" in letter.html, "30 earned for 90"
