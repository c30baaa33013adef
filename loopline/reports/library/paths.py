"""Paths: the ways of channels on which buyers came before they were won."""

from loopline.attribution.conversions import conversions
from loopline.attribution.ledger import unattributed
from loopline.attribution.model import MODELS
from loopline.attribution.paths import steps
from loopline.attribution.state import OPPORTUNITY_STATE, Part
from loopline.reports.charts.rows import bars
from loopline.reports.counting import Counted, Counting, Records, Told, per
from loopline.reports.dimension import DIMENSIONS, Naming
from loopline.reports.library.buyers import won_straight
from loopline.reports.metric import Unit, ratio_of, sum_of
from loopline.reports.naming import Name
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.store.engine import Engine

BY = {"path": "Path", "length": "Number of touchpoints", "first": "First channel", "last": "Last channel"}
MOST_STEPS = 6
"""So many channels of a path are told; what follows is “…”."""
MANY = 1_000
"""Touchpoints; a path with more is told."""
_LENGTHS = """CASE WHEN touches = 1 THEN '1' WHEN touches <= 3 THEN '2' WHEN touches <= 6 THEN '3'
    WHEN touches <= 12 THEN '4' ELSE '5' END"""
LENGTHS = {"1": "1", "2": "2 to 3", "3": "4 to 6", "4": "7 to 12", "5": "13 and more"}
ARROW = " › "
_PATH = "step1" + "".join(
    f" || CASE WHEN step{n} IS NULL THEN '' ELSE '{ARROW}' || step{n} END" for n in range(2, MOST_STEPS + 1)
) + f" || CASE WHEN channels > {MOST_STEPS} THEN '{ARROW}…' ELSE '' END"  # fmt: skip
_ROWS = {"path": _PATH, "length": _LENGTHS, "first": "step1", "last": "last_step"}
_CHANNEL = DIMENSIONS["channel"].row.without_reasons()
_ORDERED = Part(
    "ordered_steps",
    """
    SELECT conversion_no, touched_us, event_id, CASE WHEN row_key = '' THEN 'No channel' ELSE row_key END AS step,
        lag(row_key) OVER (PARTITION BY conversion_no ORDER BY touched_us, event_id) AS step_before, row_key,
        lag(touched_us) OVER (PARTITION BY conversion_no ORDER BY touched_us, event_id) = touched_us AS is_tied
    FROM steps
    """,
    (steps(_CHANNEL, "won"),),
)
_TURNS = Part(
    "turns",
    """
    SELECT conversion_no, step, row_number() OVER (PARTITION BY conversion_no ORDER BY touched_us, event_id) AS turn
    FROM ordered_steps WHERE step_before IS NULL OR step_before <> row_key
    """,
    (_ORDERED,),
)
"""Touchpoints of one channel that follow each other are one turn."""
_WAYS = Part(
    "ways",
    f"""
    SELECT conversion_no, count(*) AS channels, arg_max(step, turn) AS last_step,
        {", ".join(f"max(CASE WHEN turn = {n} THEN step END) AS step{n}" for n in range(1, MOST_STEPS + 1))}
    FROM turns GROUP BY conversion_no
    """,
    (_TURNS,),
)
_LAGS = Part(
    "lags",
    """
    SELECT conversion_no, count(*) AS touches, min(touched_us) AS first_us,
        max(CASE WHEN is_tied THEN 1 ELSE 0 END) = 1 AS has_ties
    FROM ordered_steps GROUP BY conversion_no
    """,
    (_ORDERED,),
)


def _records(scope: Scope, _engine: Engine) -> Records:
    """Won opportunities, each with its path; those that no touchpoint leads to stand under none."""
    return Records(
        f"""
        SELECT 'opportunity' AS kind, c.record_id AS record_id, c.converted_us AS at_us,
            {_ROWS[scope.options.by]} AS row_key, l.touches AS touches, w.channels AS channels,
            o.reporting_minor AS reporting_minor, (c.converted_us - l.first_us) / 3600000000.0 AS hours,
            l.has_ties AS has_ties
        FROM ways AS w JOIN lags AS l ON l.conversion_no = w.conversion_no
        JOIN conversions AS c ON c.conversion_no = w.conversion_no JOIN opportunity_state AS o ON o.id = c.record_id
        UNION ALL
        SELECT 'opportunity' AS kind, c.record_id AS record_id, c.converted_us AS at_us, '' AS row_key,
            CAST(0 AS BIGINT) AS touches, CAST(0 AS BIGINT) AS channels, o.reporting_minor AS reporting_minor,
            CAST(NULL AS DOUBLE) AS hours, FALSE AS has_ties
        FROM unattributed AS u JOIN conversions AS c ON c.conversion_no = u.conversion_no
        JOIN opportunity_state AS o ON o.id = c.record_id
        """,
        (conversions("won"), _WAYS, _LAGS, OPPORTUNITY_STATE, unattributed(MODELS["linear"], _CHANNEL, "won")),
    )


