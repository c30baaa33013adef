"""Company engagement: which companies look around, how much, since when they are quiet, and what is at stake."""

from loopline.attribution.buyers import PERSON_COMPANIES
from loopline.attribution.state import MERGED_STATE, Part, latest, visible
from loopline.attribution.touchpoints import IS_TOUCHED, RowOf, touchpoints
from loopline.reports.balance import number
from loopline.reports.charts.rows import bars
from loopline.reports.charts.specs import Chart
from loopline.reports.counting import Counted, Counting, Records
from loopline.reports.dimension import Naming
from loopline.reports.metric import AddsUp, Metric, Unit, sum_of
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.straight import straight
from loopline.store.engine import Engine

_SALES = Part("sales", latest("opportunity_facts", "unit_id", "company_id", "outcome", "reporting_minor", "created_at"))
_ROW = RowOf("''")


def _records(_scope: Scope, _engine: Engine) -> Records:
    """People of a company with what they did in the period, and its opportunities, open ones and won ones."""
    return Records(
        f"""
        SELECT 'person' AS kind, t.person_id AS record_id, max(t.touched_us) AS at_us,
            coalesce(p.company_id, '') AS row_key, count(*) AS touches,
            count(*) FILTER (WHERE t.is_entry) AS sessions,
            max(CASE WHEN t.touch_kind = 'form' THEN 1 ELSE 0 END) AS asked,
            '' AS outcome, CAST(NULL AS BIGINT) AS reporting_minor
        FROM touchpoints AS t LEFT JOIN person_companies AS p ON p.id = t.person_id
        WHERE t.person_id IS NOT NULL AND NOT t.is_machine AND t.touched_us >= $from_us AND t.touched_us < $to_us
            AND {visible("t.unit_id")} AND t.{IS_TOUCHED}
        GROUP BY t.person_id, coalesce(p.company_id, '')
        UNION ALL
        SELECT 'opportunity' AS kind, id AS record_id, epoch_us(created_at) AS at_us, company_id AS row_key,
            CAST(0 AS BIGINT) AS touches, CAST(0 AS BIGINT) AS sessions, CAST(0 AS BIGINT) AS asked, outcome,
            reporting_minor
        FROM sales WHERE NOT is_deleted AND outcome <> 'lost' AND {visible("unit_id")}
        """,
        (touchpoints(_ROW), PERSON_COMPANIES, MERGED_STATE, _SALES),
    )


_STRAIGHT = f"""
SELECT coalesce(sum(reporting_minor), 0) AS at_stake_minor
FROM {straight("opportunity_facts")} WHERE outcome = 'open' AND {visible("unit_id")}
"""


def _at_stake(scope: Scope, engine: Engine) -> tuple[str, int]:
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "of open opportunities", number(row["at_stake_minor"])


_DATED = "touchpoint"


def _chart(result: ReportResult) -> Chart:
    """What is at stake, in the order of the rows; what was done where nothing is."""
    is_at_stake = any(row.values["at_stake_minor"] for row in result.rows if not row.is_rest)
    return bars(result, "at_stake_minor" if is_at_stake else "company_touches")


COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("active_people", "People", "known people of the company with a touchpoint", of="person",
                       dated=_DATED), "kind = 'person'"),
        Counted(sum_of("company_sessions", "Sessions", "sessions begun by them, humans only", of="session",
                       dated=_DATED), "kind = 'person'", "coalesce(sum(sessions), 0)"),
        Counted(sum_of("company_touches", "Touchpoints", "their touchpoints", of="touchpoint", dated=_DATED),
                "kind = 'person'", "coalesce(sum(touches), 0)"),
        Counted(sum_of("people_asked", "Asked", "those of them who sent a form", of="person", dated=_DATED),
                "kind = 'person' AND asked = 1"),
        Counted(Metric(key="quiet_hours", label="Quiet since", short="Quiet since", unit=Unit.HOURS,
                       formula="since the last touchpoint, as of the books", grain="row", period_date=_DATED,
                       cohort_date=_DATED, adds_up=AddsUp.RATIO, is_less_better=True, is_compared=False),
                "kind = 'person'", "min(($as_of_us - at_us) / 3600000000.0)"),
        Counted(sum_of("open_opportunities", "Open", "open opportunities of the company now", of="opportunity",
                       dated="now", is_compared=False), "outcome = 'open'"),
        Counted(sum_of("at_stake_minor", "At stake", "amount of its open opportunities, where it is known",
                       of="opportunity", dated="now", unit=Unit.MONEY, is_compared=False), "outcome = 'open'",
                "coalesce(sum(reporting_minor), 0)"),
        Counted(sum_of("bought_minor", "Bought ever", "all that it ever bought, less refunds", of="opportunity",
                       dated="ever", unit=Unit.MONEY, is_compared=False), "outcome = 'won'",
                "coalesce(sum(reporting_minor), 0)"),
    ),
    head=lambda _scope: "Company",
    naming=lambda _scope: Naming.COMPANIES,
    without="No company known",
    ordered_by="at_stake_minor",
    then_by=("open_opportunities", "company_touches"),
    most=100,
    check=_at_stake,
    checked="at_stake_minor",
)  # fmt: skip

REPORT = Report(
    key="company-engagement",
    label="Company engagement",
    summary="Companies by what their people did in the period, how long they are quiet, what is open with them and "
    "what they bought.",
    question="Which companies look around, and where is a sale at stake while it is quiet? Most at stake first.",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    group="Arrive",
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=_chart,
    usual_period="last_90_days",
    leading=("at_stake_minor", "quiet_hours", "company_touches", "active_people", "open_opportunities", "bought_minor"),
    how=(
        "Companies with the largest amount of open opportunities stand first, then those with open ones of no known "
        "amount, then those whose people did most in the period.",
    ),
    rests_on=frozenset({"open"}),
)
