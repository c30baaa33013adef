"""The records of a new installation, made in one go.

Migrations tell how tables came to be, one change after the other, and Django builds all models anew around each,
for a database that holds nothing yet. The models say what comes out, and a test holds both together.
"""

from django.apps import apps
from django.core.management.sql import emit_post_migrate_signal
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder


def create_records(connection: BaseDatabaseWrapper) -> None:
    """Make the tables of all models in a database that has none, and note every migration as applied.

    One transaction: a database is never found with a part of its tables.
    """
    migrations = MigrationExecutor(connection).loader.graph.nodes
    recorder = MigrationRecorder(connection)
    with connection.schema_editor() as editor:
        for model in apps.get_models():
            if model._meta.can_migrate(connection):
                editor.create_model(model)
        recorder.ensure_schema()
        for app, name in migrations:
            recorder.record_applied(app, name)
    emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)
