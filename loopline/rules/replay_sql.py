"""The fixed SQL behind a rule for leads of the past: each judged at a moment of its own, by what was known then.

A lead is decided on when it qualifies; one that never did, when it would have been judged for the last time (after
`$judged_again_days`, or at `$as_of` if that comes first). A lead that was brought in later with its history (an import)
is decided on when it came. What was recorded later does not exist: no later event, no field that was filled in later,
whatever its date, no merge, no link, no machine verdict. What belongs to the lead itself (the form, the consent given
with it) reaches the event store moments after the lead was judged from the records, so a minute is allowed for that.
"""

from loopline.rules.sql_parts import Source, SqlParts
from loopline.store.uses import ALWAYS, LAST_US, in_range

# Records are joined by a hash of their id, and leads told apart by one, which costs half of doing it by the ids.
_SUBJECTS = """
asked AS (
SELECT id AS subject, hash(id) AS subject_key, arg_min(person_id, version) AS person_id,
    min(recorded_at) AS first_known_at, arg_max(created_at, version) AS created_at,
    arg_max(unit_id = $unit AND NOT is_deleted, version) AS is_ours,
    arg_max(coalesce(qualified_at, least(created_at + INTERVAL ($judged_again_days) DAY, $as_of)), version) AS judged_at
FROM lead_facts WHERE recorded_at <= $as_of GROUP BY id),
dated AS (
SELECT subject, subject_key, hash(person_id) AS person_key, greatest(judged_at, first_known_at) AS judged_at,
    greatest(judged_at, first_known_at) + INTERVAL 1 MINUTE AS known_at
FROM asked WHERE is_ours AND created_at >= $created_from AND created_at < $created_to),
person_then AS (
SELECT d.subject_key AS subject_key, arg_max(hash(p.canonical_id), p.version) AS person_key
FROM dated AS d JOIN person_facts AS p ON hash(p.id) = d.person_key AND p.recorded_at <= d.known_at
GROUP BY d.subject_key),
remaining AS (
SELECT d.subject AS subject, d.subject_key AS subject_key, d.judged_at AS judged_at, d.known_at AS known_at,
    coalesce(t.person_key, d.person_key) AS person_key
FROM dated AS d LEFT JOIN person_then AS t ON t.subject_key = d.subject_key),
details AS (
SELECT r.subject_key AS subject_key, arg_max(p.company_id, p.version) AS company_id,
    arg_max(p.country, p.version) AS country, arg_max(p.job_title, p.version) AS job_title,
    arg_max(p.language, p.version) AS language, arg_max(p.custom, p.version) AS custom
FROM remaining AS r JOIN person_facts AS p ON hash(p.id) = r.person_key AND p.recorded_at <= r.known_at
GROUP BY r.subject_key),
subjects AS (
SELECT r.subject AS subject, r.subject_key AS subject_key, r.judged_at AS judged_at, r.known_at AS known_at,
    r.person_key AS person_key, coalesce(d.company_id, '') AS company_id,
    hash(coalesce(d.company_id, '')) AS company_key, coalesce(d.country, '') AS country,
    coalesce(d.job_title, '') AS job_title, coalesce(d.language, '') AS language, coalesce(d.custom, '') AS custom
FROM remaining AS r LEFT JOIN details AS d ON d.subject_key = r.subject_key)"""

_COMPANIES = """
companies AS (
SELECT s.subject_key AS subject_key, arg_max(f.industry, f.version) AS industry,
    arg_max(f.country, f.version) AS country, nullif(arg_max(coalesce(f.employees, -1), f.version), -1) AS employees,
    arg_max(f.custom, f.version) AS custom, arg_max(f.name, f.version) AS name, arg_max(f.domain, f.version) AS domain
FROM subjects AS s JOIN company_facts AS f ON hash(f.id) = s.company_key AND f.recorded_at <= s.known_at
GROUP BY s.subject_key)"""

_LEADS = """
leads AS (
SELECT s.subject_key AS subject_key, arg_max(f.state, f.version) AS state, arg_max(f.origin, f.version) AS origin,
    arg_max(f.custom, f.version) AS custom
FROM subjects AS s JOIN lead_facts AS f ON hash(f.id) = s.subject_key AND f.recorded_at <= s.known_at
GROUP BY s.subject_key)"""

# Records that are one person at the moment of the lead. Those that ever were are looked at, those that were then stay.
_SAME = """
maybe_same AS (
SELECT DISTINCT hash(canonical_id) AS remaining_key, hash(id) AS person_key FROM person_facts
WHERE recorded_at <= $as_of),
same AS (
SELECT s.subject_key AS subject_key, m.person_key AS person_key, s.judged_at AS judged_at, s.known_at AS known_at,
    any_value(hash('person:' || p.id)) AS identity_key
FROM subjects AS s
JOIN maybe_same AS m ON m.remaining_key = s.person_key
JOIN person_facts AS p ON hash(p.id) = m.person_key AND p.recorded_at <= s.known_at
GROUP BY s.subject_key, m.person_key, s.judged_at, s.known_at, s.person_key
HAVING arg_max(hash(p.canonical_id), p.version) = s.person_key)"""

