"""What the loader remembers from one stretch of the inbox to the next.

It is committed *after* the event store has the rows, together with the number it has come to. After a crash it is
therefore never ahead of the store: the loader runs the missing stretch through the steps again, without storing it,
and everything here comes out the same. So duplicates, sessions, counts and the quarantine are exact without a
transaction that spans two databases.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from pysqlite3 import dbapi2 as sqlite

from loopline.collect.known_ids import SCHEMA as IDS_SCHEMA
from loopline.collect.known_ids import KnownId, add_ids, find_ids, forget_ids_after, take_over_ids
from loopline.collect.log import connect, wiped
from loopline.collect.signals import Signal
from loopline.collect.transactions import take_over, transaction

_SCHEMA = """
CREATE TABLE IF NOT EXISTS position (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), seq INTEGER NOT NULL);
INSERT OR IGNORE INTO position VALUES (1, 0);
CREATE TABLE IF NOT EXISTS sessions (visitor INTEGER PRIMARY KEY, value TEXT NOT NULL, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS tallies (
    last_seq INTEGER NOT NULL, source_id TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
    events INTEGER NOT NULL, PRIMARY KEY (last_seq, source_id, outcome, reason)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erased (
    erasure TEXT NOT NULL, source_id TEXT NOT NULL, events INTEGER NOT NULL, upto_seq INTEGER NOT NULL,
    PRIMARY KEY (erasure, source_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS signals (seq INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS quarantine (
    seq INTEGER PRIMARY KEY, step TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, raw BLOB NOT NULL,
    envelope BLOB NOT NULL, request BLOB NOT NULL, quarantined_us INTEGER NOT NULL, replayed_us INTEGER
);
"""
Tally = Mapping[tuple[str, str, str], int]
"""(source, outcome, reason) → events; outcomes are received, stored, dropped and quarantined."""
RECEIVED = "received"
ERASED = "erased"
"""Why an event that was stored is so no more: it was a person's who was erased."""
_BOOKS = f"""
SELECT source_id, outcome, reason, sum(events) AS events FROM (
    SELECT source_id, outcome, reason, events FROM tallies
    UNION ALL SELECT source_id, 'stored', '', -events FROM erased
    UNION ALL SELECT source_id, 'dropped', '{ERASED}', events FROM erased
) GROUP BY source_id, outcome, reason
"""
_SIGNALS = msgspec.msgpack.Decoder(Signal)


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """An event set aside: its number, the step and reason, the event as it came, what came around it."""

    seq: int
    step: str
    reason: str
    detail: str
    raw: bytes
    envelope: bytes
    request: bytes


@dataclass(slots=True)
class Outcome:
    """What one stretch of the inbox adds to the state."""

    first_seq: int
    last_seq: int
    tally: Tally = field(default_factory=dict)
    quarantined: Sequence[QuarantineRow] = ()
    ids: Sequence[KnownId] = ()
    """Of the events that are stored and had an id."""
    sessions: dict[int, str] = field(default_factory=dict)
    signals: Sequence[Signal] = ()


class State:
    """`folder`/collect.sqlite. One process loads; any may read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection: sqlite.Connection = connect(folder / "collect.sqlite")
        # Losing the last commits in a power failure only means running them again.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("PRAGMA cache_size=-32768")
        self._connection.executescript(_SCHEMA + IDS_SCHEMA)
        take_over(self._connection, "seen", take_over_ids)
        take_over(self._connection, "counts", _take_over_counts)

    def position(self) -> int:
        """Number of the last event whose outcome is remembered here."""
        return int(self.select("SELECT seq FROM position")[0][0])

    def known_ids(self, highs: Sequence[int]) -> dict[int, KnownId]:
        """high → what is stored under that half of a digest, for those that are known."""
        return find_ids(self.select, highs)

    def sessions(self, visitors: Sequence[int]) -> dict[int, str]:
        """visitor → latest session, of those that are known."""
        sql = "SELECT visitor, sessions.value FROM json_each(?) JOIN sessions ON visitor = json_each.value"
        return dict(self.select(sql, json.dumps(sorted(visitors))))

    def commit(self, outcome: Outcome) -> None:
        """Remember a stretch and move the position to its end, all together.

        Does nothing when the position is not just before the stretch: a helper of a server that was killed may
        still be at work when the next one has already done this.
        """
        run_each = self._connection.executemany
        with self._lock, transaction(self._connection) as run:
            if run("SELECT seq FROM position").fetchone()[0] >= outcome.first_seq:
                return
            add_ids(self._connection, outcome.ids)
            sessions = [(visitor, value, outcome.last_seq) for visitor, value in sorted(outcome.sessions.items())]
            run_each("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", sessions)
            for kind, events in outcome.tally.items():
                run("INSERT OR REPLACE INTO tallies VALUES (?, ?, ?, ?, ?)", (outcome.last_seq, *kind, events))
            for signal in outcome.signals:
                run("INSERT OR REPLACE INTO signals VALUES (?, ?)", (signal.seq, msgspec.msgpack.encode(signal)))
            for row in outcome.quarantined:
                values = (row.seq, row.step, row.reason, row.detail, row.raw, row.envelope, row.request)
                run("INSERT OR IGNORE INTO quarantine VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", (*values, _now_us()))
            run("UPDATE position SET seq = ?", (outcome.last_seq,))

    def rewind(self, seq: int) -> None:
        """Forget everything after event `seq`: the event store was put back to an earlier state.

        Sessions cannot be taken back one by one; those touched since are forgotten.
        """
        with self._lock, transaction(self._connection) as run:
            forget_ids_after(run, seq)
            run("DELETE FROM sessions WHERE seq > ?", (seq,))
            run("DELETE FROM tallies WHERE last_seq > ?", (seq,))
            run("DELETE FROM erased WHERE upto_seq > ?", (seq,))  # the earlier state has them still
            run("DELETE FROM signals WHERE seq > ?", (seq,))
            run("DELETE FROM quarantine WHERE seq > ?", (seq,))
            run("UPDATE position SET seq = ?", (seq,))

    def skip_to(self, seq: int) -> None:
        """Take the position without its outcome: the inbox no longer holds the stretch."""
        self.change("UPDATE position SET seq = ?", seq)

    def counts(self) -> dict[tuple[str, str], int]:
        """(outcome, reason) → events ever; outcomes are stored, dropped and quarantined."""
        sql = f"SELECT outcome, reason, sum(events) FROM ({_BOOKS}) WHERE outcome <> ? GROUP BY outcome, reason"
        return {(outcome, reason): int(events) for outcome, reason, events in self.select(sql, RECEIVED)}

    def books(self) -> tuple[int, dict[tuple[str, str, str], int]]:
        """The position, and (source, outcome, reason) → events ever, as of one moment.

        What was counted before there was a source is under "".
        """
        sql = f"SELECT NULL, '', '', seq FROM position UNION ALL SELECT * FROM ({_BOOKS})"
        rows = self.select(sql)
        tally = {
            (source, outcome, reason): int(events) for source, outcome, reason, events in rows if source is not None
        }
        return next(int(row[3]) for row in rows if row[0] is None), tally

    def tidy(self, upto_seq: int) -> None:
        """Forget sessions up to `upto_seq`, and sum old counts into one row each. Ids stay, as the events do."""
        with self._lock, transaction(self._connection) as run:
            run("DELETE FROM sessions WHERE seq <= ?", (upto_seq,))
            sums = run(
                "SELECT source_id, outcome, reason, sum(events) FROM tallies WHERE last_seq <= ? GROUP BY 1, 2, 3",
                (upto_seq,),
            ).fetchall()
            run("DELETE FROM tallies WHERE last_seq <= ?", (upto_seq,))
            for source_id, outcome, reason, events in sums:
                # Under the number they reach to, so that going back behind it takes them back, too.
                run("INSERT INTO tallies VALUES (?, ?, ?, ?, ?)", (upto_seq, source_id, outcome, reason, events))

    def note_erased(self, erasure: str, events: Mapping[str, int], upto_seq: int) -> None:
        """So many events of each source, which were stored, are so no more. Noting an erasure again changes nothing."""
        with self._lock, transaction(self._connection) as run:
            for source_id, count in events.items():
                run("INSERT OR REPLACE INTO erased VALUES (?, ?, ?, ?)", (erasure, source_id, count, upto_seq))

    def wipe(self) -> bool:
        """As `Log.wipe`."""
        with self._lock:
            return wiped(self._connection)

    def signals(self, after_seq: int, limit: int) -> list[Signal]:
        rows = self.select("SELECT value FROM signals WHERE seq > ? ORDER BY seq LIMIT ?", after_seq, limit)
        return [_SIGNALS.decode(value) for (value,) in rows]

    def select(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return list(self._connection.execute(sql, values))

    def change(self, sql: str, *values: object) -> int:
        with self._lock:
            return int(self._connection.execute(sql, values).rowcount)

    def close(self) -> None:
        with self._lock:
            self._connection.close()


class StateAhead:
    """The state as it will be once outcomes that wait for the store are remembered. Nothing is written through it."""

    def __init__(self, state: State, waiting: Sequence[Outcome]) -> None:
        self._state = state
        self._waiting = waiting

    def known_ids(self, highs: Sequence[int]) -> dict[int, KnownId]:
        """As `State.known_ids`; what was known first stays."""
        found = self._state.known_ids(highs)
        for outcome in self._waiting:
            added = {one.high: one for one in outcome.ids}
            for high in added.keys() & highs:
                found.setdefault(high, added[high])
        return found

    def sessions(self, visitors: Sequence[int]) -> dict[int, str]:
        """As `State.sessions`; the latest counts."""
        found = self._state.sessions(visitors)
        for outcome in self._waiting:
            found.update({visitor: outcome.sessions[visitor] for visitor in outcome.sessions.keys() & visitors})
        return found


def _take_over_counts(run: Callable[..., Any]) -> None:
    """The counts as they were kept before each had its source."""
    run("INSERT INTO tallies SELECT last_seq, '', outcome, reason, events FROM counts")
    run("INSERT INTO tallies SELECT last_seq, '', ?, '', sum(events) FROM counts GROUP BY last_seq", (RECEIVED,))
    run("DROP TABLE counts")


def _now_us() -> int:
    return time.time_ns() // 1000
