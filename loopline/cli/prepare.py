"""What every command that uses the records does first."""

from collections.abc import Collection
from pathlib import Path

import django
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from loopline.backup.begun import is_half_restored
from loopline.cli.command import CommandError
from loopline.cli.new_records import create_records
from loopline.lib.config import Config, read_config


def set_up() -> Config:
    """Set Django up; the configuration. The records may be older than the code: see `migrate`.

    Raises CommandError where a backup is being put back, or was not put back to its end.
    """
    config = read_config()
    if is_half_restored(config.data):
        raise CommandError(
            f"{config.data} holds a part of a backup: `loopline restore` is at work there, or was ended before it was "
            "done. In the second case empty the folder (and a PostgreSQL database of DATABASE_URL) and restore again."
        )
    django.setup(set_prefix=False)
    return config


def set_up_again() -> Config:
    """The same for commands that only read: an installation has to be there, and is brought up to date.

    Raises CommandError as `set_up_there`.
    """
    config = set_up_there()
    migrate()
    return config


def set_up_there() -> Config:
    """The same for a command that takes the records as they are.

    Raises CommandError, which says what to do, where LOOPLINE_DATA and DATABASE_URL lead to nothing that was set up.
    """
    config = set_up()
    if not _was_set_up():
        raise CommandError(
            f"nothing was set up in {config.data} yet. If your data is elsewhere, set LOOPLINE_DATA (and DATABASE_URL) "
            "as the server has them; for a new installation run `loopline setup` or `loopline serve` first."
        )
    return config


def _was_set_up() -> bool:
    """Whether the records have tables. Looking leaves no empty file behind."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite" and "mode=memory" not in str(name) and not Path(name).is_file():
        return False
    try:
        return bool(connection.introspection.table_names())
    except OperationalError as error:
        raise _cannot_open(error) from error


def _cannot_open(error: Exception) -> CommandError:
    return CommandError(f"the records cannot be opened: {error}. Check DATABASE_URL and LOOPLINE_DATA.")


def make_tables(applied: Collection[str]) -> None:
    """The tables of an empty database as they were when these changes (`app.name`), and no others, had been applied."""
    executor = MigrationExecutor(connection)
    graph = executor.loader.graph
    wanted = {node for node in graph.nodes if f"{node[0]}.{node[1]}" in applied}
    if wanted == set(graph.nodes):
        create_records(connection)
        return
    followed = {parent.key for node in wanted for parent in graph.node_map[node].parents if parent.key[0] == node[0]}
    executor.migrate(sorted(wanted - followed))


def migrate() -> bool:
    """Bring the records up to date; True when something had to be done. Raises CommandError when it cannot be done."""
    try:
        if not connection.introspection.table_names():
            create_records(connection)
            return True
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise _cannot_open(error) from error
    return True
