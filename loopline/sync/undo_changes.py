"""Set back what an import changed: a chunk of records is read, changed and written together."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.apps import apps
from django.db import models

from loopline.facts.bulk import insert_records, update_values
from loopline.facts.outbox import Fact, record_facts
from loopline.leads.models import Lead, LeadTransition
from loopline.lib.times import utc_now
from loopline.people.models import CompanyKey
from loopline.pipeline.models import Opportunity, StageChange
from loopline.sync.job import ADOPTED, KEYED
from loopline.sync.models import ExternalId, ImportedRecord
from loopline.sync.undo_facts import Money, fact_of, restorable

_NOTE = "the import was undone"


class SetBack(NamedTuple):
    """How many changes were set back, and how many not (or not wholly) because somebody changed the record since."""

    restored: int
    changed_since: int


def imported_model(object_type: str) -> type[models.Model]:
    app = {"opportunity": "pipeline", "lead": "leads", "externalid": "sync", "costline": "campaigns"}.get(
        object_type, "people"
    )
    return apps.get_model(app, object_type)


def set_back(changes: Sequence[ImportedRecord], by_name: str) -> SetBack:
    """Each field gets its former value, unless somebody changed it since. `changes` come newest first, so that a record
    which the run changed twice ends as it began. In the caller's transaction.
    """
    _take_ids_away([one for one in changes if one.object_type in {ADOPTED, KEYED}])
    restored = changed_since = 0
    written = _Written(by_name)
    by_type: dict[str, list[ImportedRecord]] = {}
    for one in changes:
        if one.object_type not in {ADOPTED, KEYED}:
            by_type.setdefault(one.object_type, []).append(one)
    for object_type, of_type in by_type.items():
        rows = _rows(imported_model(object_type), of_type)
        money = Money(rows.values())
        for change in of_type:
            if (row := rows.get(change.object_id)) is None:
                continue
            back, later = restorable(row, cast(dict[str, list[Any]], change.before))
            if back:
                written.set(row, back, money)
            restored += bool(back) and object_type != "externalid"
            changed_since += bool(later)
    written.store()
    return SetBack(restored, changed_since)


class _Written:
    """What a chunk writes: fields, history and facts."""

    def __init__(self, by_name: str) -> None:
        self._by_name = by_name
        self._now = utc_now()
        self._fields: dict[type[models.Model], dict[str, tuple[models.Model, set[str]]]] = {}
        self._transitions: list[LeadTransition] = []
        self._stages: list[StageChange] = []
        self._facts: list[Fact] = []

    def set(self, row: models.Model, back: dict[str, object], money: Money) -> None:
        self._tell_history(row, back)
        row.__dict__.update(back)
        _, names = self._fields.setdefault(type(row), {}).setdefault(str(row.pk), (row, set()))
        names.update(back)
        if (fact := fact_of(row, self._now, money=money)) is not None:
            self._facts.append(fact)

    def store(self) -> None:
        for model, entries in self._fields.items():
            by_names: dict[tuple[str, ...], list[models.Model]] = {}
            for row, names in entries.values():
                by_names.setdefault(tuple(sorted(names)), []).append(row)
            for together, rows in by_names.items():
                values = [(row.pk, *(row.__dict__[name] for name in together)) for row in rows]
                update_values(model, together, values)
        insert_records(self._transitions)
        insert_records(self._stages)
        record_facts(self._facts)

    def _tell_history(self, row: models.Model, back: dict[str, object]) -> None:
        """A lead or a deal that goes back to where it was says so in its history."""
        said: dict[str, Any] = {"by_name": self._by_name, "note": _NOTE, "at": self._now}
        if isinstance(row, Lead) and "state" in back:
            to_state = str(back["state"])
            self._transitions.append(LeadTransition(lead=row, from_state=row.state, to_state=to_state, **said))
        if isinstance(row, Opportunity) and "outcome" in back:
            to_stage = "reopened" if back["outcome"] == Opportunity.Outcome.OPEN else str(back["outcome"])
            self._stages.append(StageChange(opportunity=row, from_stage=row.outcome, to_stage=to_stage, **said))


def _take_ids_away(given: Sequence[ImportedRecord]) -> None:
    """The ids that a run gave to records which were there before it."""
    adopted: dict[str, list[str]] = {}
    keyed: dict[str, list[str]] = {}
    for one in given:
        before = cast(dict[str, list[str]], one.before)
        ids, (scope, text) = (adopted, before["external_id"]) if one.object_type == ADOPTED else (keyed, before["key"])
        ids.setdefault(scope, []).append(text)
    for system, texts in adopted.items():
        ExternalId.objects.filter(system=system, object_type="lead", external_id__in=texts).delete()
    for unit_id, texts in keyed.items():
        CompanyKey.objects.filter(unit=UUID(unit_id), key__in=texts).delete()


def _rows(model: type[models.Model], changes: Sequence[ImportedRecord]) -> dict[str, models.Model]:
    """Id as text → the record as it is now."""
    found = model._default_manager.filter(pk__in={one.object_id for one in changes})
    return {str(row.pk): row for row in found}
