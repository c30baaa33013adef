"""Which row of a report the API opens: the one that is named, also where its name is empty."""

from datetime import timedelta
from typing import Any

import pytest

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.web.report_pages import behind_of
from tests.api.asking import Program, program_of
from tests.api.two_units import DAYS
from tests.attribution.shelf import Shelf
from tests.make import make_user, signed_in

pytestmark = pytest.mark.django_db

OF_NO_CAMPAIGN = [
    ("closed-loop", "revenue_minor", "campaign"),
    ("closed-loop", "sessions", "campaign"),
    ("pipeline-created", "opened_minor", "campaign"),
    ("source-quality", "source_leads", "campaign"),
    ("model-comparison", "by_linear", "campaign"),
    ("plan-and-actual", "actual_minor", "channel"),
]


@pytest.fixture
def asker(units: tuple[BusinessUnit, BusinessUnit], store: DuckDBEngine) -> Program:
    """North sold also to somebody who came by no campaign, and spent on no channel."""
    shelf, at, own = Shelf(store), utc_now() - timedelta(days=2), {"unit_id": str(units[0].pk)}
    shelf.person("person-walk-in", "walk-in")
    shelf.touch("walk-in", "visitor:walk-in", at, channel="Direct", **own)
    shelf.lead("lead-walk-in", "person-walk-in", at + timedelta(hours=1), **own)
    shelf.won("won-walk-in", "person-walk-in", at + timedelta(hours=2), 70_07, lead_id="lead-walk-in",
              created_at=at + timedelta(hours=1), learnt=utc_now() - timedelta(minutes=4), **own)  # fmt: skip
    shelf.cost("cost-rent", "", 5_05, at.date(), **own)
    shelf.store()
    return program_of(make_user(Role.MARKETING, unit=units[0]))


@pytest.mark.parametrize(("key", "metric", "by"), OF_NO_CAMPAIGN)
def test_a_row_without_a_name_is_not_the_total(key: str, metric: str, by: str, asker: Program) -> None:
    report = asker.told(f"reports/{key}", by=by, **DAYS)
    [figure] = [row[metric] for row in report["rows"] if row["key"] == ""]
    unnamed = asker.told(f"reports/{key}/behind", metric=metric, row="", by=by, **DAYS)
    assert (unnamed["row"], unnamed["total"]) == ("", figure)
    total = asker.told(f"reports/{key}/behind", metric=metric, by=by, **DAYS)
    assert (total["row"], total["total"]) == ("~total", report["totals"][metric])
    assert figure != total["total"]


def test_a_row_that_there_is_not_is_refused_by_api_and_page(asker: Program, units: tuple[BusinessUnit, ...]) -> None:
    browser = signed_in(make_user(Role.MARKETING, unit=units[0]))
    for key, metric, by in OF_NO_CAMPAIGN:
        asked = {"metric": metric, "row": "zzz", "by": by}
        assert asker.refusal(f"reports/{key}/behind", **asked, **DAYS) == (422, "option_not_usable", "row"), key
        page: Any = browser.get(behind_of(key), asked | DAYS)
        assert (page.status_code, "There is no row “zzz”" in page.content.decode()) == (400, True), key


def test_a_campaign_of_which_nothing_is_counted_opens_with_0(asker: Program, units: tuple[BusinessUnit, ...]) -> None:
    years_ago = {"from": "2015-01-01", "to": "2015-12-31", "row": "spring", "by": "campaign"}
    told = asker.told("reports/closed-loop/behind", metric="revenue_minor", **years_ago)
    assert (told["total"], told["count"]) == (0, 0)
    browser = signed_in(make_user(Role.MARKETING, unit=units[0]))
    assert browser.get(behind_of("closed-loop"), {"metric": "revenue_minor", **years_ago}).status_code == 200
