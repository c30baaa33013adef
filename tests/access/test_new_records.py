"""A new database, made from the models at once, is what the migrations make of it one after the other."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).parents[2]
NOT_OURS = {"auth_group_permissions"}
"""Django's groups, which Loopline does not use: while it migrates, Django forgets that ids there are short."""
BOTH_WAYS = "import django; django.setup(); from tests.access.both_ways import main; main()"


def differing(data: Path, database_url: str, beside: str) -> dict[str, object]:
    """What differs between the two ways, by table."""
    environment = os.environ | {
        "LOOPLINE_DATA": str(data), "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "loopline.web.settings",
        "SECRET_KEY": "only for this comparison",
    }  # fmt: skip
    command = [sys.executable, "-c", BOTH_WAYS, beside]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-4_000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["tables"] > 70
    return {name: both for name, both in answer["differing"].items() if name not in NOT_OURS}


@pytest.mark.databases
def test_a_new_sqlite_database_is_what_the_migrations_make_of_it(tmp_path: Path) -> None:
    assert differing(tmp_path, "", str(tmp_path / "beside.sqlite")) == {}


@pytest.mark.slow
def test_a_new_postgresql_database_is_what_the_migrations_make_of_it(tmp_path: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE step_by_step")
        connection.execute("CREATE DATABASE at_once")
    assert differing(tmp_path, postgres_url.replace("/postgres", "/step_by_step"), "at_once") == {}
