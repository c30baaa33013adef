"""Run by `test_new_records.py` in a process of its own: makes the records in both ways and tells where they differ.

The configured database is made by the migrations, one after the other; the one beside it from the models, at once.
"""

import json
import sys

from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from loopline.cli.new_records import create_records


def made(of: BaseDatabaseWrapper) -> dict[str, object]:
    """Tables with their columns, constraints and indexes, whatever the order they were made in; what was noted."""
    look = of.introspection
    with of.cursor() as cursor:
        found: dict[str, object] = {
            table: {
                "columns": sorted(map(repr, look.get_table_description(cursor, table))),
                "constraints": sorted(
                    repr(sorted(one.items())) for one in look.get_constraints(cursor, table).values()
                ),
                "relations": sorted(look.get_relations(cursor, table).items()),
            }
            for table in look.table_names(cursor)
        }
        cursor.execute("SELECT app_label, model FROM django_content_type ORDER BY 1, 2")
        found["content types"] = cursor.fetchall()
    found["applied"] = sorted(MigrationRecorder(of).applied_migrations())
    return found


def main() -> None:
    call_command("migrate", verbosity=0)
    connections.settings["new"] = connections.settings["default"] | {"NAME": sys.argv[1]}
    create_records(connections["new"])
    migrated, at_once = made(connection), made(connections["new"])
    differing = {
        name: [migrated.get(name), at_once.get(name)]
        for name in migrated.keys() | at_once.keys()
        if migrated.get(name) != at_once.get(name)
    }
    print(json.dumps({"tables": len(migrated), "differing": differing}))
