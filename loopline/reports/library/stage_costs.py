"""Cost per stage: what one that reaches a stage costs, with all that was spent in the period."""

from collections.abc import Mapping

from loopline.attribution.cost import COST_LINES, falls_into, spent
from loopline.attribution.state import Part, latest, question, visible
from loopline.lib.times import from_micros
from loopline.reports.balance import number, sum_records
from loopline.reports.charts.rows import bars
from loopline.reports.cost_gaps import gap_of_period
from loopline.reports.counting import Counted, Counting, Records, Told, Values, in_period
from loopline.reports.courses import COURSES
from loopline.reports.dimension import Naming
from loopline.reports.metric import Number, Unit, ratio_of, sum_of
from loopline.reports.naming import Name
from loopline.reports.opened import FARTHEST, Item, Opened, Step, Working
from loopline.reports.options import OptionError, Scope
from loopline.reports.report import Report
from loopline.reports.result import Check, ReportResult
from loopline.store.engine import Engine

STAGES = {
    "1": ("Lead", "created_at"),
    "2": ("Marketing qualified", "qualified_at"),
    "3": ("Handed over", "handed_over_at"),
    "4": ("Accepted by sales", "accepted_at"),
}
_OPPORTUNITIES = Part("opportunities_now", latest("opportunity_facts", "unit_id", "outcome", "created_at", "closed_at"))
_OF_LEADS = "\nUNION ALL".join(
    f"""
        SELECT 'lead' AS kind, id AS record_id, epoch_us({column}) AS at_us, '{key}' AS row_key
        FROM courses WHERE {column} IS NOT NULL AND {in_period(column)}"""
    for key, (_, column) in STAGES.items()
)
_OF_OPPORTUNITIES = "\nUNION ALL".join(
    f"""
        SELECT 'opportunity' AS kind, id AS record_id, epoch_us({column}) AS at_us, '{key}' AS row_key
        FROM opportunities_now WHERE NOT is_deleted AND {which} AND {visible("unit_id")} AND {in_period(column)}"""
    for key, column, which in (("5", "created_at", "TRUE"), ("6", "closed_at", "outcome = 'won'"))
)
_COST = question(
    f"""
    SELECT sum({spent("$first", "$last")}) AS cost_minor
    FROM cost_lines WHERE {falls_into("$first", "$last")}
    """,
    COST_LINES,
)
_NAMES = {key: Name(label) for key, (label, _) in STAGES.items()} | {"5": Name("Opportunity"), "6": Name("Won")}


def _told_below(_values: Values) -> Number:
    """`_finish` knows the cost and the stage before."""
    return None


def _finish(result: ReportResult, scope: Scope, engine: Engine) -> None:
    """The cost of the period is that of every stage; nothing of it is added up."""
    [row] = engine.rows(_COST, scope.params)
    cost = None if row["cost_minor"] is None else number(row["cost_minor"])
    before, note = None, gap_of_period(scope, engine).words if result.rows else ""
    for one in result.rows:
        one.cost_note = note
        count = one.values["reached"]
        one.values["period_cost_minor"] = cost
        one.values["cost_per_stage_minor"] = None if cost is None or not count else round(cost / count)
        one.values["of_stage_before"] = None if not before or count is None else round(100 * count / before, 4)
        before = count
    result.totals.cost_note = note
    if result.rows:
        records = sum_records(engine, scope).cost_minor
        result.check = Check("actual cost of the period, behind every stage", records, cost or 0, scope.books.currency)


COUNTING = Counting(
    records=lambda _scope, _engine: Records(f"{_OF_LEADS} UNION ALL {_OF_OPPORTUNITIES}", (COURSES, _OPPORTUNITIES)),
    columns=(
        Counted(sum_of("reached", "Reached", "those that reached the stage", of="lead or opportunity",
                       dated="day the stage was reached")),
        Told(ratio_of("period_cost_minor", "Cost of the period", "all actual cost of the period, the same beside every "
                      "stage", dated="day of the cost", unit=Unit.MONEY, short="Cost"), _told_below),
        Told(ratio_of("cost_per_stage_minor", "Cost per stage", "cost of the period ÷ those that reached the stage",
                      "period_cost_minor", "reached",
                      is_less_better=True, dated="day of the cost, day the stage was reached",
                      unit=Unit.MONEY, short="Cost each"), _told_below),
        Told(ratio_of("of_stage_before", "Of the stage before", "reached ÷ reached of the stage above, both in the "
                      "period and not the same ones", dated="day the stage was reached"), _told_below),
    ),
    head=lambda _scope: "Stage",
    naming=lambda _scope: Naming.AS_IS,
    names=lambda _scope: _NAMES,
    without="",
    has_total=False,
    finish=_finish,
    over_time="reached",
)  # fmt: skip

_LINES = question(
    f"""
    SELECT id, epoch_us(CAST(starts_on AS TIMESTAMPTZ)) AS at_us, {spent("$first", "$last")} AS spent_minor
    FROM cost_lines WHERE {falls_into("$first", "$last")} ORDER BY spent_minor DESC, id
    """,
    COST_LINES,
)
REACHED, PERIOD_COST, _, OF_BEFORE = COUNTING.metrics


def _open(row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
    """Cost into its lines, the share of the stage before into both stages. Raises OptionError for no stage."""
    if metric == PERIOD_COST.key:
        found = engine.rows(_LINES, scope.params)
        items = [_cost_item(one) for one in found]
        return Opened(PERIOD_COST, row, tuple(items[:FARTHEST]), len(items), sum(int(one.adds or 0) for one in items))
    if metric != OF_BEFORE.key:
        return COUNTING.open(row, metric, scope, engine)
    if row not in _NAMES:
        raise OptionError(f"There is no stage “{row}”. Choose one of: {', '.join(_NAMES)}.", "row")
    steps = [
        Step(_NAMES[key].label, {REACHED.key: COUNTING.open(key, REACHED.key, scope, engine).total},
             leads={REACHED.key: {"row": key, "metric": REACHED.key}})
        for key in (str(int(row) - 1), row) if key in _NAMES
    ]  # fmt: skip
    words = "The second as a share of the first; both count what happened in the period, and are not the same ones."
    return Opened(
        OF_BEFORE, row, (), 0, None, workings=(Working("Both stages", "Stage", (REACHED,), tuple(steps), words),)
    )


def _cost_item(row: Mapping[str, object]) -> Item:
    spent_minor = None if row["spent_minor"] is None else number(row["spent_minor"])
    return Item("cost", str(row["id"]), from_micros(number(row["at_us"])), spent_minor)


REPORT = Report(
    key="cost-per-stage",
    label="Cost per stage",
    summary="All cost of the period ÷ those that reached each stage in it, from lead to won.",
    question="What does it cost to bring one buyer to each stage?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    open=_open,
    opens=COUNTING.opens | {PERIOD_COST.key, OF_BEFORE.key},
    chart=lambda result: bars(result, "cost_per_stage_minor"),
    usual_period="last_quarter",
    leading=("reached", "cost_per_stage_minor", "of_stage_before"),
    how=(
        "Every stage counts by the day on which it was reached; those won in the period may have been created before "
        "it. Cost per lead and per opportunity of each campaign are in the closed loop.",
    ),
    rests_on=frozenset({"cost"}),
)
