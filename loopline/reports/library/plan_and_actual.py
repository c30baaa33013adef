"""Plan and actual: what each campaign may cost, was planned to cost, is bound to cost, and cost."""

from loopline.attribution.cost import falls_into, spent
from loopline.attribution.state import CAMPAIGN_STATE, Part, latest, question, visible
from loopline.reports.balance import number, sum_records
from loopline.reports.charts.rows import bars
from loopline.reports.cost_gaps import CostGap, gap_of_all, gaps_of
from loopline.reports.counting import Counted, Counting, Records, Told, Values, share
from loopline.reports.dimension import DIMENSIONS, Naming
from loopline.reports.metric import Number, Unit, ratio_of, sum_of
from loopline.reports.options import Scope
from loopline.reports.over_time.costs import cost_sparks
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.store.engine import Engine

BY = {"campaign": "Campaign", "channel": "Channel", "category": "Kind of cost", "unit": "Business unit"}
_ROWS = {
    "campaign": "l.campaign_id",
    "channel": "coalesce(c.channel, '')",
    "category": "l.category",
    "unit": "l.unit_id",
}
_DIMENSION = {"channel": "channel", "unit": "business_unit"}
"""Rows that are rows of the closed loop, too, where a campaign without a cost line falls to them."""
_NAMING = {"campaign": Naming.CAMPAIGNS, "unit": Naming.UNITS}
_LINES = Part(
    "every_line",
    f"""
    SELECT id, unit_id, campaign_id, cost_kind, category, reporting_minor, starts_on, ends_on,
        date_diff('day', starts_on, ends_on) + 1 AS days
    FROM ({
        latest(
            "cost_facts", "unit_id", "campaign_id", "cost_kind", "category", "reporting_minor", "starts_on", "ends_on"
        )
    }) AS lines WHERE NOT is_deleted AND {visible("unit_id")}
    """,
)


def _records(scope: Scope, _engine: Engine) -> Records:
    return Records(
        f"""
        SELECT 'cost' AS kind, l.id AS record_id, epoch_us(CAST(l.starts_on AS TIMESTAMPTZ)) AS at_us,
            {_ROWS[scope.options.by]} AS row_key, l.cost_kind AS cost_kind, l.spent_minor AS spent_minor
        FROM (
            SELECT id, unit_id, campaign_id, cost_kind, category, starts_on,
                {spent("$first", "$last")} AS spent_minor
            FROM every_line WHERE {falls_into("$first", "$last")}
        ) AS l LEFT JOIN campaign_state AS c ON c.id = l.campaign_id
        """,
        (_LINES, CAMPAIGN_STATE),
    )


def _actual(scope: Scope, engine: Engine) -> tuple[str, int]:
    return "actual cost of the period", sum_records(engine, scope).cost_minor


def _left(values: Values) -> Number:
    planned, actual = values["planned_minor"], values["actual_minor"]
    return None if planned is None or actual is None else planned - actual


def _without_rate(scope: Scope, engine: Engine) -> dict[str, int]:
    """How many actual cost lines of each row have no exchange rate."""
    asked = _records(scope, engine)
    sql = """
        SELECT row_key, count(*) AS lines FROM records WHERE cost_kind = 'actual' AND spent_minor IS NULL
        GROUP BY row_key
    """
    found = engine.rows(question(sql, *asked.parts, Part("records", asked.sql)), scope.params)
    return {str(row["row_key"]): number(row["lines"]) for row in found}


_NOTHING_BOOKED = "cost incomplete: nothing booked in this period"


def _finish(result: ReportResult, scope: Scope, engine: Engine) -> None:
    """What is unknown of the cost of all is what the closed loop says of it, whatever it is split by."""
    gaps = gaps_of(DIMENSIONS[_DIMENSION.get(scope.options.by, "campaign")], scope, engine)
    lines = _without_rate(scope, engine)
    for row in result.rows:
        campaigns = gaps[row.key].campaigns if scope.options.by in _DIMENSION else 0
        nothing = _NOTHING_BOOKED if row.values["actual_minor"] is None else ""
        row.cost_note = CostGap(lines.get(row.key, 0), campaigns).words or nothing
    result.totals.cost_note = gap_of_all(gaps).words
    if scope.last > scope.today:
        result.warnings.append("The period is not over: planned cost of days to come is in it, actual cost is not yet.")


_DATED = "day of the cost"


def _cost(key: str, label: str, kind: str, words: str) -> Counted:
    formula = f"{words}, each line spread evenly over its days; — where none is known"
    return Counted(
        sum_of(key, label, formula, of="cost line and day", dated=_DATED, unit=Unit.MONEY, is_neutral=True),
        f"cost_kind = '{kind}'",
        "sum(spent_minor)",
    )


COUNTING = Counting(
    records=_records,
    columns=(
        _cost("planned_minor", "Planned", "planned", "planned cost lines"),
        _cost("committed_minor", "Committed", "committed", "cost that is ordered and not booked yet"),
        _cost("actual_minor", "Actual", "actual", "actual cost lines"),
        Told(ratio_of("left_minor", "Left of the plan", "planned − actual; below zero where more was spent than "
                      "planned, — where one of them is not known", "planned_minor", "actual_minor",
                      dated=_DATED, unit=Unit.MONEY, short="Left",
                      is_neutral=True), _left),
        Told(ratio_of("used_rate", "Used of the plan", "actual ÷ planned", "actual_minor", "planned_minor",
                      dated=_DATED, short="Used", is_neutral=True), share("actual_minor", "planned_minor")),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda scope: _NAMING.get(scope.options.by, Naming.AS_IS),
    without="No campaign",
    ordered_by="planned_minor",
    check=_actual,
    checked="actual_minor",
    finish=_finish,
)  # fmt: skip

_WITH_CAMPAIGN = Part(
    "with_campaign",
    """
    SELECT l.unit_id AS unit_id, l.campaign_id AS campaign_id, l.category AS category, l.cost_kind AS cost_kind,
        l.reporting_minor AS reporting_minor, l.starts_on AS starts_on, l.ends_on AS ends_on, l.days AS days,
        coalesce(c.channel, '') AS channel
    FROM every_line AS l LEFT JOIN campaign_state AS c ON c.id = l.campaign_id
    """,
    (_LINES, CAMPAIGN_STATE),
)
_ACTUAL = next(metric for metric in COUNTING.metrics if metric.key == "actual_minor")
_KEYS = {"campaign": "campaign_id", "channel": "channel", "category": "category", "unit": "unit_id"}


def _sparks(scope: Scope, engine: Engine) -> Sparks:
    row = _KEYS[scope.options.by]
    return cost_sparks(_ACTUAL, row, "with_campaign", "cost_kind = 'actual'", (_WITH_CAMPAIGN,), scope, engine)


REPORT = Report(
    key="plan-and-actual",
    label="Plan and actual",
    summary="Planned, committed and actual cost by campaign, channel, kind of cost or business unit, and what is left.",
    question="Do campaigns cost what was planned?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=_sparks,
    group="Arrive",
    by=BY,
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=lambda result: bars(result, "used_rate"),
    usual_period="last_quarter",
    leading=("actual_minor", "planned_minor", "used_rate", "left_minor", "committed_minor"),
    rests_on=frozenset({"cost", "plan"}),
)
