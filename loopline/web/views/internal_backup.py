"""Backups for the command line: the server stands still while the command copies the event store's file."""

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from loopline.backup import BackupError
from loopline.backup.hold import hold, is_held
from loopline.backup.secret import key_mark
from loopline.store.current import engine
from loopline.store.open import duckdb_file
from loopline.web.internal import for_commands, plain_json


@csrf_exempt
@require_POST
@for_commands
def internal_backup_hold(_request: HttpRequest) -> HttpResponse:
    """Where the store's file is, by which name the command asks whether it stood still, and what tells it whether it
    has the settings of this server."""
    config = settings.CONFIG
    try:
        name = hold(config.data, engine())
    except BackupError as error:
        return plain_json({"error": str(error)}, status=409)
    path = duckdb_file(config)
    return plain_json(
        {
            "hold": name,
            "store": "" if path is None else str(path.absolute()),
            "records": connection.vendor,
            "key": key_mark(),
        }
    )


@require_GET
@for_commands
def internal_backup_held(_request: HttpRequest, name: str) -> HttpResponse:
    return plain_json({"is_held": is_held(name)})
