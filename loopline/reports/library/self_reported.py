"""Self-reported source: what people answer to “How did you hear about us?”, beside the channel that was tracked."""

from loopline.attribution.conversions import conversions
from loopline.attribution.heard import CATEGORIES, UNANSWERED
from loopline.attribution.ledger import credit_ledger, unattributed
from loopline.attribution.model import MODELS
from loopline.attribution.state import MERGED_STATE, Part, visible
from loopline.reports.balance import number
from loopline.reports.charts.rows import bars
from loopline.reports.closed_loop_sql import ROW_OF_CREDIT, row_for
from loopline.reports.counting import Counted, Counting, Records, Told, in_period, share
from loopline.reports.credited import NAMES
from loopline.reports.dimension import DIMENSIONS, Naming
from loopline.reports.metric import ratio_of, sum_of
from loopline.reports.options import Scope
from loopline.reports.report import Report
from loopline.reports.straight import straight
from loopline.store.engine import Engine

BY = {"first_touch": "Channel of the first touchpoint", "last_touch": "Channel of the last touchpoint"}
_SAID = "json_extract_string(nullif(e.properties, ''), '$.self_reported')"
_ANSWERS = Part(
    "answers",
    f"""
    SELECT coalesce(m.canonical_id, a.person_id) AS person_id, a.answered_us AS answered_us, a.said AS said
    FROM (
        SELECT substr(e.identity, 8) AS person_id, epoch_us(e.occurred_at) AS answered_us, {_SAID} AS said
        FROM events AS e
        WHERE e.kind = 'form' AND e.touch_kind = 'form' AND e.recorded_at <= $as_of
            AND starts_with(e.identity, 'person:') AND {_SAID} IS NOT NULL
    ) AS a LEFT JOIN merged_state AS m ON m.id = a.person_id
    """,
    (MERGED_STATE,),
)
"""Forms that asked: who sent them, and the category of the answer."""
_STRAIGHT = f"""
SELECT count(*) AS leads
FROM {straight("lead_facts")} WHERE {visible("unit_id")} AND {in_period("created_at")}
"""


def _records(scope: Scope, _engine: Engine) -> Records:
    """Leads created in the period, each with its tracked channel and the latest answer before it was created."""
    model, options = MODELS[scope.options.by], scope.options
    row = row_for(DIMENSIONS["channel"], model, options).without_reasons()
    return Records(
        f"""
        SELECT 'lead' AS kind, t.record_id AS record_id, t.at_us AS at_us, t.row_key AS row_key, s.said AS said
        FROM (
            SELECT c.conversion_no AS conversion_no, c.record_id AS record_id, c.converted_us AS at_us,
                {ROW_OF_CREDIT} AS row_key
            FROM credits AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
            UNION ALL
            SELECT c.conversion_no AS conversion_no, c.record_id AS record_id, c.converted_us AS at_us,
                '~unattributed' AS row_key
            FROM unattributed AS r JOIN conversions AS c ON c.conversion_no = r.conversion_no
        ) AS t LEFT JOIN (
            SELECT p.conversion_no AS conversion_no, arg_max(a.said, a.answered_us) AS said
            FROM conversion_people AS p JOIN answers AS a ON a.person_id = p.person_id
            WHERE a.answered_us <= p.converted_us GROUP BY p.conversion_no
        ) AS s ON s.conversion_no = t.conversion_no
        """,
        (
            conversions("lead"),
            credit_ledger(model, row, "lead"),
            unattributed(model, row, "lead"),
            _ANSWERS,
        ),
    )


def _leads(scope: Scope, engine: Engine) -> tuple[str, int]:
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "leads created in the period", number(row["leads"])


_DATED = "lead created"
_ANSWERED = f"said IS NOT NULL AND said <> '{UNANSWERED}'"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("leads_tracked", "Leads", "leads created, by the tracked channel", of="lead", dated=_DATED)),
        Counted(
            sum_of("leads_asked", "Asked", "leads whose person sent a form that asked “How did you hear about us?”",
                   of="lead", dated=_DATED),
            "said IS NOT NULL",
        ),
        Counted(
            sum_of("leads_answered", "Answered", "of those, who said something", of="lead", dated=_DATED), _ANSWERED
        ),
        Told(
            ratio_of("answer_rate", "Answer rate", "answered ÷ asked", "leads_answered", "leads_asked", dated=_DATED),
            share("leads_answered", "leads_asked"),
        ),
        *(
            Counted(
                sum_of(f"said_{key}", f"Said: {label}", f"answered, in the category “{label}”", of="lead",
                       dated=_DATED, short=label),
                f"said = '{key}'",
            )
            for key, label in CATEGORIES.items()
        ),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda _scope: Naming.AS_IS,
    names=lambda _scope: NAMES,
    without="No channel",
    ordered_by="leads_tracked",
    check=_leads,
    checked="leads_tracked",
    over_time="leads_answered",
)  # fmt: skip

REPORT = Report(
    key="self-reported",
    label="Self-reported source",
    summary="What people answer to “How did you hear about us?”, with the answer rate, beside the channel that was "
    "tracked. It never enters the credit.",
    question="Do people tell the same as the trackers?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    sparks=COUNTING.sparks,
    at_window=COUNTING.at_window("leads_tracked"),
    by=BY,
    reads=frozenset({"lookback"}),
    open=COUNTING.open,
    opens=COUNTING.opens,
    chart=lambda result: bars(result, "leads_answered"),
    leading=("leads_tracked", "answer_rate", "leads_answered", "said_recommendation"),
    how=(
        "A form asks when it has a field with the key heard_from. Answers in people's own words are put into a "
        "category by the words in them; the words themselves stay with the submission.",
        "Of several answers of a person the latest before the lead counts. Who was not asked has no answer; who was "
        "asked and said nothing lowers the answer rate.",
        "What people say is what they remember; what is tracked is what could be seen. Where they differ much, "
        "neither is wrong: talks, podcasts and recommendations leave no click.",
    ),
)
