"""Who of an experiment reached what, by arm and week: by intention to treat, out of the facts.

A subject is what was assigned: `person:<id>`, `visitor:<id>` or `company:<id>`. What its people did counts for it. A
person of several subjects (two browsers, two records that were merged) counts for the one assigned first.
"""

from loopline.attribution.buyers import PERSON_COMPANIES
from loopline.attribution.state import KNOWN_IDENTITIES, MERGED_STATE, OPPORTUNITY_STATE, Part, latest, question
from loopline.reports.balance import number
from loopline.reports.courses import COURSES
from loopline.reports.experiments.lift import ARMS, Tally
from loopline.reports.experiments.outcomes import COUNTED
from loopline.reports.experiments.scope import Scope
from loopline.store.engine import Engine

SUBJECTS = Part(
    "subjects",
    f"""
    SELECT subject, arm, assigned_us FROM (
        SELECT subject, arm, epoch_us(assigned_at) AS assigned_us, is_deleted FROM ({
        latest("experiment_assignment_facts", "subject", "arm", "assigned_at", where="starts_with(id, $experiment)")
    }) AS latest_ones
    ) AS assigned WHERE NOT is_deleted AND assigned_us < $until_us
    """,
)
"""The part `subjects` of an experiment: whoever asks for base rates puts another in its place."""


def members(subjects: Part) -> Part:
    """The part `members`: subject → its people that remain, each of one subject only."""
    return Part(
        "members",
        """
        SELECT person_id, subject, arm, assigned_us, arms FROM (
            SELECT person_id, subject, arm, assigned_us,
                row_number() OVER (PARTITION BY person_id ORDER BY assigned_us, subject) AS place,
                CASE WHEN min(arm) OVER (PARTITION BY person_id) <> max(arm) OVER (PARTITION BY person_id)
                    THEN 2 ELSE 1 END AS arms
            FROM (
                SELECT s.subject AS subject, s.arm AS arm, s.assigned_us AS assigned_us,
                    coalesce(m.canonical_id, substr(s.subject, 8)) AS person_id
                FROM subjects AS s LEFT JOIN merged_state AS m ON m.id = substr(s.subject, 8)
                WHERE starts_with(s.subject, 'person:')
                UNION ALL
                SELECT DISTINCT s.subject AS subject, s.arm AS arm, s.assigned_us AS assigned_us,
                    k.person_id AS person_id
                FROM subjects AS s JOIN known_identities AS k ON k.identity = s.subject
                WHERE starts_with(s.subject, 'visitor:')
                UNION ALL
                SELECT s.subject AS subject, s.arm AS arm, s.assigned_us AS assigned_us, p.id AS person_id
                FROM subjects AS s JOIN person_companies AS p ON p.company_id = substr(s.subject, 9)
                WHERE starts_with(s.subject, 'company:')
            ) AS every_one
        ) AS placed WHERE place = 1
        """,
        (subjects, MERGED_STATE, KNOWN_IDENTITIES, PERSON_COMPANIES),
    )


_IN_TIME = "{0} IS NOT NULL AND epoch_us({0}) < $until_us AND epoch_us({0}) < m.assigned_us + $span_us"


def _by_subject(subjects: Part) -> Part:
    """The part `reached`: subject → when it first reached each outcome, in microseconds; NULL where it did not."""
    firsts = ", ".join(
        f"min(CASE WHEN {_IN_TIME.format(moment)} THEN epoch_us({moment}) END) AS {outcome.key}_us"
        for outcome, moment in zip(
            COUNTED, ("c.created_at", "c.qualified_at", "c.converted_at", "c.won_at"), strict=True
        )
    )
    return Part(
        "reached",
        f"""
        SELECT m.subject AS subject, min(m.arm) AS arm, {firsts}
        FROM members AS m JOIN courses AS c ON c.person_id = m.person_id
        WHERE epoch_us(c.created_at) >= m.assigned_us GROUP BY m.subject
        """,
        (members(subjects), COURSES),
    )


_WEEK = "CAST(floor(({} - $from_us) / 604800000000) AS BIGINT)"


