"""Whom newly stored rows are about: the people whose verdicts may have changed since."""

from datetime import datetime

from loopline.store.engine import Engine

_NEW = "recorded_at > $since AND recorded_at <= $as_of"

_SQL = f"""
WITH seen AS (
SELECT DISTINCT identity FROM events WHERE {_NEW} AND identity <> ''
UNION DISTINCT
SELECT DISTINCT 'visitor:' || id AS identity FROM bot_verdict_facts WHERE {_NEW}
UNION DISTINCT
SELECT DISTINCT identity FROM browser_use_facts WHERE {_NEW}),
touched AS (
SELECT i.person_id AS id FROM identity_facts AS i WHERE i.id IN (SELECT identity FROM seen)
UNION DISTINCT
SELECT person_id AS id FROM browser_use_facts WHERE identity IN (SELECT identity FROM seen)
UNION DISTINCT
SELECT substr(identity, 8) AS id FROM seen WHERE starts_with(identity, 'person:')
UNION DISTINCT
SELECT id FROM person_facts WHERE {_NEW}
UNION DISTINCT
SELECT person_id AS id FROM identity_facts WHERE {_NEW}
UNION DISTINCT
SELECT person_id AS id FROM consent_facts WHERE {_NEW}
UNION DISTINCT
SELECT person_id AS id FROM lead_facts WHERE {_NEW}
UNION DISTINCT
SELECT id FROM person_facts WHERE company_id IN (SELECT id FROM company_facts WHERE {_NEW}))
SELECT DISTINCT canonical_id AS person_id FROM person_facts
WHERE id IN (SELECT id FROM touched) AND recorded_at <= $as_of ORDER BY person_id"""


def changed_people(engine: Engine, since: datetime, as_of: datetime) -> list[str]:
    """Ids of people, as they remain after merges, about whom anything was stored after `since` and up to `as_of`.

    It may name somebody for whom nothing changed, and leaves out nobody for whom something did. Raises StoreError.
    """
    return [str(row["person_id"]) for row in engine.rows(_SQL, {"since": since, "as_of": as_of})]
