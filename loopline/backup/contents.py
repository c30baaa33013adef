"""What lies in the folder of an installation: what a backup holds, and what it leaves out."""

from collections.abc import Iterator
from pathlib import Path

RECORDS = "records.sqlite"
STORE = "events.duckdb"
ERASED = "erased.jsonl"
KEY = "secret_key"

CUT_ORDER = ("collect.sqlite", RECORDS, "inbox.sqlite", "keys.sqlite")
"""Snapshots are begun one after the other, while people and the collector go on. What is begun later may know more:

* what the loader remembers comes before the records: the reactor notes in the records which signal it has answered, and
  then removes the signal; the other way round one could be gone and not answered,
* the inbox comes after the records and the event store: neither may name an event that the inbox does not hold, for its
  number would be given out again,
* write keys come last: each event of the inbox has its source.
"""
FILES = (KEY, "demo.filled", "places.mmdb")
FOLDERS = ("archive", "imports")
LEFT_OUT = {
    "run", "cache", "kept", "damaged", "inbox.end", "inbox.lock", "rewriting.lock", "backup.lock", "still.lock",
    "last_backup.json", "demo.filling", "restoring",
}  # fmt: skip
"""Made anew, belonging to what runs, or (`damaged`) kept only to be looked at."""
_BESIDE = ("-wal", "-shm", "-journal", ".wal", ".tmp", ".kept", ".anew")
"""What SQLite and DuckDB put beside their files."""
MAY_BE_RESTORED = {*CUT_ORDER, *FILES, ERASED, *FOLDERS, STORE, f"{STORE}.wal", "records"}
"""First words of paths in a backup."""


def files_to_copy(data: Path) -> Iterator[str]:
    """Plain files, as paths below `data`. Who was erased comes last: nobody erased meanwhile is missing there."""
    for name in FILES:
        if (data / name).is_file():
            yield name
    for folder in FOLDERS:
        for path in sorted((data / folder).rglob("*")):
            if path.is_file() and path.suffix != ".draft":
                yield str(path.relative_to(data))
    if (data / ERASED).is_file():
        yield ERASED


def strangers(data: Path, store: str = STORE) -> list[str]:
    """What else lies there, and is in no backup. `store` is the name of the event store's file, where it lies there."""
    known = {*CUT_ORDER, *FILES, *FOLDERS, ERASED, store}
    own = {*known, *LEFT_OUT, *(f"{one}{end}" for one in known for end in _BESIDE)}
    return sorted(path.name for path in data.iterdir() if path.name not in own and not path.name.startswith("."))
