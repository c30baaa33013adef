"""A small company's facts for tests: what matters is given, the rest is filled in; everything is written at once."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import count

from loopline.reports.options import Books, Options
from loopline.reports.result import ReportResult, Row
from loopline.reports.run import run_report
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

LEARNT = datetime(2024, 6, 1, tzinfo=UTC)
"""When everything is known, unless a test says otherwise."""

BOOKS = Books(currency="EUR", zone="UTC", units={"north": "North", "south": "South"})
MARCH = {"first": date(2024, 3, 1), "last": date(2024, 3, 31)}


def day(number: float) -> datetime:
    """Noon of a day of March 2024; 0 and less reach back into February."""
    return datetime(2024, 3, 1, 12, tzinfo=UTC) + timedelta(days=number - 1)


class Shelf:
    """Facts waiting to be written. Methods are chained by name, ids are short and readable."""

    _tokens = count()
    _version = count(1)

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._rows: dict[str, list[dict[str, object]]] = defaultdict(list)

    def fact(self, table: str, row_id: str, *, learnt: datetime = LEARNT, **row: object) -> None:
        shared = {"id": row_id, "version": next(self._version), "is_deleted": False, "occurred_at": learnt}
        self._rows[table].append({**shared, "recorded_at": learnt, **row})

    def touch(self, event_id: str, identity: str, at: datetime, *, learnt: datetime = LEARNT, **row: object) -> None:
        """A touchpoint, by default the human start of a session."""
        shared: dict[str, object] = {
            "event_id": event_id, "identity": identity, "occurred_at": at, "received_at": at, "recorded_at": learnt,
            "unit_id": "north", "is_entry": True, "touch_kind": "entry", "consent": 2, "bot_verdict": "human",
        }  # fmt: skip
        self._rows["events"].append({**shared, **row})

    def person(self, person_id: str, *visitors: str, canonical: str = "", learnt: datetime = LEARNT) -> None:
        self.fact("person_facts", person_id, unit_id="north", canonical_id=canonical or person_id, learnt=learnt)
        for visitor in visitors:
            self.link(f"visitor:{visitor}", person_id, learnt=learnt)

    def link(self, identity: str, person_id: str, *, learnt: datetime = LEARNT) -> None:
        self.fact("identity_facts", identity, person_id=person_id, evidence="form", learnt=learnt)

    def lead(self, lead_id: str, person_id: str, at: datetime, **row: object) -> None:
        shared: dict[str, object] = {"unit_id": "north", "person_id": person_id, "state": "new", "created_at": at}
        self.fact("lead_facts", lead_id, **{**shared, **row})  # type: ignore[arg-type]

    def won(
        self,
        opportunity_id: str,
        person_id: str,
        closed: datetime,
        amount: int | None,
        *,
        learnt: datetime = LEARNT,
        **row: object,
    ) -> None:
        """An opportunity won on `closed`, created two days earlier, with one contact."""
        shared: dict[str, object] = {
            "unit_id": "north", "outcome": "won", "amount_minor": amount, "refunded_minor": 0, "currency": "EUR",
            "reporting_minor": amount, "created_at": closed - timedelta(days=2), "closed_at": closed,
        }  # fmt: skip
        self.fact("opportunity_facts", opportunity_id, learnt=learnt, **{**shared, **row})  # type: ignore[arg-type]
        if person_id:
            self.contact(opportunity_id, person_id, learnt=learnt)

    def contact(self, opportunity_id: str, person_id: str, *, learnt: datetime = LEARNT) -> None:
        self.fact(
            "opportunity_contact_facts",
            f"{opportunity_id}/{person_id}",
            opportunity_id=opportunity_id,
            person_id=person_id,
            is_primary=False,
            learnt=learnt,
        )

    def campaign(
        self, campaign_id: str, *codes: str, unit: str = "north", owner: str = "", learnt: datetime = LEARNT
    ) -> None:
        self.fact(
            "campaign_facts", campaign_id, unit_id=unit, name=campaign_id.title(), channel="Email", status="running",
            currency="EUR", owner_id=owner, learnt=learnt,
        )  # fmt: skip
        for code in codes:
            self.code(code, campaign_id, unit=unit, learnt=learnt)

    def activity(self, activity_id: str, campaign_id: str, kind: str, *, unit: str = "north") -> None:
        self.fact(
            "activity_facts", activity_id, unit_id=unit, campaign_id=campaign_id, name=activity_id.title(),
            activity_kind=kind,
        )  # fmt: skip

    def code(
        self, code: str, campaign_id: str, activity_id: str = "", *, unit: str = "north", learnt: datetime = LEARNT
    ) -> None:
        self.fact(
            "campaign_code_facts", f"{unit}/{code}", unit_id=unit, code=code, campaign_id=campaign_id,
            activity_id=activity_id, learnt=learnt,
        )  # fmt: skip

    def cost(
        self, cost_id: str, campaign_id: str, amount: int | None, first: date, last: date | None = None, **row: object
    ) -> None:
        shared: dict[str, object] = {
            "unit_id": "north", "campaign_id": campaign_id, "cost_kind": "actual", "category": "media",
            "amount_minor": amount or 0, "currency": "EUR", "reporting_minor": amount, "starts_on": first,
            "ends_on": last or first,
        }  # fmt: skip
        self.fact("cost_facts", cost_id, **{**shared, **row})  # type: ignore[arg-type]

    def store(self) -> "Shelf":
        batch = Batch(
            f"shelf-{next(self._tokens)}", {key: to_arrow(TABLES[key], rows) for key, rows in self._rows.items()}
        )
        self.engine.write(batch)
        self._rows.clear()
        return self


def closed_loop(engine: Engine, *, books: Books = BOOKS, **options: object) -> ReportResult:
    """The report for March 2024 unless told otherwise; it must balance."""
    result = run_report("closed-loop", Options(**{**MARCH, **options}), engine, books)  # type: ignore[arg-type]
    assert result.balance.holds, result.balance
    return result


def row_of(result: ReportResult, key: str) -> Row:
    if key == "~total":
        return result.totals
    [row] = [row for row in result.rows if row.key == key]
    return row


def column(result: ReportResult, metric: str) -> dict[str, object]:
    """One column: row key → value, rows without the figure or with a zero left out."""
    return {row.key: row.values[metric] for row in result.rows if row.values[metric]}
