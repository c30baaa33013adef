"""An installation that was set up, for tests of backups."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.story.company import PASSWORD, Installation
from tests.story.test_serving import SET_UP

Planted = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of data `loopline setup` leaves, with a write key."""
    made = Installation.new(tmp_path_factory.mktemp("set_up"))
    made.run(*SET_UP, LOOPLINE_SETUP_PASSWORD=PASSWORD)
    return made.folder, made.run("keys", "create", "--name", "shop", "--kind", "server").strip()


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
