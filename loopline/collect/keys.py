"""Write keys: who may send events, for which business unit.

A browser key stands in the source of a public page, so it is an identifier and no secret; what protects it is the
list of origins. Server and partner keys are secrets. Of all keys only the SHA-256 is stored. Another process may
create or revoke a key at any time; the change is seen within a second.
"""

import hashlib
import json
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.channels import Rule
from loopline.collect.log import connect
from loopline.collect.settings import Settings
from loopline.lib.ids import uuid7

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    hint TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    unit_id TEXT NOT NULL,
    origins TEXT NOT NULL,
    allow_automation INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    revoked_us INTEGER,
    last_used_us INTEGER
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_FIELDS = "id, hint, name, kind, unit_id, origins, allow_automation, created_us, revoked_us, last_used_us"
_MAX_REMEMBERED_MISSES = 10_000
_LONGEST = 200
"""Longer texts are no keys, and not worth remembering."""


class KeyKind(StrEnum):
    BROWSER = "browser"
    SERVER = "server"
    PARTNER = "partner"


class KeyRefusedError(ValueError):
    """A key cannot be created like this; the message says what to change."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a new write key should be."""

    name: str
    kind: KeyKind
    unit_id: str
    origins: tuple[str, ...] = ()
    """Browser keys: pages that may send, such as `https://www.example.com`; empty = any page."""
    allow_automation: bool = False
    """Count browsers that say they are driven by a program as people: for tests and the demo only."""


@dataclass(frozen=True, slots=True)
class WriteKey:
    id: str
    hint: str
    """First characters of the key, to recognise it by."""
    name: str
    kind: KeyKind
    unit_id: str
    origins: frozenset[str]
    allow_automation: bool
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None

    def allows_origin(self, origin: str) -> bool:
        return self.kind is KeyKind.BROWSER and (not self.origins or origin.lower() in self.origins)


