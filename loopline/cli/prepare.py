"""What every command that uses the records does first."""

import django
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from loopline.cli.command import CommandError
from loopline.lib.config import Config, read_config


def set_up() -> Config:
    """Set Django up; the configuration. The records may be older than the code: see `migrate`."""
    config = read_config()
    django.setup(set_prefix=False)
    return config


def migrate() -> bool:
    """Bring the records up to date; True when something had to be done. Raises CommandError when it cannot be done."""
    try:
        executor = MigrationExecutor(connection)
        if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return False
        call_command("migrate", verbosity=0, interactive=False)
    except OperationalError as error:
        raise CommandError(f"the records cannot be opened: {error}. Check DATABASE_URL and LOOPLINE_DATA.") from error
    return True
