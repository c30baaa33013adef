"""The SQLite that Loopline runs on is the one bundled with pysqlite3, never the system's.

SQLite 3.7.0 to 3.51.2 can corrupt a write-ahead log that two connections use (the "WAL-reset" bug), and the
system's SQLite is often one of these. `use_bundled_sqlite` puts the bundled one in the place of the standard
library's module, before Django imports it.
"""

import sys

import pysqlite3
from pysqlite3 import dbapi2

FIRST_SAFE_VERSION = (3, 51, 3)


class UnsafeSqliteError(RuntimeError):
    """The SQLite in use can corrupt its files."""


def refuse_unsafe_version(version: tuple[int, ...]) -> None:
    if version < FIRST_SAFE_VERSION:
        raise UnsafeSqliteError(
            f"SQLite {'.'.join(map(str, version))} can corrupt write-ahead logs; Loopline needs "
            f"{'.'.join(map(str, FIRST_SAFE_VERSION))} or later. Install the locked requirements again."
        )


def use_bundled_sqlite() -> None:
    """Make `import sqlite3` give the bundled SQLite in this process. Raises UnsafeSqliteError if it is too old."""
    refuse_unsafe_version(dbapi2.sqlite_version_info)
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = dbapi2
