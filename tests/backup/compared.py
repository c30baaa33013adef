"""What is wrong with an installation that came from a backup, worked out from its files."""

import json
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from typing import Any

import duckdb
import httpx
import psycopg
from pysqlite3 import dbapi2 as sqlite

from loopline.reports.catalogue import REPORTS
from tests.story.company import Installation, Running


def _records(house: Installation, sql: str) -> list[tuple[Any, ...]]:
    if url := house.environment.get("DATABASE_URL"):
        with psycopg.connect(url) as database:
            return list(database.execute(sql.encode()).fetchall())
    with closing(sqlite.connect(f"{(house.folder / 'records.sqlite').as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def addresses(house: Installation) -> Counter[str]:
    """How many people each address has."""
    return Counter(email for (email,) in _records(house, "SELECT email FROM people_person WHERE email IS NOT NULL"))


def waiting(house: Installation) -> int:
    """Facts that were not carried over yet."""
    return int(_records(house, "SELECT count(*) FROM facts_outboxrow WHERE relayed_at IS NULL")[0][0])


def carried_over(house: Installation) -> int:
    """Facts that are in the event store."""
    return int(_records(house, "SELECT count(*) FROM facts_outboxrow WHERE relayed_at IS NOT NULL")[0][0])


def wrong_with(house: Installation, events: Iterable[str], people: Iterable[str]) -> list[str]:
    """Events and people that are not there exactly once, and facts that are not what the outbox says. The server that
    worked on it has been stopped."""
    found: list[str] = []
    with closing(duckdb.connect(str(house.folder / "events.duckdb"), read_only=True)) as store:
        stored = Counter(name for (name,) in store.execute("SELECT event_id FROM events").fetchall())
        facts = _facts(store)
    found += [f"event {name} is there {stored[name]} times" for name in events if stored[name] != 1]
    found += [f"event {name} is there {count} times" for name, count in stored.items() if count > 1]
    there = addresses(house)
    found += [f"{address} is there {there[address]} times" for address in people if there[address] != 1]
    told = Counter(
        (table, row_id, version)
        for version, table, row_id in _records(house, 'SELECT id, "table", row_id FROM facts_outboxrow')
    )
    found += [f"fact {one} is in the outbox and {facts[one]} times in the store" for one in told if facts[one] != 1]
    found += [f"fact {one} is in the store and not in the outbox" for one in facts if one not in told]
    return found


def _facts(store: duckdb.DuckDBPyConnection) -> Counter[tuple[str, str, int]]:
    tables = "SELECT table_name FROM duckdb_columns() WHERE column_name = 'version' AND suffix(table_name, '_facts')"
    return Counter(
        (table, row_id, version)
        for (table,) in store.execute(tables).fetchall()
        for row_id, version in store.execute(f"SELECT id, version FROM {table}").fetchall()
    )


def figures(server: Running, as_of: str) -> dict[str, Any]:
    """Every report as of a moment."""
    told = json.loads((server.folder / "run" / "server.json").read_text())
    headers = {"Authorization": f"Bearer {told['token']}"}
    answers = {}
    with httpx.Client(base_url=server.url, headers=headers, timeout=60) as client:
        for key in REPORTS:
            answer = client.get("/internal/report", params={"key": key, "as_of": as_of})
            answers[key] = answer.json() if answer.status_code == 200 else answer.text
    return answers
