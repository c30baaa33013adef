"""What a run of an import knows and gathers: new records, changed ones, their facts, their touchpoints.

Writers fill it for one chunk of rows; `write` puts the chunk into the records, all or nothing. The same rows taken in
one at a time by the actions of each part give the same records and facts (a test compares them); what an import
leaves out is one audit entry a record: the run has one, and `ImportedRecord` says what each row did.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import models

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit
from loopline.collect.channels import Visit
from loopline.collect.own import OwnEvent
from loopline.facts.outbox import Fact, record_facts
from loopline.leads.models import Lead, LeadTransition
from loopline.people.fact_rows import identity_row
from loopline.people.models import Company, IdentityLink, Person
from loopline.people.stitch import RULE_VERSION
from loopline.pipeline.models import Opportunity, OpportunityContact, StageChange
from loopline.sync.models import ExternalId, ImportedRecord, ImportRun, WaitingEvents

EVIDENCE = "import"
_ORDER: tuple[type[models.Model], ...] = (
    Company, Person, IdentityLink, Lead, LeadTransition, Opportunity, OpportunityContact, StageChange, ExternalId,
    ImportedRecord,
)  # fmt: skip
"""Parents before children."""


@dataclass(slots=True)
class Job:
    run: ImportRun
    unit: BusinessUnit
    system: str
    by: Actor
    now: datetime
    origin: str = ""
    """What made the rows leads, in words: `import leads.csv`."""
    new: dict[type[models.Model], list[Any]] = field(default_factory=dict)
    changed: dict[type[models.Model], dict[object, tuple[Any, set[str]]]] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    events: list[OwnEvent] = field(default_factory=list)

    def create(self, record: models.Model, line: int = 0) -> None:
        """A record to insert. With `line`, undoing the run takes it away again."""
        self.new.setdefault(type(record), []).append(record)
        if line:
            self.new.setdefault(ImportedRecord, []).append(_imported(self.run, line, record, None))

    def change(self, record: models.Model, line: int, **values: object) -> None:
        """Fields to set; undoing the run sets them back."""
        before = {name: [_plain(getattr(record, name)), _plain(value)] for name, value in values.items()}
        for name, value in values.items():
            setattr(record, name, value)
        _, names = self.changed.setdefault(type(record), {}).setdefault(record.pk, (record, set()))
        names.update(values)
        self.new.setdefault(ImportedRecord, []).append(_imported(self.run, line, record, before))

    def fact(self, table: str, row_id: object, row: dict[str, object], at: datetime) -> None:
        self.facts.append(Fact(table, str(row_id), row, at))

    def link(self, identity: str, person: Person, evidence: str, at: datetime) -> None:
        """The identity is this person, from `at` on."""
        self.create(
            IdentityLink(identity=identity, person=person, evidence=evidence, rule_version=RULE_VERSION, recorded_at=at)
        )
        self.fact("identity_facts", identity, identity_row(person.pk, evidence), at)

    def know(self, object_type: str, external_id: str, record: models.Model, digest: str, touch: object = None) -> None:
        """From now on the other system's id means this record."""
        self.create(
            ExternalId(
                system=self.system,
                external_id=external_id,
                object_type=object_type,
                object_id=str(record.pk),
                digest=digest,
                touch=touch,
            )
        )

    def touchpoint(self, person_id: object, event_id: str, touch: dict[str, str], name: str = "First contact") -> None:
        """What brought the person, as an event: known by its id, so that sending it twice changes nothing."""
        visit = Visit(source=touch["source"], medium=touch["medium"], campaign=touch["campaign"])
        self.events.append(
            OwnEvent(
                event_id=event_id,
                kind="offline",
                name=name,
                unit_id=str(self.unit.pk),
                occurred_at=datetime.fromisoformat(touch["at"]),
                touch_kind="entry",
                person_id=str(person_id),
                visit=visit,
                channel=touch["channel"],
                landing_path=touch["landing_path"],
                source=EVIDENCE,
                properties={"system": self.system},
            )
        )

    def write(self) -> WaitingEvents | None:
        """Store the chunk in the caller's transaction; its touchpoints wait in the answer until that is committed."""
        for model in _ORDER:
            if records := self.new.get(model):
                model._default_manager.bulk_create(records)
        for model, entries in self.changed.items():
            by_fields: dict[frozenset[str], list[Any]] = {}
            for record, names in entries.values():
                by_fields.setdefault(frozenset(names), []).append(record)
            for fields, records in by_fields.items():
                model._default_manager.bulk_update(records, sorted(fields), batch_size=200)
        record_facts(self.facts)
        waiting = None
        if self.events:
            body = json.dumps([event_values(one) for one in self.events], ensure_ascii=False)
            waiting = WaitingEvents.objects.create(run=self.run, events=len(self.events), body=body)
        return waiting

    def clear(self) -> None:
        self.new, self.changed, self.facts, self.events = {}, {}, [], []


def event_values(event: OwnEvent) -> list[Any]:
    """A touchpoint as plain values; `event_of` makes it again."""
    visit = event.visit
    return [
        event.event_id, event.name, event.unit_id, event.occurred_at.isoformat(), event.person_id,
        [visit.source, visit.medium, visit.campaign], event.channel, event.landing_path, event.properties,
    ]  # fmt: skip


def event_of(values: Sequence[Any]) -> OwnEvent:
    event_id, name, unit_id, at, person_id, (source, medium, campaign), channel, landing_path, properties = values
    return OwnEvent(
        event_id=event_id,
        kind="offline",
        name=name,
        unit_id=unit_id,
        occurred_at=datetime.fromisoformat(at),
        touch_kind="entry",
        person_id=person_id,
        visit=Visit(source=source, medium=medium, campaign=campaign),
        channel=channel,
        landing_path=landing_path,
        source=EVIDENCE,
        properties=properties,
    )


def _imported(
    run: ImportRun, line: int, record: models.Model, before: dict[str, list[object]] | None
) -> ImportedRecord:
    return ImportedRecord(
        run=run,
        line=line,
        object_type=record._meta.model_name or "",
        object_id=str(record.pk),
        is_created=before is None,
        before=before,
    )


def _plain(value: object) -> object:
    if isinstance(value, models.Model):
        return str(value.pk)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