# An identity may have been several of these records'; of its newest version one of them at most is named. A record is
# itself at all times.
_ITSELF = 1_000_000_000_000_000
_MEMBERS = f"""
maybe_theirs AS (
SELECT DISTINCT hash(person_id) AS person_key, hash(id) AS identity_key FROM identity_facts
WHERE recorded_at <= $as_of AND person_id <> ''),
theirs AS (
SELECT subject_key, identity_key, judged_at, known_at, any_value(domain) AS domain
FROM (
    SELECT o.subject_key AS subject_key, m.identity_key AS identity_key, o.judged_at AS judged_at,
        o.known_at AS known_at, i.version AS version, hash(i.person_id) = o.person_key AS is_theirs,
        CASE WHEN starts_with(i.id, 'email:') THEN substr(i.id, strpos(i.id, '@') + 1) ELSE '' END AS domain
    FROM same AS o
    JOIN maybe_theirs AS m ON m.person_key = o.person_key
    JOIN identity_facts AS i ON hash(i.id) = m.identity_key AND i.recorded_at <= o.known_at
    UNION ALL
    SELECT subject_key, identity_key, judged_at, known_at, {_ITSELF} AS version, TRUE AS is_theirs, '' AS domain
    FROM same) AS said
GROUP BY subject_key, identity_key, judged_at, known_at
HAVING arg_max(is_theirs, 2 * version + CASE WHEN is_theirs THEN 1 ELSE 0 END)),
maybe_used AS (
SELECT DISTINCT o.subject_key AS subject_key, o.judged_at AS judged_at, o.known_at AS known_at, u.identity AS identity
FROM same AS o
JOIN browser_use_facts AS u ON hash(u.person_id) = o.person_key AND u.recorded_at <= o.known_at),
uses AS (
SELECT m.subject_key AS subject_key, m.judged_at AS judged_at, m.known_at AS known_at, u.id AS id,
    arg_max(u.identity, u.version) AS identity, arg_max(u.person_id, u.version) AS person_id,
    arg_max(epoch_us(u.since), u.version) AS since_us, arg_max(u.is_deleted, u.version) AS is_deleted
FROM maybe_used AS m JOIN browser_use_facts AS u ON u.identity = m.identity AND u.recorded_at <= m.known_at
GROUP BY m.subject_key, m.judged_at, m.known_at, u.id),
stretches AS (
SELECT subject_key, judged_at, known_at, hash(identity) AS identity_key, hash(person_id) AS person_key,
    since_us AS from_us,
    lead(since_us, 1, {LAST_US}) OVER (PARTITION BY subject_key, identity ORDER BY since_us) AS until_us
FROM uses WHERE NOT is_deleted),
members AS (
SELECT subject_key, identity_key, judged_at, known_at, {ALWAYS} FROM theirs
UNION ALL
SELECT u.subject_key AS subject_key, u.identity_key AS identity_key, u.judged_at AS judged_at, u.known_at AS known_at,
    u.from_us AS from_us, u.until_us AS until_us
FROM stretches AS u JOIN same AS o ON o.subject_key = u.subject_key AND o.person_key = u.person_key)"""

EMAILS = """
emails AS (
SELECT subject_key, domain FROM theirs WHERE domain <> '')"""

_CONSENTS = """
said AS (
SELECT o.subject_key AS subject_key, k.purpose AS purpose, hash(k.id) AS consent_key, max(k.version) AS version,
    arg_max(k.is_granted, k.version) AS is_granted, arg_max(k.occurred_at, k.version) AS occurred_at
FROM same AS o
JOIN consent_facts AS k ON hash(k.person_id) = o.person_key AND k.recorded_at <= o.known_at
GROUP BY o.subject_key, k.purpose, hash(k.id)),
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

COMPANIES = "LEFT JOIN companies AS c ON c.subject_key = p.subject_key"
JOIN_LEADS = "LEFT JOIN leads AS l ON l.subject_key = p.subject_key"

# The newest verdict on a visitor that was known at the lead's moment; the columns of the lead's moment come along.
ACTS = f"""
verdict_versions AS (
SELECT hash(id) AS visitor_key, verdict, recorded_at FROM bot_verdict_facts WHERE recorded_at <= $as_of),
did AS (
SELECT m.subject_key AS subject_key, m.judged_at AS judged_at, m.known_at AS known_at,
    e.visitor_no AS visitor_key,
    e.bot_verdict AS bot_verdict, e.kind AS kind, e.name AS name, e.url_path AS url_path, e.occurred_at AS occurred_at,
    e.page_view_id AS page_view_id, e.engaged_ms AS engaged_ms, e.channel AS channel,
    e.utm_campaign AS utm_campaign, e.properties AS properties{{campaign}}
FROM events AS e
JOIN members AS m ON m.identity_key = e.identity_no AND {in_range("e", "m")}{{campaigns}}
WHERE e.unit_id = $unit AND e.occurred_at <= m.judged_at AND e.recorded_at <= m.known_at{{wanted}}),
acts AS (
SELECT d.*, coalesce(v.verdict, d.bot_verdict) AS verdict
FROM did AS d
ASOF LEFT JOIN verdict_versions AS v ON v.visitor_key = d.visitor_key AND v.recorded_at <= d.known_at
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
