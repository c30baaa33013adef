"""Records as they should not be: how many there are behind a report, how much money, what it means, and what to do.

A report says of which records its money is made (`Report.rests_on`); what is unusual among them is told by one question
for all reports, so that each says it in the same words, and what opens is what was counted.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from loopline.attribution.cost import falls_into, spent
from loopline.attribution.state import LEAD_STATE, Part, latest, question, visible
from loopline.lib.amounts import money_text
from loopline.lib.times import from_micros
from loopline.reports.balance import number
from loopline.reports.opened import MOST, Item
from loopline.reports.options import OptionError, Scope
from loopline.store.engine import Engine, Value

_SALES = Part(
    "every_sale",
    f"""
    SELECT * FROM ({
        latest(
            "opportunity_facts",
            "unit_id",
            "lead_id",
            "outcome",
            "amount_minor",
            "refunded_minor",
            "currency",
            "reporting_minor",
            "created_at",
            "closed_at",
        )
    }) AS sales WHERE NOT is_deleted AND {visible("unit_id")}
    """,
)
_SALES_OF_LEADS = Part(
    "sales_of_leads",
    """
    SELECT o.*, l.created_at AS lead_at FROM every_sale AS o JOIN lead_state AS l ON l.id = o.lead_id
    WHERE NOT l.is_deleted
    """,
    (_SALES, LEAD_STATE),
)
_LINES = Part(
    "every_cost",
    f"""
    SELECT id, cost_kind, currency, converted_minor, starts_on, {spent("$first", "$last")} AS own_minor FROM (
        SELECT id, unit_id, cost_kind, currency, reporting_minor AS converted_minor, amount_minor AS reporting_minor,
            starts_on, ends_on, date_diff('day', starts_on, ends_on) + 1 AS days
        FROM ({
        latest(
            "cost_facts", "unit_id", "cost_kind", "amount_minor", "currency", "reporting_minor", "starts_on", "ends_on"
        )
    }) AS lines WHERE NOT is_deleted AND {visible("unit_id")}
    ) AS own WHERE {falls_into("$first", "$last")}
    """,
)
"""Cost lines of the period; `own_minor` is what falls into it, in the currency of the line."""
_OF_ERASED = """id IN (
            SELECT id FROM {table} WHERE person_id IN (SELECT id FROM person_facts WHERE erased <> '')
        )"""
_ERASED = Part(
    "sales_of_erased",
    f"""
    SELECT opportunity_id AS id FROM ({
        latest(
            "opportunity_contact_facts", "opportunity_id", where=_OF_ERASED.format(table="opportunity_contact_facts")
        )
    }) AS contacts WHERE NOT is_deleted
    UNION DISTINCT
    SELECT o.id AS id FROM every_sale AS o JOIN ({
        latest("lead_facts", "created_at", where=_OF_ERASED.format(table="lead_facts"))
    }) AS l ON l.id = o.lead_id
    """,
    (_SALES,),
)
"""Erasing marks every version of a person, and nearly nobody is: only records of theirs are looked at."""
_WON = (
    "outcome = 'won' AND epoch_us(closed_at) >= $converted_from_us AND epoch_us(closed_at) < $converted_to_us "
    "AND closed_at IS NOT NULL"
)
SALES: dict[str, tuple[str, str]] = {
    "won": (_WON, "won"),
    "cohort": ("outcome = 'won' AND epoch_us(lead_at) >= $from_us AND epoch_us(lead_at) < $to_us", "won"),
    "opened": ("epoch_us(created_at) >= $from_us AND epoch_us(created_at) < $to_us", "new"),
    "open": ("outcome = 'open'", "open"),
}
"""Which opportunities the money of a report is made of: SQL condition, and what they are called. `won` closed in the
period, `cohort` won of leads created in it, `opened` created in it, `open` open at the moment asked for."""
COSTS: dict[str, tuple[str, str]] = {
    "cost": ("cost_kind = 'actual'", "cost line"),
    "plan": ("cost_kind <> 'actual'", "planned or committed cost line"),
}
_OF_SALES, _OF_COSTS = frozenset(SALES), frozenset(COSTS)
_RATE = "Add the rate under Settings › Exchange rates; the figures follow."


@dataclass(frozen=True, slots=True)
class _Kind:
    which: str
    """SQL condition."""
    minor: str
    """SQL text: how much money it is about."""
    currency: str
    """SQL text: the currency of it."""
    one: str
    more: str
    says: str
    """What it means for the figures, and what to do."""
    only: frozenset[str]
    """Of which of what a report rests on."""
    reads: tuple[Part, ...] = ()
    asks: bool = True
    """Somebody has to do something about it."""


_OWN = ("amount_minor - refunded_minor", "currency")
_REPORTED = ("reporting_minor", "$currency")
_KINDS: dict[str, _Kind] = {
    "without-date": _Kind(
        "closed_at IS NULL", *_OWN, "has no closing date", "have no closing date",
        "in no period, so missing in all revenue. Enter the day of the sale.", frozenset({"won"}),
    ),
    "without-amount": _Kind(
        "amount_minor IS NULL", "0", "''", "has no amount", "have no amount",
        "counted, and missing in every sum of money. Enter the amount.", _OF_SALES,
    ),
    "without-rate": _Kind(
        "amount_minor IS NOT NULL AND reporting_minor IS NULL", *_OWN, "has no exchange rate", "have no exchange rate",
        f"counted, and missing in every sum of money. {_RATE}", _OF_SALES,
    ),
    "refunded-beyond": _Kind(
        "reporting_minor < 0 AND amount_minor >= 0", *_REPORTED, "was refunded by more than its amount",
        "were refunded by more than their amounts", "the loss is in the revenue, and whoever earned the sale bears it. "
        "Check the refunds.", _OF_SALES,
    ),
    "negative": _Kind(
        "amount_minor < 0 AND reporting_minor IS NOT NULL", *_REPORTED, "has a negative amount",
        "have negative amounts", "the loss is in the sums, and whoever earned the sale bears it. Check the amount.",
        _OF_SALES,
    ),
    "erased": _Kind(
        "id IN (SELECT id FROM sales_of_erased)", *_REPORTED, "is of somebody who was erased",
        "are of people who were erased", "still in all totals; what only their touchpoints earned "
        "is unattributed. Nothing to do.", frozenset({"won"}), (_ERASED,),
        asks=False,
    ),
    "cost-without-rate": _Kind(
        "converted_minor IS NULL", "own_minor", "currency", "has no exchange rate", "have no exchange rate",
        f"missing in cost, so returns look better and costs per lead lower than they are. {_RATE}", _OF_COSTS,
    ),
    "negative-cost": _Kind(
        "own_minor < 0", "own_minor", "currency", "is negative", "are negative",
        "counted as money that came back, such as a credit note. Check that it is one.", _OF_COSTS,
    ),
}  # fmt: skip
COST_WITHOUT_RATE = "cost.cost-without-rate"
"""Of the actual cost: what `cost_gaps` counts, too."""
_UNDATED = "outcome = 'won'"


@dataclass(frozen=True, slots=True)
class Unusual:
    """One kind of unusual records behind a report."""

    key: str
    """`won.without-rate`: what the report rests on, and the kind."""
    records: int
    amounts: Mapping[str, int]
    """Currency → minor units; of costs, what falls into the period."""
    sentence: str

    @property
    def asks(self) -> bool:
        """Somebody has to do something about it."""
        return _KINDS[self.key.partition(".")[2]].asks

    @property
    def is_about_rates(self) -> bool:
        """An exchange rate is missing."""
        return self.key.endswith("without-rate")

    def to_json(self) -> dict[str, object]:
        return {"key": self.key, "records": self.records, "amounts_minor": dict(self.amounts), "text": self.sentence}


@dataclass(frozen=True, slots=True)
class Entry(Item):
    """One of the records; `adds` is its money in minor units of `currency`, None where it has none."""

    currency: str


@dataclass(frozen=True, slots=True)
class Listed:
    told: Unusual
    entries: tuple[Entry, ...]
    """The largest first, at most MOST of them."""


def unusual(rests_on: Collection[str], scope: Scope, engine: Engine) -> list[Unusual]:
    """What is unusual among the records that a report rests on, in the order of the kinds. Raises StoreError."""
    found: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    for basis in [kind for kind in (*SALES, *COSTS) if kind in rests_on]:
        selects = [
            f"SELECT '{kind}' AS kind, {one.currency} AS currency, {one.minor} AS minor FROM {_part(basis).name} "
            f"WHERE {_where(basis, kind)}"
            for kind, one in _KINDS.items()
            if basis in one.only
        ]
        sql = f"""
            SELECT kind, currency, count(*) AS records, coalesce(sum(minor), 0) AS minor
            FROM ({" UNION ALL ".join(selects)}) AS every_one GROUP BY kind, currency ORDER BY kind, currency
        """
        parts = [part for one in _KINDS.values() if basis in one.only for part in one.reads]
        rows = engine.rows(question(sql, _part(basis), *parts), _values(scope))
        for row in rows:
            found[f"{basis}.{row['kind']}"][str(row["currency"])] = (number(row["records"]), number(row["minor"]))
    return [_told(key, found[key]) for key in kinds_of(rests_on) if key in found]


def kinds_of(rests_on: Collection[str]) -> list[str]:
    """What may be told of a report that rests on these: `won.without-date`, …"""
    return [
        f"{basis}.{kind}"
        for basis in (*SALES, *COSTS)
        if basis in rests_on
        for kind, one in _KINDS.items()
        if basis in one.only
    ]


def list_unusual(key: str, rests_on: Collection[str], scope: Scope, engine: Engine) -> Listed | None:
    """The records of one kind; None where there are none. Raises OptionError for a kind that does not exist."""
    if key not in (kinds := kinds_of(rests_on)):
        raise OptionError(f"There is no kind “{key}” behind this report. Choose one of: {', '.join(kinds)}.", "kind")
    told = {one.key: one for one in unusual(rests_on, scope, engine)}
    if key not in told:
        return None
    basis, _, name = key.partition(".")
    kind = _KINDS[name]
    at = "starts_on" if basis in COSTS else "coalesce(closed_at, created_at)"
    sql = f"""
        SELECT id, epoch_us(CAST({at} AS TIMESTAMPTZ)) AS at_us, {kind.minor} AS minor, {kind.currency} AS currency
        FROM {_part(basis).name} WHERE {_where(basis, name)} ORDER BY abs({kind.minor}) DESC, id LIMIT {MOST}
    """
    record = "cost" if basis in COSTS else "opportunity"
    entries = tuple(
        Entry(record, str(row["id"]), from_micros(number(row["at_us"])),
              number(row["minor"]) if row["currency"] and row["minor"] is not None else None, str(row["currency"]))
        for row in engine.rows(question(sql, _part(basis), *kind.reads), _values(scope))
    )  # fmt: skip
    return Listed(told[key], entries)


def _part(basis: str) -> Part:
    if basis in COSTS:
        return _LINES
    return _SALES_OF_LEADS if basis == "cohort" else _SALES


def _where(basis: str, kind: str) -> str:
    """A sale without a closing date is in no period, so every period tells of it."""
    among = _UNDATED if kind == "without-date" else (SALES | COSTS)[basis][0]
    return f"({among}) AND ({_KINDS[kind].which})"


def _values(scope: Scope) -> dict[str, Value]:
    return {**scope.params, "currency": scope.books.currency}


def _told(key: str, by_currency: Mapping[str, tuple[int, int]]) -> Unusual:
    basis, _, name = key.partition(".")
    kind = _KINDS[name]
    records = sum(count for count, _ in by_currency.values())
    amounts = {currency: minor for currency, (_, minor) in by_currency.items() if currency}
    money = f" ({', '.join(money_text(minor, currency) for currency, minor in amounts.items())})" if amounts else ""
    subject = _subject(basis, records)
    return Unusual(key, records, amounts, f"{subject} {kind.one if records == 1 else kind.more}{money}: {kind.says}")


def _subject(basis: str, records: int) -> str:
    if basis in COSTS:
        return f"{records:,} {COSTS[basis][1]}{'' if records == 1 else 's'}"
    return f"{records:,} {SALES[basis][1]} {'opportunity' if records == 1 else 'opportunities'}"
