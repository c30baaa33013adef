"""Leads of the past from what is gathered once and kept: the same verdicts as asking the store for all of it."""

import json
import os
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from loopline.rules.past import Past
from loopline.rules.population import Judged, RuleQuery, to_sql
from loopline.rules.read import read_rule
from loopline.store.arrow import to_arrow
from loopline.store.clickhouse_engine import ClickHouseEngine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch, Engine
from loopline.store.kept import KEPT_FOR_S, KeptTables
from loopline.store.library import TABLES
from tests.rules.population import FREE, NOW, UNIT, store
from tests.rules.test_population import EVERY_CONDITION, PEOPLE
from tests.rules.test_replay import LEAKS, VISITED, leads_of, learn
from tests.rules.trees import FIT, NAMED, TREES

PERIOD = (NOW - timedelta(days=30), NOW + timedelta(days=1))
AS_OF = NOW + timedelta(days=2)


@pytest.fixture(scope="module")
def stored(reading_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    reading_engine.kept = KeptTables(tmp_path_factory.mktemp("kept"))
    store(reading_engine, PEOPLE, {"lead_facts": leads_of(PEOPLE)})
    return reading_engine


def past_of(engine: Engine) -> Past:
    return Past(engine, UNIT, PERIOD, AS_OF, tuple(FREE))


def asked_whole(engine: Engine, query: RuleQuery) -> list[Mapping[str, object]]:
    return engine.query(query.sql, query.replay_params(UNIT, PERIOD, AS_OF, free_mail_domains=FREE)).to_pylist()


def query_of(tree: object) -> RuleQuery:
    rule = read_rule(tree, NAMED)
    return to_sql(rule, Judged.LEADS, scores=[FIT], besides=[rule])


def test_rules_of_every_shape_judge_what_is_kept_as_the_store_judges_it(stored: Engine) -> None:
    examples = 2 if isinstance(stored, ClickHouseEngine) else 12

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(TREES)
    def hold_together(tree: object) -> None:
        query = query_of(tree)
        assert past_of(stored).verdicts(query).to_pylist() == asked_whole(stored, query)

    hold_together()


def test_every_condition_is_judged_from_what_is_kept_as_the_store_judges_it(stored: Engine) -> None:
    query = query_of(EVERY_CONDITION)
    whole = asked_whole(stored, query)
    assert past_of(stored).verdicts(query).to_pylist() == whole
    assert past_of(stored).verdicts(query).to_pylist() == whole, "and again, from what is kept"
    assert any(row["is_met"] is True for row in whole) or any(row["c0"] for row in whole)


def test_a_changed_number_asks_the_store_for_nothing_new(stored: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    past_of(stored).verdicts(query_of(VISITED))
    edited = query_of(VISITED | {"at_least": 2})
    whole = asked_whole(stored, edited)
    state = past_of(stored).state()
    erasures = stored.erasures()
    monkeypatch.setattr(Past, "state", lambda _: state)
    monkeypatch.setattr(stored, "erasures", lambda: erasures)
    for way in ("query", "rows"):
        monkeypatch.setattr(stored, way, lambda *_, **__: pytest.fail("the store was asked"))
    assert past_of(stored).verdicts(edited).to_pylist() == whole


def test_what_was_gathered_for_several_rules_answers_each_of_them(
    stored: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = [VISITED | {"within_days": 21}, {"field": "person.job_title"}, VISITED | {"within_days": 22}]
    whole = [asked_whole(stored, query_of(tree)) for tree in trees]
    past_of(stored).prepare(query_of({"any": trees}))
    state, erasures = past_of(stored).state(), stored.erasures()
    monkeypatch.setattr(Past, "state", lambda _: state)
    monkeypatch.setattr(stored, "erasures", lambda: erasures)
    for way in ("query", "rows"):
        monkeypatch.setattr(stored, way, lambda *_, **__: pytest.fail("the store was asked"))
    assert [past_of(stored).verdicts(query_of(tree)).to_pylist() for tree in trees] == whole


@pytest.fixture
def own(tmp_path: Path) -> Engine:
    engine = DuckDBEngine(tmp_path / "events.duckdb")
    engine.migrate()
    store(engine, PEOPLE, {"lead_facts": leads_of(PEOPLE)})
    return engine


def test_a_store_that_was_changed_behind_the_moment_never_gives_an_old_answer(own: Engine) -> None:
    query = query_of({"any": [VISITED | {"at_least": 9}, {"form": ["demo"]}]})
    before = past_of(own).verdicts(query).to_pylist()
    event = {
        "event_id": "brought-in", "unit_id": UNIT, "occurred_at": NOW - timedelta(days=1), "received_at": NOW,
        "recorded_at": NOW - timedelta(minutes=30), "kind": "form", "identity": "person:nobody", "is_entry": False,
        "consent": 2, "bot_verdict": "human", "properties": json.dumps({"form": "demo"}),
    }  # fmt: skip
    own.write(Batch("history brought in", {"events": to_arrow(TABLES["events"], [event])}))
    after = past_of(own).verdicts(query).to_pylist()
    assert after != before
    assert after == asked_whole(own, query)


def test_what_is_learned_later_changes_no_verdict_from_what_is_kept(own: Engine) -> None:
    past = Past(own, UNIT, PERIOD, NOW + timedelta(hours=3), tuple(FREE))
    query = query_of(EVERY_CONDITION)
    before = past.verdicts(query).to_pylist()
    for name, (_, rows) in LEAKS.items():
        learn(own, name, **rows)
    assert past.verdicts(query).to_pylist() == before


def test_who_is_erased_leaves_what_is_kept_at_once(own: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "events.duckdb.kept"
    query = query_of({"field": "person.country", "is": ["NO"]})
    past_of(own).verdicts(query)
    assert list(folder.iterdir())
    generation = own.kept.generation
    own.erase("person_facts", "id", ["ines"])
    assert not list(folder.iterdir())
    own.kept.put("late", own.query("SELECT 1 AS one"), generation)
    assert not list(folder.iterdir()), "what was read before the erasure is not kept after it"
    assert past_of(own).verdicts(query).to_pylist() == asked_whole(own, query)


def test_what_another_machine_erased_is_not_answered_from_what_this_one_kept(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(engine, PEOPLE, {"lead_facts": leads_of(PEOPLE)})
    here, there = KeptTables(tmp_path / "here"), KeptTables(tmp_path / "there")
    state = past_of(engine).state()
    monkeypatch.setattr(Past, "state", lambda _: state)
    sql = "SELECT count(*) AS n FROM person_facts WHERE recorded_at <= $as_of AND $unit <> ''"
    sql += " AND $created_from < $created_to"
    engine.kept = here
    [before] = past_of(engine).answer(sql).to_pylist()
    engine.kept = there
    engine.erase("person_facts", "id", ["ines"])
    engine.kept = here
    assert list((tmp_path / "here").iterdir()), "nothing was kept, so this shows nothing"
    [after] = past_of(engine).answer(sql).to_pylist()
    assert after["n"] < before["n"]


def test_what_is_too_old_goes_though_nobody_asks_for_anything(tmp_path: Path) -> None:
    kept = KeptTables(tmp_path / "kept")
    kept.drop_old()
    for name in ("old", "new"):
        kept.put(name, pa.table({"one": [1]}), kept.generation)
    long_ago = time.time() - KEPT_FOR_S - 1
    os.utime(tmp_path / "kept" / "old.arrow", (long_ago, long_ago))
    kept.drop_old()
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["new.arrow"]
