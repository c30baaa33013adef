"""Hand-off: what marketing and sales promised each other, how often they kept it, and how quickly."""

from loopline.attribution.state import Part, latest, visible
from loopline.reports.balance import number
from loopline.reports.charts.rows import bars
from loopline.reports.cohorts import names_of_cohorts, row_of
from loopline.reports.counting import Counted, Counting, Records, Told, in_period, share
from loopline.reports.dimension import Naming
from loopline.reports.metric import Unit, ratio_of, sum_of
from loopline.reports.naming import Name
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.straight import straight
from loopline.store.engine import Engine

BY = {"promise": "Promise", "person": "Person responsible", "unit": "Business unit", "week": "Week"}
_ROWS = {
    "promise": "kind",
    "person": "owner_id",
    "unit": "unit_id",
    "week": row_of("week", "started_at"),
}
_NAMING = {"person": Naming.COLLEAGUES, "unit": Naming.UNITS}
PROMISES = {
    "ripen": Name("Pass the definition, or decide about it", "marketing"),
    "assign": Name("Find somebody who takes it", "marketing"),
    "evidence": Name("Complete what sales misses", "marketing"),
    "rejection": Name("Decide about what came back", "marketing"),
    "return": Name("Bring it back on its date", "marketing"),
    "dispute": Name("Settle the dispute", "sales"),
    "take": Name("Take it out of the queue", "sales"),
    "answer": Name("Accept it or send it back", "sales"),
    "first_touch": Name("First call, mail or meeting", "sales"),
}
_CLOCKS = Part(
    "clocks",
    latest(
        "clock_facts", "unit_id", "lead_id", "kind", "owner_id", "started_at", "due_at", "breached_at", "stopped_at"
    ),
)
_STRAIGHT = f"""
SELECT count(*) AS promises
FROM {straight("clock_facts")} WHERE {visible("unit_id")} AND {in_period("started_at")}
"""


def _records(scope: Scope, _engine: Engine) -> Records:
    """The clocks of the hand-off that began in the period; they are in the books once they stopped or ran out."""
    return Records(
        f"""
        SELECT 'lead' AS kind, lead_id AS record_id,
            epoch_us(started_at) AS at_us, {_ROWS[scope.options.by]} AS row_key, breached_at IS NULL AS is_kept,
            CASE WHEN stopped_at IS NOT NULL THEN (epoch(stopped_at) - epoch(started_at)) / 3600.0 END AS hours
        FROM clocks WHERE NOT is_deleted AND {visible("unit_id")} AND {in_period("started_at")}
        """,
        (_CLOCKS,),
    )


def _promises(scope: Scope, engine: Engine) -> tuple[str, int]:
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "clocks begun in the period", number(row["promises"])


def _names(scope: Scope) -> dict[str, Name]:
    if scope.options.by == "week":
        return names_of_cohorts("week", scope)
    return PROMISES if scope.options.by == "promise" else {}


_DATED = "clock begun"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("promises", "Promises", "clocks that stopped or ran out", of="clock", dated=_DATED)),
        Counted(sum_of("promises_kept", "Kept", "stopped before they ran out", of="clock", dated=_DATED), "is_kept"),
        Counted(sum_of("promises_broken", "Broken", "ran out before they were stopped", of="clock", dated=_DATED,
                       is_less_better=True), "NOT is_kept"),
        Told(ratio_of("promises_kept_rate", "Kept in time", "kept ÷ promises", "promises_kept", "promises",
                      dated=_DATED), share("promises_kept", "promises")),
        Counted(ratio_of("hours_to_keep", "Median time", "median from the begin of the clock until it was stopped, in "
                         "calendar time; those that never stopped are left out", dated=_DATED, unit=Unit.HOURS),
                "hours IS NOT NULL", "median(hours)"),
        Counted(ratio_of("hours_to_keep_slow", "Slowest tenth", "nine tenths were stopped within it", dated=_DATED,
                         unit=Unit.HOURS, short="9 of 10 within"), "hours IS NOT NULL", "quantile_cont(hours, 0.9)"),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda scope: _NAMING.get(scope.options.by, Naming.AS_IS),
    names=_names,
    without="Nobody in particular",
    ordered_by="promises",
    check=_promises,
    checked="promises",
    over_time="promises",
    cohorts=frozenset({"week"}),
)  # fmt: skip

REPORT = Report(
    key="hand-off",
    label="Hand-off",
    summary="The clocks of both sides: how many promises were kept in time, and how long it took, by promise, person, "
    "business unit or week.",
    question="Do marketing and sales keep what they promised each other, and how fast?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    group="Hand over",
    by=BY,
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=lambda result: bars(result, "promises_kept_rate"),
    usual_period="last_90_days",
    leading=("promises_kept_rate", "promises", "promises_broken"),
    how=("The clock runs in the business hours of whoever owes it; the time taken is calendar time.",),
)
