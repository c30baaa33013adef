"""Who is who: the decisions about identities, without any database. Linking is what `people.actions` does with them.

An identity is `kind:value`: `visitor:` a browser, `user:` the userId of a site, `email:` a mailbox, `person:` the
person itself, `external:` the id that a system it was imported from gives it, as `external:crm:4711`. The first three
rules of thumb: a mailbox names one person for good; a site's user id stays with the person it first named; a browser
may be shared, so it never makes two people one. An imported id stays with its person as well; no event carries one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

RULE_VERSION = 1
"""Grows when a decision below changes, so that each stored link tells by which rules it was made."""
MAX_LENGTH = 300

Id = TypeVar("Id", UUID, str)


class IdentityKind(StrEnum):
    VISITOR = "visitor"
    USER = "user"
    EMAIL = "email"
    PERSON = "person"
    EXTERNAL = "external"

    @property
    def words(self) -> str:
        """What it is, as people say it."""
        return _WORDS[self]


_WORDS = {
    IdentityKind.VISITOR: "Browser",
    IdentityKind.USER: "User id",
    IdentityKind.EMAIL: "Address",
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
    """It belongs to another person and stays there: two people remain two until someone merges them."""
    MERGE = "merge"
    """The person it belonged to has no e-mail address of its own: it was this person all along."""


@dataclass(frozen=True, slots=True)
class Known:
    """A person as far as the decision needs to know: the remaining one, and whether it has an address."""

    id: UUID
    has_email: bool


def parse(identity: str) -> tuple[IdentityKind, str]:
    """Raises InvalidIdentityError for anything that is not an identity."""
    kind, colon, value = identity.partition(":")
    if not colon or not value or kind not in set(IdentityKind) or len(identity) > MAX_LENGTH:
        raise InvalidIdentityError(f"“{identity[:60]}” is not an identity; write it like visitor:… or email:…")
    return IdentityKind(kind), value


def decide(kind: IdentityKind, belongs_to: Known | None, asked: Known) -> Answer:
    """What to do when evidence says that an identity of `kind` is `asked`, and it belongs to someone or no one."""
    if belongs_to is None:
        return Answer.LINK
    if belongs_to.id == asked.id:
        return Answer.KEEP
    if kind is IdentityKind.USER and not belongs_to.has_email and asked.has_email:
        return Answer.MERGE
    return Answer.CONFLICT


def root(person: Id, parents: Mapping[Id, Id]) -> Id:
    """The person that remains when each of `parents` (merged → remaining) was merged. ValueError for a circle."""
    seen = {person}
    while person in parents:
        person = parents[person]
        if person in seen:
            raise ValueError("these merges go in a circle")
        seen.add(person)
    return person
