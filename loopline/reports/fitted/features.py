"""What a fitted score may look at: what was known about a lead when it was decided on, and nothing that came later.

The moment is the one of a what-if (`rules.replay_sql`): when the lead qualified and went to sales. State, owner, reason
and everything that sales wrote afterwards are not asked for.
"""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime

from loopline.rules.fields import FIELDS
from loopline.rules.measures import KINDS, EventFilter, Measure, Measuring
from loopline.rules.population import RuleQuery, known_sql
from loopline.rules.read import read_rule
from loopline.rules.sql_parts import SqlParts
from loopline.rules.tree import conditions

Feature = float | str | None
"""A number, a word, or not known."""

CHANNELS = """
SELECT channel, count(*) AS n FROM events
WHERE unit_id = $unit AND recorded_at <= $as_of AND channel <> '' GROUP BY channel ORDER BY n DESC, channel LIMIT 12"""

_FIELDS = (
    "person.country", "person.language", "person.job_title", "company.industry", "company.country",
    "company.employees", "lead.origin",
)  # fmt: skip
_FLAGS = ("person.business_email",)
_CUSTOM = {"lead": "l.custom", "person": "p.custom", "company": "c.custom"}
_WINDOWS = (7, 30, 90)
_HOUR_S = 3_600


def features_query(channels: Iterable[str]) -> tuple[RuleQuery, dict[str, str]]:
    """The question, and its columns with their names for people. `channels` are those that are counted apart."""
    parts = SqlParts(is_replay=True)
    columns: dict[str, tuple[str, str]] = {}

    def add(label: str, sql: str) -> None:
        columns[f"x{len(columns)}"] = (label, sql)

    for key in _FIELDS:
        add(FIELDS[key].label, parts.field(FIELDS[key].column))
    for key in _FLAGS:
        [condition] = conditions(read_rule({"field": key}))
        add(FIELDS[key].label, f"CASE WHEN {condition.sql(parts)} THEN 1 ELSE 0 END")
    for record, column in _CUSTOM.items():
        columns[f"{record}_custom"] = (record, parts.field(column))
    for label, measure in _behaviour(channels):
        add(label, _number(parts.measure(measure), measure))
    query = known_sql(parts, {name: sql for name, (_, sql) in columns.items()})
    return query, {name: label for name, (label, _) in columns.items()}


def _behaviour(channels: Iterable[str]) -> Iterable[tuple[str, Measure]]:
    yield "hours since the last event", Measure(Measuring.LAST_AT, EventFilter())
    for days in _WINDOWS:
        yield f"pages within {days} days", Measure(Measuring.COUNT, EventFilter("page"), days)
    yield "pages", Measure(Measuring.COUNT, EventFilter("page"))
    yield "engaged seconds", Measure(Measuring.ENGAGED_MS, EventFilter())
    for kind in KINDS:
        if kind != "page":
            yield f"{kind} events", Measure(Measuring.COUNT, EventFilter(kind))
    for channel in channels:
        yield f"events from {channel}", Measure(Measuring.COUNT, EventFilter(channel=channel))


def _number(sql: str, measure: Measure) -> str:
    match measure.measuring:
        case Measuring.LAST_AT:
            return f"(epoch(judged_at) - epoch({sql})) / {_HOUR_S}"
        case Measuring.ENGAGED_MS:
            return f"coalesce({sql}, 0) / 1000"
    return f"coalesce({sql}, 0)"


def features_of(row: Mapping[str, object], labels: Mapping[str, str]) -> dict[str, Feature]:
    """Label → value of one row of the answer, with the organisation's own fields unfolded."""
    found: dict[str, Feature] = {}
    for name, label in labels.items():
        if name.endswith("_custom"):
            found |= _own(label, row[name])
        else:
            found[label] = _plain(row[name])
    return found


def _own(record: str, text: object) -> dict[str, Feature]:
    own = json.loads(text) if isinstance(text, str) and text else {}
    return {f"{key.replace('_', ' ')} of the {record}": _plain(value) for key, value in own.items()}


def _plain(value: object) -> Feature:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.timestamp()
    return str(value).strip().lower() if value not in (None, "") else None