def _finish(result: ReportResult, _scope: Scope, _engine: Engine) -> None:
    longest, tied = (result.totals.values[key] for key in ("path_longest", "path_tied"))
    if longest and longest > MANY:
        result.warnings.append(
            f"The longest path has {longest:,} touchpoints. So many are rarely one buyer's: open the figure under "
            "Longest and look whether a machine or a browser of many people is behind it."
        )
    if tied:
        result.warnings.append(
            f"{tied:,} {'path has' if tied == 1 else 'paths have'} touchpoints of the very same moment. Which of them "
            "came first is not known; they stand in the order of their ids, always the same."
        )


_DATED = "closing date"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("path_won", "Won", "won opportunities", of="opportunity", dated=_DATED)),
        Counted(sum_of("path_minor", "Revenue", "their amount, less refunds, at the rate of the closing date",
                       of="opportunity", dated=_DATED, unit=Unit.MONEY), aggregate="coalesce(sum(reporting_minor), 0)"),
        Told(ratio_of("path_mean_minor", "Mean amount", "revenue ÷ won", "path_minor", "path_won", dated=_DATED,
                      unit=Unit.MONEY, short="Mean"), per("path_minor", "path_won")),
        Counted(ratio_of("path_touches", "Median touchpoints", "median number of touchpoints on the path", dated=_DATED,
                         unit=Unit.COUNT), "touches > 0", "median(touches)"),
        Counted(ratio_of("path_channels", "Median turns", "median number of turns on the path: touchpoints of one "
                         "channel that follow each other are one turn", dated=_DATED, unit=Unit.COUNT),
                "touches > 0", "median(channels)"),
        Counted(ratio_of("path_hours", "Median from first touch to won", "median from the first touchpoint within the "
                         "window to won", dated=_DATED, unit=Unit.HOURS, short="Median first to won"),
                "hours IS NOT NULL", "median(hours)"),
        Counted(ratio_of("path_longest", "Longest path", "most touchpoints on one path", dated=_DATED, unit=Unit.COUNT,
                         short="Longest", is_neutral=True), "touches > 0", "max(touches)"),
        Counted(sum_of("path_tied", "Paths with ties", "won opportunities with touchpoints of the very same moment, "
                       "which stand in the order of their ids", of="opportunity", dated=_DATED, short="Ties",
                       is_neutral=True), "has_ties"),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda _scope: Naming.AS_IS,
    names=lambda scope: {key: Name(label) for key, label in LENGTHS.items()} if scope.options.by == "length" else {},
    without="No touchpoint in the window",
    ordered_by="path_won",
    most=40,
    check=won_straight,
    finish=_finish,
    checked="path_won",
    over_time="path_won",
)  # fmt: skip

REPORT = Report(
    key="paths",
    label="Paths",
    summary="The ways of channels before a sale: the commonest ones, how many touchpoints they have, and how long they "
    "take.",
    question="Which routes do buyers take, how many steps have they, and how long do they take?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    by=BY,
    reads=frozenset({"lookback"}),
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=lambda result: bars(result, "path_won"),
    only_in_files=frozenset({"path_tied"}),
    leading=("path_won", "path_touches", "path_hours", "path_channels", "path_minor", "path_mean_minor"),
    how=(
        "A path is the touchpoints of the people of an opportunity within the window, strictly before it was won, "
        "oldest first. Touchpoints of one channel that follow each other are told once, as one turn; machines are left "
        "out.",
        f"A path of more than {MOST_STEPS} turns is told by its first {MOST_STEPS}.",
    ),
    rests_on=frozenset({"won"}),
)
