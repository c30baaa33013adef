"""An installation that was set up, for tests of backups."""

import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.story.company import PASSWORD, Installation
from tests.story.test_serving import SET_UP

Planted = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of data `loopline setup` leaves, with a write key."""
    made = Installation.new(tmp_path_factory.mktemp("set_up"))
    return made.folder, set_up_in(made)


def set_up_in(house: Installation) -> str:
    """Set up, with a write key, which is given back."""
    house.run(*SET_UP, LOOPLINE_SETUP_PASSWORD=PASSWORD)
    return house.run("keys", "create", "--name", "shop", "--kind", "server").strip()


@pytest.fixture
def new_database(postgres_url: str) -> Callable[[], str]:
    """Makes an empty database of PostgreSQL; its DATABASE_URL."""

    def make() -> str:
        name = f"backup_{next(_numbers)}"
        with psycopg.connect(postgres_url, autocommit=True) as database:
            database.execute(f"CREATE DATABASE {name}".encode())
        return postgres_url.replace("/postgres", f"/{name}")

    return make


_numbers = itertools.count()


@pytest.fixture
def house(set_up: tuple[Path, str], tmp_path: Path) -> Installation:
    return Installation.new(Path(shutil.copytree(set_up[0], tmp_path / "data")))


@pytest.fixture
def key(set_up: tuple[Path, str]) -> str:
    return set_up[1]


def planted(house: Installation, plant: str, *command: str) -> "subprocess.CompletedProcess[str]":
    """A command with something planted in it, see `planted.py`."""
    return subprocess.run(
        [sys.executable, "-m", "tests.backup.planted", plant, *command],
        env=dict(house.environment), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
