"""What the forecast learnt from: win rates by stage, sales that were won, older leads, and how many leads come.

Each is a line of the workings with its counts, and each count opens into its records.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loopline.attribution.state import Part, latest, question, visible
from loopline.lib.times import from_micros
from loopline.reports.balance import number
from loopline.reports.counting import in_period
from loopline.reports.courses import COURSES
from loopline.reports.forecast.outlook import LEVELS, PACE_DAYS, Record
from loopline.reports.metric import Metric, Number, Unit, ratio_of, sum_of
from loopline.reports.opened import FARTHEST, Item, Opened, Step, Working
from loopline.reports.options import OptionError
from loopline.store.engine import Engine, Value

SALES = Part(
    "sales",
    f"""
    SELECT * FROM ({
        latest(
            "opportunity_facts", "unit_id", "lead_id", "stage", "outcome", "reporting_minor", "created_at", "closed_at"
        )
    }) AS every_one WHERE NOT is_deleted AND {visible("unit_id")}
    """,
)
_CLOSED, _CREATED = "closing date", "lead created"
STAGE_WON = sum_of("stage_won", "Won", "opportunities that reached the stage and were won in the period",
                   of="opportunity", dated=_CLOSED)  # fmt: skip
STAGE_LOST = sum_of("stage_lost", "Lost", "opportunities that reached the stage and were lost in the period",
                    of="opportunity", dated=_CLOSED)  # fmt: skip
STAGE_RATE = ratio_of("stage_rate", "Win rate", "won ÷ (won + lost)", dated=_CLOSED)
WON = sum_of("learnt_won", "Sales", "opportunities won in the period whose amount is known", of="opportunity",
             dated=_CLOSED)  # fmt: skip
WON_MINOR = sum_of("learnt_won_minor", "Together", "their amount, less refunds", of="opportunity", dated=_CLOSED,
                   unit=Unit.MONEY)  # fmt: skip
WON_MEAN = ratio_of("learnt_mean_minor", "Mean", "together ÷ sales", dated=_CLOSED, unit=Unit.MONEY)
OLDER = sum_of("older_leads", "Leads", "leads created in the period that had long enough to be won", of="lead",
               dated=_CREATED)  # fmt: skip
OLDER_WON = sum_of("older_won", "Won", "those of them that were won", of="lead", dated=_CREATED)
OLDER_RATE = ratio_of("older_rate", "Lead to won", "won ÷ leads", dated=_CREATED)
PACE = sum_of("pace_leads", "Leads", f"leads created in the last {PACE_DAYS} days", of="lead", dated=_CREATED)
A_DAY = ratio_of("pace_a_day", "A day", f"leads ÷ {PACE_DAYS}", dated=_CREATED)
FEWER = ratio_of("draws_below", "At most", "so many of the draws gave less", dated="expected closing date",
                 unit=Unit.MONEY)  # fmt: skip
LEAD_AGE = "($as_of_us - epoch_us(created_at)) / 86400000000"
"""SQL text beside `courses`: how many days old a lead is, and below whether it is one to learn from, or of lately."""
OLD_ENOUGH = f"{in_period('created_at')} AND {LEAD_AGE} >= $mature_days"
LATELY = f"epoch_us(created_at) <= $as_of_us AND {LEAD_AGE} < {PACE_DAYS}"


@dataclass(frozen=True, slots=True)
class _List:
    """Records behind a count: their kind, and the question that gives `id`, `at_us`, `adds`."""

    metric: Metric
    kind: str
    sql: str


def _of_stage(outcome: str) -> str:
    return question(
        f"""
        SELECT s.id AS id, epoch_us(s.closed_at) AS at_us, CAST(1 AS BIGINT) AS adds
        FROM (SELECT DISTINCT id FROM opportunity_facts WHERE recorded_at <= $as_of AND stage = $stage) AS r
        JOIN sales AS s ON s.id = r.id
        WHERE s.outcome = '{outcome}' AND {in_period("s.closed_at")} ORDER BY at_us DESC, id
        """,
        SALES,
    )


def _of_won(adds: str) -> str:
    return question(
        f"""
        SELECT id, epoch_us(closed_at) AS at_us, {adds} AS adds FROM sales
        WHERE outcome = 'won' AND reporting_minor IS NOT NULL AND {in_period("closed_at")}
        ORDER BY adds DESC, at_us DESC, id
        """,
        SALES,
    )


def _of_leads(which: str) -> str:
    return question(
        f"""
        SELECT id, epoch_us(created_at) AS at_us, CAST(1 AS BIGINT) AS adds FROM courses
        WHERE {which} ORDER BY at_us DESC, id
        """,
        COURSES,
    )


LISTS: dict[str, _List] = {
    one.metric.key: one
    for one in (
        _List(STAGE_WON, "opportunity", _of_stage("won")),
        _List(STAGE_LOST, "opportunity", _of_stage("lost")),
        _List(WON, "opportunity", _of_won("CAST(1 AS BIGINT)")),
        _List(WON_MINOR, "opportunity", _of_won("reporting_minor")),
        _List(OLDER, "lead", _of_leads(OLD_ENOUGH)),
        _List(OLDER_WON, "lead", _of_leads(f"{OLD_ENOUGH} AND won_at IS NOT NULL")),
        _List(PACE, "lead", _of_leads(LATELY)),
    )
}
"""What opens within the workings, by the key of its metric."""


def open_list(row: str, metric: str, values: Mapping[str, Value], engine: Engine) -> Opened:
    """The records behind a count of the workings; `row` is the stage where it is one of a stage."""
    asked = LISTS[metric]
    stage = row.removeprefix(_STAGE)
    if "$stage" in asked.sql and (stage == row or not stage):
        raise OptionError(f"“{row}” is no stage. Open it from the page of the forecast.", "row")
    found = engine.rows(asked.sql, {**values, **({"stage": stage} if "$stage" in asked.sql else {})})
    items = [
        Item(asked.kind, str(one["id"]), from_micros(number(one["at_us"])), number(one["adds"]))
        for one in found[:FARTHEST]
    ]
    total = sum(number(one["adds"]) for one in found)
    return Opened(asked.metric, row, tuple(items), len(found), total, label=stage.capitalize() if stage != row else "")


_STAGE = "stage:"


def rates_of(by_stage: Mapping[str, Record]) -> Working:
    """Win rates by stage."""
    steps = []
    for stage, one in by_stage.items():
        row = f"{_STAGE}{stage}"
        values: dict[str, Number] = {"stage_won": one.won, "stage_lost": one.lost, "stage_rate": _share(one)}
        steps.append(Step(stage.capitalize(), values, leads=_leads(row, STAGE_WON, STAGE_LOST)))
    words = "They count where too little is known of how those fared that had waited as long in their stage."
    return Working("Win rates by stage", "Stage", (STAGE_WON, STAGE_LOST, STAGE_RATE), tuple(steps), words)


def amounts_of(amounts: Sequence[float]) -> Working:
    """What sales of the period were worth."""
    together = round(sum(amounts))
    mean = round(together / len(amounts)) if amounts else None
    values: dict[str, Number] = {WON.key: len(amounts), WON_MINOR.key: together, WON_MEAN.key: mean}
    step = Step("Won in the period", values, leads=_leads("won", WON, WON_MINOR))
    words = "They tell how long sales take, and what one is worth that has no amount yet."
    return Working("Sales that were won", "Which", (WON, WON_MINOR, WON_MEAN), (step,), words)


def older_of(older: Record) -> Working:
    """How leads that had long enough fared."""
    values: dict[str, Number] = {
        OLDER.key: older.won + older.lost, OLDER_WON.key: older.won, OLDER_RATE.key: _share(older),
    }  # fmt: skip
    step = Step("Created in the period, long enough ago", values, leads=_leads("older", OLDER, OLDER_WON))
    words = "A lead in hand fares like those of them that had no opportunity at its age and were not given up."
    return Working("Older leads", "Which", (OLDER, OLDER_WON, OLDER_RATE), (step,), words)


def pace_of(leads: int) -> Working:
    """How many leads come."""
    step = Step(f"The last {PACE_DAYS} days", {PACE.key: leads, A_DAY.key: round(leads / PACE_DAYS, 4)},
                leads=_leads("pace", PACE))  # fmt: skip
    return Working("Leads that come", "When", (PACE, A_DAY), (step,), "As many a day are expected to come.")


def draws_of(levels: Sequence[float]) -> Working:
    """How the draws of a month, or of all of them, lie."""
    steps = tuple(
        Step(f"{level} % of the draws", {FEWER.key: round(float(amount))})
        for level, amount in zip(LEVELS, levels, strict=True)
    )
    words = "Each draw is one way in which it may come: its rates, outcomes, months and amounts."
    return Working("The draws", "How many gave less", (FEWER,), steps, words)


def _share(one: Record) -> Number:
    every = one.won + one.lost
    return round(100 * one.won / every, 4) if every else None


def _leads(row: str, *metrics: Metric) -> dict[str, dict[str, str]]:
    return {one.key: {"row": row, "metric": one.key} for one in metrics}
