"""A rule as one SQL text: for everybody, at one moment, from what was known at another; and measures of one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loopline.rules import population_sql as text
from loopline.rules.measures import Measure
from loopline.rules.sql_parts import Source, SqlParts
from loopline.rules.tree import All, AnyOf, AtLeast, Leaf, Not, Rule
from loopline.store.engine import Value
from loopline.store.uses import LAST_US


@dataclass(frozen=True, slots=True)
class Moment:
    """Judge at `at`, from what the event store had learned by `as_of`."""

    at: datetime
    as_of: datetime


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

    def params(
        self,
        unit_id: str,
        moment: Moment,
        *,
        free_mail_domains: Sequence[str] = (),
        identities: Sequence[str] = (),
        uses: Sequence[BrowserUse] = (),
    ) -> dict[str, Value]:
        """Values for the statement. `free_mail_domains` decides which e-mail addresses are a business's."""
        given: dict[str, Value] = {
            "unit": unit_id,
            "at": moment.at,
            "as_of": moment.as_of,
            "free_mail_domains": list(free_mail_domains),
            "identities": list(identities),
            "uses": [one.text for one in uses],
        }
        return given | self._parts.bound(moment.at)


def to_sql(rule: Rule) -> RuleQuery:
    """Every person of a business unit with the verdict: columns `person_id`, `is_met`, and `c0`, `c1`, … for the
    conditions from left to right (NULL: not known)."""
    parts = SqlParts()
    leaves: list[str] = []
    verdict = _expression(rule, parts, leaves)
    clauses = ", ".join(f"{leaf} AS c{number}" for number, leaf in enumerate(leaves))
    gathered = [_gathered(source, columns) for source, columns in parts.columns.items()]
    joins = "".join(f"\nLEFT JOIN {source}_columns ON {source}_columns.person_id = p.id" for source in parts.columns)
    columns = "".join(f", {name}" for found in parts.columns.values() for name in found.values())
    tables = [*text.RECORDS, text.MEMBERS_OF_ALL, *text.sources(set(parts.columns)), *gathered]
    sql = f"""WITH {_separated(tables)},
known AS (SELECT p.id AS person_id, {text.FIELD_COLUMNS}{columns}
FROM person_now AS p
LEFT JOIN company_now AS c ON c.id = p.company_id{joins}
WHERE p.id = p.canonical_id AND {text.IN_UNIT}),
judged AS (SELECT person_id, {clauses} FROM known)
SELECT person_id, coalesce({verdict}, FALSE) AS is_met, {", ".join(f"c{n}" for n in range(len(leaves)))}
FROM judged ORDER BY person_id"""
    return RuleQuery(sql, parts)


def measures_sql(measures: Sequence[Measure]) -> RuleQuery:
    """What is measured for the one person behind `$identities` and `$uses`: one row with `m0`, `m1`, … in their order.

    A count or time is NULL where the person did nothing at all.
    """
    parts = SqlParts()
    names = [parts.measure(measure) for measure in measures]
    gathered = [_gathered(source, columns) for source, columns in parts.columns.items()]
    tables = [text.VERDICTS, text.MEMBERS_OF_ONE, *text.sources(set(parts.columns)), *gathered]
    joins = "".join(f"\nLEFT JOIN {source}_columns ON {source}_columns.person_id = p.id" for source in parts.columns)
    columns = ", ".join(f"{name} AS m{number}" for number, name in enumerate(names))
    return RuleQuery(f"WITH {_separated(tables)}\nSELECT {columns}\nFROM (SELECT 'one' AS id) AS p{joins}", parts)


def _microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def _gathered(source: Source, columns: dict[str, str]) -> str:
    gathered = ", ".join(f"{aggregate} AS {name}" for aggregate, name in columns.items())
    return f"{source}_columns AS (SELECT person_id, {gathered} FROM {source} GROUP BY person_id)"


def _separated(tables: Sequence[str]) -> str:
    return ",\n".join(table.strip() for table in tables)


def _expression(rule: Rule, parts: SqlParts, leaves: list[str]) -> str:
    """The verdict over the columns c0, c1, …, with NULL for "not known"."""
    match rule:
        case Leaf(condition):
            leaves.append(condition.sql(parts))
            return f"c{len(leaves) - 1}"
        case Not(part):
            return f"NOT {_expression(part, parts, leaves)}"
        case All(inner):
            return _chain(inner, " AND ", parts, leaves)
        case AnyOf(inner):
            return _chain(inner, " OR ", parts, leaves)
        case AtLeast(count, inner):
            # one number holds both how many are met and, in thousands, how many are not known
            answers = [f"coalesce(CAST({_expression(part, parts, leaves)} AS INTEGER), 1000)" for part in inner]
            total, needed = f"({' + '.join(answers)})", parts.value(count)
            possible = f"{total} % 1000 + CAST(floor({total} / 1000) AS BIGINT)"
            return (
                f"(CASE WHEN {total} % 1000 >= {needed} THEN TRUE WHEN {possible} >= {needed} THEN NULL ELSE FALSE END)"
            )


def _chain(rules: Sequence[Rule], word: str, parts: SqlParts, leaves: list[str]) -> str:
    return f"({word.join(_expression(rule, parts, leaves) for rule in rules)})"
