"""That a backup was made is noted beside the data; where it cannot be, the backup is whole all the same."""

from contextlib import closing, nullcontext
from pathlib import Path

import pytest
from pysqlite3 import dbapi2 as sqlite

from loopline.backup import BackupError
from loopline.backup.last import last_backup
from loopline.backup.making import Still, make_backup
from loopline.backup.manifest import read_manifest


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The least that a backup is made of: records without a change of their tables."""
    folder = tmp_path / "data"
    folder.mkdir()
    with closing(sqlite.connect(str(folder / "records.sqlite"))) as records:
        records.executescript(
            "CREATE TABLE django_migrations (app TEXT, name TEXT);"
            "CREATE TABLE facts_outboxrow (id INTEGER PRIMARY KEY AUTOINCREMENT);"
        )
    return folder


def test_a_backup_that_cannot_be_noted_is_whole_and_says_why(data: Path, tmp_path: Path) -> None:
    (data / "last_backup.json.draft").mkdir()  # in the way, as a full disk would be
    with pytest.raises(BackupError, match="is a whole backup, but that it was made could not be noted"):
        make_backup(data, tmp_path / "backup", nullcontext(Still(None)))
    assert read_manifest(tmp_path / "backup").files
    assert last_backup(data) is None
    (data / "last_backup.json.draft").rmdir()
    make_backup(data, tmp_path / "another", nullcontext(Still(None)))
    assert last_backup(data) is not None
