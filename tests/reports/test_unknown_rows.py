"""What is behind a figure of a row that there is not: refused where rows do not hang on the books, else nothing."""

import pytest

from loopline.reports.catalogue import REPORTS
from loopline.reports.options import OptionError, Options
from loopline.reports.run import open_figure
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS

FIXED = {
    "forecast": ("from_open_minor", "from_leads_minor", "to_come_minor", "expected_low_minor", "expected_high_minor"),
    "coverage": ("known", "known_of"),
    "cost-per-stage": ("of_stage_before",),
}
"""Reports whose rows are months, stages or kinds of records, whatever the books hold."""


def opened(key: str, row: str, metric: str, engine: Engine) -> object:
    return open_figure(key, row, metric, Options(by=REPORTS[key].usual_by), engine, BOOKS).total


@pytest.mark.parametrize(("key", "metric"), [(key, metric) for key, metrics in FIXED.items() for metric in metrics])
def test_a_row_that_no_books_could_have_is_refused_also_while_they_are_empty(
    key: str, metric: str, reading_engine: Engine
) -> None:
    with pytest.raises(OptionError) as refused:
        opened(key, "x", metric, reading_engine)
    assert refused.value.field == "row"


def test_the_total_of_empty_books_is_not_known_and_a_campaign_without_records_has_none(reading_engine: Engine) -> None:
    assert opened("forecast", "~total", "to_come_minor", reading_engine) is None
    assert opened("pipeline-created", "x", "opened", reading_engine) == 0
