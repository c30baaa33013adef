"""The hand-off and the huddle on PostgreSQL: what locks in every run, everything in `make test-slow`.

A process of its own runs the same tests with `DATABASE_URL`: settings cannot change within one.
"""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).parents[2]
LOCKING = ["tests/leads/test_races.py", "tests/leads/test_parallel_accepts.py", "tests/pipeline/test_pipeline_races.py"]
ALL = [
    "tests/leads", "tests/routing", "tests/huddles", "tests/pipeline", "tests/web/test_routing_pages.py",
    "tests/web/test_lead_news.py", "tests/web/test_undelivered.py",
]  # fmt: skip


def passed(files: list[str], postgres_url: str, name: str) -> int:
    """How many tests of these files passed on a database of their own; one that failed is told."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    environment = os.environ | {"DATABASE_URL": postgres_url.replace("/postgres", f"/{name}")}
    # Without workers: these tests are the load themselves.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *files]
    command += ["--deselect", "tests/leads/test_on_postgresql.py"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1_200)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    return sum(line.partition("[")[0].count(".") for line in done.stdout.splitlines() if line.endswith("%]"))


def test_what_locks_holds_on_postgresql_too(postgres_url: str) -> None:
    assert passed(LOCKING, postgres_url, "races_of_leads") == 8


@pytest.mark.slow
def test_the_hand_off_and_the_huddle_hold_on_postgresql(postgres_url: str) -> None:
    assert passed(ALL, postgres_url, "all_of_leads") > 300
