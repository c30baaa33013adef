"""Speed to lead: how long handed-over leads wait for an answer, and whether the quick ones are won more often."""

from loopline.attribution.state import OPPORTUNITY_STATE, Part, latest, visible
from loopline.reports.balance import number
from loopline.reports.charts.rows import bars, line
from loopline.reports.cohorts import names_of_cohorts, row_of
from loopline.reports.counting import Counted, Counting, Records, Told, in_period, share
from loopline.reports.dimension import Naming
from loopline.reports.metric import Unit, ratio_of, sum_of
from loopline.reports.naming import Name
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.straight import straight
from loopline.store.engine import Engine

BY = {"speed": "Speed of the answer", "person": "Person responsible", "week": "Week", "unit": "Business unit"}
SPEEDS = {"1": "1 hour", "2": "4 hours", "3": "1 day", "4": "3 days", "5": "longer", "6": "no answer yet"}
_SPEED = """CASE WHEN hours IS NULL THEN '6' WHEN hours <= 1 THEN '1' WHEN hours <= 4 THEN '2'
    WHEN hours <= 24 THEN '3' WHEN hours <= 72 THEN '4' ELSE '5' END"""
_ROWS = {"speed": _SPEED, "person": "owner_id", "week": row_of("week", "handed_over_at"), "unit": "unit_id"}
_NAMING = {"person": Naming.COLLEAGUES, "unit": Naming.UNITS}
_ANSWERS = Part(
    "answers",
    f"""
    SELECT l.id AS id, l.unit_id AS unit_id, l.owner_id AS owner_id, l.handed_over_at AS handed_over_at,
        l.accepted_at IS NOT NULL AS is_accepted, o.lead_id IS NOT NULL AS has_converted,
        coalesce(o.won, 0) = 1 AS is_won,
        (epoch(least(coalesce(l.accepted_at, l.rejected_at), coalesce(l.rejected_at, l.accepted_at)))
            - epoch(l.handed_over_at)) / 3600.0 AS hours
    FROM ({
        latest("lead_facts", "unit_id", "owner_id", "handed_over_at", "accepted_at", "rejected_at")
    }) AS l LEFT JOIN (
        SELECT lead_id, max(CASE WHEN outcome = 'won' THEN 1 ELSE 0 END) AS won
        FROM opportunity_state WHERE NOT is_deleted AND lead_id <> '' GROUP BY lead_id
    ) AS o ON o.lead_id = l.id
    WHERE NOT l.is_deleted AND {visible("l.unit_id")} AND {in_period("l.handed_over_at")}
    """,
    (OPPORTUNITY_STATE,),
)  # fmt: skip
_STRAIGHT = f"""
SELECT count(*) AS leads
FROM {straight("lead_facts")} WHERE {visible("unit_id")} AND {in_period("handed_over_at")}
"""


def _records(scope: Scope, _engine: Engine) -> Records:
    return Records(
        f"""
        SELECT 'lead' AS kind, id AS record_id, epoch_us(handed_over_at) AS at_us, {_ROWS[scope.options.by]} AS row_key,
            is_accepted, has_converted, is_won, hours
        FROM answers
        """,
        (_ANSWERS,),
    )


def _handed_over(scope: Scope, engine: Engine) -> tuple[str, int]:
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "leads handed over in the period", number(row["leads"])


def _names(scope: Scope) -> dict[str, Name]:
    if scope.options.by == "week":
        return names_of_cohorts("week", scope)
    return {key: Name(words) for key, words in SPEEDS.items()} if scope.options.by == "speed" else {}


def _chart(result: ReportResult) -> dict[str, object]:
    return line(result, "hours_to_answer") if result.by == "week" else bars(result, "converted_of_handed")


_DATED = "lead handed over"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("handed", "Handed over", "leads handed over to sales", of="lead", dated=_DATED)),
        Counted(sum_of("answered", "Answered", "those accepted or sent back by now", of="lead", dated=_DATED),
                "hours IS NOT NULL"),
        Counted(sum_of("unanswered", "Waiting", "those without an answer yet", of="lead", dated=_DATED,
                       is_less_better=True, is_compared=False), "hours IS NULL"),
        Counted(ratio_of("hours_to_answer", "Median answer", "median from the hand-over to the first answer, in "
                         "calendar time; those that wait are left out", dated=_DATED, unit=Unit.HOURS),
                "hours IS NOT NULL", "median(hours)"),
        Counted(ratio_of("hours_to_answer_slow", "Slowest tenth", "nine tenths of the answers came within it",
                         dated=_DATED, unit=Unit.HOURS, short="9 of 10 within"),
                "hours IS NOT NULL", "quantile_cont(hours, 0.9)"),
        Counted(sum_of("accepted_answers", "Accepted", "those that sales accepted", of="lead", dated=_DATED),
                "is_accepted"),
        Counted(sum_of("converted_answers", "Converted", "those with an opportunity by now", of="lead", dated=_DATED,
                       is_compared=False),
                "has_converted"),
        Counted(sum_of("won_answers", "Won", "those that were won by now", of="lead", dated=_DATED, is_compared=False),
                "is_won"),
        Told(ratio_of("converted_of_handed", "Converted of handed over", "converted ÷ handed over", "converted_answers",
                      "handed", dated=_DATED, short="Convert", is_compared=False),
             share("converted_answers", "handed")),
        Told(ratio_of("won_of_handed", "Won of handed over", "won ÷ handed over", "won_answers", "handed",
                      dated=_DATED, short="Hand-over → won", is_compared=False), share("won_answers", "handed")),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda scope: _NAMING.get(scope.options.by, Naming.AS_IS),
    names=_names,
    without="Nobody yet",
    check=_handed_over,
    checked="handed",
    over_time="handed",
    cohorts=frozenset({"week"}),
)  # fmt: skip

REPORT = Report(
    key="speed-to-lead",
    label="Speed to lead",
    summary="How long handed-over leads wait for the first answer of sales, by speed, person, week or unit, and what "
    "became of the quick ones and the slow ones.",
    question="How fast does sales answer, and does it pay to be fast?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    group="Hand over",
    by=BY,
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=_chart,
    usual_period="last_90_days",
    leading=("handed", "hours_to_answer", "converted_of_handed", "hours_to_answer_slow", "unanswered", "won_of_handed"),
    how=(
        "That the quick ones convert more often does not say that speed did it: sales answers first what looks best.",
        "Promises and the business hours they run in are under Hand-off.",
    ),
)
