"""Platform claims: what ad platforms say they converted, beside what the closed loop credits. Never added up."""

from dataclasses import replace

from loopline.attribution.cost import falls_into, spent
from loopline.attribution.state import CAMPAIGN_STATE, Part, latest, question, visible
from loopline.reports.balance import number
from loopline.reports.counting import Counted, Counting, Records, Told, Values
from loopline.reports.credit_opened import open_credit
from loopline.reports.dimension import DIMENSIONS, TOTAL, Naming
from loopline.reports.figures import Figures
from loopline.reports.metric import METRICS, AddsUp, Metric, Number, Unit, sum_of
from loopline.reports.naming import names_of
from loopline.reports.opened import Opened
from loopline.reports.options import OptionError, Scope
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.straight import straight
from loopline.reports.tally import tally_of
from loopline.store.engine import Engine

BY = {"campaign": "Campaign", "channel": "Channel", "source": "Platform"}
_ROWS = {"campaign": "l.campaign_id", "channel": "coalesce(c.channel, '')", "source": "l.platform"}
BETWEEN = "|"
"""Between the row of the closed loop and the platform, in the key of a row."""
CREDITED = {"leads": "lead", "opportunities": "opportunity", "won": "won", "revenue_minor": "revenue"}
"""What stands beside the claims, as the closed loop has it → the kind of conversion it counts."""
_LINES = Part(
    "told_lines",
    f"""
    SELECT id, unit_id, campaign_id, platform, currency, reporting_minor, claimed_micro, claimed_reporting_minor,
        starts_on, ends_on, date_diff('day', starts_on, ends_on) + 1 AS days
    FROM ({
        latest(
            "cost_facts", "unit_id", "campaign_id", "cost_kind", "platform", "currency", "reporting_minor",
            "claimed_micro", "claimed_reporting_minor", "starts_on", "ends_on",
        )
    }) AS lines WHERE NOT is_deleted AND cost_kind = 'actual' AND platform <> '' AND {visible("unit_id")}
    """,
)  # fmt: skip
_STRAIGHT = f"""
SELECT count(*) AS told
FROM {straight("cost_facts")} WHERE cost_kind = 'actual' AND platform <> '' AND {visible("unit_id")}
    AND {falls_into("$first", "$last")}
"""


def _records(scope: Scope, _engine: Engine) -> Records:
    return Records(
        f"""
        SELECT 'cost' AS kind, l.id AS record_id, epoch_us(CAST(l.starts_on AS TIMESTAMPTZ)) AS at_us,
            {_ROWS[scope.options.by]} || '{BETWEEN}' || l.platform AS row_key, l.spent_minor AS spent_minor,
            l.currency AS currency, l.claimed_micro AS claimed_micro, l.claimed_minor AS claimed_minor
        FROM (
            SELECT id, campaign_id, platform, currency, starts_on,
                {spent("$first", "$last")} AS spent_minor,
                {spent("$first", "$last", "claimed_micro")} AS claimed_micro,
                {spent("$first", "$last", "claimed_reporting_minor")} AS claimed_minor
            FROM told_lines WHERE {falls_into("$first", "$last")}
        ) AS l LEFT JOIN campaign_state AS c ON c.id = l.campaign_id
        """,
        (_LINES, CAMPAIGN_STATE),
    )


def _told(scope: Scope, engine: Engine) -> tuple[str, int]:
    [row] = engine.rows(_STRAIGHT, scope.params)
    return "cost lines told by ad platforms", number(row["told"])


def _told_below(_values: Values) -> Number:
    """`_finish` knows what the closed loop credits."""
    return None


def _finish(result: ReportResult, scope: Scope, engine: Engine) -> None:
    """Names, and what Loopline credits. There is no total: it would count a buyer whom two platforms claim twice."""
    result.totals.values = {metric.key: None for metric in result.metrics}
    if not result.rows:
        return
    # All of it, also where the address is about one conversion: what is not dealt out would stand here as 0.
    whole_loop = replace(scope, options=replace(scope.options, conversion=""))
    dimension, figures = DIMENSIONS[scope.options.by], tally_of(whole_loop, engine).figures
    keys = {row.key: row.key.rpartition(BETWEEN)[0] for row in result.rows}
    names = names_of(dimension, [*keys.values()], scope, engine)
    for row in result.rows:
        row.label, row.note = names[keys[row.key]].label, row.key.rpartition(BETWEEN)[2]
        found = figures.get(keys[row.key], Figures())
        row.values |= {key: METRICS[key].value(found) for key in CREDITED}
        if row.note == row.label:
            row.note = ""
    _mark_without_rate(result, scope, engine)
    result.warnings.append(
        "A platform claims every buyer who saw or clicked its ad, by its own window and count; several claim the same "
        "one. So claims are never added up, and are no part of any credit, sum or ratio."
    )


