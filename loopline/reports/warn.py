"""What a reader of a report has to know before trusting a figure."""

from collections.abc import Sequence

from loopline.attribution.state import CODE_STATE, question, visible
from loopline.reports.balance import Sums
from loopline.reports.cost_gaps import NO_LINE
from loopline.reports.dimension import UNMAPPED, Dimension
from loopline.reports.naming import DELETED
from loopline.reports.options import Scope
from loopline.reports.result import Row
from loopline.reports.tally import Tally
from loopline.store.engine import Engine

MOST_CODES = 5

_UNMAPPED_CODES = question(
    f"""
    SELECT e.utm_campaign AS unmapped, sum(e.touches) AS seen
    FROM (
        SELECT unit_id, utm_campaign, count(*) AS touches FROM touches
        WHERE recorded_at <= $as_of AND utm_campaign <> '' AND {visible("unit_id")}
            AND epoch_us(occurred_at) >= $from_us AND epoch_us(occurred_at) < $to_us
        GROUP BY unit_id, utm_campaign
    ) AS e LEFT JOIN code_state AS c ON c.unit_id = e.unit_id AND c.code = e.utm_campaign AND NOT c.is_deleted
    WHERE coalesce(c.campaign_id, '') = ''
    GROUP BY e.utm_campaign ORDER BY seen DESC, unmapped
    """,
    CODE_STATE,
)


def warnings_of(
    tally: Tally, sums: Sums, rows: Sequence[Row], dimension: Dimension, scope: Scope, engine: Engine
) -> list[str]:
    found = []
    if not tally.balance(sums).holds:
        found.append("The books do not balance; these figures must not be used. Tell whoever runs this installation.")
    if tally.overlaps:
        found.append(
            "Influenced rows overlap: a sale counts whole on every row it met. They must not be added up; the total "
            "counts each sale once."
        )
    found += _without_a_line(tally, rows, dimension)
    if not dimension.cost_sql and tally.total.cost_minor is not None:
        found.append(f"Cost is booked on campaigns and cannot be told by {dimension.label.lower()}; it is unallocated.")
    if UNMAPPED in tally.figures:
        found.append(_unmapped(scope, engine))
    return found


def _without_a_line(tally: Tally, rows: Sequence[Row], dimension: Dimension) -> list[str]:
    """Of activities by themselves: what they cost may be in a line of their campaign, which is whole then."""
    counts = {("campaign has", "campaigns have"): tally.gap.campaigns}
    if dimension.key == "activity":
        counts[("activity has", "activities have")] = sum(1 for row in rows if row.cost_note == NO_LINE)
    return [
        f"{_many(count, *having)} no cost line in this period: the cost is unknown, not 0."
        for having, count in counts.items()
        if count
    ]


def deleted_rows(rows: Sequence[Row], head: str) -> list[str]:
    """What to know of rows that are of something deleted; nothing where there are none."""
    count = sum(1 for row in rows if row.label.endswith(DELETED))
    one, more = _plural(head)
    if not count:
        return []
    return [
        f"{_many(count, f'{one} was', f'{more} were')} deleted: what was earned and spent there stays in the books, "
        "marked (deleted) in the table."
    ]


def _plural(head: str) -> tuple[str, str]:
    """What a row is, and several of them: `activity`, `activities`."""
    one = head.lower()
    return one, f"{one.removesuffix('y')}ies" if one.endswith("y") else f"{one}s"


def _unmapped(scope: Scope, engine: Engine) -> str:
    codes = [str(row["unmapped"]) for row in engine.rows(_UNMAPPED_CODES, scope.params)]
    shown = ", ".join(f"“{code}”" for code in codes[:MOST_CODES]) + (" and others" if len(codes) > MOST_CODES else "")
    which = "it" if len(codes) == 1 else "them"
    return (
        f"{_many(len(codes), 'code belongs', 'codes belong')} to no campaign yet: {shown}. "
        f"Map {which} under Campaigns › Codes."
    )


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"
