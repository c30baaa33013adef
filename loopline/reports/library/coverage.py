"""Consent and data quality: how much of what happened can be told."""

from collections.abc import Mapping
from dataclasses import replace

from loopline.attribution.cost import COST_LINES, falls_into
from loopline.attribution.state import OPPORTUNITY_STATE, VERDICT_STATE, Part, latest, question, visible
from loopline.lib.money import Money
from loopline.reports.balance import number
from loopline.reports.counting import in_period
from loopline.reports.dimension import TOTAL, UNMAPPED
from loopline.reports.figures import Figures
from loopline.reports.metric import Number, ratio_of, sum_of
from loopline.reports.options import Options, Scope
from loopline.reports.report import Report, result_of
from loopline.reports.result import ReportResult, Row
from loopline.reports.row_charts import bars
from loopline.reports.tally import tally_of
from loopline.store.engine import Engine

_MACHINE = "starts_with(coalesce(v.verdict, e.bot_verdict), 'machine')"
_VISITS = question(
    f"""
    SELECT count(*) AS sessions, count(*) FILTER (WHERE NOT {_MACHINE}) AS human,
        count(*) FILTER (WHERE NOT {_MACHINE} AND e.consent >= 2) AS consented
    FROM events AS e LEFT JOIN verdict_state AS v ON v.id = e.visitor_id AND v.id <> '' AND NOT v.is_deleted
    WHERE e.is_entry AND e.recorded_at <= $as_of AND {visible("e.unit_id")} AND {in_period("e.occurred_at")}
    """,
    VERDICT_STATE,
)
_PEOPLE = question(
    f"""
    SELECT count(*) AS leads, count(c.person_id) AS agreed,
        count(CASE WHEN p.company_id <> '' THEN 1 END) AS with_company
    FROM leads_now AS l LEFT JOIN people_now AS p ON p.id = l.person_id
    LEFT JOIN (
        SELECT DISTINCT person_id FROM consents_now WHERE NOT is_deleted AND is_granted
    ) AS c ON c.person_id = l.person_id
    WHERE NOT l.is_deleted AND {visible("l.unit_id")} AND {in_period("l.created_at")}
    """,
    Part("leads_now", latest("lead_facts", "unit_id", "person_id", "created_at")),
    Part("people_now", latest("person_facts", "company_id")),
    Part("consents_now", latest("consent_facts", "person_id", "is_granted")),
)
_WON = question(
    f"""
    SELECT count(*) AS won, count(reporting_minor) AS with_amount FROM opportunity_state
    WHERE NOT is_deleted AND outcome = 'won' AND {visible("unit_id")} AND {in_period("closed_at")}
    """,
    OPPORTUNITY_STATE,
)
_COST = question(
    f"""
    SELECT count(*) AS cost_lines, count(reporting_minor) AS with_rate FROM cost_lines
    WHERE {falls_into("$first", "$last")}
    """,
    COST_LINES,
)
KNOWN = sum_of("known", "Known", "those of which it is known", of="see the row", dated="see the row")
WHOLE = sum_of("known_of", "Of", "all of them", of="see the row", dated="see the row")
SHARE = ratio_of("known_rate", "Coverage", "known ÷ all; undefined where there are none", "known", "known_of",
                 dated="see the row")  # fmt: skip
USUAL = 80.0
"""Below so many percent a figure that rests on it says little."""


def _run(report: Report, scope: Scope, engine: Engine) -> ReportResult:
    tally = tally_of(_by_campaign(scope), engine)
    [visits], [people], [won], [cost] = (engine.rows(sql, scope.params) for sql in (_VISITS, _PEOPLE, _WON, _COST))
    revenue = tally.credited + sum(tally.reasons.values())
    rows = [
        _row("origin", "Won revenue with a known origin", f"in {scope.books.currency}", _major(tally.credited, scope),
             _major(revenue, scope)),
        _row("consent", "Sessions that may be recognised", "consent mode 2 or 3, humans", visits["consented"],
             visits["human"]),
        _row("human", "Sessions by humans", "the others are machines, left out of every figure", visits["human"],
             visits["sessions"]),
        _row("agreed", "Leads that agreed to be contacted", "for any purpose", people["agreed"],
             people["leads"]),
        _row("company", "Leads with a company", "", people["with_company"], people["leads"]),
        _row("amount", "Won with an amount and an exchange rate", "", won["with_amount"], won["won"]),
        _row("rate", "Cost lines with an exchange rate", "", cost["with_rate"], cost["cost_lines"]),
        _row("codes", "Sessions with a campaign code that is mapped", "under Campaigns, history follows",
             *_mapped(tally.figures)),
    ]  # fmt: skip
    result = result_of(report, scope, "What", rows, Row(TOTAL, "Total", values=dict.fromkeys(_KEYS)))
    result.has_total = False
    result.warnings = [f"{row.label}: only {row.values['known_rate']:.0f} %." for row in rows if _is_low(row)]
    return result


_KEYS = (KNOWN.key, WHOLE.key, SHARE.key)


def _by_campaign(scope: Scope) -> Scope:
    return replace(scope, options=replace(scope.options, by="campaign", model=Options().model, clock="period"))


def _major(amount_minor: int, scope: Scope) -> int:
    return round(Money(amount_minor, scope.books.currency).major)


def _mapped(figures: Mapping[str, Figures]) -> tuple[int, int]:
    """Sessions of campaigns, and with those whose code belongs to none."""
    found = {key: one.sessions for key, one in figures.items()}
    unmapped = found.get(UNMAPPED, 0)
    mapped = sum(sessions for key, sessions in found.items() if key and not key.startswith("~"))
    return mapped, mapped + unmapped


def _row(key: str, label: str, note: str, known: object, of: object) -> Row:
    part, whole = number(known), number(of)
    rate: Number = round(100 * part / whole, 4) if whole else None
    return Row(key, label, note, values=dict(zip(_KEYS, (part, whole, rate), strict=True)))


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
    chart=lambda result: bars(result, "known_rate"),
    reads=frozenset({"lookback"}),
    leading=("known_rate", "known", "known_of"),
    usual_period="last_90_days",
    how=(f"What is known of less than {USUAL:.0f} % is told above the table: figures that rest on it say little.",),
)
