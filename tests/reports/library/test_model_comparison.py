"""Models beside each other as a report: each column is the model's own, all share out the same, figures open."""

import pytest

from loopline.attribution.own_model import Plan
from loopline.reports.dimension import TOTAL
from loopline.reports.files.write import written_cells
from loopline.reports.frozen import result_from
from loopline.reports.options import OptionError, Options
from loopline.reports.result import ReportResult
from loopline.reports.run import open_figure, run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, closed_loop, column, day
from tests.attribution.test_markov import forty_sales

KEY = "model-comparison"


def asked(engine: Engine, **options: object) -> ReportResult:
    return run_report(KEY, Options(**{**MARCH, "by": "channel", **options}), engine, BOOKS)  # type: ignore[arg-type]


def test_each_column_is_the_models_own_and_adds_up(engine: Engine) -> None:
    forty_sales(engine)
    result = asked(engine)
    assert result.check
    assert result.check.holds
    assert result.check.records > 0
    shown = {metric.key for metric in result.metrics}
    assert {"by_first_touch", "by_linear", "by_markov", "by_shapley", "models_apart"} <= shown
    for model in ("first_touch", "shapley"):
        own = column(closed_loop(engine, by="channel", model=model), "revenue_minor")
        assert {row.key: row.values[f"by_{model}"] for row in result.rows if row.values[f"by_{model}"]} == own
    row = result.rows[0]
    opened = open_figure(KEY, row.key, "by_shapley", Options(**MARCH, by="channel"), engine, BOOKS)  # type: ignore[arg-type]
    assert opened.total == row.values["by_shapley"]


def test_a_figure_of_an_own_model_opens_like_any_other_and_one_of_no_model_says_so(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.fact("attribution_model_facts", "custom_ours", name="Ours", number=1, plan=Plan(first=75, last=25).to_json())
    shelf.store()
    forty_sales(engine)
    options = Options(**MARCH, by="channel")  # type: ignore[arg-type]
    for row in (result := asked(engine)).rows:
        opened = open_figure(KEY, row.key, "by_custom_ours", options, engine, BOOKS)
        assert opened.total == row.values["by_custom_ours"]
    assert open_figure(KEY, TOTAL, "by_custom_ours", options, engine, BOOKS).total == 40 * 100_01
    shared = {row.label: row.values["by_custom_ours"] for row in result.rows}
    assert shared == {"Event": 20 * 100_01, "Email": 20 * 75_01, "Paid Search": 20 * 25_00}
    with pytest.raises(OptionError, match="no such model"):
        open_figure(KEY, TOTAL, "by_custom_gone", options, engine, BOOKS)
    parts = open_figure(KEY, TOTAL, "models_apart", options, engine, BOOKS).parts
    assert "by_custom_ours" in {one.key for one in parts}, "how far they are apart opens into all models"


def test_files_say_beside_the_row_what_it_means_where_models_disagree(engine: Engine) -> None:
    forty_sales(engine)
    told = asked(engine).to_json()
    head, *rows = written_cells(told)
    minds = {row[0]: row[head.index("Mind")] for row in rows}
    assert minds["Email"].startswith(
        "Email: 50\u00a0% by first touch, 0\u00a0% by last touch. It opens more than it closes"
    )
    assert (minds["Event"], minds["Total"]) == ("", "")
    assert minds["Email"] in told["warnings"]  # type: ignore[operator]
    again = result_from(told)
    assert [row.mind for row in again.rows] == [minds[row.label] for row in again.rows]


def test_a_model_that_has_too_little_to_learn_from_is_left_out_and_says_why(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), channel="Email")
    shelf.won("o1", "ines", day(20), 100_01)
    shelf.store()
    result = asked(engine, clock="cohort")
    assert result.totals.values["by_linear"] == 100_01
    assert "by_markov" not in {metric.key for metric in result.metrics}
    assert any(words.startswith("Markov") and "30" in words for words in result.warnings)


def test_no_data_at_all_is_no_rows(engine: Engine) -> None:
    assert asked(engine).is_empty
