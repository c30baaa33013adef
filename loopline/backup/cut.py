"""A SQLite file as of one moment: a snapshot is begun at once and copied later, while others write on."""

from contextlib import closing
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2 as sqlite

from loopline.backup.manifest import Records
from loopline.lib.sqlite import refuse_unsafe_version

_PATIENCE_S = 30


class Cut:
    """The file at `path` as it is now; until `close` its write-ahead log only grows. Raises sqlite's Error."""

    def __init__(self, path: Path) -> None:
        refuse_unsafe_version(sqlite.sqlite_version_info)
        self.name = path.name
        self._connection = sqlite.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE_S)
        self._connection.isolation_level = None
        self._connection.execute("BEGIN")
        self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # only a read begins the snapshot

    def select(self, sql: str) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(sql))

    def copy_to(self, target: Path) -> None:
        """Page by page, with what is free among them, all of it in one file."""
        with closing(sqlite.connect(str(target))) as copy:
            self._connection.backup(copy)

    def records(self) -> Records:
        applied = self.select("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
        return Records("sqlite", [name for (name,) in applied])

    def close(self) -> None:
        self._connection.close()
