"""Records in PostgreSQL: copied table by table, and put back into an empty database only."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.backup.conftest import set_up_in
from tests.story.company import Installation

DUMPED = (
    "SELECT count(*), string_agg(said, '/' ORDER BY said) FROM (SELECT to_jsonb(t)::text AS said FROM {} AS t) AS rows"
)


def dumped(url: str) -> dict[str, tuple[object, ...]]:
    """Every row of every table, and what every counter gives next."""
    with psycopg.connect(url) as database:
        tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        names = [name for (name,) in database.execute(tables)]
        rows = {name: database.execute(DUMPED.format(name).encode()).fetchone() or () for name in names}
        counters = "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
        return rows | {name: (value,) for name, value in database.execute(counters)}


def test_all_rows_and_counters_come_back_and_only_into_an_empty_database(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url, backup = new_database(), tmp_path / "backup"
    house = Installation.new(tmp_path / "data", DATABASE_URL=url)
    set_up_in(house)
    house.run("backup", str(backup))
    assert not (backup / "records.sqlite").exists()
    with pytest.raises(AssertionError, match="records of the backup are of PostgreSQL"):
        Installation.new(tmp_path / "again").run("restore", str(backup))
    with pytest.raises(AssertionError, match=r"holds \d+ tables already"):
        Installation.new(tmp_path / "again", DATABASE_URL=url).run("restore", str(backup))
    assert not (tmp_path / "again").exists()
    other = new_database()
    again = Installation.new(tmp_path / "again", DATABASE_URL=other)
    again.run("restore", str(backup))
    assert dumped(other) == dumped(url)
    assert not (again.folder / "records").exists()
    with pytest.raises(AssertionError, match="cannot be reached"):
        Installation.new(tmp_path / "third", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none").run(
            "restore", str(backup)
        )


@pytest.mark.slow
def test_records_of_an_older_loopline_come_back_as_they_were_and_are_brought_up_to_date(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    url, backup = new_database(), tmp_path / "backup"
    house = Installation.new(tmp_path / "data", DATABASE_URL=url)
    set_up_in(house)
    for app, name in (("privacy", "zero"), ("people", "0004")):
        command = [sys.executable, "-m", "django", "migrate", app, name]
        subprocess.run(command, env=dict(house.environment), check=True, capture_output=True)
    house.run("backup", str(backup))
    other = new_database()
    again = Installation.new(tmp_path / "again", DATABASE_URL=other)
    again.run("restore", str(backup))
    assert dumped(other) == dumped(url)
    assert "the records are older than the program" in again.run("doctor")
    again.run("events")
    assert "the records are older" not in again.run("doctor")
