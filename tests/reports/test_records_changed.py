"""Which records a cause changed: over random edits their differences add up to the share of the cause."""

from collections import Counter
from random import Random

import pytest

from loopline.reports.change.records_changed import records_changed
from loopline.reports.change.why import why_changed
from loopline.reports.change.write import change_lines
from loopline.reports.dimension import OTHERS, TOTAL, UNATTRIBUTED
from loopline.reports.options import Options
from loopline.reports.periods import DAY
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day
from tests.reports.late_facts import APRIL, LATE, MAY, early_books, late_facts
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


def between_only(engine: Engine) -> None:
    """A sale of 100.00: its company turns out to be of paper, then the sale to be of another one, which is of steel."""
    shelf = Shelf(engine)
    for learnt, company, industries in (
        (APRIL - DAY, "mill", {"mill": "", "works": "steel"}),
        (APRIL + DAY, "works", {"mill": "paper"}),
    ):
        for key, industry in industries.items():
            shelf.fact("company_facts", key, unit_id="north", name=key, industry=industry, learnt=learnt)
        shelf.won("sale", "", day(12), 100_00, company_id=company, learnt=learnt)
    shelf.store()


def test_a_row_that_is_there_only_between_two_causes_is_listed_and_opens(engine: Engine) -> None:
    between_only(engine)
    options = Options(**MARCH, by="industry", as_of=MAY)  # type: ignore[arg-type]
    found = why_changed("buyers", options, APRIL, engine, BOOKS, metric="closed_minor")
    assert {one.label: (one.before, one.after, one.change) for one in found.rows} == {
        "Nobody, or not known": (100_00, None, -100_00), "steel": (None, 100_00, 100_00), "paper": (None, None, 0),
    }  # fmt: skip
    assert found.rows[-1].key == "paper"
    told = {share.cause.key: share.by_row.get("paper") for share in found.shares}
    assert told == {"companies": 100_00, "opportunities": -100_00}
    for share in found.shares:
        changed = records_changed(found, share.cause, "paper", engine)
        assert changed is not None
        assert (changed.total, changed.count) == (share.by_row["paper"], 1)
    [row] = [one for one in found.to_json()["rows"] if one["key"] == "paper"]  # type: ignore[attr-defined]
    assert (row["before"], row["after"], row["change"]) == (None, None, 0)
    assert any(line.startswith("paper") for line in change_lines(found.to_json(), by_row=True))


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
