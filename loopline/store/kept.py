"""Answers of the event store that are kept for a while, as files beside it, because asking again takes long.

Whoever keeps an answer names it by everything it depends on, the state of the store and the number of its erasures
included, so that a store that changed never gives an old answer. What is erased from the store leaves the files of the
machine that erases at once: all of them go. Those of other machines are not asked for again, and go when too old.
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

KEPT_FOR_S = 2 * 3_600
MOST_BYTES = 2_000_000_000
"""Above this the oldest go first."""


class KeptTables:
    """Tables by name, written once and read through the file system's memory. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self.generation = 0
        """Grows when all is forgotten: what was read before that may not be kept after it."""

    def get(self, name: str) -> pa.Table | None:
        """The table of this name; None where it is not kept, is too old, or cannot be read."""
        if self._folder is None:
            return None
        path = self._folder / f"{name}.arrow"
        try:
            if time.time() - path.stat().st_mtime > KEPT_FOR_S:
                return None
            with pa.memory_map(str(path)) as file:
                return pa.ipc.open_file(file).read_all()
        except (OSError, pa.ArrowInvalid):  # gone in between, or cut off by a full disk: asked again
            return None

    def put(self, name: str, table: pa.Table, generation: int) -> None:
        """Keep the table, unless all was forgotten since `generation`. A disk without room keeps nothing."""
        if self._folder is None:
            return
        with self._lock:
            if generation != self.generation:
                return
            part = self._folder / f"{name}.{os.getpid()}.part"
            try:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                with pa.OSFile(str(part), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
                    writer.write_table(table)
                part.replace(self._folder / f"{name}.arrow")
            except OSError:
                part.unlink(missing_ok=True)
            self._make_room()

    def forget(self) -> None:
        """Keep nothing of all there is. Raises OSError where a file cannot be removed."""
        with self._lock:
            self.generation += 1
            for path in self._files():
                path.unlink(missing_ok=True)

    def drop_old(self) -> None:
        """Remove what is too old to be given. A periodic job: without it, what nobody asks for would stay for good."""
        with self._lock:
            self._make_room()

    def _files(self) -> list[Path]:
        return [] if self._folder is None or not self._folder.is_dir() else list(self._folder.iterdir())

    def _make_room(self) -> None:
        kept_bytes, now = 0, time.time()
        for told, path in sorted(self._found(), key=lambda one: -one[0].st_mtime):
            kept_bytes += told.st_size
            if kept_bytes > MOST_BYTES or now - told.st_mtime > KEPT_FOR_S:
                path.unlink(missing_ok=True)

    def _found(self) -> Iterator[tuple[os.stat_result, Path]]:
        for path in self._files():
            with suppress(FileNotFoundError):  # another process was faster
                yield path.stat(), path
