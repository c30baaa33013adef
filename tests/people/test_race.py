"""Two creations at once give one person: on both databases of the records, with real threads and real commits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg

ROOT = Path(__file__).parents[2]
RACE = "import django; django.setup(); from tests.people.race import main; main()"


def race(data: Path, database_url: str) -> dict[str, object]:
    environment = os.environ | {
        "LOOPLINE_DATA": str(data), "DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "loopline.web.settings",
        "SECRET_KEY": "only for this race",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", RACE], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    answer: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answer


def assert_one_of_each(answer: dict[str, object]) -> None:
    assert answer["errors"] == []
    assert answer["ines"] == answer["links_of_the_address"] == 1
    # Someone's, then nobody's, then a hub: seven people sent a form from it.
    assert answer["links_of_the_browser"] == 3
    assert answer["people"] == 13
    assert answer["companies"] == 1
    assert answer["chain_is_whole"] is True


def test_twelve_at_once_make_one_person_on_sqlite(tmp_path: Path) -> None:
    assert_one_of_each(race(tmp_path, ""))


def test_twelve_at_once_make_one_person_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE race_of_people")
    answer = race(tmp_path, postgres_url.replace("/postgres", "/race_of_people"))
    assert answer["vendor"] == "postgresql"
    assert_one_of_each(answer)
