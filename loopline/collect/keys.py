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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.channels import NO_OWN_RULES, Rule, RuleSet
from loopline.collect.log import connect
from loopline.collect.settings import Settings
from loopline.collect.transactions import transaction
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
    last_used_us INTEGER,
    networks TEXT NOT NULL DEFAULT '[]',
    max_events_per_s INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_NEW_COLUMNS = {"networks": "TEXT NOT NULL DEFAULT '[]'", "max_events_per_s": "INTEGER NOT NULL DEFAULT 0"}
_FIELDS = (
    "id, hint, name, kind, unit_id, origins, allow_automation, created_us, revoked_us, last_used_us, networks,"
    " max_events_per_s"
)
_MAX_REMEMBERED_MISSES = 10_000
_HIGHEST_LIMIT = 1_000_000
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
    networks: tuple[str, ...] = ()
    """Addresses and networks that may send, such as `203.0.113.0/24`; empty = any."""
    max_events_per_s: int = 0
    """Events a second, on average over ten; 0 = no limit."""


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What can be changed about a key; its kind and business unit decide what its events mean, and stay."""

    name: str
    origins: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    max_events_per_s: int = 0


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
    """To the minute; what was used within the last one may not be written down yet."""
    networks: tuple[str, ...]
    max_events_per_s: int

    def allows_address(self, address: str) -> bool:
        return not self.networks or _is_in(address, self.networks)

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
            self._add_columns()
        self.refresh()

    @contextmanager
    def all_or_nothing(self) -> Iterator[Callable[[], None]]:
        """What this thread changes after it called what it is given holds when this ends well; else it never was.

        So another transaction can be begun before and be committed before. Until the end others of this process wait.
        """
        begun = False

        def begin() -> None:
            nonlocal begun
            self._lock.acquire()
            begun = True
            self._connection.execute("BEGIN IMMEDIATE")

        try:
            yield begin
            if begun:
                self._connection.execute("COMMIT")
        except BaseException:
            if begun and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._forget()
            if begun:
                self._lock.release()

    def create(self, new: NewKey, *, plain: str | None = None) -> tuple[str, str]:
        """Store a key; returns its id and the key itself, which is shown this once.

        `plain` gives the key a fixed value (the demo); asking again with the same value changes nothing.
        Raises KeyRefusedError for an empty name or unit, and for an origin, a network or a limit that is none.
        """
        if not new.name.strip() or not new.unit_id.strip():
            raise KeyRefusedError("A write key needs a name and a business unit.")
        origins, networks = _origins(new.origins), _networks(new.networks)
        plain = plain or f"ll_{new.kind.value}_{secrets.token_urlsafe(24)}"
        values = (
            str(uuid7()), _digest(plain), plain[:12], new.name.strip(), new.kind.value, new.unit_id,
            origins, int(new.allow_automation), time.time_ns() // 1000, networks, _limit(new.max_events_per_s),
        )  # fmt: skip
        with self._lock:
            self._connection.execute(
                "INSERT INTO keys (id, digest, hint, name, kind, unit_id, origins, allow_automation, created_us,"
                " networks, max_events_per_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING",
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

    def change(self, key_id: str, change: KeyChange) -> bool:
        """Change a key in force; takes effect within a second. False when there is none with this id.

        Raises KeyRefusedError as `create` does.
        """
        if not change.name.strip():
            raise KeyRefusedError("A write key needs a name.")
        values = (
            change.name.strip(), _origins(change.origins), _networks(change.networks), _limit(change.max_events_per_s),
            key_id,
        )  # fmt: skip
        with self._lock:
            changed = self._connection.execute(
                "UPDATE keys SET name = ?, origins = ?, networks = ?, max_events_per_s = ?"
                " WHERE id = ? AND revoked_us IS NULL",
                values,
            ).rowcount
        self._forget()
        return bool(changed)

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
        if used:
            with self._lock, transaction(self._connection) as run:
                for key_id, moment in list(used.items()):
                    run("UPDATE keys SET last_used_us = ? WHERE id = ?", (moment, key_id))

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
        return Settings(own_hosts=frozenset(self.own_hosts()), channel_rules=self.channel_rules())

    def secret(self) -> bytes:
        """What the collector signs with; made at the first use and kept."""
        with self._lock:
            self._connection.execute(
                "INSERT OR IGNORE INTO settings VALUES ('collector_secret', ?)", (secrets.token_hex(32),)
            )
            row = self._connection.execute("SELECT value FROM settings WHERE name = 'collector_secret'").fetchone()
        return bytes.fromhex(row[0])

    def channel_rules(self) -> RuleSet:
        """The organisation's own channel rules, ahead of the others."""
        with self._lock:
            row = self._connection.execute("SELECT value FROM settings WHERE name = 'channel_rules'").fetchone()
        found = msgspec.json.decode(row[0], type=RuleSet | tuple[Rule, ...]) if row else NO_OWN_RULES
        # Before they were numbered they were kept as a plain list.
        return found if isinstance(found, RuleSet) else RuleSet(1, found)

    def set_channel_rules(self, rules: Sequence[Rule]) -> RuleSet:
        """Other own rules for events loaded from now on; they get the next number."""
        with self._lock:
            new = RuleSet(self.channel_rules().number + 1, tuple(rules))
            value = msgspec.json.encode(new).decode()
            self._connection.execute("INSERT OR REPLACE INTO settings VALUES ('channel_rules', ?)", (value,))
        return new

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

    def _add_columns(self) -> None:
        """Columns that files of an older Loopline lack."""
        known = {row[1] for row in self._connection.execute("PRAGMA table_info(keys)")}
        for name, kind in _NEW_COLUMNS.items():
            if name not in known:
                self._connection.execute(f"ALTER TABLE keys ADD COLUMN {name} {kind}")


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def _origin(text: str) -> str:
    parts = urlsplit(text.strip().lower().rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path or parts.query:
        raise KeyRefusedError(f"“{text}” is not an origin; write it like https://www.example.com")
    return f"{parts.scheme}://{parts.netloc}"


def _origins(texts: Sequence[str]) -> str:
    return json.dumps(sorted({_origin(one) for one in texts}))


def _networks(texts: Sequence[str]) -> str:
    try:
        return json.dumps(sorted({str(ip_network(one.strip(), strict=False)) for one in texts}))
    except ValueError as error:
        raise KeyRefusedError(f"{error}; write an address or a network like 203.0.113.0/24") from error


def _limit(events_per_s: int) -> int:
    if not 0 <= events_per_s <= _HIGHEST_LIMIT:
        raise KeyRefusedError(f"The limit is between 1 and {_HIGHEST_LIMIT:,} events a second, or 0 for none.")
    return events_per_s


@lru_cache(maxsize=10_000)
def _is_in(address: str, networks: tuple[str, ...]) -> bool:
    try:
        found = ip_address(address)
    except ValueError:  # no address is known, such as behind a socket file
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return any(found in ip_network(one) for one in networks)


def _moment(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else datetime.fromtimestamp(microseconds / 1_000_000, UTC)


def _write_key(row: sqlite.Row) -> WriteKey:
    (
        key_id, hint, name, kind, unit_id, origins, allow_automation, created_us, revoked_us, last_used_us, networks,
        max_events_per_s,
    ) = row  # fmt: skip
    created_at = _moment(created_us)
    assert created_at is not None
    return WriteKey(
        key_id, hint, name, KeyKind(kind), unit_id, frozenset(json.loads(origins)), bool(allow_automation),
        created_at, _moment(revoked_us), _moment(last_used_us), tuple(json.loads(networks)), max_events_per_s,
    )  # fmt: skip
