"""What became of the leads created in a period, as of `$as_of`: one row a lead, with what they are grouped by.

A lead's outcome is known when it was won, lost, sent back, recycled or disqualified. One that was never handed to
sales and has no opportunity either (an import may bring one without a hand-over) has none, and never will have: what
would have become of it nobody knows.

Calls that were answered and meetings count for the lead that the person had then: the latest one created before.
"""

from loopline.store.latest import as_of

OUTCOMES = f"""
WITH lead_now AS ({as_of("lead_facts")}),
person_now AS ({as_of("person_facts")}),
company_now AS ({as_of("company_facts")}),
opportunity_now AS ({as_of("opportunity_facts")}),
sales AS (
SELECT lead_id, max(CASE WHEN outcome = 'won' THEN 1 ELSE 0 END) AS won,
    max(CASE WHEN outcome = 'open' THEN 1 ELSE 0 END) AS open,
    sum(CASE WHEN outcome = 'won' THEN coalesce(reporting_minor, 0) ELSE 0 END) AS revenue_minor,
    max(CASE WHEN outcome <> 'open' THEN closed_at END) AS closed_at
FROM opportunity_now WHERE lead_id <> '' GROUP BY lead_id),
spoken AS (
SELECT substr(identity, 8) AS person_id, kind, occurred_at FROM touches
WHERE recorded_at <= $as_of AND kind IN ('call', 'meeting') AND starts_with(identity, 'person:')),
talks AS (
SELECT coalesce(p.canonical_id, s.person_id) AS person_id, s.kind AS kind, s.occurred_at AS occurred_at
FROM spoken AS s LEFT JOIN person_now AS p ON p.id = s.person_id),
had AS (
SELECT l.id AS lead_id, coalesce(p.canonical_id, l.person_id) AS person_id, l.created_at AS created_at
FROM lead_now AS l LEFT JOIN person_now AS p ON p.id = l.person_id),
talked AS (
SELECT h.lead_id AS lead_id, count(*) FILTER (WHERE t.kind = 'call') AS calls,
    count(*) FILTER (WHERE t.kind = 'meeting') AS meetings
FROM talks AS t ASOF JOIN had AS h ON h.person_id = t.person_id AND t.occurred_at >= h.created_at
GROUP BY h.lead_id)
SELECT l.id AS lead_id, l.state AS state, l.owner_id AS owner_id, l.reason AS reason, l.origin AS origin,
    l.created_at AS created_at,
    coalesce(l.explored_per_mille, 0) AS explored_per_mille,
    l.handed_over_at IS NOT NULL OR s.lead_id IS NOT NULL AS was_worked, l.accepted_at IS NOT NULL AS is_accepted,
    l.converted_at IS NOT NULL AS is_qualified, coalesce(s.won, 0) = 1 AS is_won, coalesce(s.open, 0) = 1 AS is_open,
    coalesce(s.revenue_minor, 0) AS revenue_minor, s.closed_at AS closed_at, coalesce(p.country, '') AS country,
    coalesce(c.industry, '') AS industry, c.employees AS employees,
    coalesce(t.calls, 0) AS calls, coalesce(t.meetings, 0) AS meetings
FROM lead_now AS l
LEFT JOIN sales AS s ON s.lead_id = l.id
LEFT JOIN talked AS t ON t.lead_id = l.id
LEFT JOIN person_now AS p ON p.id = l.person_id
LEFT JOIN company_now AS c ON c.id = p.company_id
WHERE l.unit_id = $unit AND l.created_at >= $created_from AND l.created_at < $created_to
ORDER BY l.id"""
