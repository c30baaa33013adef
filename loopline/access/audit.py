"""The audit log: append-only, each entry hashed over the one before it.

What an entry says in detail stands beside the chain, and only a keyed hash of it inside: so that the detail can go when
a person is erased, and the chain stays whole. Which details went is itself an entry.
"""

import hashlib
import hmac
import json
import secrets
from datetime import datetime
from uuid import UUID

from django.db import connection, models, transaction

from loopline.access.actor import Actor
from loopline.access.models import AuditEntry
from loopline.lib.times import as_utc, utc_now

GENESIS = "0" * 64
EMPTIED = "emptied_details"
"""Verb of the entry that says of which entries the detail is gone."""
_LOCK = 0x10091E  # any constant: the PostgreSQL advisory lock that puts writers of the chain in a row


def entry_hash(entry: AuditEntry) -> str:
    """SHA-256 over everything the entry says and the hash before it. The moment counts in UTC, as it is read back."""
    content = [
        entry.previous_hash,
        as_utc(entry.at).isoformat(),
        entry.actor_id,
        entry.actor_name,
        entry.verb,
        entry.object_type,
        entry.object_id,
        str(entry.unit_id or ""),
        entry.detail_hash or entry.detail,
    ]
    return hashlib.sha256(_json(content)).hexdigest()


def _detail_hash(detail: object, salt: str) -> str:
    return hmac.new(salt.encode(), _json(detail), "sha256").hexdigest()


def _json(content: object) -> bytes:
    return json.dumps(content, sort_keys=True, ensure_ascii=False).encode()


def take_turn() -> None:
    """Wait until no other transaction writes the chain, and keep others waiting until this one ends.

    Every action takes its turn first of all, before it locks or writes a row: then nobody who has the turn waits for
    a row of somebody who waits for the turn. What it looks at is then as nobody else is changing it. SQLite has one
    writer anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def audit(by: Actor, verb: str, about: models.Model, *, at: datetime | None = None, **detail: object) -> AuditEntry:
    """Write one entry in the caller's transaction. `detail` holds what changed, never secrets."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("audit() belongs inside the transaction of the action it records")
    take_turn()
    last = AuditEntry.objects.order_by("-seq").values_list("hash", flat=True).first()
    unit = getattr(about, "unit_id", None)
    entry = AuditEntry(
        at=at or utc_now(),
        actor_id=by.id,
        actor_name=by.name,
        verb=verb,
        object_type=about._meta.model_name or "",
        object_id=str(about.pk),
        unit_id=unit if isinstance(unit, UUID) else None,
        detail=json.loads(json.dumps(detail, default=str)),
        salt=secrets.token_hex(16),
        previous_hash=last or GENESIS,
    )
    entry.detail_hash = _detail_hash(entry.detail, entry.salt)
    entry.hash = entry_hash(entry)
    entry.save(force_insert=True)
    return entry


def empty_details(entries: models.QuerySet[AuditEntry], by: Actor, about: models.Model) -> int:
    """Take away what these entries say in detail, and write down of which; how many. Entries from before details stood
    beside the chain stay: the chain would break."""
    emptied = list(entries.exclude(detail_hash="").exclude(salt="").values_list("seq", flat=True))
    if emptied:
        audit(by, EMPTIED, about, entries=emptied)
        AuditEntry.objects.filter(seq__in=emptied).update(detail={}, salt="")
    return len(emptied)


def first_broken_entry() -> AuditEntry | None:
    """The first entry whose hash does not fit what it says or what came before; None when the chain is whole."""
    previous, emptied = GENESIS, _emptied()
    for entry in AuditEntry.objects.order_by("seq").iterator():
        is_sound = entry_hash(entry) == entry.hash and _has_its_detail(entry, emptied)
        if entry.previous_hash != previous or not is_sound:
            return entry
        previous = entry.hash
    return None


def _emptied() -> set[int]:
    said = AuditEntry.objects.filter(verb=EMPTIED).values_list("detail", flat=True)
    return {seq for detail in said for seq in detail.get("entries", ())}


def _has_its_detail(entry: AuditEntry, emptied: set[int]) -> bool:
    if not entry.detail_hash:
        return True
    if not entry.salt:
        return entry.seq in emptied and entry.detail == {}
    return _detail_hash(entry.detail, entry.salt) == entry.detail_hash
