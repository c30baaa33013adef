"""Take a whole import back: what it made goes, what it changed is set back. What people have worked on since stays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from django.apps import apps
from django.db import models, transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import AuditEntry
from loopline.facts.outbox import Fact, record_facts
from loopline.leads.models import Lead, LeadTransition
from loopline.lib.times import utc_now
from loopline.people.fact_rows import identity_row
from loopline.people.models import IdentityLink, Person
from loopline.pipeline.models import Opportunity, OpportunityContact, StageChange
from loopline.sync.importing import require_import
from loopline.sync.job import ADOPTED
from loopline.sync.models import ExternalId, ImportedRecord, ImportRun
from loopline.sync.undo_facts import fact_of, restorable

CHUNK = 2_000
_GOES_WITH_IT = {
    "identitylink", "leadtransition", "opportunitycontact", "stagechange", "importedrecord", "externalid",
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


def _newest(run: ImportRun, before: int | None) -> list[ImportedRecord]:
    left = ImportedRecord.objects.filter(run=run).order_by("-pk")
    return list((left if before is None else left.filter(pk__lt=before))[:CHUNK])


def _undo_chunk(run: ImportRun, records: Sequence[ImportedRecord], undone: Undone) -> None:
    """Changes are set back first, then what was made is removed, children before parents."""
    for record in records:
        if not record.is_created:
            _restore(record, undone, run.by_name)
    made: dict[str, list[ImportedRecord]] = {}
    for record in records:
        if record.is_created:
            made.setdefault(record.object_type, []).append(record)
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


def _remove(run: ImportRun, model: type[models.Model], records: Sequence[ImportedRecord], undone: Undone) -> None:
    ids = [record.object_id for record in records]
    rows = list(model._default_manager.filter(pk__in=ids))
    used = _worked_on(run, ids) | _referred_to(model, rows)
    gone = [row for row in rows if str(row.pk) not in used]
    if used_here := len(rows) - len(gone):
        undone.keep("somebody has worked with it since", used_here)
    if not gone:
        return
    keys = [str(row.pk) for row in gone]
    facts = list(_last_facts(model, gone))
    ExternalId.objects.filter(object_id__in=keys).delete()
    if model is Person:
        IdentityLink.objects.filter(person_id__in=[row.pk for row in gone]).delete()
    model._default_manager.filter(pk__in=keys).delete()
    record_facts(facts)
    undone.removed += len(gone)


def _last_facts(model: type[models.Model], gone: Sequence[models.Model]) -> Iterator[Fact]:
    """The last version of records and of what goes with them: no longer there."""
    now = utc_now()
    with_them: list[models.Model] = []
    if model is Person:
        for link in IdentityLink.objects.filter(person_id__in=[row.pk for row in gone]):
            yield Fact("identity_facts", link.identity, identity_row(None, link.evidence), now, True)
    elif model is Opportunity:
        with_them = list(OpportunityContact.objects.filter(opportunity_id__in=[row.pk for row in gone]))
    for row in [*gone, *with_them]:
        if (fact := fact_of(row, now, is_deleted=True)) is not None:
            yield fact


def _worked_on(run: ImportRun, ids: Sequence[str]) -> set[str]:
    """Records with an audit entry, or a row of another import, since the run began."""
    since: datetime = run.started_at
    audited = AuditEntry.objects.filter(object_id__in=ids, at__gte=since).values_list("object_id", flat=True)
    later = ImportedRecord.objects.filter(object_id__in=ids, run__started_at__gt=since).exclude(run=run)
    others = later.filter(run__undone_at__isnull=True).values_list("object_id", flat=True)
    return set(audited) | set(others)


def _referred_to(model: type[models.Model], rows: Sequence[models.Model]) -> set[str]:
    """Records that rows of other tables still need."""
    used: set[str] = set()
    for relation in model._meta.related_objects:
        if relation.related_model._meta.model_name in _GOES_WITH_IT:
            continue
        name = relation.field.name
        others = relation.related_model._default_manager.filter(**{f"{name}__in": rows})
        used |= {str(pk) for pk in others.values_list(name, flat=True)}
    return used
