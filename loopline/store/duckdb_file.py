"""A DuckDB file written anew, while nobody has it open: what was erased is in none of its pages.

DuckDB marks rows as gone and does not overwrite what they stood in. The new file is made beside the old one, is on the
disk before it takes the old one's place, and only then is the old one gone. Killed before that, the old one stands.
"""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb


class Gate:
    """Many may be inside; who shuts it waits until all are out, and others wait outside."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._is_shut = False

    @contextmanager
    def passed(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_shut)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @contextmanager
    def shut(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._is_shut)
            self._is_shut = True
            self._changed.wait_for(lambda: self._inside == 0)
        try:
            yield
        finally:
            with self._changed:
                self._is_shut = False
                self._changed.notify_all()


def write_anew(path: Path, settings: Mapping[str, Any]) -> None:
    """Put a copy of the database in its own place. Raises duckdb.Error and OSError; then the old one is still there."""
    draft = path.with_name(f"{path.name}.anew")
    draft.unlink(missing_ok=True)
    draft.with_name(f"{draft.name}.wal").unlink(missing_ok=True)
    with duckdb.connect(":memory:", config=dict(settings)) as connection:
        connection.execute(f"ATTACH '{_quoted(path)}' AS old_file")
        connection.execute(f"ATTACH '{_quoted(draft)}' AS new_file")
        connection.execute("COPY FROM DATABASE old_file TO new_file")
        connection.execute("DETACH new_file")  # with a checkpoint: all of it is in the file itself
        connection.execute("DETACH old_file")
    with draft.open("rb+") as file:
        os.fsync(file.fileno())
    draft.replace(path)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
