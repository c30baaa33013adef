"""A rule as one SQL text: for everybody, for a few people, for leads each at a moment of its own; and measures of one
person. One compiler: what a person is judged by live is what history is judged by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from loopline.rules import population_sql as everybody
from loopline.rules import replay_sql as replay
from loopline.rules.condition import Condition
from loopline.rules.measures import Measure
from loopline.rules.score import Score, score_sql
from loopline.rules.sql_parts import Source, SqlParts
from loopline.rules.tree import Rule
from loopline.rules.truth_sql import truth
from loopline.store.engine import Value
from loopline.store.uses import LAST_US


@dataclass(frozen=True, slots=True)
class Moment:
    """Judge at `at`, from what the event store had learned by `as_of`."""

    at: datetime
    as_of: datetime


JUDGED_AGAIN_DAYS = 90
"""A lead that stays below the definition longer than this is left to marketing."""


class Judged(StrEnum):
    """Who is judged by a rule's SQL."""

    EVERYBODY = "everybody"
    """Every person of the business unit, at one moment."""
    PEOPLE = "people"
    """Those among `people` only, without looking at anybody else."""
    LEADS = "leads"
    """Leads created within a period, each when it was decided on, by what was known then (`rules.replay_sql`)."""


@dataclass(frozen=True, slots=True)
class BrowserUse:
    """A stretch of a shared browser that is one person's; `until` None: no end so far."""

    identity: str
    since: datetime
    until: datetime | None

    @property
    def text(self) -> str:
        """Its range in microseconds, 19 digits each, then the identity: one list carries all three to any engine."""
        until_us = _microseconds(self.until) if self.until else LAST_US
        return f"{_microseconds(self.since):019}{until_us:019}{self.identity}"


@dataclass(frozen=True, slots=True)
class RuleQuery:
    sql: str
    _parts: SqlParts
    verdicts_sql: str = ""
    """For leads: the verdicts from a table `known` that holds `subject`, `judged_at` and `columns`; the last part of
    `sql`, without an order."""

    @property
    def columns(self) -> dict[str, str]:
        """Columns of `known`, each with all that it holds in words of SQL, values included."""
        return self._parts.told()

    def params(
        self,
        unit_id: str,
        moment: Moment,
        *,
        free_mail_domains: Sequence[str] = (),
        identities: Sequence[str] = (),
        uses: Sequence[BrowserUse] = (),
        people: Sequence[str] = (),
    ) -> dict[str, Value]:
        """Values for the statement. `free_mail_domains` decides which e-mail addresses are a business's."""
        given: dict[str, Value] = {
            "unit": unit_id,
            "at": moment.at,
            "as_of": moment.as_of,
            "free_mail_domains": list(free_mail_domains),
            "identities": list(identities),
            "uses": [one.text for one in uses],
            "people": list(people),
        }
        return given | self._parts.bound(moment.at)

    def replay_params(
        self, unit_id: str, period: tuple[datetime, datetime], as_of: datetime, *, free_mail_domains: Sequence[str] = ()
    ) -> dict[str, Value]:
        """Values for judging the leads created within `period` (its end left out)."""
        return self.params(unit_id, Moment(as_of, as_of), free_mail_domains=free_mail_domains) | {
            "created_from": period[0],
            "created_to": period[1],
            "judged_again_days": JUDGED_AGAIN_DAYS,
        }


def to_sql(
    rule: Rule, judged: Judged = Judged.EVERYBODY, *, scores: Sequence[Score] = (), besides: Sequence[Rule] = ()
) -> RuleQuery:
    """Everyone with the verdict: columns `person_id` (for leads `lead_id`), `is_met`, `c0`, `c1`, … for the conditions
    from left to right (NULL: not known), and asked for besides `s0`, `s1`, … for scores and `r0`, `r1`, … for rules
    (true or false)."""
    parts = SqlParts(is_replay=judged is Judged.LEADS)
    leaves: list[str] = []

    def numbered(condition: Condition) -> str:
        leaves.append(condition.sql(parts))
        return f"c{len(leaves) - 1}"

    verdict = truth(rule, parts, numbered)
    values = [f"{leaf} AS c{number}" for number, leaf in enumerate(leaves)]
    values += [f"{score_sql(score, parts)} AS s{number}" for number, score in enumerate(scores)]
    values += [
        f"CAST(coalesce({truth(one, parts)}, FALSE) AS BOOLEAN) AS r{number}" for number, one in enumerate(besides)
    ]
    answered = [f"c{n}" for n in range(len(leaves))] + [f"s{n}" for n in range(len(scores))]
    answered += [f"r{n}" for n in range(len(besides))]
    subject = "lead_id" if judged is Judged.LEADS else "person_id"
    verdicts = f"""judged AS (SELECT subject, {", ".join(values)} FROM known)
SELECT subject AS {subject}, CAST(coalesce({verdict}, FALSE) AS BOOLEAN) AS is_met, {", ".join(answered)}
FROM judged"""
    known = _separated([*_tables(judged, parts), _known(judged, parts)])
    return RuleQuery(f"WITH {known},\n{verdicts} ORDER BY subject", parts, f"WITH {verdicts}")


