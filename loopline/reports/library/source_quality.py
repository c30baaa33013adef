"""Lead-source quality: what leads of each source become, with how sure that is."""

from collections.abc import Callable
from dataclasses import replace

from loopline.attribution.state import OPPORTUNITY_STATE, Part
from loopline.reports.charts.rows import bars
from loopline.reports.counting import Counted, Counting, Records, Told, Values, share
from loopline.reports.credited import credited, names_beside
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.library.funnel import leads_straight
from loopline.reports.mature_leads import ENOUGH, mature_days
from loopline.reports.metric import Number, Unit, ratio_of, sum_of
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.survival import Share
from loopline.store.engine import Engine

BY = {key: DIMENSIONS[key].label for key in ("channel", "campaign", "source", "landing_page", "content", "partner")}
_NEVER = 1_000_000
"""Days that no lead is old: nothing ever converted, so none can be judged."""
_SALES = Part(
    "sales_of_sources",
    """
    SELECT lead_id, max(CASE WHEN outcome = 'won' THEN 1 ELSE 0 END) AS won,
        sum(CASE WHEN outcome = 'won' THEN reporting_minor END) AS won_minor
    FROM opportunity_state WHERE NOT is_deleted AND lead_id <> '' GROUP BY lead_id
    """,
    (OPPORTUNITY_STATE,),
)


def _records(scope: Scope, engine: Engine) -> Records:
    """Leads of the period, each in the row of its last touchpoint before it was created."""
    found = credited(replace(scope, options=replace(scope.options, model="last_touch")), engine, "lead")
    limit = mature_days(scope, engine)
    return Records(
        """
        SELECT e.kind AS kind, e.record_id AS record_id, e.at_us AS at_us, e.row_key AS row_key,
            CAST(floor(($as_of_us - e.at_us) / 86400000000) AS BIGINT) >= $mature_days AS is_mature,
            s.lead_id IS NOT NULL AS has_converted, coalesce(s.won, 0) = 1 AS is_won, s.won_minor AS won_minor
        FROM earned AS e LEFT JOIN sales_of_sources AS s ON s.lead_id = e.record_id
        """,
        (*found.parts, Part("earned", found.sql), _SALES),
        {**found.values, "mature_days": _NEVER if limit is None else limit},
    )


def _bound(name: str) -> Callable[[Values], Number]:
    def told(values: Values) -> Number:
        converted, judged = values["source_converted"], values["source_judged"]
        found = Share(int(converted or 0), int(judged or 0))
        return round(100 * (found.low if name == "low" else found.high), 4) if judged else None

    return told


def _finish(result: ReportResult, scope: Scope, engine: Engine) -> None:
    for row in [*result.rows, result.totals]:
        if (row.values["source_judged"] or 0) < ENOUGH:
            row.young_note = f"fewer than {ENOUGH} leads had long enough: too few to judge"
    limit = mature_days(scope, engine)
    if limit is None:
        result.warnings.append("No lead ever converted, so none can be judged yet.")
    elif result.totals.values["source_young"]:
        result.warnings.append(
            f"Leads younger than {limit:,.0f} days are not judged: by then nine tenths of all that ever converted had."
        )


_DATED = "lead created"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("source_leads", "Leads", "leads created, each with its last touchpoint before", of="lead",
                       dated=_DATED)),
        Counted(sum_of("source_young", "Too young", "those that had not long enough to convert", of="lead",
                       dated=_DATED, is_neutral=True), "NOT is_mature"),
        Counted(sum_of("source_judged", "Had long enough", "those that had", of="lead", dated=_DATED,
                       short="Judged"), "is_mature"),
        Counted(sum_of("source_converted", "Converted", "those of the judged that have an opportunity", of="lead",
                       dated=_DATED), "is_mature AND has_converted"),
        Told(ratio_of("source_rate", "Conversion", "converted ÷ had long enough", "source_converted", "source_judged",
                      dated=_DATED), share("source_converted", "source_judged")),
        Told(ratio_of("source_at_least", "Conversion, at least", "lower bound of its 95 % interval (Wilson)",
                      "source_converted", "source_judged", dated=_DATED, short="At least"), _bound("low")),
        Told(ratio_of("source_at_most", "Conversion, at most", "upper bound of its 95 % interval (Wilson)",
                      "source_converted", "source_judged", dated=_DATED, short="At most"), _bound("high")),
        Counted(sum_of("source_won", "Won", "leads of the judged that were won", of="lead", dated=_DATED),
                "is_mature AND is_won"),
        Counted(sum_of("source_minor", "Revenue of the leads", "amount of the won opportunities that all of the leads "
                       "became, less refunds, whenever they closed", of="opportunity", dated=_DATED, unit=Unit.MONEY,
                       short="Revenue"), "is_won", "coalesce(sum(won_minor), 0)"),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda scope: DIMENSIONS[scope.options.by].naming,
    names=names_beside,
    without="",
    ordered_by="source_at_least",
    most=100,
    check=leads_straight,
    checked="source_leads",
    over_time="source_leads",
    finish=_finish,
)  # fmt: skip

REPORT = Report(
    key="source-quality",
    label="Lead-source quality",
    summary="What became of the leads of each channel, campaign, source, landing page, content or partner, ranked by "
    "what they convert at least.",
    question="Which sources bring leads that become sales?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    at_window=COUNTING.at_window("source_leads"),
    group="Hand over",
    by=BY,
    reads=frozenset({"lookback"}),
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=lambda result: bars(result, "source_at_least"),
    leading=("source_leads", "source_at_least", "source_minor", "source_rate", "source_won", "source_judged"),
    how=(
        "The source of a lead is its last touchpoint before it was created. It is judged once it had as long as nine "
        "tenths of all that ever converted had needed; younger ones are counted and not judged.",
        "Rows are ranked by the lower bound of the interval, so that three lucky leads do not stand above three "
        f"hundred good ones. Below {ENOUGH} judged leads a row is grey.",
    ),
    rests_on=frozenset({"cohort"}),
)
