"""Buyers: what comes of opportunities by who buys and who sells."""

from loopline.attribution.buyers import COMPANIES, SEGMENTS
from loopline.attribution.state import Part, latest, visible
from loopline.reports.balance import number
from loopline.reports.charts.rows import bars
from loopline.reports.counting import Counted, Counting, Records, Told, in_period, per, share
from loopline.reports.dimension import Naming
from loopline.reports.metric import Unit, ratio_of, sum_of
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.straight import straight
from loopline.store.engine import Engine

BY = {"industry": "Industry", "size": "Company size", "country": "Country", "company": "Company",
      "person": "Person responsible", "unit": "Business unit"}  # fmt: skip
_ROWS = {"company": "o.company_id", "person": "o.owner_id", "unit": "o.unit_id", **SEGMENTS}
_NAMING = {"person": Naming.COLLEAGUES, "unit": Naming.UNITS, "country": Naming.COUNTRIES, "company": Naming.COMPANIES}
OPPORTUNITIES = Part(
    "opportunities_now",
    latest(
        "opportunity_facts", "unit_id", "company_id", "owner_id", "outcome", "reporting_minor", "created_at",
        "closed_at",
    ),
)  # fmt: skip
_STRAIGHT = f"""
SELECT coalesce(sum(reporting_minor), 0) AS closed_minor, count(*) AS won
FROM {straight("opportunity_facts")} WHERE outcome = 'won' AND {visible("unit_id")} AND {in_period("closed_at")}
"""


def _records(scope: Scope, _engine: Engine) -> Records:
    return Records(
        f"""
        SELECT 'opportunity' AS kind, o.id AS record_id, epoch_us(o.closed_at) AS at_us,
            {_ROWS[scope.options.by]} AS row_key, o.outcome AS outcome, o.reporting_minor AS reporting_minor,
            (epoch(o.closed_at) - epoch(o.created_at)) / 3600.0 AS hours
        FROM opportunities_now AS o LEFT JOIN companies_now AS c ON c.id = o.company_id
        WHERE NOT o.is_deleted AND o.outcome IN ('won', 'lost') AND {visible("o.unit_id")}
            AND {in_period("o.closed_at")}
        """,
        (OPPORTUNITIES, COMPANIES),
    )


def _won_minor(scope: Scope, engine: Engine) -> tuple[str, int]:
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "won in the period", number(row["closed_minor"])


def won_straight(scope: Scope, engine: Engine) -> tuple[str, int]:
    """Won opportunities of the period, without the question of the rows."""
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "opportunities won in the period", number(row["won"])


_DATED = "closing date"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("decided", "Decided", "opportunities won or lost", of="opportunity", dated=_DATED)),
        Counted(sum_of("decided_won", "Won", "opportunities won", of="opportunity", dated=_DATED), "outcome = 'won'"),
        Counted(sum_of("decided_lost", "Lost", "opportunities lost", of="opportunity", dated=_DATED,
                       is_less_better=True), "outcome = 'lost'"),
        Counted(sum_of("closed_minor", "Revenue", "amount of the won, less refunds, at the rate of the closing date",
                       of="opportunity", dated=_DATED, unit=Unit.MONEY),
                "outcome = 'won'", "coalesce(sum(reporting_minor), 0)"),
        Counted(sum_of("won_without_amount", "Won without an amount",
                       "won opportunities whose amount or exchange rate is not known", of="opportunity", dated=_DATED,
                       short="No amount"), "outcome = 'won' AND reporting_minor IS NULL"),
        Told(ratio_of("win_rate", "Win rate", "won ÷ (won + lost)", "decided_won", "decided", dated=_DATED),
             share("decided_won", "decided")),
        Told(ratio_of("mean_won_minor", "Mean won amount", "revenue ÷ won", "closed_minor", "decided_won",
                      dated=_DATED, unit=Unit.MONEY, short="Mean won"), per("closed_minor", "decided_won")),
        Counted(ratio_of("hours_to_won", "Time to won", "median from the opportunity's creation to won", dated=_DATED,
                         unit=Unit.HOURS), "outcome = 'won'", "median(hours)"),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda scope: _NAMING.get(scope.options.by, Naming.AS_IS),
    without="Nobody, or not known",
    ordered_by="closed_minor",
    most=100,
    check=_won_minor,
    checked="closed_minor",
    over_time="closed_minor",
)  # fmt: skip

REPORT = Report(
    key="buyers",
    label="Buyers",
    summary="Opportunities won and lost, revenue, win rate and time to won by industry, size, country, company, person "
    "responsible or business unit.",
    question="Who buys, who sells, and how often does it come to a sale?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    group="Win",
    by=BY,
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=lambda result: bars(result, "closed_minor"),
    leading=("closed_minor", "decided_won", "win_rate", "mean_won_minor", "hours_to_won", "decided"),
    rests_on=frozenset({"won"}),
)
