"""Take a whole import back: what it made goes, what it changed is set back. What people have worked on since stays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import models, transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import AuditEntry
from loopline.campaigns.models import CostLine
from loopline.facts.bulk import held, remove_rows
from loopline.facts.outbox import Fact, record_facts
from loopline.lib.times import utc_now
from loopline.people.fact_rows import identity_row
from loopline.people.models import IdentityLink, Person
from loopline.pipeline.models import Opportunity, OpportunityContact
from loopline.sync.fields import FileKind
from loopline.sync.importing import rare_checkpoints, rare_collections, require_import
from loopline.sync.models import ExternalId, ImportedRecord, ImportRun
from loopline.sync.undo_changes import imported_model, set_back
from loopline.sync.undo_facts import Money, fact_of

CHUNK = 2_000
_DOWN_TO = "down_to"
"""Among the counts of a run while it is being undone: the key of the last row that was."""
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

    @property
    def counts(self) -> dict[str, Any]:
        """As the run remembers them."""
        counts: dict[str, Any] = {"removed": self.removed, "restored": self.restored, "kept": self.kept}
        return counts | ({"reasons": self.reasons} if self.reasons else {})

    def keep(self, reason: str, count: int = 1) -> None:
        self.kept += count
        self.reasons[reason] = self.reasons.get(reason, 0) + count


def undo_import(run: ImportRun, *, by: Actor) -> Undone:
    """Undo a finished or stopped run, newest rows first. One that was interrupted is repeated and goes on from there.

    The touchpoints stay in the event store, which forgets nothing, but belong to no person any more.
    Raises NotAllowedError and UndoRefusedError.
    """
    require_import(by, run.unit, {FileKind(one["kind"]) for one in run.files})
    if not run.has_ended(utc_now()):
        raise UndoRefusedError(f"This import is {run.get_status_display().lower()}; only one that ended can be undone.")
    undone, last = _begun(run)
    with rare_collections(), rare_checkpoints():
        while records := _newest(run, last):
            with transaction.atomic():
                take_turn()
                _undo_chunk(run, records, undone)
                last = records[-1].pk
                run.undo_counts = {**undone.counts, _DOWN_TO: last}
                run.save(update_fields=["undo_counts"])
    with transaction.atomic():
        run.status, run.undone_at = ImportRun.Status.UNDONE, utc_now()
        run.undo_counts = undone.counts
        run.save(update_fields=["status", "undone_at", "undo_counts"])
        audit(by, "undo_import", run, **{name: value for name, value in run.undo_counts.items() if name != "reasons"})
    return undone


def _begun(run: ImportRun) -> tuple[Undone, int | None]:
    """What was undone before it was interrupted, and the last row of it. Both are stored with each chunk."""
    counts = dict(ImportRun.objects.values_list("undo_counts", flat=True).get(pk=run.pk) or {})
    last = counts.pop(_DOWN_TO, None)
    return Undone(**counts), last


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
    if changed := [row.pk for row in rows if not row.is_created]:
        back = set_back(list(ImportedRecord.objects.filter(pk__in=changed).order_by("-pk")), run.by_name)
        undone.restored += back.restored
        if back.changed_since:
            undone.keep("changed since by somebody", back.changed_since)
    made: dict[str, list[str]] = {}
    for row in rows:
        if row.is_created:
            made.setdefault(row.object_type, []).append(row.object_id)
    for object_type in sorted(made, key=_DEPTH.index):
        _remove(run, imported_model(object_type), made[object_type], undone)


_DEPTH = ("costline", "opportunity", "lead", "person", "company", "externalid")


def _remove(run: ImportRun, model: type[models.Model], ids: Sequence[str], undone: Undone) -> None:
    rows = list(model._default_manager.filter(pk__in=ids))
    used = _worked_on(run, ids) | _referred_to(model, rows)
    if model is CostLine:
        used |= _edited_costs(ids, run.started_at)
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
    money = Money(gone)
    for row in [*gone, *with_them]:
        if (fact := fact_of(row, now, money=money, is_deleted=True)) is not None:
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


def _edited_costs(ids: Sequence[str], since: datetime) -> set[str]:
    """What was done to cost lines is told of their campaign."""
    edits = AuditEntry.objects.filter(verb="edit_cost", at__gte=since).values_list("detail", flat=True)
    return {str(one["cost"]) for one in edits} & set(ids)


def _referred_to(model: type[models.Model], rows: Sequence[models.Model]) -> set[str]:
    """Records that rows of other tables still need."""
    used: set[str] = set()
    keys = [row.pk for row in rows]
    for relation in model._meta.related_objects:
        if relation.related_model._meta.model_name in _GOES_WITH_IT:
            continue
        used |= {str(key) for key in held(relation.related_model, relation.field.attname, keys)}
    return used
