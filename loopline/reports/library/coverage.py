"""Consent and data quality: how much of what happened can be told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from loopline.attribution.buyers import PERSON_COMPANIES
from loopline.attribution.cost import COST_LINES, falls_into
from loopline.attribution.state import (
    CAMPAIGN_ROWS,
    GONE_PEOPLE,
    MERGED_STATE,
    OPPORTUNITY_STATE,
    VERDICT_STATE,
    Part,
    is_machine,
    latest,
    question,
    visible,
    with_verdict,
)
from loopline.lib.money import Money
from loopline.lib.times import from_micros
from loopline.reports.balance import number, sum_records
from loopline.reports.charts.rows import bars
from loopline.reports.counting import in_period
from loopline.reports.credited import credited
from loopline.reports.dimension import TOTAL, UNATTRIBUTED
from loopline.reports.metric import AddsUp, Number, ratio_of, sum_of
from loopline.reports.opened import FARTHEST, Item, Opened
from loopline.reports.options import OptionError, Options, Scope
from loopline.reports.over_time.slices import beginnings, place_of, slices
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.periods import Period
from loopline.reports.report import Report, result_of
from loopline.reports.result import Check, ReportResult, Row
from loopline.store.engine import Engine, Value
from loopline.store.engine import Row as Found

_VISITS = Part(
    "counted",
    f"""
    SELECT e.event_id AS record_id, epoch_us(e.occurred_at) AS at_us, NOT {is_machine()} AS is_human,
        e.consent >= 2 AS has_consent, c.row_id IS NOT NULL AS is_mapped,
        c.row_id IS NOT NULL OR e.utm_campaign <> '' AS has_code
    FROM touches AS e {with_verdict()}
    LEFT JOIN campaign_rows AS c ON c.unit_id = e.unit_id AND c.code = e.utm_campaign
    WHERE e.is_entry AND e.recorded_at <= $as_of AND {visible("e.unit_id")} AND {in_period("e.occurred_at")}
        AND e.identity_no NOT IN (SELECT identity_no FROM gone_people)
    """,
    (VERDICT_STATE, CAMPAIGN_ROWS, GONE_PEOPLE),
)
"""Sessions begun in the period."""
_IS_EARNED = f"row_key <> '{UNATTRIBUTED}'"
_PEOPLE = Part(
    "counted",
    f"""
    SELECT l.id AS record_id, epoch_us(l.created_at) AS at_us, c.person_id IS NOT NULL AS has_agreed,
        coalesce(p.company_id, '') <> '' AS has_company
    FROM leads_now AS l LEFT JOIN merged_state AS m ON m.id = l.person_id
    LEFT JOIN person_companies AS p ON p.id = coalesce(m.canonical_id, l.person_id)
    LEFT JOIN (
        SELECT DISTINCT coalesce(m.canonical_id, a.person_id) AS person_id
        FROM consents_now AS a LEFT JOIN merged_state AS m ON m.id = a.person_id
        WHERE NOT a.is_deleted AND a.is_granted
    ) AS c ON c.person_id = coalesce(m.canonical_id, l.person_id)
    WHERE NOT l.is_deleted AND {visible("l.unit_id")} AND {in_period("l.created_at")}
    """,
    (
        Part("leads_now", latest("lead_facts", "unit_id", "person_id", "created_at")),
        Part("consents_now", latest("consent_facts", "person_id", "is_granted")),
        PERSON_COMPANIES,
        MERGED_STATE,
    ),
)
_WON = Part(
    "counted",
    f"""
    SELECT id AS record_id, epoch_us(closed_at) AS at_us, reporting_minor IS NOT NULL AS has_amount
    FROM opportunity_state
    WHERE NOT is_deleted AND outcome = 'won' AND {visible("unit_id")} AND {in_period("closed_at")}
    """,
    (OPPORTUNITY_STATE,),
)
_COST = Part(
    "counted",
    f"""
    SELECT id AS record_id, starts_on, epoch_us(CAST(starts_on AS TIMESTAMPTZ)) AS at_us,
        reporting_minor IS NOT NULL AS has_rate
    FROM cost_lines WHERE {falls_into("$first", "$last")}
    """,
    (COST_LINES,),
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that counts records: their kind, where they are read, and the condition of those of which it is known."""

    kind: str
    part: Part
    known: str
    of: str = "TRUE"
    """The condition of all of them."""


