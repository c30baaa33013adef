"""How often people like those of an experiment reach an outcome without it: the organisation's own past."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from loopline.attribution.state import VERDICT_STATE, Part, is_machine, visible, with_verdict
from loopline.reports.experiments.lift import TREATED
from loopline.reports.experiments.outcomes import COUNTED
from loopline.reports.experiments.scope import WEEK, Scope
from loopline.reports.experiments.tally import weekly_tallies
from loopline.store.engine import Engine

_KNOWN = """
    SELECT '{kind}:' || id AS subject, '{arm}' AS arm, $from_us AS assigned_us FROM {table}
    WHERE recorded_at <= $as_of AND {visible} GROUP BY id
    HAVING min(epoch_us(occurred_at)) < $from_us AND NOT arg_max(is_deleted, version){more}
"""
_VISITORS = f"""
    SELECT 'visitor:' || e.visitor_id AS subject, '{TREATED}' AS arm, min(epoch_us(e.occurred_at)) AS assigned_us
    FROM events AS e {with_verdict()}
    WHERE e.recorded_at <= $as_of AND {visible("e.unit_id")} AND e.visitor_id <> '' AND e.is_entry
        AND NOT {is_machine()} AND epoch_us(e.occurred_at) >= $from_us
        AND epoch_us(e.occurred_at) < $until_us - $span_us
    GROUP BY e.visitor_id
"""


def _known(kind: str, more: str = "") -> str:
    return _KNOWN.format(kind=kind, arm=TREATED, table=f"{kind}_facts", visible=visible("unit_id"), more=more)


CANDIDATES = {
    "person": Part("subjects", _known("person", " AND arg_max(canonical_id, version) = id")),
    "visitor": Part("subjects", _VISITORS, (VERDICT_STATE,)),
    "company": Part("subjects", _known("company")),
}


@dataclass(frozen=True, slots=True)
class BaseRates:
    """What was seen of `subjects` candidates in as many weeks as the experiment is planned for."""

    subjects: int
    weeks: int
    rates: Mapping[str, float] = field(default_factory=dict)
    """Outcome → share that reached it."""
    revenue_minor: float = 0.0
    """Mean revenue of a candidate, and its mean square."""
    revenue_square: float = 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def base_rates(kind: str, weeks: int, unit_id: str, engine: Engine, as_of: datetime) -> BaseRates:
    """Visitors: those who came in as many weeks before, each followed for that long. People and companies: all who were
    known then, followed until now. Raises StoreError."""
    length = weeks * WEEK
    begin = as_of - (2 * length if kind == "visitor" else length)
    scope = Scope("", unit_id, "", "", begin, as_of + timedelta(microseconds=1), as_of, span=length)
    [*_, found] = weekly_tallies(scope, engine, CANDIDATES[kind])
    size = found.subjects[TREATED]
    empty = BaseRates(size, weeks)
    if size == 0:
        return empty
    money = found.revenue[TREATED]
    return replace(
        empty,
        rates={one.key: found.reached[one.key][TREATED] / size for one in COUNTED},
        revenue_minor=sum(money) / size,
        revenue_square=sum(one * one for one in money) / size,
    )
