"""What an action left behind: the last fact in the outbox, the last entry of the audit log."""

from typing import Any

from loopline.access.models import AuditEntry
from loopline.facts.models import OutboxRow


def last_fact(table: str) -> dict[str, Any]:
    row = OutboxRow.objects.filter(table=table).latest("id")
    return {**row.row, "id": row.row_id}


def last_audit() -> tuple[str, dict[str, Any]]:
    entry = AuditEntry.objects.latest("seq")
    return entry.verb, entry.detail