_COUNTED = {
    "consent": _Row("event", _VISITS, "is_human AND has_consent", "is_human"),
    "human": _Row("event", _VISITS, "is_human"),
    "codes": _Row("event", _VISITS, "is_human AND is_mapped", "is_human AND has_code"),
    "agreed": _Row("lead", _PEOPLE, "has_agreed"),
    "company": _Row("lead", _PEOPLE, "has_company"),
    "amount": _Row("opportunity", _WON, "has_amount"),
    "rate": _Row("cost", _COST, "has_rate"),
}
_DATED = "the day of what the row counts"
KNOWN, WHOLE = (
    replace(sum_of(key, label, formula, of="what the row counts", dated=_DATED), adds_up=AddsUp.APART)
    for key, label, formula in (("known", "Known", "those of which it is known"), ("known_of", "Of", "all of them"))
)
SHARE = ratio_of("known_rate", "Coverage", "known ÷ all; undefined where there are none", "known", "known_of",
                 dated=_DATED)  # fmt: skip
USUAL = 80.0
"""Below so many percent a figure that rests on it says little."""


Pair = tuple[int, int]
"""Known, and all."""


def _run(report: Report, scope: Scope, engine: Engine) -> ReportResult:
    step, periods = slices(scope)
    told = {"origin": _origin(periods, scope, engine)}
    for part in (_VISITS, _PEOPLE, _WON, _COST):
        told |= _counted(part, periods, scope, engine)
    rows = [_row(key, label, note, *_whole(told[key], key, scope)) for key, label, note in _rows(scope)]
    result = result_of(report, scope, "What", rows, Row(TOTAL, "Total", values=dict.fromkeys(_KEYS)))
    result.has_total = False
    straight = sum_records(engine, _by_campaign(scope)).revenue_minor
    revenue = sum(of for _, of in told["origin"])
    result.check = Check("won in the period, of known and of unknown origin", straight, revenue, scope.books.currency)
    result.warnings = [f"{row.label}: only {row.values['known_rate']:.0f} %." for row in rows if _is_low(row)]
    shares = {key: tuple(_rate(*pair) for pair in pairs) for key, pairs in told.items()}
    result.over_time = Sparks(step, tuple(periods), shares, SHARE)
    return result


def _rows(scope: Scope) -> list[tuple[str, str, str]]:
    return [
        ("origin", "Won revenue with a known origin", f"in {scope.books.currency}"),
        ("consent", "Sessions that may be recognised", "consent mode 2 or 3, humans"),
        ("human", "Sessions by humans", "the others are machines, left out of every figure"),
        ("agreed", "Leads that agreed to be contacted", "for any purpose"),
        ("company", "Leads with a company", ""),
        ("amount", "Won with an amount and an exchange rate", ""),
        ("rate", "Cost lines with an exchange rate", ""),
        ("codes", "Sessions with a campaign code that is mapped", "under Campaigns, history follows"),
    ]


def _whole(pairs: list[Pair], key: str, scope: Scope) -> tuple[float, float]:
    """All slices together; money in major units."""
    known, of = (sum(column) for column in zip(*pairs, strict=True))
    return (_major(known, scope), _major(of, scope)) if key == "origin" else (known, of)


def _origin(periods: Sequence[Period], scope: Scope, engine: Engine) -> list[Pair]:
    """Won revenue that some touchpoint earned, and all of it, in each slice of the period."""
    sql = f"""
        SELECT {place_of("at_us", len(periods))} AS place,
            coalesce(sum(CASE WHEN {_IS_EARNED} THEN credit ELSE 0 END), 0) AS known, coalesce(sum(credit), 0) AS of_all
        FROM records GROUP BY place
    """
    found = [(0, 0)] * len(periods)
    for row in _asked_of_records(sql, scope, engine, beginnings(periods, scope)):
        found[number(row["place"])] = number(row["known"]), number(row["of_all"])
    return found


def _asked_of_records(
    sql: str, scope: Scope, engine: Engine, values: Mapping[str, Value] = MappingProxyType({})
) -> list[Found]:
    """`sql` over `records`: the won revenue as it was dealt out."""
    asked = _by_campaign(scope)
    records = credited(asked, engine, "revenue")
    return engine.rows(
        question(sql, *records.parts, Part("records", records.sql)), {**asked.params, **records.values, **values}
    )


