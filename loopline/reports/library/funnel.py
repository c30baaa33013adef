"""Funnel: of the leads that began together, how many reached each stage."""

from datetime import date

from loopline.attribution.buyers import COMPANIES, PERSON_COMPANIES, SEGMENTS
from loopline.attribution.state import visible
from loopline.reports.balance import number
from loopline.reports.charts.rows import bars, line
from loopline.reports.cohorts import last_day, names_of_cohorts, row_of
from loopline.reports.counting import Counted, Counting, Records, Told, in_period, share
from loopline.reports.courses import COURSES, days_to_won, too_young
from loopline.reports.dimension import Naming
from loopline.reports.metric import Metric, Unit, ratio_of, sum_of
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.straight import straight
from loopline.store.engine import Engine

BY = {"month": "Month", "person": "Person responsible", "unit": "Business unit", "industry": "Industry",
      "size": "Company size", "country": "Country"}  # fmt: skip
_ROWS = {
    "month": row_of("month", "l.created_at"),
    "person": "l.owner_id",
    "unit": "l.unit_id",
    **SEGMENTS,
}
_NAMING = {"person": Naming.COLLEAGUES, "unit": Naming.UNITS, "country": Naming.COUNTRIES}


def _records(scope: Scope, _engine: Engine) -> Records:
    company = (
        "LEFT JOIN person_companies AS p ON p.id = l.person_id LEFT JOIN companies_now AS c ON c.id = p.company_id"
    )
    is_segment = scope.options.by in SEGMENTS
    return Records(
        f"""
        SELECT 'lead' AS kind, l.id AS record_id, epoch_us(l.created_at) AS at_us, {_ROWS[scope.options.by]} AS row_key,
            l.qualified_at AS qualified_at, l.handed_over_at AS handed_over_at, l.accepted_at AS accepted_at,
            l.converted_at AS converted_at, l.won_at AS won_at, l.won_minor AS won_minor
        FROM courses AS l {company if is_segment else ""} WHERE {in_period("l.created_at")}
        """,
        (COURSES, PERSON_COMPANIES, COMPANIES) if is_segment else (COURSES,),
    )


def _reached(key: str, label: str, words: str, short: str = "") -> Metric:
    formula = f"those of the leads that were {words} by now"
    return sum_of(key, label, formula, of="lead", dated="lead created", short=short, ripens=True)


def _rate(key: str, label: str, part: str, of: str, formula: str, short: str) -> Told:
    metric = ratio_of(key, label, formula, part, of, dated="lead created", short=short, ripens=True)
    return Told(metric, share(part, of))


LEADS = sum_of("leads_created", "Leads", "leads created", of="lead", dated="lead created")
WON_LATER = sum_of(
    "won_later_minor", "Revenue of the leads",
    "amount of the won opportunities that the leads became, less refunds, whenever they closed",
    of="opportunity", dated="lead created", unit=Unit.MONEY, short="Revenue", ripens=True,
)  # fmt: skip
_STRAIGHT = f"""
SELECT count(*) AS leads
FROM {straight("lead_facts")} WHERE {visible("unit_id")} AND {in_period("created_at")}
"""


def leads_straight(scope: Scope, engine: Engine) -> tuple[str, int]:
    """Leads of the period, without the question of the rows."""
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "leads created in the period", number(row["leads"])


def _finish(result: ReportResult, scope: Scope, engine: Engine) -> None:
    """Young cohorts: those of a month go by its last day, other rows by the last day of the period."""
    limit = days_to_won(scope, engine)
    for row in result.rows:
        last = scope.last
        if scope.options.by == "month":
            last = last_day("month", date.fromisoformat(row.key))
        row.young_note = too_young(min(last, scope.last), limit, scope)
    result.totals.young_note = too_young(scope.last, limit, scope)


COUNTING = Counting(
    records=_records,
    columns=(
        Counted(LEADS),
        Counted(_reached("reached_qualified", "Marketing qualified", "marketing qualified", "MQL"),
                "qualified_at IS NOT NULL"),
        Counted(_reached("reached_handed_over", "Handed over", "handed over to sales"), "handed_over_at IS NOT NULL"),
        Counted(_reached("reached_accepted", "Accepted", "accepted by sales"), "accepted_at IS NOT NULL"),
        Counted(_reached("reached_opportunity", "Converted", "converted into an opportunity"),
                "converted_at IS NOT NULL"),
        Counted(_reached("reached_won", "Won", "won"), "won_at IS NOT NULL"),
        Counted(WON_LATER, "won_at IS NOT NULL", "coalesce(sum(won_minor), 0)"),
        _rate("qualified_rate", "Qualify rate", "reached_qualified", "leads_created",
              "marketing qualified ÷ leads", "Qualify"),
        _rate("accepted_rate", "Accept rate", "reached_accepted", "reached_handed_over",
              "accepted ÷ handed over", "Accept"),
        _rate("won_rate", "Lead to won", "reached_won", "leads_created", "won ÷ leads", "Lead → won"),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda scope: _NAMING.get(scope.options.by, Naming.AS_IS),
    without="Nobody, or not known",
    names=lambda scope: names_of_cohorts("month", scope) if scope.options.by == "month" else {},
    check=leads_straight,
    checked="leads_created",
    finish=_finish,
    over_time="leads_created",
    cohorts=frozenset({"month"}),
)  # fmt: skip


def _chart(result: ReportResult) -> dict[str, object]:
    return line(result, "won_rate") if result.by == "month" else bars(result, "leads_created")


REPORT = Report(
    key="funnel",
    label="Funnel",
    summary="Leads that began together, by month, person responsible or segment, and how many of them reached each "
    "stage up to won.",
    question="Of the leads that began together, how many reached each stage?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    by=BY,
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=_chart,
    group="Hand over",
    leading=("leads_created", "reached_won", "won_rate", "reached_accepted", "accepted_rate", "won_later_minor"),
    how=(
        "A cohort is the leads created in the row's time. What they reached counts whenever it happened, so a young "
        "cohort looks worse than it is; it is grey and marked.",
        "A stage that was passed over counts as passed.",
    ),
)
