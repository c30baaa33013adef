"""What the rules of today would say of events that are stored: which of them would count as another channel.

A channel depends on a handful of values that every event keeps, so events are judged by their values, not one by one.
Channels that somebody declared stay.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from loopline.attribution.state import CHANNEL, CHANNEL_AGAIN, CHANNEL_STATE, question
from loopline.collect.channels import Decision, RuleSet, Visit, decide
from loopline.collect.steps.channel import DECLARED
from loopline.store.engine import Engine
from loopline.store.touches import JUDGED_FROM

_VALUES = ", ".join(f"e.{name} AS {name}" for name in JUDGED_FROM)
_SEEN = question(
    f"""
    SELECT {_VALUES}, {CHANNEL} AS channel, count(*) AS events, sum(CASE WHEN e.is_entry THEN 1 ELSE 0 END) AS visits
    FROM events AS e {CHANNEL_AGAIN}
    WHERE e.recorded_at <= $as_of AND e.channel <> '' AND e.channel_rule <> '{DECLARED}'
    GROUP BY {", ".join(f"e.{name}" for name in JUDGED_FROM)}, {CHANNEL}
    """,
    CHANNEL_STATE,
)


@dataclass(frozen=True, slots=True)
class Move:
    """Events with the same values that would count as another channel."""

    values: tuple[str, ...]
    """In the order of JUDGED_FROM."""
    before: str
    decision: Decision
    events: int
    visits: int

    @property
    def id(self) -> str:
        """Stands for the values in `channel_facts`."""
        return hashlib.blake2b(json.dumps(self.values).encode(), digest_size=16).hexdigest()

    @property
    def row(self) -> dict[str, object]:
        """As a row of `channel_facts`."""
        said: dict[str, object] = dict(zip(JUDGED_FROM, self.values, strict=True))
        return said | {"channel": self.decision.channel, "rule": self.decision.rule}


@dataclass(frozen=True, slots=True)
class Moved:
    """All events that would go from one channel to another by one rule."""

    before: str
    after: str
    rule: str
    events: int
    visits: int


@dataclass(frozen=True, slots=True)
class Judgement:
    moves: tuple[Move, ...]
    as_of: datetime

    @property
    def events(self) -> int:
        return sum(move.events for move in self.moves)

    @property
    def summary(self) -> list[Moved]:
        """The moves by channels and rule, the largest first."""
        found: dict[tuple[str, str, str], list[Move]] = {}
        for move in self.moves:
            found.setdefault((move.before, move.decision.channel, move.decision.rule), []).append(move)
        told = [
            Moved(*key, sum(one.events for one in its), sum(one.visits for one in its)) for key, its in found.items()
        ]
        return sorted(told, key=lambda one: (-one.events, one.before, one.after))


def judge_again(engine: Engine, own: RuleSet, *, timeout_s: float = 60) -> Judgement:
    """What would move if all stored events were judged by today's rules. Raises StoreError, QueryTimeoutError."""
    as_of = engine.horizon()
    return Judgement(tuple(_moves(engine.rows(_SEEN, {"as_of": as_of}, timeout_s=timeout_s), own)), as_of)


def _moves(rows: Iterable[dict[str, object]], own: RuleSet) -> Iterable[Move]:
    for row in rows:
        values = tuple(str(row[name]) for name in JUDGED_FROM)
        _, source, medium, campaign, click_id_kind, referrer_host, touch, kind = values
        visit = Visit(source, medium, campaign, click_id_kind=click_id_kind, referrer_host=referrer_host)
        decision = decide(visit, touch=touch, kind=kind, own=own)
        before = str(row["channel"])
        if decision.channel != before:
            yield Move(values, before, decision, int(str(row["events"])), int(str(row["visits"])))
