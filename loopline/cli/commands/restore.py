"""`loopline restore`: put a backup back into an empty place."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

import django

from loopline.backup import BackupError
from loopline.cli.bridge import running_server
from loopline.cli.command import DONE, Command, CommandError
from loopline.cli.prepare import make_tables
from loopline.lib.config import Config, read_config

if TYPE_CHECKING:  # it needs Django to be set up
    from loopline.backup.restoring import Looked


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the backup")
    parser.add_argument("--check", action="store_true", help="only read all of it and say whether it is whole")
    parser.add_argument(
        "--erasures",
        type=Path,
        metavar="FILE|BACKUP",
        help="erased.jsonl of the installation that was lost, or a newer backup: who was erased since",
    )


def _run(given: Namespace) -> int:
    config = read_config()
    looked = _look_at(given.folder)
    manifest = looked.manifest
    made = f"made {manifest.at:%Y-%m-%d %H:%M:%S} UTC by Loopline {manifest.loopline}"
    print(f"{given.folder} is whole: {len(manifest.files):,} files, {manifest.size / 2**20:,.1f} MB, {made}.")
    if given.check:
        return DONE
    from loopline.backup.restoring import put_back

    if running_server(config) is not None:
        raise CommandError(f"a server runs on {config.data}. Stop it, or name an empty folder with LOOPLINE_DATA.")
    try:
        put_back(looked, config, make_tables, given.erasures)
    except BackupError as error:
        raise CommandError(str(error)) from error
    _tell(looked, config)
    return DONE


def _look_at(folder: Path) -> "Looked":
    from loopline.backup.secret import use_key_of

    use_key_of(folder)
    django.setup(set_prefix=False)
    from loopline.backup.restoring import look_at

    try:
        return look_at(folder)
    except BackupError as error:
        raise CommandError(str(error)) from error


def _tell(looked: "Looked", config: Config) -> None:
    print(f"It is back in {config.data}. Start `loopline serve` with the same settings as before.")
    if not looked.has_own_key:
        print(
            "SECRET_KEY is not the one of the backup: set it as it was. Otherwise everybody signs in again, links in "
            "mails are dead, and addresses of people who were erased are known no more."
        )
    made = f"{looked.manifest.at:%Y-%m-%d %H:%M:%S} UTC"
    print(
        f"People who were erased after {made} are back. Run `loopline erase --again`: "
        "whoever erased.jsonl names goes. Those erased since the backup stand there only if --erasures gave a newer "
        "list; without one, look through what you were asked since."
    )


COMMAND = Command(
    key="restore",
    summary="Put a backup back where nothing is yet; it is read and checked before anything is written",
    example="LOOPLINE_DATA=/var/lib/loopline loopline restore /var/backups/loopline/2026-03-01",
    run=_run,
    configure=_configure,
)
