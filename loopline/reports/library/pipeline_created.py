"""Pipeline created: what marketing opened, and what became of it."""

from loopline.attribution.state import Part, latest, visible
from loopline.reports.balance import number
from loopline.reports.charts.rows import bars
from loopline.reports.counting import Counted, Counting, Records, Told, in_period, share
from loopline.reports.credited import credited, names_beside
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.metric import Metric, Unit, ratio_of, sum_of
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.straight import straight
from loopline.store.engine import Engine

BY = {key: DIMENSIONS[key].label for key in ("campaign", "channel", "source", "landing_page", "content", "partner")}
_OUTCOMES = Part("outcomes", latest("opportunity_facts", "outcome"))
_STRAIGHT = f"""
SELECT coalesce(sum(reporting_minor), 0) AS opened_minor
FROM {straight("opportunity_facts")} WHERE {visible("unit_id")} AND {in_period("created_at")}
"""


def _records(scope: Scope, engine: Engine) -> Records:
    found = credited(scope, engine, "opportunity", "pipeline")
    return Records(
        """
        SELECT e.kind AS kind, e.conversion AS conversion, e.record_id AS record_id, e.at_us AS at_us,
            e.row_key AS row_key, e.credit AS credit, o.outcome AS outcome
        FROM earned AS e JOIN outcomes AS o ON o.id = e.record_id
        """,
        (*found.parts, Part("earned", found.sql), _OUTCOMES),
        found.values,
    )


def _opened(scope: Scope, engine: Engine) -> tuple[str, int]:
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "of opportunities opened in the period", number(row["opened_minor"])


def _money(key: str, label: str, words: str, short: str = "", *, is_compared: bool = False) -> Metric:
    formula = f"amount of the opportunities opened in the period{words}, shared by the model"
    return sum_of(
        key, label, formula, of="opportunity", dated=_DATED, unit=Unit.MONEY, short=short, is_compared=is_compared
    )


_DATED = "opportunity created"
_SUM = "coalesce(sum(credit), 0)"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("opened", "Opportunities opened", "opportunities created, shared by the model", of="opportunity",
                       dated=_DATED, short="Opened"), "conversion = 'opportunity'", _SUM, is_micro=True),
        Counted(_money("opened_minor", "Pipeline created", ", whatever became of them", "Pipeline", is_compared=True),
                "conversion = 'pipeline'", _SUM),
        Counted(_money("still_open_minor", "Still open", " that are still open"),
                "conversion = 'pipeline' AND outcome = 'open'", _SUM),
        Counted(_money("opened_won_minor", "Won of it", " that were won"),
                "conversion = 'pipeline' AND outcome = 'won'", _SUM),
        Counted(_money("opened_lost_minor", "Lost of it", " that were lost"),
                "conversion = 'pipeline' AND outcome = 'lost'", _SUM),
        Told(ratio_of("opened_won_rate", "Won share", "won ÷ pipeline created", "opened_won_minor", "opened_minor",
                      dated=_DATED, is_compared=False), share("opened_won_minor", "opened_minor")),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda scope: DIMENSIONS[scope.options.by].naming,
    names=names_beside,
    without="",
    ordered_by="opened_minor",
    check=_opened,
    checked="opened_minor",
    over_time="opened_minor",
)  # fmt: skip

REPORT = Report(
    key="pipeline-created",
    label="Pipeline created",
    summary="Amount of the opportunities that each campaign or channel opened, and what of it is open, won or lost.",
    question="Which marketing opens opportunities, and what becomes of them?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    at_window=COUNTING.at_window("opened_minor"),
    group="Win",
    by=BY,
    reads=frozenset({"model", "lookback"}),
    shares_credit=True,
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=lambda result: bars(result, "opened_minor"),
    usual_period="last_90_days",
    leading=("opened_minor", "opened_won_minor", "opened_won_rate", "still_open_minor", "opened"),
    rests_on=frozenset({"opened"}),
)
