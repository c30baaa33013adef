"""Maturity: how much of a month's leads was won after so many days."""

from datetime import date

from loopline.lib.times import day_start
from loopline.reports.charts.rows import curves
from loopline.reports.cohorts import last_day, names_of_cohorts, row_of
from loopline.reports.counting import Counted, Counting, Records, Told, in_period, share
from loopline.reports.courses import COURSES, days_to_won, too_young
from loopline.reports.dimension import Naming
from loopline.reports.library.funnel import leads_straight
from loopline.reports.metric import Unit, ratio_of, sum_of
from loopline.reports.options import Scope
from loopline.reports.periods import DAY
from loopline.reports.report import Report
from loopline.reports.result import ReportResult, Row
from loopline.store.engine import Engine

DAYS = (14, 30, 45, 60, 90, 120, 180)
_DATED = "lead created"


def _records(_scope: Scope, _engine: Engine) -> Records:
    return Records(
        f"""
        SELECT 'lead' AS kind, id AS record_id, epoch_us(created_at) AS at_us,
            {row_of("month", "created_at")} AS row_key, won_minor, won_at IS NOT NULL AS is_won,
            floor((epoch(won_at) - epoch(created_at)) / 86400) AS won_after,
            floor(($as_of_us - epoch_us(created_at)) / 86400000000) AS age
        FROM courses WHERE {in_period("created_at")}
        """,
        (COURSES,),
    )


def _until(days: int) -> tuple[Counted, Counted, Told]:
    """Won within so many days of those that are so old, how many those are, and the share."""
    won, old = f"won_within_{days}", f"aged_{days}"
    return (
        Counted(sum_of(won, f"Won within {days} days", f"won within {days} days, of those created so long ago",
                       of="lead", dated=_DATED, short=f"{days} d, won"),
                f"age >= {days} AND is_won AND won_after < {days}"),
        Counted(sum_of(old, f"Older than {days} days", f"leads created {days} days ago or earlier", of="lead",
                       dated=_DATED, short=f"{days} d, of"), f"age >= {days}"),
        Told(ratio_of(f"won_share_{days}", f"Won after {days} days", f"won within {days} days ÷ leads that are so old",
                      won, old, dated=_DATED, short=f"{days} d"), share(won, old)),
    )  # fmt: skip


def _blank(row: Row, last: date, scope: Scope) -> None:
    """Shares of an age that not all leads of the row have reached are not known yet."""
    age = (scope.as_of - day_start(last + DAY, scope.books.zone)).days
    for days in DAYS:
        if age < days:
            row.values[f"won_share_{days}"] = None


def _finish(result: ReportResult, scope: Scope, engine: Engine) -> None:
    limit = days_to_won(scope, engine)
    for row in result.rows:
        last = min(last_day("month", date.fromisoformat(row.key)), scope.last)
        _blank(row, last, scope)
        row.young_note = too_young(last, limit, scope)


_EVERY = [column for days in DAYS for column in _until(days)]
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("cohort_leads", "Leads", "leads created", of="lead", dated=_DATED)),
        Counted(sum_of("cohort_won_minor", "Revenue so far", "amount of the won opportunities they became, less "
                       "refunds", of="opportunity", dated=_DATED, unit=Unit.MONEY, short="Revenue so far"),
                "is_won", "coalesce(sum(won_minor), 0)"),
        *(column for column in _EVERY if isinstance(column, Told)),
        *(column for column in _EVERY if isinstance(column, Counted)),
    ),
    head=lambda _scope: "Leads of",
    naming=lambda _scope: Naming.AS_IS,
    names=lambda scope: names_of_cohorts("month", scope),
    without="",
    check=leads_straight,
    checked="cohort_leads",
    finish=_finish,
)  # fmt: skip

REPORT = Report(
    key="cohort-maturity",
    label="Cohort maturity",
    summary="Share of a month's leads that was won after 14 to 180 days, month under month, so that a young month can "
    "be compared with older ones at the same age.",
    question="How fast do leads become revenue, and is a young month on its way?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    group="Hand over",
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=lambda result: curves(result, {f"won_share_{days}": days for days in DAYS}),
    only_in_files=frozenset(column.metric.key for column in _EVERY if isinstance(column, Counted)),
    leading=("cohort_leads", "won_share_30", "won_share_60", "won_share_90", "cohort_won_minor"),
    how=(
        "Compare down a column: every month at the same age. A month that has not reached an age with all of its leads "
        "has no figure there; the total is of all leads that have.",
    ),
    rests_on=frozenset({"cohort"}),
)
