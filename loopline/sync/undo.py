"""Take a whole import back: what it made goes, what it changed is set back. What people have worked on since stays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.apps import apps
from django.db import models, transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import AuditEntry
from loopline.facts.bulk import held, remove_rows
from loopline.facts.outbox import Fact, record_facts
from loopline.leads.models import Lead, LeadTransition
from loopline.lib.times import utc_now
from loopline.people.fact_rows import identity_row
from loopline.people.models import CompanyKey, IdentityLink, Person
from loopline.pipeline.models import Opportunity, OpportunityContact, StageChange
from loopline.sync.importing import rare_checkpoints, rare_collections, require_import
from loopline.sync.job import ADOPTED, KEYED
from loopline.sync.models import ExternalId, ImportedRecord, ImportRun
from loopline.sync.undo_facts import fact_of, restorable

CHUNK = 2_000
_GOES_WITH_IT = {
    "identitylink", "leadtransition", "clock", "opportunitycontact", "stagechange", "importedrecord", "externalid",
    "companykey",
}  # fmt: skip
"""Rows that only exist because of the record itself: no sign that somebody works with it."""


class UndoRefusedError(ValueError):
    """The run cannot be undone; the message says why."""


@dataclass(slots=True)
class Undone:
    removed: int = 0
    restored: int = 0
    kept: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why records were kept → how many."""

    def keep(self, reason: str, count: int = 1) -> None:
        self.kept += count
        self.reasons[reason] = self.reasons.get(reason, 0) + count


def undo_import(run: ImportRun, *, by: Actor) -> Undone:
    """Undo a finished or stopped run, newest rows first. Can be repeated when it was interrupted.

    The touchpoints stay in the event store, which forgets nothing, but belong to no person any more.
    Raises NotAllowedError and UndoRefusedError.
    """
    require_import(by, run.unit)
    if not run.has_ended(utc_now()):
        raise UndoRefusedError(f"This import is {run.get_status_display().lower()}; only one that ended can be undone.")
    undone = Undone()
    last = None
    with rare_collections(), rare_checkpoints():
        while records := _newest(run, last):
            with transaction.atomic():
                take_turn()
                _undo_chunk(run, records, undone)
            last = records[-1].pk
    with transaction.atomic():
        run.status, run.undone_at = ImportRun.Status.UNDONE, utc_now()
        run.undo_counts = {"removed": undone.removed, "restored": undone.restored, "kept": undone.kept}
        run.undo_counts |= {"reasons": undone.reasons} if undone.reasons else {}
        run.save(update_fields=["status", "undone_at", "undo_counts"])
        audit(by, "undo_import", run, **{name: value for name, value in run.undo_counts.items() if name != "reasons"})
    return undone


class _Row(NamedTuple):
    """An ImportedRecord without what it was before: of what was made there is nothing before."""

    pk: int
    object_type: str
    object_id: str
    is_created: bool


def _newest(run: ImportRun, before: int | None) -> list[_Row]:
    left = ImportedRecord.objects.filter(run=run).order_by("-pk")
    left = left if before is None else left.filter(pk__lt=before)
    return [_Row(*values) for values in left.values_list(*_Row._fields)[:CHUNK]]


def _undo_chunk(run: ImportRun, rows: Sequence[_Row], undone: Undone) -> None:
    """Changes are set back first, then what was made is removed, children before parents."""
    for record in ImportedRecord.objects.filter(pk__in=[row.pk for row in rows if not row.is_created]).order_by("-pk"):
        _restore(record, undone, run.by_name)
    made: dict[str, list[str]] = {}
    for row in rows:
        if row.is_created:
            made.setdefault(row.object_type, []).append(row.object_id)
    for object_type in sorted(made, key=_DEPTH.index):
        _remove(run, _model(object_type), made[object_type], undone)


_DEPTH = ("opportunity", "lead", "person", "company", "externalid")


def _model(object_type: str) -> type[models.Model]:
    app = {"opportunity": "pipeline", "lead": "leads", "externalid": "sync"}.get(object_type, "people")
    return apps.get_model(app, object_type)


