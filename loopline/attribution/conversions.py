"""Conversions: what credit is given for, with the people whose touchpoints may earn it.

Whose touchpoints may earn is `$people`, one of PEOPLE: the parts for the others are not worked out.

A count is dealt out like money: each lead or opportunity is a million micro-units, so that shares of it add up exactly.
"""

from loopline.attribution.state import (
    CONTACT_STATE,
    LEAD_STATE,
    MERGED_STATE,
    OPPORTUNITY_STATE,
    Part,
    latest,
    number_of,
    visible,
)

MICRO_UNITS = 1_000_000
PEOPLE: dict[str, str] = {
    "primary": "the primary contact",
    "contacts": "all contacts of the opportunity",
    "company": "everyone of the company",
}
"""Whose touchpoints may earn. A lead has one person, so for it the first two are the same."""

_LEAD_PEOPLE = Part(
    "lead_people",
    """
    SELECT l.id AS record_id, coalesce(p.canonical_id, l.person_id) AS person_id
    FROM lead_state AS l LEFT JOIN merged_state AS p ON p.id = l.person_id
    """,
    (LEAD_STATE, MERGED_STATE),
)

_OPPORTUNITY_PEOPLE = Part(
    "opportunity_people",
    """
    SELECT DISTINCT c.opportunity_id AS record_id, coalesce(p.canonical_id, c.person_id) AS person_id
    FROM contact_state AS c LEFT JOIN merged_state AS p ON p.id = c.person_id
    LEFT JOIN (
        SELECT DISTINCT opportunity_id FROM contact_state WHERE is_primary AND NOT is_deleted
    ) AS f ON f.opportunity_id = c.opportunity_id
    WHERE NOT c.is_deleted AND ($people <> 'primary' OR c.is_primary OR f.opportunity_id IS NULL)
    UNION ALL
    SELECT o.id AS record_id, l.person_id AS person_id
    FROM opportunity_state AS o JOIN lead_people AS l ON l.record_id = o.lead_id
    LEFT JOIN (SELECT DISTINCT opportunity_id FROM contact_state WHERE NOT is_deleted) AS c ON c.opportunity_id = o.id
    WHERE c.opportunity_id IS NULL
    """,
    (CONTACT_STATE, OPPORTUNITY_STATE, MERGED_STATE, _LEAD_PEOPLE),
)

_EMPLOYED = Part("employed_people", latest("person_facts", "canonical_id", "company_id"))
_BUYERS = Part("buyers", latest("opportunity_facts", "company_id"))


def _with_colleagues(source: Part) -> Part:
    """The people of `source`; for `company` also everyone of the company of one of them, or of the opportunity."""
    return Part(
        f"{source.name}_asked",
        f"""
        SELECT record_id, person_id FROM {source.name}
        UNION ALL
        SELECT DISTINCT n.record_id AS record_id, e.canonical_id AS person_id
        FROM (
            SELECT s.record_id AS record_id, c.company_id AS company_id
            FROM {source.name} AS s JOIN employed_people AS c ON c.canonical_id = s.person_id AND NOT c.is_deleted
            UNION ALL
            SELECT b.id AS record_id, b.company_id AS company_id FROM buyers AS b WHERE NOT b.is_deleted
        ) AS n JOIN employed_people AS e ON e.company_id = n.company_id AND NOT e.is_deleted
        LEFT JOIN {source.name} AS s ON s.record_id = n.record_id AND s.person_id = e.canonical_id
        WHERE $people = 'company' AND n.company_id <> '' AND s.record_id IS NULL
        """,
        (source, _EMPLOYED, _BUYERS),
    )


