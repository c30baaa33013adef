"""Whoever changes records takes a turn before locking a row, so that nobody waits for somebody who waits for them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[2]
RACE = "import django; django.setup(); from tests.pipeline.race import main; main()"


def test_everybody_at_once_on_the_same_records_never_locks_each_other_out(tmp_path: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE race_of_turns")
    environment = os.environ | {
        "LOOPLINE_DATA": str(tmp_path), "DATABASE_URL": postgres_url.replace("/postgres", "/race_of_turns"),
        "DJANGO_SETTINGS_MODULE": "loopline.web.settings", "SECRET_KEY": "only for this race",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", RACE], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {"vendor": "postgresql", "errors": [], "chain_is_whole": True}
