"""Taking a person out of the event store: rows that are theirs go, and in what stays the columns that describe them.

Versions of leads and opportunities stay as old as they were, so figures as of any earlier moment keep their totals.
"""

from collections import Counter

from loopline.privacy.outbox import BLANKED_LEAD, BLANKED_PERSON
from loopline.privacy.traces import Traces
from loopline.store.engine import Engine, Row, Value

_PATIENCE_S = 900
"""All events are read once, for their addresses."""
_BY_ID = """
    identity IN (SELECT unnest($identities)) OR user_id IN (SELECT unnest($users))
    OR visitor_id IN (SELECT unnest($visitors))
"""
_TEXTS = ("properties", "title", "url_path", "landing_path", "utm_content", "utm_term", "user_id")


def find_events(
    engine: Engine, traces: Traces, *, looks_at_texts: bool = True, timeout_s: float = _PATIENCE_S
) -> tuple[dict[str, int], list[str]]:
    """Source → how many of its events are theirs, and the ids of those that only we can tell.

    Looking for their addresses in all texts reads every event; without it the answer is quick, and may be too low.
    """
    rows = _apart(engine, traces, looks_at_texts=looks_at_texts, timeout_s=timeout_s)
    sql = f"SELECT source_id, count(*) AS events FROM events WHERE {_BY_ID} GROUP BY source_id ORDER BY source_id"
    found = Counter(
        {str(row["source_id"]): _number(row["events"]) for row in engine.rows(sql, _ids(traces), timeout_s=timeout_s)}
    )
    found.update(str(row["source_id"]) for row in rows)
    return dict(found), sorted({str(row["event_id"]) for row in rows})


def erase_from_store(engine: Engine, traces: Traces) -> None:
    """May be repeated: what is gone is not found again."""
    ids = traces.person_ids
    by_source: dict[str, list[str]] = {}
    for row in _apart(engine, traces):
        by_source.setdefault(str(row["source_id"]), []).append(str(row["event_id"]))
    for source, events in by_source.items():
        engine.erase("events", "event_id", events, within={"source_id": source})
    for column, values in (
        ("identity", _identities(traces)), ("user_id", traces.users), ("visitor_id", traces.visitors),
    ):  # fmt: skip
        engine.erase("events", column, values)
    engine.erase("identity_facts", "id", traces.own)
    for one in ids if traces.released else ():
        engine.erase("identity_facts", "id", traces.released, within={"person_id": one})
    engine.erase("consent_facts", "person_id", ids)
    engine.erase("bot_verdict_facts", "id", traces.visitors)
    engine.erase("browser_use_facts", "identity", traces.own)
    engine.erase("experiment_assignment_facts", "subject", [f"visitor:{one}" for one in traces.visitors])
    engine.blank("browser_use_facts", "person_id", ids, {"person_id": ""})
    engine.blank("person_facts", "id", ids, BLANKED_PERSON)
    engine.blank("lead_facts", "id", traces.lead_ids, BLANKED_LEAD)
    for lead, origin in traces.origins.items():
        engine.blank("lead_facts", "id", [lead], {"origin": origin})


def _apart(engine: Engine, traces: Traces, *, looks_at_texts: bool = True, timeout_s: float = _PATIENCE_S) -> list[Row]:
    """Events of theirs that no id of theirs tells: on shared browsers while those were theirs, reported submissions,
    and events that hold their address."""
    wheres, given = [], dict[str, Value](_ids(traces))
    stretches = [(one, start, end) for one, ranges in traces.shared.items() for start, end in ranges]
    for place, (visitor, start, end) in enumerate(stretches):
        wheres.append(f"identity = $visitor_{place} AND epoch_us(occurred_at) >= $start_{place} "
                      f"AND epoch_us(occurred_at) < $end_{place}")  # fmt: skip
        given |= {f"visitor_{place}": f"visitor:{visitor}", f"start_{place}": start, f"end_{place}": end}
    for place, email in enumerate(traces.emails if looks_at_texts else ()):
        forms = " OR ".join(f"contains(lower({column}), $email_{place})" for column in _TEXTS)
        wheres.append(f"{forms} OR contains(lower(url_path), $quoted_{place})")
        given |= {f"email_{place}": email, f"quoted_{place}": email.replace("@", "%40")}
    if not wheres:
        return []
    known = f"SELECT source_id, event_id FROM events WHERE ({' OR '.join(f'({one})' for one in wheres)})"
    return engine.rows(f"{known} AND NOT ({_BY_ID}) ORDER BY source_id, event_id", given, timeout_s=timeout_s)


def _ids(traces: Traces) -> dict[str, Value]:
    return {"identities": _identities(traces), "users": traces.users, "visitors": traces.visitors}


def _identities(traces: Traces) -> list[str]:
    return sorted({*traces.own, *(f"person:{one}" for one in traces.person_ids)})


def _number(value: object) -> int:
    return int(str(value))