class Keys:
    """The write keys in `folder`/keys.sqlite."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._connection = connect(folder / "keys.sqlite")
        self._lock = threading.RLock()
        self._used: dict[str, int] = {}
        self._found: dict[str, WriteKey | None] = {}
        self._data_version = -1
        with self._lock:
            self._connection.executescript(_SCHEMA)
        self.refresh()

    def create(self, new: NewKey, *, plain: str | None = None) -> tuple[str, str]:
        """Store a key; returns its id and the key itself, which is shown this once.

        `plain` gives the key a fixed value (the demo); asking again with the same value changes nothing.
        Raises KeyRefusedError for an empty name or unit or an origin that is not one.
        """
        if not new.name.strip() or not new.unit_id.strip():
            raise KeyRefusedError("A write key needs a name and a business unit.")
        origins = sorted({_origin(one) for one in new.origins})
        plain = plain or f"ll_{new.kind.value}_{secrets.token_urlsafe(24)}"
        values = (
            str(uuid7()), _digest(plain), plain[:12], new.name.strip(), new.kind.value, new.unit_id,
            json.dumps(origins), int(new.allow_automation), time.time_ns() // 1000,
        )  # fmt: skip
        with self._lock:
            self._connection.execute(
                "INSERT INTO keys (id, digest, hint, name, kind, unit_id, origins, allow_automation, created_us)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
                values,
            )
            key_id = self._connection.execute("SELECT id FROM keys WHERE digest = ?", (_digest(plain),)).fetchone()[0]
        self._forget()
        return str(key_id), plain

    def list(self) -> Sequence[WriteKey]:
        """All keys, revoked ones too, oldest first."""
        self.keep_last_used()
        with self._lock:
            rows = self._connection.execute(f"SELECT {_FIELDS} FROM keys ORDER BY created_us, id").fetchall()
        return [_write_key(row) for row in rows]

    def revoke(self, key_id: str) -> bool:
        """Refuse everything that comes with this key from now on. False when there is no such key in force."""
        with self._lock:
            changed = self._connection.execute(
                "UPDATE keys SET revoked_us = ? WHERE id = ? AND revoked_us IS NULL", (time.time_ns() // 1000, key_id)
            ).rowcount
        self._forget()
        return bool(changed)

    def lookup(self, plain: str) -> WriteKey | None:
        """The key in force with this value. Cheap: remembers what it found until something changes."""
        if len(plain) > _LONGEST:
            return None
        try:
            key = self._found[plain]
        except KeyError:
            key = self._find(plain)
        if key is not None:
            self._used[key.id] = time.time_ns() // 1000
        return key

    def refresh(self) -> None:
        """Notice changes made by other processes; called once a second by the collector."""
        with self._lock:
            version = self._connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._data_version:
            self._data_version = version
            self._forget()

    def keep_last_used(self) -> None:
        """Write down when keys were last used; called once a minute."""
        used, self._used = self._used, {}
        with self._lock:
            for key_id, moment in used.items():
                self._connection.execute("UPDATE keys SET last_used_us = ? WHERE id = ?", (moment, key_id))

    # Hosts that are no referrers

    def own_hosts(self) -> tuple[str, ...]:
        """Hosts of the organisation's own sites and of pay or sign-in pages it uses: never a referrer.

        What was set by hand, and the hosts of all allowed origins.
        """
        with self._lock:
            row = self._connection.execute("SELECT value FROM settings WHERE name = 'own_hosts'").fetchone()
            origins = self._connection.execute("SELECT origins FROM keys WHERE revoked_us IS NULL").fetchall()
        hosts = set(json.loads(row[0])) if row else set()
        for (text,) in origins:
            hosts.update(urlsplit(one).hostname or "" for one in json.loads(text))
        return tuple(sorted(hosts - {""}))

    def settings(self) -> Settings:
        """What the organisation decided about processing, as it stands now."""
        with self._lock:
            row = self._connection.execute("SELECT value FROM settings WHERE name = 'channel_rules'").fetchone()
        rules = msgspec.json.decode(row[0], type=tuple[Rule, ...]) if row else ()
        return Settings(own_hosts=frozenset(self.own_hosts()), channel_rules=rules)

    def set_channel_rules(self, rules: Sequence[Rule]) -> None:
        """The organisation's own channel rules, ahead of the others, for events loaded from now on."""
        value = msgspec.json.encode(tuple(rules)).decode()
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO settings VALUES ('channel_rules', ?)", (value,))

    def set_own_hosts(self, hosts: Sequence[str]) -> None:
        value = json.dumps(sorted({one.strip().lower() for one in hosts if one.strip()}))
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO settings VALUES ('own_hosts', ?)", (value,))

    def close(self) -> None:
        self.keep_last_used()
        with self._lock:
            self._connection.close()

    def _find(self, plain: str) -> WriteKey | None:
        self.refresh()
        sql = f"SELECT {_FIELDS} FROM keys WHERE digest = ? AND revoked_us IS NULL"
        with self._lock:
            row = self._connection.execute(sql, (_digest(plain),)).fetchone()
        if len(self._found) > _MAX_REMEMBERED_MISSES:
            self._forget()
        key = self._found[plain] = _write_key(row) if row else None
        return key

    def _forget(self) -> None:
        self._found = {}


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def _origin(text: str) -> str:
    parts = urlsplit(text.strip().lower().rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
        raise KeyRefusedError(f"“{text}” is not an origin; write it like https://www.example.com")
    return f"{parts.scheme}://{parts.netloc}"


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else datetime.fromtimestamp(microseconds / 1_000_000, UTC)


def _write_key(row: sqlite.Row) -> WriteKey:
    key_id, hint, name, kind, unit_id, origins, allow_automation, created_us, revoked_us, last_used_us = row
    created_at = _moment(created_us)
    assert created_at is not None
    return WriteKey(
        key_id, hint, name, KeyKind(kind), unit_id, frozenset(json.loads(origins)), bool(allow_automation),
        created_at, _moment(revoked_us), _moment(last_used_us),
    )  # fmt: skip
