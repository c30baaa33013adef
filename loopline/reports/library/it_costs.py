"""IT cost: what each business unit pays for tools and computing, beside what it uses them for."""

from dataclasses import replace

from loopline.attribution.cost import falls_into, spent
from loopline.attribution.state import Part, latest, visible
from loopline.lib.times import from_micros
from loopline.reports.balance import number
from loopline.reports.charts.rows import bars
from loopline.reports.cost_gaps import gap_of_all, gaps_of
from loopline.reports.counting import Counted, Counting, Records, Told, Values, per, share
from loopline.reports.dimension import DIMENSIONS, TOTAL, Naming
from loopline.reports.metric import Number, Unit, ratio_of, sum_of
from loopline.reports.opened import FARTHEST, Item, Opened
from loopline.reports.options import Scope
from loopline.reports.over_time.costs import cost_sparks
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.store.engine import Engine

_LINES = Part(
    "it_lines",
    f"""
    SELECT id, unit_id, category, reporting_minor, starts_on, ends_on, date_diff('day', starts_on, ends_on) + 1 AS days
    FROM (
        {latest("cost_facts", "unit_id", "cost_kind", "category", "reporting_minor", "starts_on", "ends_on")}
    ) AS lines
    WHERE NOT is_deleted AND cost_kind = 'actual' AND {visible("unit_id")}
    """,
)
_LEADS = Part("leads_now", latest("lead_facts", "unit_id", "created_at"))
_IN_PERIOD = "epoch_us({0}) >= $from_us AND epoch_us({0}) < $to_us"
_EVENTS = f"""
SELECT count(*) AS events FROM events
WHERE recorded_at <= $as_of AND {visible("unit_id")} AND {_IN_PERIOD.format("occurred_at")}
"""


def _records(_scope: Scope, _engine: Engine) -> Records:
    return Records(
        f"""
        SELECT 'cost' AS kind, id AS record_id, epoch_us(CAST(starts_on AS TIMESTAMPTZ)) AS at_us, unit_id AS row_key,
            category, {spent("$first", "$last")} AS spent_minor, CAST(0 AS BIGINT) AS events
        FROM it_lines WHERE {falls_into("$first", "$last")}
        UNION ALL
        SELECT 'lead' AS kind, id AS record_id, epoch_us(created_at) AS at_us, unit_id AS row_key, '' AS category,
            CAST(NULL AS BIGINT) AS spent_minor, CAST(0 AS BIGINT) AS events
        FROM leads_now WHERE NOT is_deleted AND {visible("unit_id")} AND {_IN_PERIOD.format("created_at")}
        UNION ALL
        SELECT 'events' AS kind, unit_id AS record_id, CAST(NULL AS BIGINT) AS at_us, unit_id AS row_key,
            '' AS category, CAST(NULL AS BIGINT) AS spent_minor, count(*) AS events
        FROM events WHERE recorded_at <= $as_of AND {visible("unit_id")} AND {_IN_PERIOD.format("occurred_at")}
        GROUP BY unit_id
        """,
        (_LINES, _LEADS),
    )


def _events(scope: Scope, engine: Engine) -> tuple[str, int]:
    [row] = engine.rows(_EVENTS, scope.params)
    return "events of the period", number(row["events"])


def _per_thousand(values: Values) -> Number:
    cost, events = values["it_minor"], values["events_collected"]
    return None if cost is None or not events else round(1000 * cost / events)


def _finish(result: ReportResult, scope: Scope, engine: Engine) -> None:
    """All cost of a unit is incomplete where a campaign of it is not booked, whatever is known of its IT."""
    gaps = gaps_of(DIMENSIONS["business_unit"], scope, engine)
    for row in result.rows:
        row.cost_note = gaps[row.key].words
    result.totals.cost_note = gap_of_all(gaps).words


_DATED = "day of the cost"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("it_minor", "IT cost", "actual cost lines of the kinds IT and tools, each spread evenly over "
                       "its days; — where none is known", of="cost line and day", dated=_DATED, unit=Unit.MONEY,
                       is_neutral=True), "kind = 'cost' AND category IN ('it', 'tools')", "sum(spent_minor)"),
        Counted(sum_of("unit_cost_minor", "All cost", "all actual cost lines of the unit", of="cost line and day",
                       dated=_DATED, unit=Unit.MONEY, is_neutral=True), "kind = 'cost'", "sum(spent_minor)"),
        Told(ratio_of("it_share", "IT of all cost", "IT cost ÷ all cost", "it_minor", "unit_cost_minor", dated=_DATED,
                      is_neutral=True),
             share("it_minor", "unit_cost_minor")),
        Counted(sum_of("events_collected", "Events", "events collected for the unit, machines too: they use what is "
                       "paid for", of="event", dated="event", is_neutral=True),
                "kind = 'events'", "coalesce(sum(events), 0)"),
        Counted(sum_of("unit_leads", "Leads", "leads created", of="lead", dated="lead created"), "kind = 'lead'"),
        Told(ratio_of("it_per_thousand_minor", "IT cost per 1,000 events", "IT cost ÷ events × 1,000", "it_minor",
                      "events_collected", dated=_DATED, unit=Unit.MONEY, short="per 1,000 events", is_less_better=True),
             _per_thousand),
        Told(ratio_of("it_per_lead_minor", "IT cost per lead", "IT cost ÷ leads", "it_minor", "unit_leads",
                      dated=_DATED, unit=Unit.MONEY, short="per lead", is_less_better=True),
             per("it_minor", "unit_leads")),
    ),
    head=lambda _scope: "Business unit",
    naming=lambda _scope: Naming.UNITS,
    without="No unit",
    ordered_by="events_collected",
    check=_events,
    checked="events_collected",
    finish=_finish,
)  # fmt: skip

_LATEST = f"""
SELECT event_id, epoch_us(occurred_at) AS at_us FROM events
WHERE recorded_at <= $as_of AND {visible("unit_id")} AND {_IN_PERIOD.format("occurred_at")}
    AND ($row = '{TOTAL}' OR unit_id = $row)
ORDER BY occurred_at DESC, event_id LIMIT {FARTHEST}
"""


def _open(row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
    """Of events the latest ones: they are alike, and there are many."""
    opened = COUNTING.open(row, metric, scope, engine)
    if metric != "events_collected":
        return opened
    found = engine.rows(_LATEST, {**scope.params, "row": row})
    items = tuple(Item("event", str(one["event_id"]), from_micros(number(one["at_us"])), 1) for one in found)
    return replace(opened, items=items, count=int(opened.total or 0))


def _sparks(scope: Scope, engine: Engine) -> Sparks:
    return cost_sparks(
        COUNTING.metrics[0], "unit_id", "it_lines", "category IN ('it', 'tools')", (_LINES,), scope, engine
    )


REPORT = Report(
    key="it-costs",
    label="IT cost per unit",
    summary="What each business unit pays for IT and tools, per lead and per 1,000 events that it has collected.",
    question="What do the tools cost each business unit, and what does it use them for?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=_sparks,
    open=_open,
    opens=COUNTING.opens,
    chart=lambda result: bars(result, "it_minor"),
    usual_period="last_quarter",
    leading=("it_minor", "it_per_lead_minor", "events_collected", "it_share"),
    rests_on=frozenset({"cost"}),
)