def gather_sql(query: RuleQuery, columns: Iterable[str]) -> str:
    """SQL of some of the query's `columns` for each lead, by its id, with `lead_id` and `judged_at`."""
    parts = query._parts.only(set(columns))
    return known_sql(parts, {name: name for name in parts.told()}).sql


def measures_sql(measures: Sequence[Measure]) -> RuleQuery:
    """What is measured for the one person behind `$identities` and `$uses`: one row with `m0`, `m1`, … in their order.

    A count or time is NULL where the person did nothing that any of them asks for.
    """
    parts = SqlParts()
    names = [parts.measure(measure) for measure in measures]
    tables = [everybody.VERDICTS, everybody.MEMBERS_OF_ONE, *_behaviour(parts)]
    columns = ", ".join(f"{name} AS m{number}" for number, name in enumerate(names))
    one = "(SELECT hash('one') AS subject_key) AS p"
    return RuleQuery(f"WITH {_separated(tables)}\nSELECT {columns}\nFROM {one}{_joins(parts)}", parts)


def known_sql(parts: SqlParts, values: Mapping[str, str]) -> RuleQuery:
    """What was known about leads, each at its own moment: one row a lead with `lead_id`, `judged_at` and `values` (name
    of a column → SQL made with `parts`, which is a replay's)."""
    told = "".join(f", {sql} AS {name}" for name, sql in values.items())
    sql = f"""WITH {_separated([*_tables(Judged.LEADS, parts), _known(Judged.LEADS, parts)])}
SELECT subject AS lead_id, judged_at{told} FROM known ORDER BY lead_id"""
    return RuleQuery(sql, parts)


def _tables(judged: Judged, parts: SqlParts) -> list[str]:
    if judged is Judged.LEADS:
        records = replay.tables(parts)
    else:
        is_narrow = judged is Judged.PEOPLE
        narrowed = everybody.ONLY_THE_PEOPLE if is_narrow else ""
        records = [
            *everybody.records(is_narrow=is_narrow),
            everybody.SUBJECTS.format(narrowed=narrowed),
            everybody.MEMBERS_OF_ALL,
            *([everybody.LEADS] if parts.needs_leads else []),
            *([everybody.CONSENTS] if Source.CONSENTS in parts.columns else []),
        ]
    return [*records, *_behaviour(parts)]


def _behaviour(parts: SqlParts) -> list[str]:
    """What people did, as far as it matters to the rule, and what is gathered from it and from the rest."""
    campaigns = replay.CAMPAIGNS if parts.is_replay else everybody.CAMPAIGNS
    tables = [campaigns] if parts.needs_campaigns else []
    if parts.columns.keys() & {Source.ACTS, Source.VIEWS}:
        tables.append(_acts(parts))
    if Source.VIEWS in parts.columns:
        tables.append(everybody.VIEWS.format(at=", max(judged_at) AS judged_at" if parts.is_replay else ""))
    if Source.EMAILS in parts.columns:
        tables.append(replay.EMAILS if parts.is_replay else everybody.EMAILS)
    return [*tables, *(_gathered(source, columns) for source, columns in parts.columns.items())]


def _acts(parts: SqlParts) -> str:
    # Engaged time is cumulative per page view, whose first event may lie outside the window of a later one.
    is_all = Source.VIEWS in parts.columns or "TRUE" in parts.wanted_acts
    wanted = "" if is_all else f"\n    AND ({' OR '.join(f'({one})' for one in parts.wanted_acts)})"
    text = replay.ACTS if parts.is_replay else everybody.ACTS
    joined = replay.JOIN_CAMPAIGNS if parts.is_replay else everybody.JOIN_CAMPAIGNS
    is_told = parts.needs_campaigns
    return text.format(
        wanted=wanted,
        campaign=everybody.CAMPAIGN if is_told else "",
        campaigns=joined if is_told else "",
    )


def _known(judged: Judged, parts: SqlParts) -> str:
    """One row for everyone who is judged, with all that the rule asks for."""
    fields = "".join(f", {sql} AS {name}" for sql, name in parts.fields.items())
    columns = "".join(f", {name}" for found in parts.columns.values() for name in found.values())
    at = ", p.judged_at AS judged_at" if judged is Judged.LEADS else ""
    companies = replay.COMPANIES if judged is Judged.LEADS else everybody.COMPANIES
    leads = (
        "" if not parts.needs_leads else f"\n{replay.JOIN_LEADS if judged is Judged.LEADS else everybody.JOIN_LEADS}"
    )
    return f"""known AS (SELECT p.subject AS subject{at}{fields}{columns}
FROM subjects AS p
{companies}{leads}{_joins(parts)})"""


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _joins(parts: SqlParts) -> str:
    return "".join(
        f"\nLEFT JOIN {source}_columns ON {source}_columns.subject_key = p.subject_key" for source in parts.columns
    )


def _gathered(source: Source, columns: dict[str, str]) -> str:
    gathered = ", ".join(f"{aggregate} AS {name}" for aggregate, name in columns.items())
    return f"{source}_columns AS (SELECT subject_key, {gathered} FROM {source} GROUP BY subject_key)"


def _separated(tables: Sequence[str]) -> str:
    return ",\n".join(table.strip() for table in tables)
