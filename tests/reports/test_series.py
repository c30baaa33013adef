"""Revenue and cost over time."""

from datetime import UTC, date, datetime

from loopline.reports.charts.specs import COST, REVENUE, by_row_chart, over_time_chart
from loopline.reports.options import Books, Options
from loopline.reports.over_time.series import over_time
from loopline.reports.result import Row
from loopline.reports.run import settle
from loopline.store.engine import Engine
from tests.attribution.shelf import Shelf


def test_each_slice_has_the_revenue_closed_and_the_cost_of_its_days(engine: Engine) -> None:
    """Half past eleven on 31 January in UTC is February in Berlin; slices that lie ahead are left out."""
    shelf = Shelf(engine)
    shelf.won("o1", "", datetime(2024, 1, 31, 23, 30, tzinfo=UTC), 500)
    shelf.won("o2", "", datetime(2024, 3, 10, tzinfo=UTC), 70)
    shelf.won("o3", "", datetime(2024, 3, 11, tzinfo=UTC), 5, unit_id="south")
    shelf.cost("c1", "", 100, date(2024, 1, 30), date(2024, 2, 1))
    shelf.store()
    books = Books(currency="EUR", zone="Europe/Berlin", units={"north": "North"}, sees_all_units=False)
    as_of = datetime(2024, 6, 10, tzinfo=UTC)
    scope = settle(Options(first=date(2024, 1, 1), last=date(2024, 12, 31), as_of=as_of), engine, books)
    points = over_time(scope, engine)
    assert [(point.period.label, point.revenue_minor, point.cost_minor) for point in points] == [
        ("Jan 2024", 0, 67), ("Feb 2024", 500, 33), ("Mar 2024", 70, 0), ("Apr 2024", 0, 0), ("May 2024", 0, 0),
        ("Jun 2024", 0, 0),
    ]  # fmt: skip


def test_a_slice_whose_cost_has_no_rate_is_unknown_and_not_zero(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.cost("known", "", 3_000, date(2024, 1, 1), date(2024, 2, 29))
    shelf.cost("unknown", "", None, date(2024, 2, 1), date(2024, 3, 31))
    shelf.store()
    books = Books(currency="EUR", zone="Europe/Berlin", units={"north": "North"}, sees_all_units=False)
    as_of = datetime(2024, 6, 10, tzinfo=UTC)
    scope = settle(Options(first=date(2024, 1, 1), last=date(2024, 12, 31), as_of=as_of), engine, books)
    points = over_time(scope, engine)[:4]
    assert [point.cost_minor for point in points] == [1_550, 1_450, None, 0]
    chart = over_time_chart(points, "EUR")
    cost = [(row["amount"], "name_at" in row) for row in chart["rows"] if row["what"] == COST]
    assert cost == [(15.5, False), (14.5, False), (None, False), (0.0, True)]
    named = [row["at"] for row in over_time_chart(points[:3], "EUR")["rows"] if "name_at" in row]
    assert named == ["Feb 2024", "Mar 2024"], "the name of the cost stands where it is known last"


def test_an_unknown_cost_has_no_bar() -> None:
    rows = [Row("a", "A", values={"revenue_minor": 500, "cost_minor": None})]
    bars = by_row_chart(rows, "EUR")["rows"]
    assert [(bar["what"], bar["value"]) for bar in bars] == [(REVENUE, 5.0), (COST, None)]
