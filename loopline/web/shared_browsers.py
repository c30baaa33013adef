"""Whose shared browsers were when, as pages show it: with names as far as the reader may see people."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.people.browser_uses import Stretch, stretches_on
from loopline.people.models import Person

MOST = 30


@dataclass(frozen=True, slots=True)
class ShownStretch:
    since: datetime | None
    """None: from the first event on."""
    until: datetime | None
    """None: until now."""
    person: Person | None
    """The person that remains; None for nobody's, and for somebody the reader may not see."""
    is_somebodys: bool
    reason: str


def shown_stretches(identities: Iterable[str], actor: Actor) -> dict[str, list[ShownStretch]]:
    """By browser, the latest first, at most MOST of each; browsers that are not shared are missing."""
    found = stretches_on(identities)
    ids = {one.use.person.canonical_id for some in found.values() for one in some if one.use.person}
    may_see = actor.may(Permission.SEE_PEOPLE)
    visible = set(Person.objects.visible_to(actor).filter(pk__in=ids)) if ids and may_see else set()
    return {
        identity: [_shown(one, visible) for one in reversed(stretches[-MOST:])] for identity, stretches in found.items()
    }


def _shown(stretch: Stretch, visible: set[Person]) -> ShownStretch:
    person = stretch.use.person.canonical if stretch.use.person else None
    return ShownStretch(
        since=stretch.use.since if stretch.has_beginning else None,
        until=stretch.until,
        person=person if person in visible else None,
        is_somebodys=person is not None,
        reason=stretch.use.reason,
    )
