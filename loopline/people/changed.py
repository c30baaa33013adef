"""The people whom newly stored rows of the event store are about, found by the indexes of the records."""

from collections.abc import Collection, Iterator
from datetime import datetime
from uuid import UUID

from loopline.lib.batches import batches
from loopline.lib.ids import uuids_in
from loopline.people.models import BrowserUse, IdentityLink, Person
from loopline.rules.changed import changed
from loopline.store.engine import Engine

_AT_ONCE = 5_000
"""So many values go into one question of the records."""
_SELF = "person:"


def changed_people(engine: Engine, since: datetime, as_of: datetime) -> set[str]:
    """Ids of people, as they remain after merges, about whom anything was stored after `since` and up to `as_of`.

    It may name somebody for whom nothing changed, and leaves out nobody for whom something did. Raises StoreError.
    """
    found = changed(engine, since, as_of)
    named = {one.removeprefix(_SELF) for one in found.identities if one.startswith(_SELF)}
    people = set(uuids_in(found.people | named))
    for some in batches(list(found.identities), _AT_ONCE):
        people.update(_linked(some))
    for companies in batches(uuids_in(found.companies), _AT_ONCE):
        people.update(Person.objects.filter(company__in=companies).values_list("pk", flat=True))
    return {str(one) for some in batches(list(people), _AT_ONCE) for one in _remaining(some)}


def _linked(identities: Collection[str]) -> Iterator[UUID]:
    """Whoever these ever belonged to: who lost one changed as well."""
    for model in (IdentityLink, BrowserUse):
        owned = model._default_manager.filter(identity__in=identities, person__isnull=False)
        yield from owned.values_list("person", flat=True)


def _remaining(people: Collection[UUID]) -> Iterator[UUID]:
    for one, merged_into in Person.objects.filter(pk__in=people).values_list("pk", "merged_into"):
        yield merged_into or one