def _counts(subjects: Part) -> str:
    """Outcome, arm and week of the experiment → how many subjects reached it first in it."""
    parts = [
        f"SELECT 'assigned' AS outcome, arm, {_WEEK.format('assigned_us')} AS week, count(*) AS subjects "
        "FROM subjects GROUP BY arm, week"
    ]
    parts += [
        f"SELECT '{one.key}' AS outcome, arm, {_WEEK.format(f'{one.key}_us')} AS week, count(*) AS subjects "
        f"FROM reached WHERE {one.key}_us IS NOT NULL GROUP BY arm, week"
        for one in COUNTED
    ]
    return question(" UNION ALL ".join(parts), subjects, _by_subject(subjects))


def _revenue(subjects: Part) -> str:
    """Subject, arm and week of the experiment → what was won of its leads in it: a lead may become several sales."""
    return question(
        f"""
        SELECT m.subject AS subject, m.arm AS arm, {_WEEK.format("epoch_us(o.closed_at)")} AS week,
            CAST(sum(o.reporting_minor) AS BIGINT) AS won_minor
        FROM members AS m JOIN courses AS c ON c.person_id = m.person_id
        JOIN opportunity_state AS o ON o.lead_id = c.id
        WHERE epoch_us(c.created_at) >= m.assigned_us AND {_IN_TIME.format("o.closed_at")}
            AND NOT o.is_deleted AND o.outcome = 'won' AND o.reporting_minor IS NOT NULL
        GROUP BY m.subject, m.arm, week ORDER BY subject, week
        """,
        members(subjects),
        COURSES,
        OPPORTUNITY_STATE,
    )


def weekly_tallies(scope: Scope, engine: Engine, subjects: Part = SUBJECTS) -> list[Tally]:
    """What was counted until the end of each week of the experiment; the last one is what there is now.

    Never empty. Raises StoreError.
    """
    counts = engine.rows(_counts(subjects), scope.params)
    revenue = engine.rows(_revenue(subjects), scope.params)
    last = max([scope.last_week, *(number(row["week"]) for row in (*counts, *revenue))])
    return [_until(week, counts, revenue) for week in range(last + 1)]


def _until(week: int, counts: list[dict[str, object]], revenue: list[dict[str, object]]) -> Tally:
    found: dict[str, dict[str, int]] = {
        key: dict.fromkeys(ARMS, 0) for key in ("assigned", *(one.key for one in COUNTED))
    }
    for row in counts:
        if number(row["week"]) <= week:
            by_arm = found[str(row["outcome"])]
            by_arm[str(row["arm"])] = by_arm.get(str(row["arm"]), 0) + number(row["subjects"])
    money: dict[str, dict[str, int]] = {arm: {} for arm in ARMS}
    for row in revenue:
        if number(row["week"]) <= week:
            buyers, buyer = money[str(row["arm"])], str(row["subject"])
            buyers[buyer] = buyers.get(buyer, 0) + number(row["won_minor"])
    return Tally(found.pop("assigned"), found, {arm: list(buyers.values()) for arm, buyers in money.items()})


_WITHOUT_AMOUNT = question(
    f"""
    SELECT count(DISTINCT o.id) AS sales FROM members AS m JOIN courses AS c ON c.person_id = m.person_id
    JOIN opportunity_state AS o ON o.lead_id = c.id
    WHERE epoch_us(c.created_at) >= m.assigned_us AND {_IN_TIME.format("o.closed_at")}
        AND NOT o.is_deleted AND o.outcome = 'won' AND o.reporting_minor IS NULL
    """,
    members(SUBJECTS),
    COURSES,
    OPPORTUNITY_STATE,
)


def sales_without_amount(scope: Scope, engine: Engine) -> int:
    """Sales that are won but missing in revenue: without an amount, or in a currency without a rate."""
    [row] = engine.rows(_WITHOUT_AMOUNT, scope.params)
    return number(row["sales"])


_IN_BOTH = question("SELECT count(*) AS people FROM members WHERE arms = 2", members(SUBJECTS))


def people_in_both_arms(scope: Scope, engine: Engine) -> int:
    """People who were assigned twice, to different arms, before it was known that they are one."""
    [row] = engine.rows(_IN_BOTH, scope.params)
    return number(row["people"])
