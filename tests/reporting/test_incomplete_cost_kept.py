"""The page of the closed loop and its frozen runs mark what is unknown of the cost."""

from datetime import timedelta

import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.lib.times import utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("by", ["channel", "content"])
def test_the_page_and_a_frozen_run_mark_the_cost_of_the_total(store: DuckDBEngine, by: str) -> None:
    unit, now = make_unit(), utc_now() - timedelta(minutes=9)
    shelf = Shelf(store)
    shelf.campaign("spring", "spring", unit=str(unit.pk), learnt=now)
    shelf.touch("e1", "visitor:v1", now, unit_id=str(unit.pk), utm_campaign="spring", channel="Email", learnt=now)
    shelf.cost("c1", "", 90_00, now.date(), unit_id=str(unit.pk), learnt=now)
    shelf.store()
    client, why = signed_in(make_user(Role.FINANCE)), "cost incomplete: 1 campaign without a cost line in this period"
    page = client.get(reverse("closed_loop") + f"?by={by}").content.decode()
    frozen = client.post(reverse("report_freeze", args=["closed-loop"]) + f"?by={by}", follow=True).content.decode()
    for text in (page, frozen):
        figures, _, rest = text.partition('<dl class="figures')[2].partition("</dl>")
        assert f'title="{why}"' in figures, "cost and ROMI at the top"
        assert f'title="{why}"' in rest.partition("<tfoot>")[2]
        assert figures.count(f'title="{why}"') == 2, "both of them"
        assert "1 campaign has no cost line in this period: the cost is unknown, not 0." in text