def _restore(record: ImportedRecord, undone: Undone, by_name: str) -> None:
    """Each field gets its former value, unless somebody changed it since."""
    if record.object_type == ADOPTED:
        system, external_id = cast(dict[str, list[str]], record.before)["external_id"]
        ExternalId.objects.filter(system=system, object_type="lead", external_id=external_id).delete()
        return
    if record.object_type == KEYED:
        unit_id, key = cast(dict[str, list[str]], record.before)["key"]
        CompanyKey.objects.filter(unit=UUID(unit_id), key=key).delete()
        return
    row = _model(record.object_type)._default_manager.filter(pk=record.object_id).first()
    if row is None:
        return
    back, later = restorable(row, cast(dict[str, list[Any]], record.before))
    if back:
        _tell_history(row, back, by_name)
        for name, value in back.items():
            setattr(row, name, value)
        row.save(update_fields=list(back))
        if (fact := fact_of(row, utc_now())) is not None:
            record_facts([fact])
    if record.object_type != "externalid":
        undone.restored += bool(back)
    if later:
        undone.keep("changed since by somebody")


def _tell_history(row: models.Model, back: dict[str, object], by_name: str) -> None:
    """A lead or a deal that goes back to where it was says so in its history."""
    note, now = "the import was undone", utc_now()
    if isinstance(row, Lead) and "state" in back:
        LeadTransition.objects.create(
            lead=row, from_state=row.state, to_state=str(back["state"]), by_name=by_name, note=note, at=now
        )
    if isinstance(row, Opportunity) and "outcome" in back:
        to_stage = "reopened" if back["outcome"] == Opportunity.Outcome.OPEN else str(back["outcome"])
        StageChange.objects.create(
            opportunity=row, from_stage=row.outcome, to_stage=to_stage, by_name=by_name, note=note, at=now
        )


def _remove(run: ImportRun, model: type[models.Model], ids: Sequence[str], undone: Undone) -> None:
    rows = list(model._default_manager.filter(pk__in=ids))
    used = _worked_on(run, ids) | _referred_to(model, rows)
    gone = [row for row in rows if str(row.pk) not in used]
    if used_here := len(rows) - len(gone):
        undone.keep("somebody has worked with it since", used_here)
    if not gone:
        return
    keys = [row.pk for row in gone]
    facts = list(_last_facts(model, gone))
    remove_rows(ExternalId, "object_id", [str(key) for key in keys])
    for relation in model._meta.related_objects:
        if relation.related_model._meta.model_name in _GOES_WITH_IT:
            remove_rows(relation.related_model, relation.field.attname, keys)
    remove_rows(model, "id", keys)
    record_facts(facts)
    undone.removed += len(gone)


def _last_facts(model: type[models.Model], gone: Sequence[models.Model]) -> Iterator[Fact]:
    """The last version of records and of what goes with them: no longer there."""
    now = utc_now()
    with_them: list[models.Model] = []
    if model is Person:
        links = IdentityLink.objects.filter(person_id__in=[row.pk for row in gone]).order_by("pk")
        for identity, evidence in links.values_list("identity", "evidence"):
            yield Fact("identity_facts", identity, identity_row(None, evidence), now, True)
    elif model is Opportunity:
        with_them = list(OpportunityContact.objects.filter(opportunity_id__in=[row.pk for row in gone]))
    for row in [*gone, *with_them]:
        if (fact := fact_of(row, now, is_deleted=True)) is not None:
            yield fact


def _worked_on(run: ImportRun, ids: Sequence[str]) -> set[str]:
    """Records with an audit entry, or a row of another import, since the run began."""
    since: datetime = run.started_at
    audited: set[str] = held(AuditEntry, "object_id", ids)
    if audited:
        entries = AuditEntry.objects.filter(object_id__in=audited, at__gte=since)
        audited = set(entries.values_list("object_id", flat=True))
    later = ImportRun.objects.filter(started_at__gt=since, undone_at__isnull=True).exclude(pk=run.pk)
    if not later.exists():
        return audited
    others = ImportedRecord.objects.filter(object_id__in=ids, run__in=later)
    return audited | set(others.values_list("object_id", flat=True))


def _referred_to(model: type[models.Model], rows: Sequence[models.Model]) -> set[str]:
    """Records that rows of other tables still need."""
    used: set[str] = set()
    keys = [row.pk for row in rows]
    for relation in model._meta.related_objects:
        if relation.related_model._meta.model_name in _GOES_WITH_IT:
            continue
        used |= {str(key) for key in held(relation.related_model, relation.field.attname, keys)}
    return used
