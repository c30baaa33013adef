"""A report as text, as cells, and as options in words."""

from datetime import UTC, date, datetime

import pytest

from loopline.lib.sheets import safe_cell
from loopline.reports.answer import answered
from loopline.reports.asked import options_from
from loopline.reports.change.write import change_cells, change_lines
from loopline.reports.files.write import UNDEFINED, cell, table_lines, written_cells
from loopline.reports.options import Books, OptionError
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, Shelf, closed_loop, day
from tests.engines import empty_duckdb

BERLIN = Books(currency="EUR", zone="Europe/Berlin")


@pytest.fixture
def told(tmp_path) -> dict[str, object]:
    engine = empty_duckdb(tmp_path / "events.duckdb")
    shelf = Shelf(engine)
    shelf.campaign("=cmd()", "spring")
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), utm_campaign="spring")
    shelf.won("o1", "ines", day(20), 100_05)
    shelf.cost("c1", "=cmd()", 50_00, date(2024, 3, 1))
    shelf.store()
    answer = closed_loop(engine, books=BOOKS).to_json()
    engine.close()
    return answer


def test_cells_hold_major_units_empty_undefined_and_no_formula(told: dict[str, object]) -> None:
    head, row, total = written_cells(told)
    assert head[0] == "Campaign"
    cells = dict(zip(head, row, strict=True))
    assert (cells["Campaign"], cells["Revenue (EUR)"], cells["Cost (EUR)"]) == ("'=Cmd()", "100.05", "50.00")
    assert (cells["Cost per lead (EUR)"], cells["ROMI (%)"]) == ("", "100.1")
    assert total[0] == "Total"


@pytest.mark.parametrize("text", ["=1+1", "+1+1", "-1+cmd", "@sum", "\tx", "\rx", "＝1+1"])
def test_a_text_that_would_run_in_a_spreadsheet_is_only_shown(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    assert safe_cell(f"a{text}") == f"a{text}"


def test_the_table_says_what_it_is_and_that_it_balances(told: dict[str, object]) -> None:
    text = "\n".join(table_lines(told))
    assert "Closed loop by campaign, 2024-03-01 to 2024-03-31, EUR" in text
    assert "Balanced: €100.05 credited + €0.00 unattributed = €100.05 won" in text


@pytest.mark.parametrize(
    ("value", "shown"), [(777.133973, "777.13"), (2.5, "2.5"), (3.0, "3"), (5_123_456.781, "5123456.78"), (4, "4")]
)
def test_the_table_rounds_credited_counts_and_files_do_not(value: float, shown: str) -> None:
    assert cell(value, {"unit": "count"}, "EUR", UNDEFINED) == shown
    assert cell(value, {"unit": "count"}, "EUR", "") == str(value)


def test_words_become_options_in_the_organisations_zone() -> None:
    words = {"from": "2026-01-01", "to": "", "as_of": "2026-03-31", "lookback": "none", "model": "first_touch"}
    options = options_from(words, BERLIN)
    assert (options.first, options.last, options.lookback_days, options.model) == (
        date(2026, 1, 1), None, None, "first_touch",
    )  # fmt: skip
    assert options.as_of is not None
    assert options.as_of.astimezone(UTC) == datetime(2026, 3, 31, 21, 59, 59, 999999, tzinfo=UTC)


@pytest.mark.parametrize(
    "words", [{"from": "yesterday"}, {"as_of": "then"}, {"lookback": "-3"}, {"lookback": "99999"}, {"clock": "noon"}]
)
def test_words_that_mean_nothing_are_refused_with_what_to_write(words: dict[str, str]) -> None:
    with pytest.raises(OptionError):
        options_from(words, BERLIN)


@pytest.mark.parametrize("text", ["-12.50", "+4791234567", "1,234.50", "-0", "3", "", "a=b", "Halden", "—"])
def test_a_number_and_plain_text_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


def test_what_changed_is_written_line_by_line_with_the_difference_last(engine: Engine) -> None:
    shelf = Shelf(engine)
    early = datetime(2024, 4, 10, tzinfo=UTC)
    shelf.won("o1", "", day(20), 100_00, learnt=early)
    shelf.won("o1", "", day(20), 100_00, refunded_minor=40_00, reporting_minor=60_00)
    shelf.cost("c1", "", 5_00, date(2024, 3, 4))
    shelf.store()
    answer = answered(
        "closed-loop", {"from": "2024-03-01", "to": "2024-03-31", "changed_since": "2024-04-11"}, engine, BOOKS
    )
    lines = change_lines(answer)
    assert [line.split() for line in lines[3:10]] == [
        ["Facts", "Revenue", "Cost", "Leads", "Opps", "Sessions", "People", "Converted"],
        ["As", "it", "was", "€100.00", "—", "0", "1", "0", "0", "0"],
        ["Refunds", "1", "−€40.00", "€0.00", "0", "0", "0", "0", "0"],
        ["Costs", "1", "€0.00", "€5.00", "0", "0", "0", "0", "0"],
        ["As", "it", "is", "€60.00", "€5.00", "0", "1", "0", "0", "0"],
        ["-" * len(lines[8])],
        ["Difference", "−€40.00", "€5.00", "0", "0", "0", "0", "0"],
    ]  # fmt: skip
    assert [" ".join(line.split()) for line in lines[10:]] == [
        "",
        "Revenue, row by row",
        "",
        "Campaign Before Now Change Because of",
        "Unattributed €100.00 €60.00 −€40.00 Refunds −€40.00",
    ]
    assert change_cells(answer)[0][:2] == ["What arrived", "Facts"]


def test_where_rows_are_not_added_up_what_changed_is_written_row_by_row(engine: Engine) -> None:
    shelf = Shelf(engine)
    early = datetime(2024, 4, 10, tzinfo=UTC)
    shelf.won("o1", "", day(20), 100_00, learnt=early)
    shelf.won("o2", "", day(21), 50_00)
    shelf.store()
    asked = {"from": "2024-03-01", "to": "2024-03-31", "changed_since": "2024-04-11"}
    answer = answered("coverage", asked, engine, BOOKS)
    assert change_cells(answer)[0][1:] == ["Key", "Before", "Now", "Change", "by Opportunities"]
    label = {"known": "Won with an amount and an exchange rate", "known_of": "Won revenue with a known origin"}
    assert label[answer["metric"]["key"]] in {line[0] for line in change_cells(answer)[1:]}
    assert not [line for line in change_lines(answer) if line.startswith("As it was")]
