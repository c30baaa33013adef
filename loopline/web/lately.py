"""What pages about visitors and people ask of the event store, within a time limit; trouble is said, not hidden."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.core.cache import cache

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.people.models import Person
from loopline.reports.visits.visitors import last_seen, visitors_now
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.waiting import waits

T = TypeVar("T")
_REMEMBERED_S = 15
_CARELESS_S = 60
_quiet_until = 0.0


@dataclass(frozen=True, slots=True)
class Told(Generic[T]):
    """An answer, or why there is none."""

    value: T | None
    trouble: str = ""


def ask(question: Callable[[], T]) -> Told[T]:
    """Ask the event store; a page without its answer is still a page, and says what is missing."""
    try:
        return Told(question())
    except StoreError as error:
        return Told(None, str(error))


def units_of(actor: Actor) -> tuple[str, ...] | None:
    return None if actor.sees_all_units else tuple(sorted(str(one) for one in actor.unit_ids))


def seen_lately(people: Iterable[Person], actor: Actor) -> Told[dict[str, datetime]]:
    """When these people were last on a site, by id."""
    ids = [str(person.pk) for person in people]
    return ask(lambda: last_seen(engine(), ids, unit_ids=units_of(actor)))


def remember_now(actor: Actor, visitors: int) -> None:
    """What a page has just counted stands in its navigation, too."""
    cache.set(_now_key(actor), visitors, _REMEMBERED_S)


def _now_key(actor: Actor) -> str:
    return f"visitors_now:{hash(units_of(actor))}"


@waits("visitors")
def people_on_the_sites(actor: Actor) -> str | None:
    """How many are there now. Asked for every page, so remembered for a moment, and dropped when the store is slow."""
    global _quiet_until
    if not actor.may(Permission.SEE_CAMPAIGNS) or time.monotonic() < _quiet_until:
        return None
    units, key = units_of(actor), _now_key(actor)
    known = cache.get(key)
    if known is None:
        told = ask(lambda: visitors_now(engine(), utc_now(), unit_ids=units))
        if told.value is None:
            _quiet_until = time.monotonic() + _CARELESS_S
            return None
        known = told.value
        cache.set(key, known, _REMEMBERED_S)
    return f"{known:,} now" if known else None
