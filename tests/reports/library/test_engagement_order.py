"""Company engagement lists what is at stake first, on both engines."""

from loopline.reports.catalogue import REPORTS
from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day


def a_company(shelf: Shelf, name: str, touches: int, *stakes: int | None) -> None:
    """`stakes`: amounts of its open opportunities, None where there is no exchange rate."""
    shelf.fact("company_facts", name, unit_id="north", name=name.title())
    shelf.fact("person_facts", f"p-{name}", unit_id="north", canonical_id=f"p-{name}", company_id=name)
    shelf.link(f"visitor:{name}", f"p-{name}")
    for number in range(touches):
        shelf.touch(f"{name}{number}", f"visitor:{name}", day(5 + number))
    for number, amount in enumerate(stakes):
        shelf.won(f"o-{name}-{number}", "", day(9), amount, company_id=name, outcome="open", closed_at=None)


def filled(engine: Engine) -> None:
    shelf = Shelf(engine)
    a_company(shelf, "busy", 9)
    a_company(shelf, "some", 2)
    a_company(shelf, "small", 1, 10_00)
    a_company(shelf, "large", 0, 60_00, 30_00)
    a_company(shelf, "even", 3, 10_00)
    a_company(shelf, "unknown", 0, None)
    shelf.store()


def test_most_at_stake_stands_first_then_what_is_open_then_who_is_active(engine: Engine) -> None:
    filled(engine)
    result = run_report("company-engagement", Options(**MARCH), engine, BOOKS)  # type: ignore[arg-type]
    assert [row.key for row in result.rows] == ["large", "even", "small", "unknown", "busy", "some"]


def test_whoever_has_most_at_stake_is_not_among_the_others(engine: Engine) -> None:
    shelf = Shelf(engine)
    for number in range(101):
        a_company(shelf, f"busy-{number}", 2)
    a_company(shelf, "quiet", 0, 900_00)
    shelf.store()
    rows = run_report("company-engagement", Options(**MARCH), engine, BOOKS).rows  # type: ignore[arg-type]
    assert rows[0].key == "quiet"
    assert rows[-1].key == "~others"
    assert rows[-1].values["at_stake_minor"] == 0


def test_the_page_says_the_order_and_draws_what_is_at_stake_where_anything_is(engine: Engine) -> None:
    filled(engine)
    result = run_report("company-engagement", Options(**MARCH), engine, BOOKS)  # type: ignore[arg-type]
    report = REPORTS["company-engagement"]
    assert result.question.endswith("Most at stake first.")
    assert report.chart is not None
    assert report.chart(result)["title"] == "At stake, EUR"
    for row in result.rows:
        row.values["at_stake_minor"] = 0
    assert report.chart(result)["title"] == "Touchpoints"
