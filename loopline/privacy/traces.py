"""What a person is found by: their ids, addresses, browsers and names, gathered from the records before they go."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from loopline.campaigns.models import Submission
from loopline.collect.theirs import Theirs
from loopline.leads.models import Lead
from loopline.people.browser_uses import stretches_of
from loopline.people.claims import newest_link, people_named
from loopline.people.models import IdentityClaim, IdentityLink, Person
from loopline.people.stitch import BLOCKED, IdentityKind, parse
from loopline.pipeline.models import Interaction, Opportunity, Task

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_US = 9_000_000_000_000_000_000
_SURE_ID = 16
"""So long is an id that no two senders give to two events."""


@dataclass(slots=True)
class Traces:
    """All plain text, numbers and lists, so that it can be written down until the erasure is finished."""

    person_ids: list[str] = field(default_factory=list)
    """The person that remains first, then those merged into it."""
    names: list[str] = field(default_factory=list)
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    """Identities that are nobody else's: `user:…`, `visitor:…`"""
    released: list[str] = field(default_factory=list)
    """Identities that others came with, too, or that somebody took from them: only what says it is theirs goes."""
    shared: dict[str, list[list[int]]] = field(default_factory=dict)
    """Visitor id of a browser that others used, too → when it was theirs, in microseconds since 1970."""
    lead_ids: list[str] = field(default_factory=list)
    opportunity_ids: list[str] = field(default_factory=list)
    other_ids: list[str] = field(default_factory=list)
    """Of their submissions, interactions and tasks."""
    event_ids: list[str] = field(default_factory=list)
    """Events that say nothing themselves of whose they are."""
    origins: dict[str, str] = field(default_factory=dict)
    """Lead → its origin, where that named them, in words that do not."""

    @property
    def people(self) -> list[UUID]:
        return [UUID(one) for one in self.person_ids]

    @property
    def leads(self) -> list[UUID]:
        return [UUID(one) for one in self.lead_ids]

    @property
    def deals(self) -> list[UUID]:
        return [UUID(one) for one in self.opportunity_ids]

    def values(self, kind: IdentityKind) -> list[str]:
        return [value for one in self.own for found, value in [parse(one)] if found is kind]

    @property
    def visitors(self) -> list[str]:
        return self.values(IdentityKind.VISITOR)

    @property
    def users(self) -> list[str]:
        return self.values(IdentityKind.USER)

    @property
    def theirs(self) -> Theirs:
        """For what the collector keeps."""
        return Theirs(
            person_ids=frozenset(self.person_ids),
            emails=frozenset(self.emails),
            users=frozenset(self.users),
            visitors=frozenset(self.visitors),
            shared={one: tuple((start, end) for start, end in ranges) for one, ranges in self.shared.items()},
            event_ids=frozenset(one for one in self.event_ids if len(one) >= _SURE_ID),
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_traces(said: Mapping[str, Any]) -> Traces:
    return Traces(**said)


def gather(person: Person) -> Traces:
    """What this person and those merged into it are found by, as the records say now."""
    ids = person.known_ids()
    people = list(Person.objects.filter(pk__in=ids))
    own, released = _identities(ids, people)
    found = Traces(
        person_ids=[str(one) for one in ids],
        names=_unique(one.name for one in people),
        phones=_unique([*(one.phone for one in people), *(parse(one)[1] for one in own if one.startswith("phone:"))]),
        emails=_unique([*(one.email or "" for one in people), *(parse(one)[1] for one in own if one[:6] == "email:")]),
        own=own,
        released=released,
        shared=_shared(person, released),
    )
    _add_records(found, ids)
    return found


def _identities(ids: list[UUID], people: list[Person]) -> tuple[list[str], list[str]]:
    """Theirs alone, and those that are others', too."""
    named = {f"email:{one.email}" for one in people if one.email} | {f"person:{one}" for one in ids}
    named |= set(IdentityLink.objects.filter(person__in=ids).values_list("identity", flat=True))
    named |= set(IdentityClaim.objects.filter(person__in=ids).values_list("identity", flat=True))
    users = [one for one in named if one.startswith("user:") and _is_own(one, ids)]
    said_so = IdentityClaim.objects.filter(Q(same_as__in=users) | Q(identity__in=users))
    named |= {one for pair in said_so.values_list("identity", "same_as") for one in pair if one}
    own = sorted(one for one in named if _is_own(one, ids))
    return own, sorted(named - set(own))


def _is_own(identity: str, ids: list[UUID]) -> bool:
    link = newest_link(identity)
    if link is not None and link.person is not None and link.person.canonical_id not in ids:
        return False
    if link is not None and link.person is None and link.evidence in {"manual", BLOCKED}:
        return False
    return not parse(identity)[0].can_be_shared or people_named(identity) <= set(ids)


def _shared(person: Person, released: list[str]) -> dict[str, list[list[int]]]:
    found: dict[str, list[list[int]]] = {}
    for one in stretches_of(person):
        if one.use.identity in released:
            end = _LAST_US if one.until is None else _us(one.until)
            found.setdefault(parse(one.use.identity)[1], []).append([_us(one.use.since), end])
    return found


def _add_records(found: Traces, ids: list[UUID]) -> None:
    leads = list(Lead.objects.filter(person__in=ids).values_list("pk", flat=True))
    deals = Opportunity.objects.filter(Q(lead__in=leads) | Q(contacts__person__in=ids)).distinct()
    submissions = list(Submission.objects.filter(person__in=ids).values_list("pk", "event_id"))
    talks = list(Interaction.objects.filter(person__in=ids).values_list("pk", flat=True))
    tasks = Task.objects.filter(person__in=ids).values_list("pk", flat=True)
    found.lead_ids = [str(one) for one in leads]
    found.opportunity_ids = [str(one) for one in deals.values_list("pk", flat=True)]
    found.other_ids = [str(one) for one in (*(pk for pk, _ in submissions), *talks, *tasks)]
    found.event_ids = [*(event for _, event in submissions if event), *(f"interaction-{pk}" for pk in talks)]


def _unique(texts: Iterable[str]) -> list[str]:
    return sorted({one.strip() for one in texts if one and one.strip()})


def _us(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)
