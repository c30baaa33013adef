"""What is unknown of the cost of a period: lines without an exchange rate, and campaigns of which nothing is booked.

A campaign is asked for a cost line where people came by it in the period: what only earned in it was spent before. Both
are counted over the whole books and dealt to the rows that the cost would fall to, so that the total says the same
whatever a report is split by.
"""

from collections import defaultdict
from dataclasses import dataclass

from loopline.attribution.cost import COST_LINES, falls_into
from loopline.attribution.state import CAMPAIGN_ROWS, CAMPAIGN_STATE, Part, question, visible
from loopline.attribution.touchpoints import RowOf, unnamed_touchpoints
from loopline.reports.balance import number
from loopline.reports.closed_loop_sql import cost
from loopline.reports.dimension import DIMENSIONS, Dimension
from loopline.reports.metric import Metric
from loopline.reports.options import Scope
from loopline.reports.result import Row
from loopline.store.engine import Engine

COSTS = frozenset({"cost_minor", "actual_minor", "period_cost_minor", "unit_cost_minor"})
"""Metrics that are a cost of the period, in whichever report."""
NO_LINE = "cost incomplete: no cost line in this period"
_INCOMPLETE, _RATE = "cost incomplete: ", "an exchange rate"
_BY_CODE = RowOf("e.utm_campaign")

_CODES = Part(
    "unbooked_codes",
    f"""
    SELECT r.unit_id AS unit_id, r.code AS code, r.row_id AS campaign_id
    FROM campaign_rows AS r LEFT JOIN (
        SELECT DISTINCT campaign_id FROM cost_lines WHERE {falls_into("$first", "$last")}
    ) AS b ON b.campaign_id = r.row_id
    WHERE b.campaign_id IS NULL
    """,
    (CAMPAIGN_ROWS, COST_LINES),
)
"""The part `unbooked_codes`: codes of campaigns without an actual cost line in the period. They are mostly few, so that
touchpoints are looked for by them: to ask of all which campaign they are of takes as long as to count sessions."""
_UNBOOKED = Part(
    "unbooked",
    f"""
    SELECT s.campaign_id AS campaign_id, '' AS activity_id, s.unit_id AS unit_id, coalesce(c.channel, '') AS channel,
        coalesce(c.owner_id, '') AS owner_id
    FROM (
        SELECT r.campaign_id AS campaign_id, min(e.unit_id) AS unit_id
        FROM unnamed_touchpoints AS e JOIN unbooked_codes AS r ON r.unit_id = e.unit_id AND r.code = e.utm_campaign
        WHERE e.touched_us >= $from_us AND e.touched_us < $to_us AND {visible("e.unit_id")} AND NOT e.is_machine
        GROUP BY r.campaign_id
    ) AS s
    LEFT JOIN campaign_state AS c ON c.id = s.campaign_id
    """,
    (unnamed_touchpoints(_BY_CODE), _CODES, CAMPAIGN_STATE),
)
"""The part `unbooked`: campaigns that people came by in the period, without an actual cost line in it, with the columns
that tell which row a cost falls to."""


def unbooked(dimension: Dimension) -> str:
    """How many campaigns nothing is booked of, by the row that their cost would fall to; "" for none."""
    row = dimension.cost_sql or "''"
    return question(f"SELECT {row} AS row_key, count(*) AS campaigns FROM unbooked GROUP BY row_key", _UNBOOKED)


@dataclass(slots=True)
class CostGap:
    """What is unknown of the cost of a row, or of the total."""

    lines: int = 0
    """Cost lines without an exchange rate."""
    campaigns: int = 0
    """Campaigns without a cost line in the period."""

    @property
    def words(self) -> str:
        """“cost incomplete: …”; "" where nothing is unknown."""
        reasons = [
            f"{count} {what}{'s' if count > 1 else ''} without {missing}"
            for count, what, missing in (
                (self.lines, "cost line", _RATE),
                (self.campaigns, "campaign", "a cost line in this period"),
            )
            if count
        ]
        return f"{_INCOMPLETE}{', '.join(reasons)}" if reasons else ""


def beside_lines(words: str) -> str:
    """`CostGap.words` where the lines without a rate are told beside: what else is unknown; "" where nothing is."""
    reasons = words.removeprefix(_INCOMPLETE).split(", ")
    others = [one for one in reasons if not one.endswith(_RATE)]
    return f"{_INCOMPLETE}{', '.join(others)}" if any(others) else ""


def rests_on_cost(metric: Metric) -> bool:
    """The figure is a cost, or is worked out from one."""
    return metric.key in COSTS or not COSTS.isdisjoint(metric.parts)


def gap_words(row: Row, metric: Metric) -> str:
    """Why a figure of the row is incomplete; "" where it is not. What is worked out from an unknown cost is — already:
    the cost beside it says why."""
    is_said = row.values.get(metric.key) is not None or metric.key in COSTS
    return row.cost_note if is_said and rests_on_cost(metric) else ""


def gaps_of(dimension: Dimension, scope: Scope, engine: Engine) -> dict[str, CostGap]:
    """What is unknown of the cost of the period, by the row of the dimension that it would fall to; "" for none."""
    found: dict[str, CostGap] = defaultdict(CostGap)
    for row in engine.rows(cost(dimension), scope.params):
        found[str(row["row_key"])].lines += number(row["without_rate"])
    for row in engine.rows(unbooked(dimension), scope.params):
        found[str(row["row_key"])].campaigns += number(row["campaigns"])
    return found


def gap_of_all(gaps: dict[str, CostGap]) -> CostGap:
    """What is unknown of all rows together."""
    return CostGap(sum(one.lines for one in gaps.values()), sum(one.campaigns for one in gaps.values()))


def gap_of_period(scope: Scope, engine: Engine) -> CostGap:
    """What is unknown of all cost of the period."""
    return gap_of_all(gaps_of(DIMENSIONS["business_unit"], scope, engine))
