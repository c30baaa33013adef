"""What newly stored rows are about: who may have to be judged again. Only the new rows are read."""

from dataclasses import dataclass
from datetime import datetime

from loopline.store.engine import Engine

_NEW = "recorded_at > $since AND recorded_at <= $as_of"
_NAMED_BY = {
    "identity": {
        "events": "identity",
        "bot_verdict_facts": "'visitor:' || id",
        "browser_use_facts": "identity",
        "identity_facts": "id",
    },
    "person": {
        "person_facts": "id",
        "browser_use_facts": "person_id",
        "identity_facts": "person_id",
        "consent_facts": "person_id",
        "lead_facts": "person_id",
    },
    "company": {"company_facts": "id"},
}
"""What a row names → table → how."""
_SQL = "\nUNION DISTINCT\n".join(
    f"SELECT '{kind}' AS kind, {sql} AS id FROM {table} WHERE {sql} <> '' AND {_NEW}"
    for kind, tables in _NAMED_BY.items()
    for table, sql in tables.items()
)


@dataclass(frozen=True, slots=True)
class Changed:
    """Ids that newly stored rows name."""

    identities: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    companies: frozenset[str] = frozenset()


def changed(engine: Engine, since: datetime, as_of: datetime) -> Changed:
    """What is named by rows stored after `since` and up to `as_of`. Whose an identity is, and who works for a company,
    the records know (`people.changed`). Raises StoreError."""
    found: dict[str, set[str]] = {kind: set() for kind in _NAMED_BY}
    for row in engine.rows(_SQL, {"since": since, "as_of": as_of}):
        found[str(row["kind"])].add(str(row["id"]))
    return Changed(frozenset(found["identity"]), frozenset(found["person"]), frozenset(found["company"]))
