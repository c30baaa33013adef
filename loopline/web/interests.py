"""Interests as pages show them (`visitors/_interests.html`): topics with the pages behind, by the mapping in force."""

from collections.abc import Collection
from dataclasses import dataclass

from loopline.access.actor import Actor
from loopline.access.models import Organisation
from loopline.lib.times import utc_now
from loopline.people.models import Person
from loopline.reports.visits.interests import Interest, Whose, interests
from loopline.reports.visits.topics import Topic
from loopline.store.current import engine
from loopline.web.lately import ask, units_of

MOST_TOPICS = 8


@dataclass(frozen=True, slots=True)
class Interests:
    topics: tuple[Interest, ...]
    """The strongest first, at most `MOST_TOPICS`."""
    more: int
    """How many weaker ones there are."""
    trouble: str = ""
    """Why they could not be worked out."""


def people_interests(people: Collection[Person], actor: Actor) -> Interests:
    """What these people looked at, taken together, in the units the actor may see."""
    ids = tuple(sorted({str(person.canonical_id) for person in people}))
    return _interests(Whose(people=ids, unit_ids=units_of(actor)))


def visitor_interests(visitor_id: str, actor: Actor) -> Interests:
    return _interests(Whose(visitors=(visitor_id,), unit_ids=units_of(actor)))


def _interests(whose: Whose) -> Interests:
    topics = [Topic(*pair) for pair in Organisation.current().topics]
    told = ask(lambda: interests(engine(), whose, topics, now=utc_now()))
    found = told.value or []
    return Interests(tuple(found[:MOST_TOPICS]), max(0, len(found) - MOST_TOPICS), told.trouble)
