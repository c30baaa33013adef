"""Why any report changed: over random edits the parts sum to the difference; each is what its facts alone change."""

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import sqlglot
from sqlglot import exp

from loopline.reports.change import partly_known
from loopline.reports.change.causes import CAUSES
from loopline.reports.change.difference import Why, difference, is_split
from loopline.reports.change.partly_known import PartlyKnown, tables_read
from loopline.reports.change.why import why_changed
from loopline.reports.comparable import COMPARABLE
from loopline.reports.options import OptionError, Options, Scope
from loopline.reports.result import ReportResult
from loopline.reports.run import settle_for
from loopline.store.engine import Engine
from loopline.store.library import TABLES
from loopline.store.touches import TOUCHES
from tests.attribution.shelf import BOOKS, MARCH
from tests.engines import empty_duckdb
from tests.reports.late_facts import APRIL, LATE, MAY, early_books, late_facts

SPLIT = [key for key, one in COMPARABLE.items() if any(is_split(metric) for metric in one.metrics)]
QUICK = ["funnel", "plan-and-actual", "speed-to-lead", "content", "weekly", "it-costs", "buyers", "cohort-maturity",
         "weekly"]  # fmt: skip
"""Those that answer quickest; all others with LOOPLINE_CASES=all (`make test-slow`)."""


def every_case() -> bool:
    return os.environ.get("LOOPLINE_CASES") == "all"


def asked(key: str) -> Options:
    return Options(**MARCH, by=COMPARABLE[key].usual_by, as_of=MAY)  # type: ignore[arg-type]


def scope_of(key: str, engine: Engine) -> Scope:
    return settle_for(COMPARABLE[key], asked(key), engine, BOOKS)


def figures(result: ReportResult) -> dict[tuple[str, str], object]:
    """Every figure that is split, those that are 0 or unknown left out."""
    return {
        (row.key, metric.key): value
        for row in [*result.rows, *([result.totals] if result.has_total else [])]
        for metric in result.metrics
        if is_split(metric) and (value := difference(None, row.values.get(metric.key)))
    }


def assert_sums(found: Why) -> None:
    for metric in found.totals:
        total = round(sum(one.changes[metric.key] or 0 for one in found.shares), 6)
        assert total == found.change(metric.key), (found.report.key, metric.key)
    for row in found.rows:
        total = round(sum(one.by_row.get(row.key) or 0 for one in found.shares), 6)
        assert total == row.change, (found.report.key, row.key)
    assert "outside" not in {one.cause.key for one in found.shares}, "the causes explain all of it"


@pytest.mark.cases
def test_over_random_edits_the_parts_sum_to_the_difference_in_every_report(engine: Engine) -> None:
    random = Random(20241128)
    early_books(engine, 1)
    late_facts(engine, 1, *random.sample(sorted(LATE), 4))
    for key in SPLIT if every_case() else QUICK:
        now = scope_of(key, engine)
        then = COMPARABLE[key].run(COMPARABLE[key], replace(now, as_of=APRIL), engine)
        metric = random.choice([one.key for one in then.metrics if is_split(one)])
        found = why_changed(key, asked(key), APRIL, engine, BOOKS, metric=metric)
        assert_sums(found)
        assert figures(found.before) == figures(then), key
        assert figures(found.after) == figures(COMPARABLE[key].run(COMPARABLE[key], now, engine)), key


def each_is_what_its_facts_alone_change(folder: Path, seeds: Iterable[int], *keys: str) -> None:
    """Beside the whole books others that never learned some of it: the same figures as with those causes left out."""
    for seed in seeds:
        random = Random(seed)
        whole, part = (empty_duckdb(folder / f"{seed}-{name}.duckdb") for name in ("whole", "part"))
        let_in = random.sample(sorted(LATE), random.randrange(1, 6))
        for engine, causes in ((whole, sorted(LATE)), (part, sorted(let_in))):
            early_books(engine, seed)
            late_facts(engine, seed, *causes)
        for key in keys or SPLIT:
            scope = scope_of(key, part)
            refunded = [str(row["id"]) for row in whole.rows(
                "SELECT DISTINCT id AS id FROM opportunity_facts WHERE refunded_minor > 0")]  # fmt: skip
            between = PartlyKnown(whole, APRIL, MAY, refunded, {*let_in, "time", "activities"})
            alone = COMPARABLE[key].run(COMPARABLE[key], scope, part)
            assert figures(COMPARABLE[key].run(COMPARABLE[key], scope, between)) == figures(alone), (key, let_in)
            assert {*between.read} <= {*TABLES, TOUCHES}
        whole.close()
        part.close()


@pytest.mark.cases
def test_books_with_some_causes_let_in_are_books_that_never_learned_the_others(tmp_path: Path) -> None:
    seeds, keys = (range(9), ()) if every_case() else ([5], (*QUICK, "closed-loop", "forecast", "source-quality"))
    each_is_what_its_facts_alone_change(tmp_path, seeds, *keys)


def test_a_cause_that_is_planted_wrong_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(partly_known._KNOWN, "cost_facts", "recorded_at <= $as_of_leads")
    partly_known.partly.cache_clear()
    with pytest.raises(AssertionError):
        each_is_what_its_facts_alone_change(tmp_path, [8, 9], "plan-and-actual")
    partly_known.partly.cache_clear()


def test_every_table_of_the_event_store_is_a_cause() -> None:
    assert {cause.table for cause in CAUSES} - {""} == set(TABLES)
    assert len({cause.key for cause in CAUSES}) == len(CAUSES)
    assert set(LATE) <= {cause.key for cause in CAUSES}


def test_every_reading_of_a_table_is_found_and_knowledge_is_all_that_goes_by_the_moment(tmp_path: Path) -> None:
    """In each question of each report; ages are told by `$as_of_us`, which time alone moves."""
    engine = empty_duckdb(tmp_path / "events.duckdb")
    early_books(engine, 1)
    for key, report in COMPARABLE.items():
        listening = Listening(engine)
        report.run(report, scope_of(key, engine), listening)
        assert listening.heard, key
        for sql in listening.heard:
            assert tables_in(sql) == tables_read(sql), key
            assert sql.count("$as_of") - sql.count("$as_of_us") == sql.count("recorded_at <= $as_of"), key
    engine.close()


def tables_in(sql: str) -> set[str]:
    """What a question reads, found another way: by name, and by parsing it where the name is a column's as well."""
    named = {one for one in (TOUCHES, *TABLES) if re.search(rf"\b{one}\b", sql)}
    if "events" not in named:
        return named
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    return {one.name for one in tree.find_all(exp.Table)} - {one.alias for one in tree.find_all(exp.CTE)}


class Listening(PartlyKnown):
    """Passes on what is asked, as it is, and remembers it."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, APRIL, MAY, [], {cause.key for cause in CAUSES})
        self.heard: set[str] = set()

    def asked(self, sql, params):  # type: ignore[no-untyped-def]
        self.heard.add(sql)
        return sql, params


def test_what_is_told_by_shares_alone_is_refused_in_words(engine: Engine) -> None:
    early_books(engine, 1)
    late_facts(engine, 1, "leads")
    [key] = sorted(set(COMPARABLE) - set(SPLIT))
    with pytest.raises(OptionError, match="only shares, rates and means"):
        why_changed(key, asked(key), APRIL, engine, BOOKS)
    with pytest.raises(OptionError, match="no figure that can be split"):
        why_changed("funnel", asked("funnel"), APRIL, engine, BOOKS, metric="won_rate")
