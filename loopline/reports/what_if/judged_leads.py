"""Leads of a period with what both definitions say about each, by what was known then, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from loopline.reports.what_if.outcomes_sql import OUTCOMES
from loopline.rules.definition import Definition
from loopline.rules.population import Judged, RuleQuery, to_sql
from loopline.rules.tree import AnyOf
from loopline.store.engine import Engine, Row

TIMEOUT_S = 120.0
_ENDED = {"rejected", "recycled", "disqualified"}
_SHORTEST_MATURITY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class JudgedLead:
    id: str
    created_at: datetime
    passes_old: bool
    passes_new: bool
    met: tuple[bool, ...]
    """Whether each clause of the new definition is met, in its order."""
    scores: Mapping[str, float]
    """Of the new definition."""
    was_worked: bool
    """Sales had it. One that sales never had has no outcome."""
    is_accepted: bool
    is_qualified: bool
    is_won: bool
    has_ended: bool
    """Won, lost, sent back, recycled or disqualified: its outcome is known."""
    is_mature: bool
    """Old enough that most of its age have ended."""
    revenue_minor: int
    owner_id: str
    reason: str
    groups: Mapping[str, str]
    """Dimension → value: origin, country, industry, size."""
    explored_per_mille: int = 0
    """It went to sales below the definition by this chance in thousandths; 0: not by chance."""

    @property
    def stands_for(self) -> float:
        """How many leads it speaks for: one that went by a chance of 5 %, for twenty (Horvitz and Thompson, 1952)."""
        return 1000 / self.explored_per_mille if self.explored_per_mille else 1.0

    @property
    def counts(self) -> bool:
        """It says something about quality: sales worked it, it ended, and it is mature."""
        return self.was_worked and self.has_ended and self.is_mature

    @property
    def wasted_time(self) -> bool:
        return self.was_worked and self.has_ended and not self.is_won


def judged_leads(
    engine: Engine,
    unit_id: str,
    definitions: tuple[Definition, Definition],
    period: tuple[datetime, datetime],
    as_of: datetime,
    free_mail_domains: Sequence[str],
) -> list[JudgedLead]:
    """Leads created within `period`, by their id. The same question as of the same moment gives the same answer.

    `definitions` are the old and the new one. Raises StoreError, QueryTimeoutError.
    """
    new = definitions[1]
    query = verdicts_query(*definitions)
    params = query.replay_params(unit_id, period, as_of, free_mail_domains=free_mail_domains)
    verdicts = engine.rows(query.sql, params, timeout_s=TIMEOUT_S)
    return with_outcomes(verdicts, engine.rows(OUTCOMES, params, timeout_s=TIMEOUT_S), new, as_of)


def verdicts_query(old: Definition, new: Definition) -> RuleQuery:
    """What both definitions say about each lead, and each clause and score of the new one."""
    asked = (old.rule, new.rule, *(clause.asked for clause in new.clauses))
    return to_sql(AnyOf((old.rule, new.rule)), Judged.LEADS, scores=tuple(new.scores.values()), besides=asked)


def with_outcomes(
    verdicts: Sequence[Row], outcomes: Sequence[Row], new: Definition, as_of: datetime
) -> list[JudgedLead]:
    """Both answers of the store about the same leads, put together."""
    by_lead = {str(row["lead_id"]): row for row in verdicts}
    mature_before = as_of - _maturity(outcomes)
    return [_lead(row, by_lead[str(row["lead_id"])], new, mature_before) for row in outcomes]


def _maturity(rows: Sequence[Row]) -> timedelta:
    """The age by which three quarters of the leads that closed a sale had closed it; thirty days at least."""
    ages = sorted(
        closed - created for row in rows if (closed := _at(row["closed_at"])) and (created := _at(row["created_at"]))
    )
    return max([_SHORTEST_MATURITY, *ages[3 * len(ages) // 4 :][:1]])


def _lead(row: Row, verdict: Row, new: Definition, mature_before: datetime) -> JudgedLead:
    created_at = _at(row["created_at"])
    assert created_at is not None
    is_won = row["is_won"] is True
    is_lost = row["closed_at"] is not None and row["is_open"] is False
    return JudgedLead(
        id=str(row["lead_id"]),
        created_at=created_at,
        passes_old=verdict["r0"] is True,
        passes_new=verdict["r1"] is True,
        met=tuple(verdict[f"r{2 + number}"] is True for number in range(len(new.clauses))),
        scores={name: _number(verdict[f"s{number}"]) for number, name in enumerate(new.scores)},
        was_worked=row["was_worked"] is True,
        is_accepted=row["is_accepted"] is True,
        is_qualified=row["is_qualified"] is True,
        is_won=is_won,
        has_ended=is_won or is_lost or row["state"] in _ENDED,
        is_mature=created_at < mature_before,
        revenue_minor=int(_number(row["revenue_minor"])),
        owner_id=str(row["owner_id"]),
        reason=str(row["reason"]),
        explored_per_mille=int(_number(row["explored_per_mille"])),
        groups={
            "origin": str(row["origin"]),
            "country": str(row["country"]),
            "industry": str(row["industry"]),
            "size": size_of(row["employees"]),
        },
    )


def size_of(employees: object) -> str:
    """A band of company sizes, as Eurostat cuts them."""
    if not isinstance(employees, int):
        return ""
    bands = ((10, "1–9 people"), (50, "10–49 people"), (250, "50–249 people"), (1000, "250–999 people"))
    return next((band for below, band in bands if employees < below), "1,000 people or more")


def _at(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0.0
