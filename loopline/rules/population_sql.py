"""The fixed SQL behind a rule: records and events as they were known at `$as_of`, up to `$at`, for one business unit.

Engaged time is cumulative per page view, so the largest value of each view counts. Machines never score.
"""

from collections.abc import Set

from loopline.rules.sql_parts import Source
from loopline.store.uses import ALWAYS, BROWSER_USES, in_range


def _latest(table: str, columns: str) -> str:
    return f"""(SELECT {columns} FROM (
    SELECT *, row_number() OVER (PARTITION BY id ORDER BY version DESC, recorded_at DESC) AS place
    FROM {table} WHERE recorded_at <= $as_of) AS versions
WHERE place = 1 AND NOT is_deleted)"""


VERDICTS = f"verdict_now AS {_latest('bot_verdict_facts', 'id, verdict')}"

RECORDS = [
    f"person_now AS {_latest('person_facts', 'id, unit_id, canonical_id, company_id, country, job_title, language')}",
    f"company_now AS {_latest('company_facts', 'id, name, domain, industry, employees, country')}",
    f"identity_now AS {_latest('identity_facts', 'id, person_id')}",
    f"consent_now AS {_latest('consent_facts', 'id, person_id, purpose, is_granted, occurred_at, version')}",
    VERDICTS,
    f"browser_uses AS ({BROWSER_USES})",
]

MEMBERS_OF_ALL = f"""
members AS (
SELECT i.id AS identity, p.canonical_id AS person_id, {ALWAYS}
FROM identity_now AS i JOIN person_now AS p ON p.id = i.person_id
UNION DISTINCT
SELECT 'person:' || p.id AS identity, p.canonical_id AS person_id, {ALWAYS} FROM person_now AS p
UNION DISTINCT
SELECT u.identity AS identity, p.canonical_id AS person_id, u.from_us AS from_us, u.until_us AS until_us
FROM browser_uses AS u JOIN person_now AS p ON p.id = u.person_id)"""

MEMBERS_OF_ONE = f"""
members AS (
SELECT DISTINCT identity, 'one' AS person_id, {ALWAYS} FROM (SELECT unnest($identities) AS identity) AS given
UNION ALL
SELECT substr(use_text, 39) AS identity, 'one' AS person_id, CAST(substr(use_text, 1, 19) AS BIGINT) AS from_us,
    CAST(substr(use_text, 20, 19) AS BIGINT) AS until_us
FROM (SELECT unnest($uses) AS use_text) AS used)"""

_ACTS = f"""
acts AS (
SELECT m.person_id AS person_id, e.kind AS kind, e.name AS name, e.url_path AS url_path, e.occurred_at AS occurred_at,
    e.page_view_id AS page_view_id, e.engaged_ms AS engaged_ms, json_extract_string(e.properties, '$.form') AS form_slug
FROM events AS e
JOIN members AS m ON m.identity = e.identity AND {in_range("e", "m")}
LEFT JOIN verdict_now AS v ON v.id = e.visitor_id
WHERE e.unit_id = $unit AND e.occurred_at <= $at AND e.recorded_at <= $as_of
    AND NOT starts_with(coalesce(v.verdict, e.bot_verdict), 'machine'))"""

_VIEWS = """
views AS (
SELECT person_id, page_view_id, max(url_path) AS url_path, min(occurred_at) AS occurred_at,
    max(engaged_ms) AS engaged_ms
FROM acts WHERE page_view_id <> '' AND engaged_ms IS NOT NULL GROUP BY person_id, page_view_id)"""

_EMAILS = """
emails AS (
SELECT person_id, substr(identity, strpos(identity, '@') + 1) AS domain
FROM members WHERE starts_with(identity, 'email:'))"""

_CONSENTS = """
consents AS (
SELECT person_id, purpose, is_granted FROM (
    SELECT p.canonical_id AS person_id, k.purpose AS purpose, k.is_granted AS is_granted,
        row_number() OVER (PARTITION BY p.canonical_id, k.purpose ORDER BY k.occurred_at DESC, k.version DESC) AS place
    FROM consent_now AS k JOIN person_now AS p ON p.id = k.person_id) AS said
WHERE place = 1)"""

FIELD_COLUMNS = """nullif(p.country, '') AS person_country, nullif(p.job_title, '') AS job_title,
    nullif(p.company_id, '') AS company_known, c.employees AS employees, nullif(c.industry, '') AS industry,
    nullif(c.country, '') AS company_country, nullif(p.language, '') AS person_language,
    nullif(c.name, '') AS company_name, nullif(c.domain, '') AS company_domain"""

IN_UNIT = """(p.unit_id = $unit OR p.id IN (
    SELECT q.canonical_id FROM lead_facts AS l JOIN person_now AS q ON q.id = l.person_id
    WHERE l.unit_id = $unit AND l.recorded_at <= $as_of))"""


def sources(wanted: Set[Source]) -> list[str]:
    """The tables that the wanted sources need, each before those that build on it."""
    needs_acts = bool(wanted & {Source.ACTS, Source.VIEWS})
    return [
        *([_ACTS] if needs_acts else []),
        *([_VIEWS] if Source.VIEWS in wanted else []),
        *([_EMAILS] if Source.EMAILS in wanted else []),
        *([_CONSENTS] if Source.CONSENTS in wanted else []),
    ]
