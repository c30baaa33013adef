"""Which records a cause changed: over random edits their differences add up to the share of the cause."""

from collections import Counter
from random import Random

import pytest

from loopline.reports.change.records_changed import records_changed
from loopline.reports.change.why import why_changed
from loopline.reports.dimension import OTHERS, TOTAL, UNATTRIBUTED
from loopline.reports.periods import DAY
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, Shelf, day
from tests.reports.late_facts import APRIL, LATE, early_books, late_facts
from tests.reports.test_why_any_report import QUICK, SPLIT, asked, every_case


@pytest.mark.cases
def test_over_random_edits_records_add_up_to_the_share_of_their_cause(engine: Engine) -> None:
    random, told = Random(20261129), Counter[str]()
    early_books(engine, 1)
    late_facts(engine, 1, *random.sample(sorted(LATE), 5))
    for key in SPLIT if every_case() else ["closed-loop", *QUICK]:
        metrics = why_changed(key, asked(key), APRIL, engine, BOOKS).compared
        for metric in metrics if every_case() else random.sample(metrics, min(3, len(metrics))):
            found = why_changed(key, asked(key), APRIL, engine, BOOKS, metric=metric.key)
            for share in found.shares:
                rows = {row: change for row, change in share.by_row.items() if row != OTHERS}
                shares = rows | ({TOTAL: share.changes[metric.key]} if found.totals else {})
                for row, change in shares.items():
                    told_of = records_changed(found, share.cause, row, engine)
                    if told_of is None:
                        continue
                    assert told_of.total == (change or 0), (key, metric.key, share.cause.key, row)
                    assert bool(told_of.count) == bool(told_of.changes)
                    told[key] += told_of.count
    assert told["closed-loop"], "records of the closed loop changed"
    assert len(+told) > (8 if every_case() else 1), told


def test_a_row_in_which_causes_cancel_out_is_told_and_opens(engine: Engine) -> None:
    """By hand: one sale became 50.00 larger, and of another one 50.00 were given back."""
    shelf = Shelf(engine)
    for sale in ("larger", "given-back"):
        shelf.won(sale, "", day(12), 100_00, learnt=APRIL - DAY)
    shelf.won("larger", "", day(12), 150_00, learnt=APRIL + DAY)
    shelf.won("given-back", "", day(12), 100_00, learnt=APRIL + DAY, refunded_minor=50_00, reporting_minor=50_00)
    shelf.store()
    found = why_changed("closed-loop", asked("closed-loop"), APRIL, engine, BOOKS, metric="revenue_minor")
    [row] = [one for one in found.rows if one.key == UNATTRIBUTED]
    assert (row.before, row.after, row.change) == (200_00, 200_00, 0)
    by_cause = {share.cause.key: share.by_row[UNATTRIBUTED] for share in found.shares}
    assert by_cause == {"opportunities": 50_00, "refunds": -50_00}
    for share in found.shares:
        changed = records_changed(found, share.cause, UNATTRIBUTED, engine)
        assert changed is not None
        assert changed.total == by_cause[share.cause.key]
