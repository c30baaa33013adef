"""Which events are one person's, told from the events as they came. Pure.

It goes by what an event says of who it is about: ids, and the person's addresses wherever they stand in it. An address
in somebody else's event makes that event the person's, too: what is left over would still name them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from loopline.collect.email_address import normalise_email
from loopline.collect.event_form import as_text

Ranges = tuple[tuple[int, int], ...]
"""Half-open times in microseconds since 1970."""
_ID_LIMIT = 200


class _Who(msgspec.Struct):
    """The parts of an event that say who it is about."""

    messageId: Any = None  # noqa: N815 - Segment's names
    anonymousId: Any = None  # noqa: N815
    userId: Any = None  # noqa: N815
    previousId: Any = None  # noqa: N815
    loopline: Any = None


_decode = msgspec.json.Decoder(_Who).decode


@dataclass(frozen=True)
class Theirs:
    """What events of the person are told by. Empty: none is."""

    person_ids: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    visitors: frozenset[str] = frozenset()
    shared: Mapping[str, Ranges] = field(default_factory=dict)
    """Browser that others used, too → when it was this person's."""
    event_ids: frozenset[str] = frozenset()
    """Events of theirs that say nothing of it themselves."""

    @cached_property
    def _hint(self) -> re.Pattern[bytes]:
        """What any of their events holds as bytes, unless it is written with escapes."""
        ids = {*self.person_ids, *self.users, *self.visitors, *self.shared, *self.event_ids}
        ids |= {part for email in self.emails for part in (email.partition("@")[0],)}
        return re.compile(b"|".join(sorted(re.escape(one.encode()) for one in ids if one)) or rb"(?!)", re.IGNORECASE)

    def may_be_in(self, body: bytes) -> bool:
        """A quick look; what it says no to holds none of their events."""
        return b"\\" in body or b"%" in body or not body.isascii() or self._hint.search(body) is not None

    def is_about(self, raw: bytes, received_us: int, around: bytes = b"") -> bool:
        """Whether an event is theirs. `around` is what its batch says of all its events."""
        text = _readable(raw) + _readable(around)
        if any(email in text for email in self.emails):
            return True
        try:
            who = _decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError):  # nobody can tell whose it is
            return any(one in text for one in (*self.users, *self.visitors, *self.shared) if len(one) > 5)
        return self._names(who) or self._is_on_shared(who, received_us)

    def _names(self, who: _Who) -> bool:
        user, previous, visitor = (_id(one) for one in (who.userId, who.previousId, who.anonymousId))
        own = who.loopline if isinstance(who.loopline, dict) else {}
        return (
            bool(self.users & {user, previous})
            or bool(self.visitors & {visitor, previous})
            or _id(who.messageId) in self.event_ids
            or str(own.get("person_id", "")) in self.person_ids
            or any(
                "@" in one and normalise_email(one) in self.emails for one in (user, previous, _id(own.get("email")))
            )
        )

    def _is_on_shared(self, who: _Who, received_us: int) -> bool:
        """An event without an id of its own on a shared browser, by when it came."""
        if who.messageId or who.userId:
            return False
        return any(start <= received_us < end for start, end in self.shared.get(_id(who.anonymousId), ()))


def _id(value: object) -> str:
    return as_text(value, _ID_LIMIT) if isinstance(value, str | int | float) else ""


def _readable(raw: bytes) -> str:
    """The text of an event in lower case, with what JSON and addresses of pages escape written out."""
    try:
        said = " ".join(_texts(msgspec.json.decode(raw))) if raw else ""
    except (msgspec.MsgspecError, ValueError, RecursionError):
        said = raw.decode("utf-8", "replace")
    said = said.lower()
    return f"{said} {unquote_plus(said)}" if "%" in said else said


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
