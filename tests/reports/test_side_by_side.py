"""Models side by side agree with each model's own report, say where they disagree, and how sure they are."""

import pytest

from loopline.attribution.model import MODELS
from loopline.reports.options import OptionError, Options
from loopline.reports.run import settle
from loopline.reports.side_by_side import CONVERSIONS, learnt_shares, side_by_side
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, closed_loop, column
from tests.attribution.test_credit_ledger import random_books
from tests.attribution.test_markov import forty_sales


def compared(engine: Engine, *models: str, conversion: str = "revenue", **options: object):
    scope = settle(Options(**{**MARCH, **options}), engine, BOOKS)  # type: ignore[arg-type]
    return side_by_side(scope, models or list(MODELS), conversion, engine)


@pytest.mark.parametrize("clock", ["period", "cohort"])
def test_each_column_is_the_models_own_report(engine: Engine, clock: str) -> None:
    random_books(engine, 5)
    models = list(MODELS) if clock == "period" else ["linear", "full_path", "shapley", "primary_campaign"]
    found = compared(engine, *models, clock=clock, by="campaign")
    assert found.holds
    for key in models:
        if key not in {"markov", *found.refused}:
            own = column(closed_loop(engine, model=key, clock=clock), "revenue_minor")
            assert {row.key: row.credit[key] for row in found.rows if row.credit[key]} == own, key


@pytest.mark.parametrize("conversion", list(CONVERSIONS))
def test_every_conversion_can_be_asked_for_and_adds_up(engine: Engine, conversion: str) -> None:
    forty_sales(engine)
    found = compared(engine, conversion=conversion, by="channel")
    assert found.refused == {}
    assert found.totals["influenced"] is None
    whole = 40 * 100_01 if conversion == "revenue" else 40
    assert {key: total for key, total in found.totals.items() if total is not None} == dict.fromkeys(
        {*MODELS} - {"influenced"}, whole
    )


def test_a_model_that_cannot_answer_says_why_and_leaves_the_others_standing(engine: Engine) -> None:
    forty_sales(engine, 10)
    found = compared(engine, "linear", "markov", by="channel")
    assert list(found.totals) == ["linear"]
    assert "needs 30" in found.refused["markov"]


def test_a_row_that_opens_and_never_closes_is_told(engine: Engine) -> None:
    forty_sales(engine)
    found = compared(engine, "first_touch", "last_touch", by="channel")
    assert found.disagreements == [
        "Email: 50\u00a0% by first touch, 0\u00a0% by last touch. It opens more than it closes: cutting it would "
        "show late.",
        "Paid Search: 50\u00a0% by last touch, 0\u00a0% by first touch. It closes more than it opens: others may "
        "have done the work before.",
    ]


@pytest.mark.parametrize("model", ["markov", "shapley"])
def test_what_is_learnt_comes_with_an_interval(engine: Engine, model: str) -> None:
    forty_sales(engine)
    scope = settle(Options(**MARCH), engine, BOOKS)  # type: ignore[arg-type]
    found = learnt_shares(scope, model, "won", engine)
    assert sum(one.share for one in found) == pytest.approx(1)
    assert all(one.low <= one.share <= one.high for one in found)


def test_no_data_at_all_is_no_rows_and_no_error(engine: Engine) -> None:
    found = compared(engine, "linear", "influenced")
    assert found.rows == []
    assert found.holds


def test_a_conversion_that_does_not_exist_is_refused(engine: Engine) -> None:
    with pytest.raises(OptionError, match="no conversion"):
        compared(engine, conversion="wish")
