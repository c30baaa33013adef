"""What a run of an import knows and gathers: new records, changed ones, their facts, their touchpoints.

Writers fill it for one chunk of rows; `write` puts the chunk into the records, all or nothing. The same rows taken in
one at a time by the actions of each part give the same records and facts (a test compares them); what an import
leaves out is one audit entry a record: the run has one, and `ImportedRecord` says what each row did.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import models

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit
from loopline.campaigns.models import CostLine
from loopline.facts.bulk import insert_records, insert_values
from loopline.facts.outbox import Fact, record_facts
from loopline.leads.models import Lead, LeadTransition
from loopline.lib.ids import id_text
from loopline.people.fact_rows import identity_row
from loopline.people.models import Company, CompanyKey, IdentityLink, Person
from loopline.people.stitch import RULE_VERSION
from loopline.pipeline.models import Opportunity, OpportunityContact, StageChange
from loopline.sync.models import ExternalId, ImportedRecord, ImportRun, WaitingEvents

EVIDENCE = "import"
ADOPTED, KEYED = "adopted", "keyed"
"""What a row gave a record that was there before: the id of a lead, or of a company, in the other system."""
_ORDER: tuple[type[models.Model], ...] = (Company, Person, Lead, Opportunity, OpportunityContact, StageChange, CostLine)
"""Parents before children."""
_COLUMNS: dict[type[models.Model], tuple[str, ...]] = {
    CompanyKey: ("unit_id", "key", "company_id", "evidence", "at"),
    IdentityLink: ("identity", "person_id", "evidence", "rule_version", "recorded_at"),
    LeadTransition: ("lead_id", "from_state", "to_state", "by_name", "reason", "note", "at", "is_note"),
    ExternalId: ("system", "external_id", "object_type", "object_id", "digest", "touch"),
    ImportedRecord: ("run_id", "line", "object_type", "object_id", "is_created", "before"),
}
"""Rows that come with every record and are not looked at again in a run: kept as plain values, for speed."""


@dataclass(slots=True)
class Job:
    run: ImportRun
    unit: BusinessUnit
    system: str
    by: Actor
    now: datetime
    origin: str = ""
    """What made the rows leads, in words: `import leads.csv`."""
    new: defaultdict[type[models.Model], list[Any]] = field(default_factory=lambda: defaultdict(list))
    rows: defaultdict[type[models.Model], list[tuple[Any, ...]]] = field(default_factory=lambda: defaultdict(list))
    changed: dict[type[models.Model], dict[object, tuple[Any, set[str]]]] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    touches: list[list[Any]] = field(default_factory=list)
    """Touchpoints as `touches.event_of` reads them."""
    notices: set[str] = field(default_factory=set)
    """What the whole run should know, in words fit to show."""

    def create(self, record: models.Model, line: int = 0) -> None:
        """A record to insert. With `line`, undoing the run takes it away again."""
        self.new[type(record)].append(record)
        if line:
            self._imported(line, record, None)

    def change(self, record: models.Model, line: int, **values: object) -> None:
        """Fields to set; undoing the run sets them back."""
        before = {name: [_plain(getattr(record, name)), _plain(value)] for name, value in values.items()}
        for name, value in values.items():
            setattr(record, name, value)
        _, names = self.changed.setdefault(type(record), {}).setdefault(record.pk, (record, set()))
        names.update(values)
        self._imported(line, record, before)

    def fact(self, table: str, row_id: UUID | str, row: dict[str, object], at: datetime) -> None:
        self.facts.append(Fact(table, row_id if isinstance(row_id, str) else id_text(row_id), row, at))

    def link(self, identity: str, person: Person, evidence: str, at: datetime) -> None:
        """The identity is this person, from `at` on."""
        self.rows[IdentityLink].append((identity, person.id, evidence, RULE_VERSION, at))
        self.facts.append(Fact("identity_facts", identity, identity_row(person.id, evidence), at))

    def move(self, lead: Lead, from_state: str, to_state: str, at: datetime) -> None:
        """The lead's history says that it went from one state to another."""
        self.rows[LeadTransition].append((lead.id, from_state, to_state, self.by.name, "", self.origin, at, False))

    def know(self, object_type: str, external_id: str, record: models.Model, digest: str, touch: object = None) -> None:
        """From now on the other system's id means this record."""
        self.rows[ExternalId].append((self.system, external_id, object_type, _key(record), digest, touch))

    def adopt(self, external_id: str, lead: Lead, line: int) -> None:
        """The other system's id was given to a lead that was there before: undoing takes only the id away."""
        before = {"external_id": [self.system, external_id]}
        self.rows[ImportedRecord].append((self.run.id, line, ADOPTED, id_text(lead.id), False, before))

    def key_company(self, key: str, company: Company, line: int, at: datetime) -> None:
        """From now on the other system's id `key` means this company; undoing takes it away."""
        self.rows[CompanyKey].append((self.unit.id, key, company.id, EVIDENCE, at))
        before = {"key": [id_text(self.unit.id), key]}
        self.rows[ImportedRecord].append((self.run.id, line, KEYED, id_text(company.id), False, before))

    def touchpoint(self, person_id: UUID, event_id: str, touch: dict[str, str], name: str = "First contact") -> None:
        """What brought the person, as an event: known by its id, so that sending it twice changes nothing."""
        self.touches.append([event_id, name, id_text(self.unit.id), id_text(person_id), self.system, touch])

    def write(self) -> None:
        """Store the chunk in the caller's transaction. `touches` wait beside it until they are sent."""
        for model in _ORDER:
            insert_records(self.new[model])
        for model, rows in self.rows.items():
            insert_values(model, _COLUMNS[model], rows)
        for model, entries in self.changed.items():
            _write_changes(model, list(entries.values()))
        record_facts(self.facts)
        if self.touches:
            body = msgspec.json.encode(self.touches).decode()
            WaitingEvents.objects.create(run=self.run, events=len(self.touches), body=body)

    def clear(self) -> None:
        self.new, self.rows = defaultdict(list), defaultdict(list)
        self.changed, self.facts, self.touches = {}, [], []

    def _imported(self, line: int, record: models.Model, before: dict[str, list[object]] | None) -> None:
        name = record._meta.model_name
        self.rows[ImportedRecord].append((self.run.id, line, name, _key(record), before is None, before))


def _key(record: models.Model) -> str:
    key = record.__dict__["id"]  # every model here calls its key so; `pk` takes ten times as long to find it
    return id_text(key) if type(key) is UUID else str(key)


def _write_changes(model: type[models.Model], entries: list[tuple[Any, set[str]]]) -> None:
    by_fields: dict[frozenset[str], list[Any]] = {}
    for record, names in entries:
        by_fields.setdefault(frozenset(names), []).append(record)
    for fields, records in by_fields.items():
        model._default_manager.bulk_update(records, sorted(fields), batch_size=200)


def _plain(value: object) -> object:
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
