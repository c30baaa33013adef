"""Which parts of a report's questions are common to others."""

import random
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

import loopline
from loopline.attribution.shared_states import common_parts
from loopline.attribution.state import (
    IDENTITY_STATE,
    KNOWN_IDENTITIES,
    LEAD_STATE,
    MERGED_STATE,
    as_known_at,
    latest,
    question,
)
from loopline.store.arrow import to_arrow
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES
from loopline.store.schema import Column, Kind
from tests.store.rows import NOON

ASKED = "SELECT count(*) AS n FROM known_identities CROSS JOIN lead_state"
RECORDS, VERSIONS = 9, 5


def test_the_state_of_records_as_of_the_moment_is_common() -> None:
    sales = latest("opportunity_facts", "closed_at", "outcome")
    asked = question(f"{ASKED} CROSS JOIN ({sales}) AS s", KNOWN_IDENTITIES, LEAD_STATE)
    found = {one.text: one for one in common_parts(asked)}
    assert set(found) == {KNOWN_IDENTITIES.sql, MERGED_STATE.sql, LEAD_STATE.sql, sales}
    assert found[KNOWN_IDENTITIES.sql].kept == question("SELECT * FROM known_identities", KNOWN_IDENTITIES)


def test_whatever_is_picked_of_a_record_where_its_latest_version_stands_is_kept_once() -> None:
    outcomes, dates = latest("opportunity_facts", "outcome"), latest("opportunity_facts", "closed_at", "created_at")
    first, second = common_parts(f"WITH a AS ({outcomes}), b AS ({dates}) SELECT 1")
    assert first.kept == second.kept
    assert first.read != second.read


def test_what_is_of_another_moment_or_of_some_records_is_not() -> None:
    again = question(ASKED, as_known_at(IDENTITY_STATE, "$then"), KNOWN_IDENTITIES, as_known_at(LEAD_STATE, "$then"))
    assert [one.text for one in common_parts(again)] == [MERGED_STATE.sql]
    assert not [*common_parts(latest("lead_facts", "created_at", where="id = $one"))]


def test_what_many_questions_name_and_few_read_is_not() -> None:
    assert not [*common_parts(latest("person_facts", "canonical_id", "company_id"))]


def test_no_row_is_ever_erased_from_a_table_whose_rows_are_found_by_where_they_stand() -> None:
    code = Path(loopline.__file__).parent.rglob("*.py")
    erased = {table for file in code for table in re.findall(r"\.erase\(\s*\"(\w+)", file.read_text("utf-8"))}
    facts = [key for key, table in TABLES.items() if {"id", "version", "is_deleted"} <= table.names]
    found = {table for table in facts if [*common_parts(latest(table))]}
    assert "events" in erased
    assert found == {"lead_facts", "opportunity_facts", "opportunity_contact_facts", "cost_facts"}
    assert not found & erased


STAMPED = {"id", "version", "recorded_at", "is_deleted"}
VALUES = {
    Kind.TEXT: str, Kind.INT: int, Kind.FLOAT: float, Kind.BOOL: lambda number: number % 2 == 0,
    Kind.TIME: lambda number: NOON + timedelta(hours=number), Kind.DATE: lambda number: date(2026, 1, 1 + number),
}  # fmt: skip


def written(table: str, record: int, version: int) -> dict[str, object]:
    """The same whenever it is written; some of what can be unknown is."""
    draw = random.Random(100 * record + version)

    def value(column: Column) -> object:
        return None if column.nullable and draw.random() < 0.4 else VALUES[column.kind](draw.randrange(9))

    told = {one.name: value(one) for one in TABLES[table].columns if one.name != "recorded_at"}
    return told | {"id": f"r{record}", "version": version}


@pytest.mark.parametrize("engine_kind", ["duckdb"], indirect=True)
@pytest.mark.parametrize("table", ["lead_facts", "opportunity_facts", "opportunity_contact_facts", "cost_facts"])
def test_shared_or_not_the_latest_versions_are_the_same(engine: Engine, table: str) -> None:
    """Versions that come late, twice, out of order, with NULL and deleted, as of each moment."""
    assert isinstance(engine, DuckDBEngine)
    names = [one.name for one in TABLES[table].columns if one.name not in STAMPED]
    draw, moments = random.Random(7), []
    for place in range(6):
        which = [(draw.randrange(RECORDS), draw.randrange(VERSIONS)) for _ in range(10)]
        rows = [written(table, record, version) for record, version in dict.fromkeys(which)]
        moments.append(engine.write(Batch(f"{place}", {table: to_arrow(TABLES[table], rows)})))
    asked = f"SELECT * FROM ({latest(table, *names)}) AS t ORDER BY id"
    for moment in moments:
        apart = engine.query(asked, {"as_of": moment})
        assert apart.num_rows
        with engine.together(common_parts):
            assert engine.query(asked, {"as_of": moment}) == apart
