"""The figures of the weekly table open: into touchpoints by person, cost lines, leads and sales that add up to them."""

from random import Random

import pytest

from loopline.reports.change.records_changed import records_changed
from loopline.reports.change.why import why_changed
from loopline.reports.dimension import TOTAL, UNATTRIBUTED
from loopline.reports.metric import Number
from loopline.reports.opened import Opened
from loopline.reports.options import OptionError, Options
from loopline.reports.run import settle_for
from loopline.reports.weekly.lines import LINES
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf
from tests.reports.late_facts import APRIL, LATE, MAY, early_books, late_facts, leads, opportunities, touchpoints
from tests.reports.test_weekly import two_weeks


def opened(engine: Engine, row: str, metric: str, **options: object) -> Opened:
    scope = settle_for(LINES, Options(**{**MARCH, "by": "channel", **options}), engine, BOOKS)  # type: ignore[arg-type]
    assert LINES.open is not None
    return LINES.open(row, metric, scope, engine)


def told(found: Opened) -> list[tuple[str, str, Number]]:
    return [(one.kind, one.record_id, one.adds) for one in found.items]


def test_a_line_opens_into_what_it_counts(engine: Engine) -> None:
    """By hand: 100.00 over ten days from 28 February is 30.00 in the three days of March before the first Monday."""
    two_weeks(engine)
    assert told(opened(engine, "2024-02-26//Paid Search", "cost_minor")) == [("cost", "c1", 30_00)]
    assert told(opened(engine, "2024-03-04//Paid Search", "cost_minor")) == [("cost", "c1", 50_00)]
    assert told(opened(engine, "2024-02-26//Paid Search", "touches")) == [("person", "ines", 1)]
    assert told(opened(engine, "2024-03-04//Email", "touches")) == [("person", "ines", 1)], "no machine"
    assert told(opened(engine, "2024-03-04//Email", "leads")) == [("lead", "l1", 0.5)]
    assert told(opened(engine, "2024-03-11//Email", "revenue_minor")) == [("opportunity", "o1", 25_00)]
    assert told(opened(engine, f"2024-03-11//{UNATTRIBUTED}", "revenue_minor")) == [("opportunity", "o2", 7)]
    assert told(opened(engine, TOTAL, "cost_minor")) == [("cost", "c1", 80_00)]
    assert told(opened(engine, "2024-03-11/north/Email", "revenue_minor", by="unit")) == [("opportunity", "o1", 25_00)]
    assert told(opened(engine, "2024-03-11/south/Email", "revenue_minor", by="unit")) == []


@pytest.mark.parametrize("row", ["", "Email", "soon//Email", "2024-03-05//Email", "2024-04-01//Email"])
def test_a_line_that_there_cannot_be_is_refused(row: str, reading_engine: Engine) -> None:
    with pytest.raises(OptionError, match="no line"):
        opened(reading_engine, row, "leads")


@pytest.mark.parametrize("by", ["channel", "unit"])
@pytest.mark.parametrize("model", ["linear", "markov"])
def test_what_opens_adds_up_to_every_figure_of_a_line(engine: Engine, by: str, model: str) -> None:
    """A model that learns does so from the whole period: in no week alone are there thirty leads."""
    early_books(engine, 3)
    random, shelf = Random(3), Shelf(engine)
    for number in range(60):
        for write in (touchpoints, leads, opportunities):
            write(shelf, random, f"more-{number}", APRIL)
    shelf.store()
    scope = settle_for(LINES, Options(**MARCH, by=by, model=model), engine, BOOKS)  # type: ignore[arg-type]
    result = LINES.run(LINES, scope, engine)
    for row in [*random.sample(result.rows, 5), result.totals]:
        for metric in result.metrics:
            found = opened(engine, row.key, metric.key, by=by, model=model)
            if metric.key == "cost_minor" and not found.items:
                assert found.total is None, "where nothing is booked the line says whether it is 0 or not known"
            else:
                assert found.total == row.values[metric.key], (row.key, metric.key)
            assert round(sum(one.adds or 0 for one in found.items), 6) == (found.total or 0)


def test_what_changed_in_the_weekly_table_opens_into_its_records(engine: Engine) -> None:
    random = Random(5)
    early_books(engine, 2)
    late_facts(engine, 2, "touchpoints", "opportunities", "costs", *random.sample(sorted(LATE), 2))
    by_metric = {}
    for metric in ("cost_minor", "touches", "leads", "revenue_minor"):
        options = Options(**MARCH, by="channel", as_of=MAY)  # type: ignore[arg-type]
        found = why_changed("weekly", options, APRIL, engine, BOOKS, metric=metric)
        for share in found.shares:
            for row, change in [*share.by_row.items(), (TOTAL, share.changes[metric])]:
                changed = records_changed(found, share.cause, row, engine)
                assert changed is not None
                assert changed.total == (change or 0), (metric, share.cause.key, row)
                by_metric[metric] = by_metric.get(metric, 0) + changed.count
    assert all(by_metric.values()), by_metric
