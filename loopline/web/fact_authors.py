"""Who made a change that stands behind a changed figure, as the audit log says it.

A fact carries no author. The action that recorded it wrote an audit entry about the same record at the same moment, so
the entry is found by both. An import has one entry for all its rows; what it took in says so. What has neither, such as
a visit, has no author here.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from loopline.access.models import AuditEntry
from loopline.reports.change.cause_facts import Fact
from loopline.reports.change.causes import Cause
from loopline.sync.models import ImportedRecord, ImportRun

SAME_ACTION = timedelta(seconds=5)
"""Fact and entry of one action take the moment one after the other, each by itself."""


@dataclass(frozen=True, slots=True)
class Author:
    name: str
    verb: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _Trail:
    """The entries of one cause: their verbs (empty: all), the records that they are about, and which of them speak of
    the fact."""

    verbs: tuple[str, ...] = ()
    about: tuple[str, ...] = ("",)
    """Columns of the fact with the id of that record ("" = the fact's own); empty: any record."""
    detail: str = ""
    """What the entry's detail has to name ..."""
    column: str = ""
    """... as this column of the fact does ("" = its own id)."""

    def ids(self, fact: Fact) -> set[str]:
        return {said for column in self.about for said in _said(fact, column)}

    def speaks_of(self, entry: AuditEntry, fact: Fact) -> bool:
        is_about = not self.about or entry.object_id in self.ids(fact)
        return is_about and (not self.detail or str(entry.detail.get(self.detail)) in _said(fact, self.column))


_OWN = (_Trail(),)
_TRAILS: dict[str, tuple[_Trail, ...]] = {
    "opportunities": (*_OWN, _Trail(("convert_opportunities_again",), about=())),
    "refunds": _OWN,
    "contacts": (_Trail(("set_contact", "remove_contact"), ("opportunity_id",), "person", "person_id"),),
    "leads": _OWN,
    "campaigns": (_Trail(("create_campaign", "edit_campaign", "close_campaign")),),
    "activities": (_Trail(("add_activity", "edit_activity", "remove_activity"), ("campaign_id",), "activity", "name"),),
    "costs": (
        _Trail(("add_cost", "edit_cost", "remove_cost"), ("campaign_id", ""), "cost"),
        _Trail(("convert_costs_again",), about=()),
    ),
    "codes": (_Trail(("map_code", "move_code", "unmap_code"), ("campaign_id",), "code", "code"),),
    "definitions": _OWN,
    "experiments": _OWN,
    "models": (_Trail(("saved attribution model", "removed attribution model"), (), "key"),),
    "verdicts": (_Trail(("judged visitor by hand",), (), "visitor"), _Trail(("judged visitors",), about=())),
    "channels": (_Trail(("judged channels again",), about=()),),
    "people": (*_OWN, _Trail(("merge_people", "undo_merge"), ("canonical_id", ""), "merged")),
    "companies": _OWN,
    "identities": (_Trail(("link_identity", "withdraw_identity", "keep_identity"), ("person_id",), "identity"),),
}  # fmt: skip


def authors_of(cause: Cause, facts: Sequence[Fact]) -> dict[str, Author]:
    """Id of the fact → who made its latest change; without those of which nothing says it."""
    dated = {fact.record_id: (fact, fact.changed_at) for fact in facts if fact.changed_at is not None}
    found: dict[str, Author] = {}
    for trail in _TRAILS.get(cause.key, ()) if dated else ():
        for entry in _entries(trail, [fact for fact, _ in dated.values()]):
            for key, (fact, at) in dated.items():
                if abs(entry.at - at) <= SAME_ACTION and trail.speaks_of(entry, fact):
                    found.setdefault(key, Author(entry.actor_name, entry.verb, entry.at))
    return {**_imported(cause, [fact for key, (fact, _) in dated.items() if key not in found]), **found}


def _imported(cause: Cause, facts: Sequence[Fact]) -> dict[str, Author]:
    """Id of the fact → the last import that took a row about it in, unless it changed after that import."""
    trails = (*_OWN, *_TRAILS.get(cause.key, ()))
    ids = {fact.record_id: {one for trail in trails for one in trail.ids(fact)} for fact in facts}
    rows: dict[str, list[ImportedRecord]] = defaultdict(list)
    for row in ImportedRecord.objects.filter(object_id__in=set().union(*ids.values())).select_related("run"):
        rows[row.object_id].append(row)
    found: dict[str, Author] = {}
    for fact in facts:
        took = [row for one in ids[fact.record_id] for row in rows[one] if _took(row.run, fact)]
        if took:
            last = max(took, key=lambda row: row.pk)
            name = f"Import ({last.run.by_name})" if last.run.by_name else "Import"
            found[fact.record_id] = Author(name, "create" if last.is_created else "update", last.run.started_at)
    return found


def _took(run: ImportRun, fact: Fact) -> bool:
    """A row of last year changes a record as of last year, so its moment says only that nothing came after the run."""
    end = run.finished_at or run.progressed_at or run.started_at
    is_in_time = fact.changed_at is not None and fact.changed_at <= end + SAME_ACTION
    return is_in_time and run.started_at - SAME_ACTION <= fact.learned_at


def _entries(trail: _Trail, facts: Sequence[Fact]) -> QuerySet[AuditEntry]:
    """The last first."""
    moments = [fact.changed_at for fact in facts if fact.changed_at is not None]
    entries = AuditEntry.objects.filter(at__gte=min(moments) - SAME_ACTION, at__lte=max(moments) + SAME_ACTION)
    if trail.verbs:
        entries = entries.filter(verb__in=trail.verbs)
    if trail.about:
        entries = entries.filter(object_id__in={one for fact in facts for one in trail.ids(fact)})
    return entries.order_by("-seq")


def _said(fact: Fact, column: str) -> set[str]:
    if not column:
        return {fact.record_id}
    return {str(values[column]) for values in (fact.before, fact.after) if values and values.get(column)}
