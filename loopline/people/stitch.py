"""Who is who: the decisions about identities, without any database. Linking is what `people.identity` does with them.

An identity is `kind:value`: `visitor:` a browser, `user:` the userId of a site, `email:` a mailbox, `phone:` a number,
`person:` the person itself, `external:` the id that a system it was imported from gives it, as `external:crm:4711`.

One rule for all that can be shared (browser, user id, phone): it belongs to someone only while everything said about
it names one and the same person. What names two belongs to nobody, so two people stay two and nobody gets the visits
of another. The answer depends on what was said and not on the order it arrived in. A mailbox names its own person.
"""

from collections.abc import Collection, Mapping
from enum import IntEnum, StrEnum
from typing import TypeVar
from uuid import UUID

RULE_VERSION = 2
"""Grows when a decision below changes, so that each stored link tells by which rules it was made."""
MAX_LENGTH = 300
HUB_ABOVE = 5
"""An identity that names more people than this is a hub: a shared terminal, or one id that a site sends for all."""

Id = TypeVar("Id", UUID, str)


class IdentityKind(StrEnum):
    VISITOR = "visitor"
    USER = "user"
    EMAIL = "email"
    PHONE = "phone"
    PERSON = "person"
    EXTERNAL = "external"

    @property
    def words(self) -> str:
        """What it is, as people say it."""
        return _WORDS[self]

    @property
    def can_be_shared(self) -> bool:
        return self in {IdentityKind.VISITOR, IdentityKind.USER, IdentityKind.PHONE}


_WORDS = {
    IdentityKind.VISITOR: "Browser",
    IdentityKind.USER: "User id",
    IdentityKind.EMAIL: "Address",
    IdentityKind.PHONE: "Phone",
    IdentityKind.PERSON: "Record",
    IdentityKind.EXTERNAL: "Id in another system",
}


class InvalidIdentityError(ValueError):
    """The text is not `kind:value` with a kind we know."""


class Answer(StrEnum):
    LINK = "link"
    KEEP = "keep"
    """It is linked like this already."""
    CONFLICT = "conflict"
    """It names another person as well: two people remain two until someone merges them."""
    MERGE = "merge"
    """The person it belonged to has no e-mail address of its own: it was this person all along."""
    REFUSED = "refused"
    """Its value says nothing about anybody, or the address is one that several people read."""


class Weight(IntEnum):
    """How much a reason says about a user id. Only the heaviest that was given counts."""

    SELF = 0
    """The user id alone: someone nobody knows more of."""
    SAID = 1
    """Typed into a form while signed in, so perhaps the address of a colleague."""
    KNOWN = 2
    """The site or another system says so."""
    DECIDED = 3
    """Someone who knows said so."""


_WEIGHTS = {"self": Weight.SELF, "form": Weight.SAID, "manual": Weight.DECIDED}
SHARED, HUB, BLOCKED, LIFTED = "shared", "hub", "blocked", "lifted"
"""Reasons for which an identity belongs to nobody; the last: what was said before counts no more."""


def weight(evidence: str) -> Weight:
    return _WEIGHTS.get(evidence, Weight.KNOWN)


def heaviest(said: Collection[tuple[str, Id]]) -> set[Id]:
    """Of (evidence, person) pairs those people that the weightiest evidence names."""
    top = max((weight(evidence) for evidence, _ in said), default=Weight.SELF)
    return {person for evidence, person in said if weight(evidence) == top}


def why_nobody(people: Collection[object]) -> str:
    """The reason for which an identity that names these people belongs to none of them; "" when it names one."""
    if len(people) <= 1:
        return ""
    return HUB if len(people) > HUB_ABOVE else SHARED


def is_certain(kind: IdentityKind, evidence: str) -> bool:
    """Whether a link is as sure as its source; else it is likely: a form may be filled in for somebody else."""
    return kind in {IdentityKind.PERSON, IdentityKind.EMAIL, IdentityKind.EXTERNAL} or weight(evidence) != Weight.SAID


def parse(identity: str) -> tuple[IdentityKind, str]:
    """Raises InvalidIdentityError for anything that is not an identity."""
    kind, colon, value = identity.partition(":")
    if not colon or not value or kind not in set(IdentityKind) or len(identity) > MAX_LENGTH:
        raise InvalidIdentityError(f"“{identity[:60]}” is not an identity; write it like visitor:… or email:…")
    return IdentityKind(kind), value


def root(person: Id, parents: Mapping[Id, Id]) -> Id:
    """The person that remains when each of `parents` (merged → remaining) was merged. ValueError for a circle."""
    seen = {person}
    while person in parents:
        person = parents[person]
        if person in seen:
            raise ValueError("these merges go in a circle")
        seen.add(person)
    return person