# Each kind: its records with a date and an amount, and when lead and opportunity were created, where they were.
# `is_converted` marks leads with a linked opportunity.
_OF_LEADS = """
    SELECT '{kind}' AS kind, l.id AS record_id, l.unit_id AS unit_id, epoch_us(l.{date}) AS converted_us,
        {micro} AS amount, o.lead_id IS NOT NULL AS is_converted, epoch_us(l.created_at) AS lead_us,
        CAST(NULL AS BIGINT) AS opportunity_us
    FROM lead_state AS l
    LEFT JOIN (SELECT DISTINCT lead_id FROM opportunity_state WHERE NOT is_deleted) AS o ON o.lead_id = l.id
    WHERE NOT l.is_deleted AND l.{date} IS NOT NULL AND {visible} AND {dated}
"""
_OF_OPPORTUNITIES = """
    SELECT '{kind}' AS kind, o.id AS record_id, o.unit_id AS unit_id, epoch_us(o.{date}) AS converted_us,
        {amount} AS amount, FALSE AS is_converted, epoch_us(l.created_at) AS lead_us,
        epoch_us(o.created_at) AS opportunity_us
    FROM opportunity_state AS o LEFT JOIN lead_state AS l ON l.id = o.lead_id AND NOT l.is_deleted
    WHERE NOT o.is_deleted AND {which} AND o.{date} IS NOT NULL AND {visible} AND {dated}
"""
_DATED = "epoch_us({column}) >= $converted_from_us AND epoch_us({column}) < $converted_to_us"


def _of_leads(kind: str, date: str) -> str:
    column = f"l.{date}"
    return _OF_LEADS.format(
        kind=kind, date=date, micro=MICRO_UNITS, visible=visible("l.unit_id"), dated=_DATED.format(column=column)
    )


def _of_opportunities(kind: str, date: str, amount: str, which: str) -> str:
    return _OF_OPPORTUNITIES.format(
        kind=kind,
        date=date,
        amount=amount,
        which=which,
        visible=visible("o.unit_id"),
        dated=_DATED.format(column=f"o.{date}"),
    )


KINDS: dict[str, str] = {
    "lead": _of_leads("lead", "created_at"),
    "qualified": _of_leads("qualified", "qualified_at"),
    "opportunity": _of_opportunities("opportunity", "created_at", str(MICRO_UNITS), "TRUE"),
    "won": _of_opportunities("won", "closed_at", str(MICRO_UNITS), "o.outcome = 'won'"),
    "revenue": _of_opportunities(
        "revenue", "closed_at", "o.reporting_minor", "o.outcome = 'won' AND o.reporting_minor IS NOT NULL"
    ),
    "pipeline": _of_opportunities("pipeline", "created_at", "o.reporting_minor", "o.reporting_minor IS NOT NULL"),
}
"""What converts, by key. `revenue` is the money of `won`; both convert on the closing date. `pipeline` is the money of
`opportunity`, whatever became of it; both convert when it is created."""

_PEOPLE = {"lead": "lead_people_asked", "qualified": "lead_people_asked"}


def conversions(*kinds: str) -> Part:
    """The part `conversions`: those of `kinds` dated in [$converted_from_us, $converted_to_us) in visible units.

    They are numbered, because what follows sorts and joins by conversion, and numbers are quicker there than ids.
    """
    return Part(
        "conversions",
        f"""
        SELECT *, row_number() OVER (ORDER BY kind, record_id) AS conversion_no
        FROM ({"UNION ALL".join(KINDS[kind] for kind in kinds)}) AS dated
        """,
        (LEAD_STATE, OPPORTUNITY_STATE),
    )


def conversion_people(*kinds: str) -> Part:
    """The part `conversion_people`: each conversion beside each of its people."""
    by_source: dict[str, list[str]] = {}
    for kind in kinds:
        by_source.setdefault(_PEOPLE.get(kind, "opportunity_people_asked"), []).append(f"'{kind}'")
    joined = [
        f"""
        SELECT c.conversion_no AS conversion_no, c.kind AS kind, c.converted_us AS converted_us, c.lead_us AS lead_us,
            c.opportunity_us AS opportunity_us, p.person_id AS person_id, {number_of("p.person_id")} AS person_no
        FROM conversions AS c JOIN {source} AS p ON p.record_id = c.record_id
        WHERE c.kind IN ({", ".join(names)})
        """
        for source, names in by_source.items()
    ]
    people = _with_colleagues(_LEAD_PEOPLE), _with_colleagues(_OPPORTUNITY_PEOPLE)
    return Part("conversion_people", "UNION ALL".join(joined), (conversions(*kinds), *people))
