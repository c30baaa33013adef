"""Content that won deals: which pages people read before their company bought, and before it did not."""

from loopline.attribution.state import (
    CONTACT_STATE,
    KNOWN_IDENTITIES,
    LEAD_STATE,
    MERGED_STATE,
    VERDICT_STATE,
    Part,
    is_machine,
    latest,
    number_of,
    theirs,
    visible,
    with_verdict,
)
from loopline.reports.balance import number
from loopline.reports.charts.rows import bars
from loopline.reports.counting import Counted, Counting, Records, Told, in_period, share
from loopline.reports.dimension import Naming
from loopline.reports.metric import AddsUp, Metric, Unit, ratio_of
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.straight import straight
from loopline.reports.survival import Share
from loopline.store.engine import Engine

BY = {"page": "Page", "content": "Content"}
_ROWS = {"page": "e.url_path", "content": "e.utm_content"}
ENOUGH = 30
_DECIDED = Part(
    "decided",
    f"""
    SELECT id, {number_of("id")} AS opportunity_no, lead_id, outcome, reporting_minor, closed_at
    FROM ({latest("opportunity_facts", "unit_id", "lead_id", "outcome", "reporting_minor", "closed_at")}) AS every_one
    WHERE NOT is_deleted AND outcome IN ('won', 'lost') AND {visible("unit_id")} AND {in_period("closed_at")}
    """,
)
_READERS = Part(
    "readers",
    f"""
    SELECT DISTINCT d.opportunity_no AS opportunity_no, epoch_us(d.closed_at) AS closed_us,
        {number_of("coalesce(m.canonical_id, w.person_id)")} AS person_no
    FROM decided AS d JOIN (
        SELECT opportunity_id, person_id FROM contact_state WHERE NOT is_deleted
        UNION ALL
        SELECT d.id AS opportunity_id, l.person_id AS person_id
        FROM decided AS d JOIN lead_state AS l ON l.id = d.lead_id
    ) AS w ON w.opportunity_id = d.id LEFT JOIN merged_state AS m ON m.id = w.person_id
    """,
    (_DECIDED, CONTACT_STATE, LEAD_STATE, MERGED_STATE),
)
"""The people of each decided opportunity: its contacts, and the person of its lead."""


_READER_IDENTITIES = Part(
    "reader_identities",
    """
    SELECT i.identity_no AS identity_no, i.person_no AS person_no, i.from_us AS from_us, i.until_us AS until_us
    FROM known_identities AS i JOIN (SELECT DISTINCT person_no FROM readers) AS w ON w.person_no = i.person_no
    """,
    (KNOWN_IDENTITIES, _READERS),
)


def _read(row: str) -> Part:
    """The part `read_pages`: who of the readers read which row when. Only their identities are joined to events."""
    return Part(
        "read_pages",
        f"""
        SELECT k.person_no AS person_no, {row} AS row_key, epoch_us(e.occurred_at) AS read_us
        FROM events AS e JOIN reader_identities AS k ON {theirs("e", "k")} {with_verdict()}
        WHERE e.recorded_at <= $as_of AND e.kind = 'page' AND {row} <> ''
            AND epoch_us(e.occurred_at) < $to_us AND epoch_us(e.occurred_at) >= $from_us - $lookback_us
            AND NOT {is_machine()} AND {visible("e.unit_id")}
        """,
        (_READER_IDENTITIES, VERDICT_STATE),
    )


_RECORD = """'opportunity' AS kind, d.id AS record_id, epoch_us(d.closed_at) AS at_us, {row} AS row_key,
            d.outcome AS outcome, d.reporting_minor AS reporting_minor"""


def _records(scope: Scope, _engine: Engine) -> Records:
    """Each decided opportunity beside each page that its people read before, once; or beside none."""
    return Records(
        f"""
        SELECT {_RECORD.format(row="coalesce(s.row_key, '')")}
        FROM decided AS d LEFT JOIN (
            SELECT DISTINCT r.opportunity_no AS opportunity_no, p.row_key AS row_key
            FROM readers AS r JOIN read_pages AS p ON p.person_no = r.person_no
            WHERE p.read_us < r.closed_us AND p.read_us >= r.closed_us - $lookback_us
        ) AS s ON s.opportunity_no = d.opportunity_no
        """,
        (_DECIDED, _READERS, _read(_ROWS[scope.options.by])),
        once=f"""SELECT {_RECORD.format(row="''")} FROM decided AS d""",
    )


_STRAIGHT = f"""
SELECT count(*) AS decided
FROM {straight("opportunity_facts")}
WHERE outcome IN ('won', 'lost') AND {visible("unit_id")} AND {in_period("closed_at")}
"""


def _decided(scope: Scope, engine: Engine) -> tuple[str, int]:
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "opportunities decided in the period, each once", number(row["decided"])


def _finish(result: ReportResult, _scope: Scope, _engine: Engine) -> None:
    """Of few nothing can be said; and reading is not the reason."""
    for row in result.rows:
        won, read = row.values["content_won"], row.values["content_decided"]
        row.values["content_at_least"] = round(100 * Share(int(won or 0), int(read or 0)).low, 4) if read else None
        if (read or 0) < ENOUGH:
            row.young_note = f"read before fewer than {ENOUGH} decisions: too few to tell"
    total = result.totals.values
    total["content_at_least"] = None


def _several(key: str, label: str, formula: str, unit: Unit = Unit.COUNT, short: str = "") -> Metric:
    return Metric(
        key=key, label=label, short=short or label, unit=unit, formula=formula, grain="opportunity",
        period_date=_DATED, cohort_date=_DATED, adds_up=AddsUp.DISTINCT,
    )  # fmt: skip


_DATED = "closing date"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(_several("content_decided", "Read before", "opportunities won or lost whose people had read it before",
                         short="Read before")),
        Counted(_several("content_won", "Won", "those of them that were won"), "outcome = 'won'"),
        Counted(_several("content_lost", "Lost", "those of them that were lost"), "outcome = 'lost'"),
        Told(ratio_of("content_win_rate", "Win rate", "won ÷ (won + lost) of those that had read it", "content_won",
                      "content_decided", dated=_DATED), share("content_won", "content_decided")),
        Told(ratio_of("content_at_least", "Win rate, at least", "lower bound of the 95 % interval (Wilson)",
                      "content_won", "content_decided", dated=_DATED, short="At least"), lambda _values: None),
        Counted(_several("content_minor", "Revenue", "of the won ones, whole on every row: it is not credit and "
                         "overlaps", Unit.MONEY), "outcome = 'won'", "coalesce(sum(reporting_minor), 0)"),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda _scope: Naming.AS_IS,
    without="Nothing that is known",
    ordered_by="content_won",
    overlaps=True,
    check=_decided,
    checked="content_decided",
    most=100,
    finish=_finish,
    over_time="content_won",
)  # fmt: skip

REPORT = Report(
    key="content",
    label="Content that won deals",
    summary="Pages (or utm_content) that people read before their opportunity was won or lost, with the win rate of "
    "those that read it.",
    question="What had buyers read before they bought, and what had those read who did not?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    at_window=COUNTING.at_window("content_decided"),
    group="Arrive",
    by=BY,
    reads=frozenset({"lookback"}),
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=lambda result: bars(result, "content_win_rate"),
    leading=("content_decided", "content_won", "content_win_rate", "content_minor"),
    how=(
        "An opportunity stands on every page that one of its people read within the window before it was decided, so "
        "rows overlap; the total counts each decided opportunity once, whether they read or not.",
        "That readers buy more often does not say that the page did it: those who are about to buy read more.",
    ),
    rests_on=frozenset({"won"}),
)