def _mark_without_rate(result: ReportResult, scope: Scope, engine: Engine) -> None:
    """A line whose currency has no rate is left out of what was spent and of what the claims are worth: never a 0."""
    records = _records(scope, engine)
    sql = """
        SELECT row_key, currency, count(*) AS told FROM records WHERE spent_minor IS NULL
        GROUP BY row_key, currency ORDER BY row_key, currency
    """
    found = engine.rows(question(sql, *records.parts, Part("records", records.sql)), scope.params)
    rows = {row.key: row for row in result.rows}
    for one in found:
        row, lines, currency = rows.get(str(one["row_key"])), number(one["told"]), str(one["currency"])
        words = f"{lines} line{'s' if lines > 1 else ''} in {currency} without an exchange rate"
        if row is not None:
            row.mind = "; ".join([*([row.mind] if row.mind else []), f"left out: {words}"])
    for currency in sorted({str(one["currency"]) for one in found}):
        lines = sum(number(one["told"]) for one in found if one["currency"] == currency)
        result.warnings.append(
            f"{lines} cost line{'s' if lines > 1 else ''} told in {currency}, for which there is no exchange rate: "
            "what was spent there, and what the claims are worth, is missing and not 0. Claimed conversions are whole. "
            "Add the rate under Settings › Exchange rates."
        )


def _open(row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
    """The cost lines that the platform told, or the conversions that are credited.

    Raises OptionError for the total, which there is none of.
    """
    if row == TOTAL:
        raise OptionError("Claims are never added up over platforms. Open the figure of a row.", "row")
    if metric in CREDITED:
        credited = row.rpartition(BETWEEN)[0]
        opened = open_credit(METRICS[metric], CREDITED[metric], credited, scope, engine, opened_row=row)
        # Credit knows no platforms, so it says nothing of whether the report has this row.
        return replace(opened, is_known=False)
    return COUNTING.open(row, metric, scope, engine)


def _claim(key: str, label: str, short: str, formula: str, unit: Unit = Unit.COUNT) -> Metric:
    return Metric(
        key=key, label=label, short=short, unit=unit, formula=formula, grain="cost line and day", period_date=_DATED,
        cohort_date=_DATED, adds_up=AddsUp.NEVER, is_neutral=True,
    )  # fmt: skip


_DATED = "day that the platform reports"
COUNTING = Counting(
    records=_records,
    columns=(
        Counted(sum_of("told_lines", "Lines told", "cost lines that the platform told",
                       of="cost line", dated=_DATED)),
        Counted(sum_of("told_minor", "Spent", "what the platform says was spent", of="cost line and day",
                       dated=_DATED, unit=Unit.MONEY, is_neutral=True), aggregate="sum(spent_minor)"),
        Counted(_claim("claimed", "Conversions claimed by the platform", "Claims",
                       "conversions that the platform counts for itself, by its own window; — where it says nothing"),
                aggregate="sum(claimed_micro)", is_micro=True),
        Counted(_claim("claimed_minor", "Value claimed by the platform", "Claims worth",
                       "the value that the platform gives them; — where it says nothing, or there is no rate",
                       Unit.MONEY), aggregate="sum(claimed_minor)"),
        *(Told(METRICS[key], _told_below) for key in CREDITED),
    ),
    head=lambda scope: BY[scope.options.by],
    naming=lambda _scope: Naming.AS_IS,
    without="No campaign",
    ordered_by="told_minor",
    check=_told,
    checked="told_lines",
    has_total=False,
    finish=_finish,
)  # fmt: skip

REPORT = Report(
    key="platform-claims",
    label="Platform claims",
    summary="What ad platforms say they converted, by campaign, channel or platform, beside what Loopline credits.",
    question="What do ad platforms claim, and what can the loop find of it?",
    metrics=COUNTING.metrics,
    run=COUNTING.run,
    by=BY,
    reads=frozenset({"model", "lookback"}),
    open=_open,
    opens=COUNTING.opens | CREDITED.keys(),
    usual_period="last_90_days",
    leading=("claimed", "won", "leads", "told_minor", "claimed_minor", "revenue_minor"),
    how=(
        "Claims come with the cost that is imported from the platform, a day of a campaign at a time. They stay as the "
        "platform told them: nothing is shared, matched or corrected.",
        "Loopline credits by the chosen model: leads, opportunities and won on their own dates, each shared among all "
        "that touched the buyer. A platform sees only its own ads, counts views as well as clicks, dates a conversion "
        "by the ad and not by the sale, and knows nothing of a lead that sales rejects.",
        "Where two platforms claim for one campaign or channel, each has a row, and Loopline's figures stand beside "
        "both: they are not to be added up either.",
    ),
)
