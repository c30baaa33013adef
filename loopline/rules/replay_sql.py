"""The fixed SQL behind a rule for leads of the past: each judged at a moment of its own, by what was known then.

A lead is decided on when it qualifies; one that never did, when it would have been judged for the last time (after
`$judged_again_days`, or at `$as_of` if that comes first). A lead that was brought in later with its history (an import)
is decided on when it came. What was recorded later does not exist: no later event, no field that was filled in later,
whatever its date, no merge, no link, no machine verdict. What belongs to the lead itself (the form, the consent given
with it) reaches the event store moments after the lead was judged from the records, so a minute is allowed for that.
"""

from loopline.rules.sql_parts import Source, SqlParts
from loopline.store.latest import as_of
from loopline.store.uses import ALWAYS, LAST_US, in_range

_SUBJECTS = f"""
lead_now AS ({as_of("lead_facts")}),
first_known AS (
SELECT id, min(recorded_at) AS known_at, arg_min(person_id, version) AS person_id
FROM lead_facts WHERE recorded_at <= $as_of GROUP BY id),
asked AS (
SELECT l.id AS subject, f.person_id AS person_id,
    coalesce(l.qualified_at, least(l.created_at + INTERVAL ($judged_again_days) DAY, $as_of)) AS judged_at,
    f.known_at AS first_known_at
FROM lead_now AS l JOIN first_known AS f ON f.id = l.id
WHERE l.unit_id = $unit AND l.created_at >= $created_from AND l.created_at < $created_to),
dated AS (
SELECT subject, person_id, greatest(judged_at, first_known_at) AS judged_at,
    greatest(judged_at, first_known_at) + INTERVAL 1 MINUTE AS known_at
FROM asked),
person_then AS (
SELECT d.subject AS subject, arg_max(p.canonical_id, p.version) AS canonical_id
FROM dated AS d JOIN person_facts AS p ON p.id = d.person_id AND p.recorded_at <= d.known_at GROUP BY d.subject),
remaining AS (
SELECT d.subject AS subject, d.judged_at AS judged_at, d.known_at AS known_at,
    coalesce(t.canonical_id, d.person_id) AS person_id
FROM dated AS d LEFT JOIN person_then AS t ON t.subject = d.subject),
details AS (
SELECT r.subject AS subject, arg_max(p.company_id, p.version) AS company_id, arg_max(p.country, p.version) AS country,
    arg_max(p.job_title, p.version) AS job_title, arg_max(p.language, p.version) AS language,
    arg_max(p.custom, p.version) AS custom
FROM remaining AS r JOIN person_facts AS p ON p.id = r.person_id AND p.recorded_at <= r.known_at GROUP BY r.subject),
subjects AS (
SELECT r.subject AS subject, hash(r.subject) AS subject_key, r.judged_at AS judged_at, r.known_at AS known_at,
    r.person_id AS person_id, coalesce(d.company_id, '') AS company_id,
    coalesce(d.country, '') AS country, coalesce(d.job_title, '') AS job_title,
    coalesce(d.language, '') AS language, coalesce(d.custom, '') AS custom
FROM remaining AS r LEFT JOIN details AS d ON d.subject = r.subject)"""

_COMPANIES = """
companies AS (
SELECT s.subject AS subject, arg_max(f.industry, f.version) AS industry, arg_max(f.country, f.version) AS country,
    nullif(arg_max(coalesce(f.employees, -1), f.version), -1) AS employees, arg_max(f.custom, f.version) AS custom,
    arg_max(f.name, f.version) AS name, arg_max(f.domain, f.version) AS domain
FROM subjects AS s JOIN company_facts AS f ON f.id = s.company_id AND f.recorded_at <= s.known_at GROUP BY s.subject)"""

_LEADS = """
leads AS (
SELECT s.subject AS subject, arg_max(f.state, f.version) AS state, arg_max(f.origin, f.version) AS origin,
    arg_max(f.custom, f.version) AS custom
FROM subjects AS s JOIN lead_facts AS f ON f.id = s.subject AND f.recorded_at <= s.known_at GROUP BY s.subject)"""

# Records that are one person at the moment of the lead. Those that ever were are looked at, those that were then stay.
_SAME = """
maybe_same AS (SELECT DISTINCT canonical_id, id FROM person_facts WHERE recorded_at <= $as_of),
same AS (
SELECT s.subject AS subject, p.id AS id
FROM subjects AS s
JOIN maybe_same AS m ON m.canonical_id = s.person_id
JOIN person_facts AS p ON p.id = m.id AND p.recorded_at <= s.known_at
GROUP BY s.subject, p.id, s.person_id HAVING arg_max(p.canonical_id, p.version) = s.person_id)"""

