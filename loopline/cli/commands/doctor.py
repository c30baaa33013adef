"""`loopline doctor`: checks an installation and says what to mend."""

import shutil
import stat
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb
from pysqlite3 import dbapi2 as sqlite

from loopline.backup.last import last_backup
from loopline.cli.bridge import running_server
from loopline.cli.command import DONE, FAILED, Command
from loopline.cli.prepare import set_up
from loopline.collect.inbox import Limits
from loopline.collect.log import Log
from loopline.collect.places import OLD_AFTER, look_at
from loopline.collect.state import State
from loopline.lib.config import Config
from loopline.lib.sqlite import UnsafeSqliteError, refuse_unsafe_version
from loopline.lib.times import from_micros, utc_now
from loopline.store.engine import StoreError
from loopline.store.open import open_engine

OLD_BACKUP_DAYS = 7
SIGNS = {"fine": "✓", "mind": "!", "broken": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    verdict: str
    """fine, mind (works, but look at it) or broken."""
    text: str


def _programs(_config: Config) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("fine", f"Python {version}, DuckDB {duckdb.__version__}, SQLite {sqlite.sqlite_version}")
    try:
        refuse_unsafe_version(sqlite.sqlite_version_info)
    except UnsafeSqliteError as error:
        yield Finding("broken", str(error))


def _folder(config: Config) -> Iterator[Finding]:
    try:
        config.data.mkdir(parents=True, exist_ok=True)
        probe = config.data / ".doctor"
        probe.write_text("writable")
        probe.unlink()
    except OSError as error:
        yield Finding("broken", f"{config.data} cannot be written: {error.strerror}. Check LOOPLINE_DATA.")
        return
    free, needed = shutil.disk_usage(config.data).free >> 20, Limits().min_free_bytes >> 20
    verdict = "fine" if free > needed * 4 else "mind" if free > needed else "broken"
    yield Finding(verdict, f"{config.data} is writable, {free:,} MB free (the collector refuses below {needed} MB)")
    secret = config.data / "secret_key"
    if secret.exists() and stat.S_IMODE(secret.stat().st_mode) & 0o077:
        yield Finding("broken", f"others can read {secret}; run: chmod 600 {secret}")


def _address(config: Config) -> Iterator[Finding]:
    if not config.is_loopback and not config.base_url.startswith("https://"):
        yield Finding("mind", f"BASE_URL is {config.base_url}: people sign in without https. Put a proxy in front.")
    else:
        yield Finding("fine", f"people reach Loopline at {config.base_url}")


def _places(config: Config) -> Iterator[Finding]:
    for path in config.places:
        found = look_at(path)
        if found.trouble:
            yield Finding("broken", f"{path}: {found.trouble} Events go on without it.")
            continue
        age = utc_now() - found.built_at if found.built_at else None
        of = f", made {age.days:,} days ago" if age else ""
        verdict = "mind" if age and age > OLD_AFTER else "fine"
        yield Finding(verdict, f"{path} tells places ({found.kind}{of})")
    if not config.places:
        yield Finding("fine", "no places file: countries stay unknown (LOOPLINE_PLACES names one)")


def _records(_config: Config) -> Iterator[Finding]:
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    from loopline.access.audit import first_broken_entry
    from loopline.access.models import AuditEntry, User

    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            yield Finding("mind", "the records are older than the program; `loopline serve` brings them up to date")
            return
        yield Finding("fine", f"records on {connection.vendor}, {User.objects.count()} users")
        if not User.objects.exists():
            yield Finding("mind", "nobody can sign in yet; run: loopline setup")
        broken = first_broken_entry()
    except DatabaseError as error:
        yield Finding("broken", f"the records cannot be read: {error}. Check DATABASE_URL.")
        return
    if broken is None:
        yield Finding("fine", f"the audit chain is whole, {AuditEntry.objects.count():,} entries")
    else:
        yield Finding("broken", f"the audit chain breaks at entry {broken.seq} of {broken.at:%Y-%m-%d %H:%M}")


def _events(config: Config) -> Iterator[Finding]:
    if config.events_url.startswith("duckdb:"):
        yield Finding("fine", f"the event store may hold {config.store_memory} in memory (LOOPLINE_STORE_MEMORY)")
    server = running_server(config)
    if server is not None:
        yield Finding("fine", f"the server runs at {server.url} and owns the event store")
    else:
        try:
            engine = open_engine(config)
            count = engine.rows("SELECT count(*) AS n FROM events")[0]["n"]
            yield Finding("fine", f"the event store opens, {count:,} events; the server is not running")
            engine.close()
        except StoreError as error:
            yield Finding("broken", str(error))


def _inbox(config: Config) -> Iterator[Finding]:
    log, state = Log(config.data), State(config.data)
    try:
        received, position = log.last_seq(), state.position()
        waiting = received - position
        yield Finding("fine" if waiting < 10_000 else "mind", f"{received:,} events received, {waiting:,} wait")
        for one in log.damages():
            yield Finding("mind", f"{from_micros(one.at_us):%Y-%m-%d %H:%M} UTC: {one.words}")
        if broken := log.unreadable():
            yield Finding("broken", _unreadable(broken, position))
        set_aside = sum(count for (outcome, _), count in state.counts().items() if outcome == "quarantined")
        if set_aside:
            yield Finding("mind", f"{set_aside:,} events were set aside; see Settings › Quarantine")
    except sqlite.DatabaseError as error:
        yield Finding("broken", f"the inbox cannot be read: {error}. Start the server again: it keeps what is whole")
    finally:
        log.close()
        state.close()


def _unreadable(broken: list[int], position: int) -> str:
    ends = ", ".join(f"{seq:,}" for seq in broken[:5])
    told = f"{len(broken):,} blocks of the inbox do not read as they were written (they end at event {ends})"
    if all(seq <= position for seq in broken):
        return f"{told}; the event store has their events. Check the disk, and restore the inbox from a backup"
    return f"{told}. Start the server again: it keeps what is whole. Check the disk"


def _leads(_config: Config) -> Iterator[Finding]:
    from django.conf import settings
    from django.db import DatabaseError

    from loopline.access.actor import SYSTEM
    from loopline.access.models import Mail
    from loopline.leads.hand_off_models import ChatMessage
    from loopline.leads.watch import adrift

    try:
        lost, given_up = adrift(SYSTEM).count(), Mail.objects.filter(sent_at=None).exclude(trouble="").count()
        not_taken = ChatMessage.objects.filter(sent_at=None).exclude(trouble="").count()
    except DatabaseError:
        return  # the check of the records says what is the matter
    if lost:
        yield Finding("broken", f"{lost:,} leads have had neither an owner nor a clock for more than a minute")
    else:
        yield Finding("fine", "every lead has an owner or a clock")
    if not settings.SENDS_MAIL:
        yield Finding("mind", "EMAIL_URL is not set: salespeople are not told about new leads by mail")
    if given_up or not_taken:
        yield Finding(
            "mind", f"{given_up:,} mails and {not_taken:,} chat messages were not taken yet: see Settings › Undelivered"
        )


def _backup(config: Config) -> Iterator[Finding]:
    if (last := last_backup(config.data)) is None:
        yield Finding("mind", "no backup was made yet; run: loopline backup FOLDER")
        return
    days = (utc_now() - last.at).days
    told = f"the last backup was made {last.at:%Y-%m-%d %H:%M} UTC, {days:,} days ago, in {last.folder}"
    yield Finding("mind" if days >= OLD_BACKUP_DAYS else "fine", told)


CHECKS: tuple[tuple[str, Callable[[Config], Iterator[Finding]]], ...] = (
    ("programs", _programs),
    ("folder", _folder),
    ("address", _address),
    ("places", _places),
    ("records", _records),
    ("leads", _leads),
    ("events", _events),
    ("inbox", _inbox),
    ("backup", _backup),
)


def _run(_given: Namespace) -> int:
    config = set_up()
    worst = DONE
    for name, check in CHECKS:
        for finding in check(config):
            print(f"{SIGNS[finding.verdict]} {name:9} {finding.text}")
            if finding.verdict == "broken":
                worst = FAILED
    return worst


COMMAND = Command(
    key="doctor",
    summary="Check the installation and say what to mend",
    example="LOOPLINE_DATA=/var/lib/loopline loopline doctor",
    run=_run,
)
