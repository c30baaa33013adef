"""The fixed SQL behind a rule for everybody at one moment: records as they were known at `$as_of`.

Each text has a narrow form for a few people (`$people`): the same, without looking at anybody else. People are joined
by a hash of their id, which costs half of joining by the id itself, and to their events by the number that the store
keeps beside the identity: the engine passes over the events of all others as it reads them.
"""

from loopline.store.latest import as_of
from loopline.store.uses import ALWAYS, BROWSER_USES, in_range

_PEOPLE = "SELECT unnest($people)"
_IDS = f"id IN (SELECT id FROM person_facts WHERE canonical_id IN ({_PEOPLE}))"
_KNOWN_IDS = "(SELECT id FROM person_now)"


def records(*, is_narrow: bool) -> list[str]:
    """Companies, people, identities, consent and machine verdicts as of `$as_of`."""
    companies = "id IN (SELECT company_id FROM person_now)"
    ours = f"id IN (SELECT id FROM identity_facts WHERE person_id IN {_KNOWN_IDS})"
    theirs = f"person_id IN {_KNOWN_IDS}"
    return [
        f"person_now AS ({as_of('person_facts', _IDS if is_narrow else '')})",
        f"company_now AS ({as_of('company_facts', companies if is_narrow else '')})",
        f"identity_now AS ({as_of('identity_facts', ours if is_narrow else '')})",
        f"consent_now AS ({as_of('consent_facts', theirs if is_narrow else '')})",
        VERDICTS,
    ]


VERDICTS = f"verdict_now AS (SELECT hash(id) AS visitor_no, verdict FROM ({as_of('bot_verdict_facts')}) AS verdicts)"

SUBJECTS = """
subjects AS (
SELECT p.id AS subject, hash(p.id) AS subject_key, p.company_id AS company_id, p.country AS country,
    p.job_title AS job_title, p.language AS language, p.custom AS custom
FROM person_now AS p WHERE p.id = p.canonical_id AND (p.unit_id = $unit OR p.id IN (
    SELECT q.canonical_id FROM lead_facts AS l JOIN person_now AS q ON q.id = l.person_id
    WHERE l.unit_id = $unit AND l.recorded_at <= $as_of)){narrowed})"""
ONLY_THE_PEOPLE = f" AND p.id IN ({_PEOPLE})"

MEMBERS_OF_ALL = f"""
browser_uses AS ({BROWSER_USES}),
members AS (
SELECT i.id AS identity, hash(i.id) AS identity_key, hash(p.canonical_id) AS subject_key, {ALWAYS}
FROM identity_now AS i JOIN person_now AS p ON p.id = i.person_id
UNION DISTINCT
SELECT 'person:' || p.id AS identity, hash('person:' || p.id) AS identity_key, hash(p.canonical_id) AS subject_key,
    {ALWAYS}
FROM person_now AS p
UNION DISTINCT
SELECT u.identity AS identity, hash(u.identity) AS identity_key, hash(p.canonical_id) AS subject_key,
    u.from_us AS from_us, u.until_us AS until_us
FROM browser_uses AS u JOIN person_now AS p ON p.id = u.person_id)"""

MEMBERS_OF_ONE = f"""
members AS (
SELECT DISTINCT identity, hash(identity) AS identity_key, hash('one') AS subject_key, {ALWAYS}
FROM (SELECT unnest($identities) AS identity) AS given
UNION ALL
SELECT substr(use_text, 39) AS identity, hash(substr(use_text, 39)) AS identity_key, hash('one') AS subject_key,
    CAST(substr(use_text, 1, 19) AS BIGINT) AS from_us, CAST(substr(use_text, 20, 19) AS BIGINT) AS until_us
FROM (SELECT unnest($uses) AS use_text) AS used)"""

LEADS = f"""
lead_now AS ({as_of("lead_facts")}),
leads AS (
SELECT hash(p.canonical_id) AS subject_key, arg_max(l.origin, l.created_at) AS origin,
    arg_max(l.state, l.created_at) AS state, arg_max(l.custom, l.created_at) AS custom
FROM lead_now AS l JOIN person_now AS p ON p.id = l.person_id WHERE l.unit_id = $unit GROUP BY 1)"""

COMPANIES = "LEFT JOIN company_now AS c ON c.id = p.company_id"
JOIN_LEADS = "LEFT JOIN leads AS l ON l.subject_key = p.subject_key"

ACTS = f"""
acts AS (
SELECT m.subject_key AS subject_key, e.kind AS kind, e.name AS name, e.url_path AS url_path,
    e.occurred_at AS occurred_at, e.page_view_id AS page_view_id, e.engaged_ms AS engaged_ms, e.channel AS channel,
    e.utm_campaign AS utm_campaign, e.properties AS properties{{campaign}}
FROM events AS e
JOIN members AS m ON m.identity_key = e.identity_no AND {in_range("e", "m")}
LEFT JOIN verdict_now AS v ON v.visitor_no = e.visitor_no{{campaigns}}
WHERE e.unit_id = $unit AND e.occurred_at <= $at AND e.recorded_at <= $as_of
    AND NOT starts_with(coalesce(v.verdict, e.bot_verdict), 'machine'){{wanted}})"""

CAMPAIGN = ", coalesce(k.campaign, '') AS campaign"
JOIN_CAMPAIGNS = "\nLEFT JOIN campaigns AS k ON k.code = e.utm_campaign"
CAMPAIGNS = f"""
code_now AS ({as_of("campaign_code_facts")}),
campaign_now AS ({as_of("campaign_facts")}),
campaigns AS (
SELECT k.code AS code, any_value(g.name) AS campaign FROM code_now AS k JOIN campaign_now AS g ON g.id = k.campaign_id
WHERE k.unit_id = $unit GROUP BY k.code)"""

VIEWS = """
views AS (
SELECT subject_key, page_view_id, max(url_path) AS url_path, min(occurred_at) AS occurred_at,
    max(engaged_ms) AS engaged_ms{at}
FROM acts WHERE page_view_id <> '' AND engaged_ms IS NOT NULL GROUP BY subject_key, page_view_id)"""

EMAILS = """
emails AS (
SELECT subject_key, substr(identity, strpos(identity, '@') + 1) AS domain
FROM members WHERE starts_with(identity, 'email:'))"""

CONSENTS = """
consents AS (
SELECT subject_key, purpose, is_granted FROM (
    SELECT hash(p.canonical_id) AS subject_key, k.purpose AS purpose, k.is_granted AS is_granted,
        row_number() OVER (PARTITION BY p.canonical_id, k.purpose ORDER BY k.occurred_at DESC, k.version DESC) AS place
    FROM consent_now AS k JOIN person_now AS p ON p.id = k.person_id) AS said
WHERE place = 1)"""