_MEMBERS = f"""
maybe_theirs AS (SELECT DISTINCT person_id, id FROM identity_facts WHERE recorded_at <= $as_of AND person_id <> ''),
theirs AS (
SELECT s.subject AS subject, i.id AS identity
FROM subjects AS s
JOIN same AS o ON o.subject = s.subject
JOIN maybe_theirs AS m ON m.person_id = o.id
JOIN identity_facts AS i ON i.id = m.id AND i.recorded_at <= s.known_at
GROUP BY s.subject, i.id, o.id HAVING arg_max(i.person_id, i.version) = o.id
UNION DISTINCT
SELECT subject, 'person:' || id AS identity FROM same),
maybe_used AS (
SELECT DISTINCT s.subject AS subject, s.known_at AS known_at, u.identity AS identity
FROM subjects AS s
JOIN same AS o ON o.subject = s.subject
JOIN browser_use_facts AS u ON u.person_id = o.id AND u.recorded_at <= s.known_at),
uses AS (
SELECT m.subject AS subject, u.id AS id, arg_max(u.identity, u.version) AS identity,
    arg_max(u.person_id, u.version) AS person_id, arg_max(epoch_us(u.since), u.version) AS since_us,
    arg_max(u.is_deleted, u.version) AS is_deleted
FROM maybe_used AS m JOIN browser_use_facts AS u ON u.identity = m.identity AND u.recorded_at <= m.known_at
GROUP BY m.subject, u.id),
stretches AS (
SELECT subject, identity, person_id, since_us AS from_us,
    lead(since_us, 1, {LAST_US}) OVER (PARTITION BY subject, identity ORDER BY since_us) AS until_us
FROM uses WHERE NOT is_deleted),
all_theirs AS (
SELECT subject, identity, {ALWAYS} FROM theirs
UNION ALL
SELECT u.subject AS subject, u.identity AS identity, u.from_us AS from_us, u.until_us AS until_us
FROM stretches AS u JOIN same AS o ON o.subject = u.subject AND o.id = u.person_id),
members AS (
SELECT t.identity AS identity, hash(t.identity) AS identity_key, s.subject_key AS subject_key, t.from_us AS from_us,
    t.until_us AS until_us, s.judged_at AS judged_at, s.known_at AS known_at
FROM all_theirs AS t JOIN subjects AS s ON s.subject = t.subject)"""

_CONSENTS = """
said AS (
SELECT s.subject_key AS subject_key, k.purpose AS purpose, k.id AS id, max(k.version) AS version,
    arg_max(k.is_granted, k.version) AS is_granted, arg_max(k.occurred_at, k.version) AS occurred_at
FROM subjects AS s
JOIN same AS o ON o.subject = s.subject
JOIN consent_facts AS k ON k.person_id = o.id AND k.recorded_at <= s.known_at
GROUP BY s.subject_key, k.purpose, k.id),
consents AS (
SELECT subject_key, purpose, is_granted FROM (
    SELECT subject_key, purpose, is_granted,
        row_number() OVER (PARTITION BY subject_key, purpose ORDER BY occurred_at DESC, version DESC) AS place
    FROM said) AS numbered
WHERE place = 1)"""


def _versions(table: str, columns: str, only: str = "") -> str:
    """Each version of a row with the stretch in which it was the latest known, in microseconds, half-open."""
    return f"""
SELECT id, {columns}, is_deleted, epoch_us(recorded_at) AS known_us, coalesce(min(epoch_us(recorded_at)) OVER (
    PARTITION BY id ORDER BY version ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING), {LAST_US}) AS known_until_us
FROM {table} WHERE recorded_at <= $as_of{only}"""


# A code that is mapped later takes its history along in reports. Who was judged before the mapping knew nothing of it.
CAMPAIGNS = f"""
code_versions AS ({_versions("campaign_code_facts", "code, campaign_id", " AND unit_id = $unit")}),
campaign_versions AS ({_versions("campaign_facts", "name")}),
campaigns AS (
SELECT k.code AS code, g.name AS campaign, greatest(k.known_us, g.known_us) AS known_us,
    least(k.known_until_us, g.known_until_us) AS known_until_us
FROM code_versions AS k JOIN campaign_versions AS g ON g.id = k.campaign_id
WHERE NOT k.is_deleted AND NOT g.is_deleted
    AND greatest(k.known_us, g.known_us) < least(k.known_until_us, g.known_until_us))"""
JOIN_CAMPAIGNS = """
LEFT JOIN campaigns AS k ON k.code = e.utm_campaign
    AND epoch_us(m.known_at) >= k.known_us AND epoch_us(m.known_at) < k.known_until_us"""

COMPANIES = "LEFT JOIN companies AS c ON c.subject = p.subject"
JOIN_LEADS = "LEFT JOIN leads AS l ON l.subject = p.subject"

# The newest verdict on a visitor that was known at the lead's moment; the columns of the lead's moment come along.
ACTS = f"""
verdict_versions AS (SELECT id, verdict, recorded_at FROM bot_verdict_facts WHERE recorded_at <= $as_of),
did AS (
SELECT m.subject_key AS subject_key, m.judged_at AS judged_at, m.known_at AS known_at, e.visitor_id AS visitor_id,
    e.bot_verdict AS bot_verdict, e.kind AS kind, e.name AS name, e.url_path AS url_path, e.occurred_at AS occurred_at,
    e.page_view_id AS page_view_id, e.engaged_ms AS engaged_ms, e.channel AS channel,
    e.utm_campaign AS utm_campaign, e.properties AS properties{{campaign}}
FROM events AS e
JOIN members AS m ON m.identity_key = hash(e.identity) AND {in_range("e", "m")}{{campaigns}}
WHERE e.unit_id = $unit AND e.occurred_at <= m.judged_at AND e.recorded_at <= m.known_at{{wanted}}),
acts AS (
SELECT d.*, coalesce(v.verdict, d.bot_verdict) AS verdict
FROM did AS d
ASOF LEFT JOIN verdict_versions AS v ON v.id = d.visitor_id AND v.recorded_at <= d.known_at
WHERE NOT starts_with(coalesce(v.verdict, d.bot_verdict), 'machine'))"""


def tables(parts: SqlParts) -> list[str]:
    """The tables that the rule needs, each before those that build on it."""
    needs_same = bool(parts.columns)
    needs_members = bool(parts.columns.keys() - {Source.CONSENTS})
    return [
        _SUBJECTS,
        _COMPANIES,
        *([_LEADS] if parts.needs_leads else []),
        *([_SAME] if needs_same else []),
        *([_MEMBERS] if needs_members else []),
        *([_CONSENTS] if Source.CONSENTS in parts.columns else []),
    ]
