"""How cells of reports are written: incomplete cost marks all that rests on it, and a column has one kind of figure."""

import pytest
from django.template import Context

from loopline.reports.metric import METRICS
from loopline.reports.result import Row
from loopline.web.templatetags.reports import cell, cost_mark

WHY = "cost incomplete: no cost line in this period"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("cost_minor", WHY), ("cost_per_lead_minor", WHY), ("cost_per_opportunity_minor", WHY), ("romi", WHY),
        ("revenue_minor", ""), ("leads", ""),
    ],
)  # fmt: skip
def test_every_figure_that_rests_on_cost_is_marked_where_cost_is_incomplete(key: str, said: str) -> None:
    marked = cost_mark(Row("~total", "Total", values={key: 1}, cost_note=WHY), METRICS[key])
    assert (marked.count(said), marked.count('class="mark"')) == ((2, 1) if said else (1, 0)), "on hover and aloud"
    assert cost_mark(Row("~total", "Total"), METRICS[key]) == ""


def test_where_the_cost_is_unknown_it_says_why_and_what_would_be_worked_out_from_it_is_only_unknown() -> None:
    row = Row("fair", "Fair", values={"cost_minor": None, "romi": None}, cost_note=WHY)
    assert WHY in cost_mark(row, METRICS["cost_minor"])
    assert cost_mark(row, METRICS["romi"]) == ""


def test_where_one_count_of_a_column_is_a_fraction_all_have_two_digits() -> None:
    split, whole = Context({"fractional": {"leads"}}), Context({})
    leads, money = METRICS["leads"], METRICS["revenue_minor"]
    assert [cell(split, one, leads, "EUR") for one in (0.36, 2.7, 1, None)] == ["0.36", "2.70", "1.00", "—"]
    assert [cell(whole, one, leads, "EUR") for one in (1, 1_396)] == ["1", "1,396"]
    assert cell(split, 1_234_56, money, "EUR") == "€1,235"
