"""Capture writes events into the inbox: each test has a folder of its own."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from loopline.collect import own
from loopline.collect.inbox import Inbox


@pytest.fixture
def data(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.CONFIG = replace(settings.CONFIG, data=tmp_path)
    yield tmp_path
    own.close_logs(tmp_path)


@pytest.fixture
def inbox(data: Path) -> Iterator[Inbox]:
    inbox = Inbox(data)
    yield inbox
    inbox.close()
