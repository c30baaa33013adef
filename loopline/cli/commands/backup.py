"""`loopline backup`: one complete copy of the installation, whether the server runs or not."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loopline.backup import BackupError
from loopline.backup.store_file import owned, read_beside
from loopline.backup.turn import only_backup, wanted_still
from loopline.cli.bridge import Server, running_server
from loopline.cli.command import DONE, Command, CommandError
from loopline.cli.prepare import set_up_there
from loopline.lib.config import Config
from loopline.store.open import duckdb_file

if TYPE_CHECKING:  # it needs Django to be set up
    from loopline.backup.making import Made, Still


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where to: empty, or not there yet")


def _run(given: Namespace) -> int:
    config = set_up_there()
    from loopline.backup.making import make_backup

    try:
        with only_backup(config.data):
            made = make_backup(config.data, given.folder, _still(config))
    except BackupError as error:
        raise CommandError(str(error)) from error
    _tell(given.folder, made)
    return DONE


@contextmanager
def _still(config: Config) -> "Iterator[Still]":
    """The event store while its server stands still, or nobody has it."""
    from loopline.backup.making import Still

    own = _file_of(config)
    if (server := running_server(config)) is not None:
        with wanted_still(config.data):
            told = _object(server.tell("/internal/backup/hold"))
            _refuse_other_settings(told)
            path = Path(told["store"])
            with read_beside(path) as opened:
                yield Still(path, opened, lambda: _refuse_unless_held(server, told["hold"]))
        return
    if not own.exists():
        yield Still(None)
        return
    with owned(own) as opened:
        yield Still(own, opened)


def _file_of(config: Config) -> Path:
    if (path := duckdb_file(config)) is None:
        raise BackupError(
            "EVENTS_URL names ClickHouse, which this command does not copy. Back up its database and LOOPLINE_DATA "
            "with the server stopped."
        )
    return path


def _refuse_other_settings(told: dict[str, Any]) -> None:
    """A command of cron, for instance, lacks what the server has in its environment."""
    from django.db import connection

    from loopline.backup.secret import key_mark

    for name, is_same in (
        ("DATABASE_URL", told["records"] == connection.vendor),
        ("SECRET_KEY", told["key"] == key_mark()),
    ):
        if not is_same:
            raise BackupError(f"{name} is not that of the running server. Run this with the environment of the server.")


def _refuse_unless_held(server: Server, name: str) -> None:
    if not _object(server.ask(f"/internal/backup/hold/{name}"))["is_held"]:
        raise BackupError(
            "the server went on before the event store was copied: it was stopped, or the copy took more than an hour. "
            "Nothing was kept; run the command again, with a quicker disk if it was the hour."
        )


def _object(answer: object) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise CommandError("the server did not answer as expected; is it the same version of Loopline?")
    return answer


def _tell(folder: Path, made: "Made") -> None:
    manifest = made.manifest
    print(f"{folder} holds {len(manifest.files):,} files, {manifest.size / 2**20:,.1f} MB, and all of them are whole.")
    print(f"Everything is in it that was received before {manifest.at:%Y-%m-%d %H:%M:%S} UTC.")
    if manifest.horizon is not None:
        print(f"Its reports give the same figures as here as of {manifest.horizon.isoformat()}.")
    print(f"Events and facts waited for {made.still_s:.1f} s meanwhile; nothing was turned away.")
    if not manifest.has_key:
        print("SECRET_KEY is of the environment and not in it: keep the key elsewhere, too.")
    if made.left_out:
        print(f"Not Loopline's and not copied: {', '.join(made.left_out)}.")


COMMAND = Command(
    key="backup",
    summary="Copy the whole installation into an empty folder, while the server runs or not",
    example="loopline backup /var/backups/loopline/2026-03-01",
    run=_run,
    configure=_configure,
)
