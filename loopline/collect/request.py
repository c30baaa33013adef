"""What the collector keeps of one HTTP request: the body as it came, and what only the connection knew."""

import msgspec


class Flag:
    """Bits: what the collector learned from headers and from the write key, fixed at the moment of arrival."""

    OPTED_OUT = 1
    """The browser sent Global Privacy Control or Do Not Track."""
    AUTOMATION_ALLOWED = 2
    """The write key counts browsers driven by a program as people (for tests and demos)."""
    REPLAYED = 4
    """Came out of the quarantine again."""
    WRITTEN_HERE = 8
    """Loopline itself wrote down what somebody else did: a followed link, a line of a log."""
    ADDRESS_FORGOTTEN = 16
    """`ip` stood here, and was taken out once its event was stored."""
    PARTS_ERASED = 32
    """Events of a person who was erased stood here; an empty form is in the place of each (`erasing.py`)."""


ERASED_EVENT = b'{"type":"erased"}'
"""What stands in the place of an event that was erased."""


class Request(msgspec.Struct, array_like=True):
    """One accepted request. `body` is readable JSON: an object, whose events are counted in `events`.

    Stored in this field order; new fields go to the end and need a default.
    """

    events: int
    received_us: int
    """Microseconds since 1970, UTC."""
    source_id: str
    """Id of the write key, or `loopline`."""
    unit_id: str
    source: str
    """browser, server, partner or loopline."""
    call: str
    """`batch`, or the single call: track, identify, page, screen, group, alias."""
    body: bytes
    ip: str = ""
    user_agent: str = ""
    flags: int = 0
    place: str = ""
    """What was looked up of an address that is forgotten (`forgotten_places.py`)."""

    @property
    def had_address(self) -> bool:
        return bool(self.ip) or bool(self.flags & Flag.ADDRESS_FORGOTTEN)