def _counted(part: Part, periods: Sequence[Period], scope: Scope, engine: Engine) -> dict[str, list[Pair]]:
    """Known and all of each row that is read from `part`, in each slice of the period."""
    keys = [key for key, row in _COUNTED.items() if row.part is part]
    conditions = {name: which for key in keys for name, which in
                  ((key, _COUNTED[key].known), (f"of_{key}", _COUNTED[key].of))}  # fmt: skip
    told = ", ".join(f"count(*) FILTER (WHERE {which}) AS {name}" for name, which in conditions.items())
    place = place_of("starts_on", len(periods), is_day=True) if part is _COST else place_of("at_us", len(periods))
    sql = f"SELECT {place} AS place, {told} FROM counted GROUP BY place"
    found = {key: [(0, 0)] * len(periods) for key in keys}
    for row in engine.rows(question(sql, part), {**scope.params, **beginnings(periods, scope)}):
        for key in keys:
            found[key][number(row["place"])] = number(row[key]), number(row[f"of_{key}"])
    return found


def _open(row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
    """The records of a row, of sessions the event that began each. Raises OptionError for a row that there is not."""
    is_known = metric == KNOWN.key
    if row == "origin":
        return _open_origin(is_known, scope, engine)
    if row not in _COUNTED:
        raise OptionError(
            f"No records are behind the row “{row}”. Open one of: {', '.join(('origin', *_COUNTED))}.", "row"
        )
    counted = _COUNTED[row]
    which = counted.known if is_known else counted.of
    [every] = engine.rows(
        question(f"SELECT count(*) AS records FROM counted WHERE {which}", counted.part), scope.params
    )
    listed = question(
        f"SELECT record_id, at_us FROM counted WHERE {which} ORDER BY at_us DESC, record_id LIMIT {FARTHEST}",
        counted.part,
    )
    items = [Item(counted.kind, str(one["record_id"]), from_micros(number(one["at_us"])), 1)
             for one in engine.rows(listed, scope.params)]  # fmt: skip
    count = number(every["records"])
    return Opened(KNOWN if is_known else WHOLE, row, tuple(items), count, count)


def _open_origin(is_known: bool, scope: Scope, engine: Engine) -> Opened:
    """Won opportunities with what of their revenue some touchpoint earned, or with all of it."""
    sql = f"""
        SELECT record_id, min(at_us) AS at_us, sum(credit) AS minor FROM records
        WHERE {_IS_EARNED if is_known else "TRUE"} GROUP BY record_id ORDER BY minor DESC, record_id
    """
    found = _asked_of_records(sql, scope, engine)
    items = [
        Item("opportunity", str(one["record_id"]), from_micros(number(one["at_us"])),
             _major(number(one["minor"]), scope))
        for one in found[:FARTHEST]
    ]  # fmt: skip
    total = _major(sum(number(one["minor"]) for one in found), scope)
    column = REPORT.told_in("origin", KNOWN if is_known else WHOLE)
    return Opened(column, "origin", tuple(items), len(found), total)


_KEYS = (KNOWN.key, WHOLE.key, SHARE.key)


def _by_campaign(scope: Scope) -> Scope:
    return replace(scope, options=replace(scope.options, by="campaign", model=Options().model, clock="period"))


def _major(amount_minor: int, scope: Scope) -> float:
    """In major units and to the cent, so that the row is what its records add up to."""
    return float(Money(amount_minor, scope.books.currency).major)


def _row(key: str, label: str, note: str, known: float, of: float) -> Row:
    return Row(key, label, note, values=dict(zip(_KEYS, (known, of, _rate(known, of)), strict=True)))


def _rate(known: float, of: float) -> Number:
    return round(100 * known / of, 4) if of else None


def _is_low(row: Row) -> bool:
    rate = row.values[SHARE.key]
    return rate is not None and rate < USUAL


REPORT = Report(
    key="coverage",
    label="Consent and data quality",
    summary="How much of what happened can be told: revenue with a known origin, consent, machines left out, "
    "companies, amounts, exchange rates and codes.",
    question="How far can the other figures be trusted?",
    metrics=(KNOWN, WHOLE, SHARE),
    run=_run,
    has_course=True,
    amounts=frozenset({"origin"}),
    open=_open,
    opens=frozenset({KNOWN.key, WHOLE.key}),
    chart=lambda result: bars(result, "known_rate"),
    reads=frozenset({"lookback"}),
    leading=("known_rate", "known", "known_of"),
    usual_period="last_90_days",
    how=(
        f"What is known of less than {USUAL:.0f} % is told above the table: figures that rest on it say little.",
        "Over time is the coverage of each week or month by itself; a cost line stands where it begins.",
    ),
    rests_on=frozenset({"won", "cost"}),
)
