"""Which facts arrived between two moments: as a condition of questions, and counted by cause."""

from collections.abc import Collection, Mapping
from datetime import datetime

from loopline.attribution.state import Part, as_known_at, latest, question, visible
from loopline.reports.balance import number
from loopline.reports.change.causes import CAUSES, Cause
from loopline.reports.options import Scope
from loopline.store.engine import Engine, Value

_REFUNDS = Part("refunds_now", latest("opportunity_facts", "refunded_minor"))
_REFUNDED = question(
    """
    SELECT n.id AS id FROM refunds_now AS n JOIN refunds_before AS b ON b.id = n.id
    WHERE n.refunded_minor <> b.refunded_minor ORDER BY n.id
    """,
    _REFUNDS,
    as_known_at(_REFUNDS, "$since", "refunds_before"),
)


def refunded(engine: Engine, scope: Scope, since: datetime) -> list[str]:
    """Opportunities of which the refunds changed."""
    return [str(row["id"]) for row in engine.rows(_REFUNDED, {**scope.params, "since": since})]


def between(engine: Engine, scope: Scope, since: datetime) -> dict[str, Value]:
    """Values for `arrived`."""
    return {"since": since, "refunded": refunded(engine, scope, since)}


def arrived(cause: Cause) -> str:
    """SQL text over the columns of the cause's table: does this fact lie between the two moments?"""
    which = cause.which or "TRUE"
    if cause.is_refund is not None:
        which = f"id {'' if cause.is_refund else 'NOT '}IN (SELECT unnest($refunded))"
    return f"recorded_at > $since AND recorded_at <= $as_of AND {which}"


def learned(
    engine: Engine, scope: Scope, values: Mapping[str, Value], read: Collection[str]
) -> dict[str, tuple[int, int | None]]:
    """Cause → (facts that arrived in between, those of the units the asker sees), of what the report reads."""
    asked = {cause.key: cause for cause in CAUSES if cause.is_read(read)}
    texts = []
    for cause in asked.values():
        seen = f"CASE WHEN {visible('unit_id')} THEN 1 ELSE 0 END" if cause.has_unit else "1"
        texts.append(
            f"SELECT '{cause.key}' AS cause, count(*) AS learned, coalesce(sum({seen}), 0) AS seen FROM {cause.table} "
            f"WHERE {arrived(cause)}"
        )
    sees_all = scope.books.sees_all_units
    return {
        str(row["cause"]): (
            number(row["learned"]),
            number(row["seen"]) if asked[str(row["cause"])].has_unit or sees_all else None,
        )
        for row in engine.rows(" UNION ALL ".join(texts), {**scope.params, **values})
    }
