"""The form of an event as senders write it: Segment's fields, plus a few that Loopline's tracker and parts add.

Text fields also take numbers, because senders do. Unknown fields are ignored; a known field of the wrong type
makes the event invalid, and the message names the field.

None of these can be part of a cycle, so the garbage collector need not look at them (`gc=False`): with tens of
thousands alive at once its looking took a quarter of the loader's time.
"""

import msgspec

from loopline.collect.json_text import clean_text

Text = str | int | float | None
_TEXT_LIMIT = 500


class Campaign(msgspec.Struct, omit_defaults=True, gc=False):
    name: Text = None
    source: Text = None
    medium: Text = None
    content: Text = None
    term: Text = None


class Page(msgspec.Struct, omit_defaults=True, gc=False):
    url: Text = None
    path: Text = None
    referrer: Text = None
    title: Text = None
    search: Text = None


class Session(msgspec.Struct, omit_defaults=True, gc=False):
    """What the tracker knows about the visit: its id, and the first page and its referrer."""

    id: Text = None
    entry: bool = False
    url: Text = None
    referrer: Text = None
    number: int | None = None
    """Which event of the visit this is, from 1: a gap is an event that got lost on the way."""


class Context(msgspec.Struct, omit_defaults=True, frozen=True, gc=False):
    userAgent: Text = None  # noqa: N815 - Segment's name
    ip: Text = None
    """Address of the person a server speaks for."""
    looplinePlace: Text = None  # noqa: N815
    """What was looked up of that address, once it is forgotten (`told_place.py`)."""
    campaign: Campaign | None = None
    page: Page | None = None
    session: Session | None = None
    consent: int | dict[str, msgspec.Raw] | None = None
    """A mode, 0 to 3. The categories that Segment's consent tools put here say nothing about it."""
    view: Text = None
    """Id of the page view."""
    webdriver: bool = False
    """The browser says that a program drives it."""
    traits: msgspec.Raw = msgspec.Raw(b"")


class Event(msgspec.Struct, frozen=True, gc=False):
    type: Text = None
    messageId: Text = None  # noqa: N815
    anonymousId: Text = None  # noqa: N815
    userId: Text = None  # noqa: N815
    previousId: Text = None  # noqa: N815
    groupId: Text = None  # noqa: N815
    event: Text = None
    name: Text = None
    properties: msgspec.Raw = msgspec.Raw(b"")
    traits: msgspec.Raw = msgspec.Raw(b"")
    context: Context | None = None
    timestamp: Text = None
    originalTimestamp: Text = None  # noqa: N815
    sentAt: Text = None  # noqa: N815
    engaged: int | None = None
    """Milliseconds the page view was visible and in use so far."""
    scroll: int | None = None
    """How far down the page view was seen so far, in percent."""
    loopline: "OwnPart | None" = None
    """Only believed when Loopline itself reports the event."""


class OwnPart(msgspec.Struct, gc=False):
    """What only Loopline's own parts may say about an event."""

    kind: str = ""
    person_id: str = ""
    email: str = ""
    touch_kind: str = ""
    bot_verdict: str = "human"
    source: str = "loopline"
    session_id: str = ""
    channel: str = ""
    """A channel group somebody declared, such as the mapping of an import; it wins over the rules."""


class EnvelopePart(msgspec.Struct, omit_defaults=True, gc=False):
    """What a batch says about all its events."""

    context: Context | None = None
    sentAt: Text = None  # noqa: N815


class Envelope(msgspec.Struct, gc=False):
    """The body of a batch."""

    batch: list[msgspec.Raw]
    context: Context | None = None
    sentAt: Text = None  # noqa: N815

    @property
    def part(self) -> EnvelopePart:
        return EnvelopePart(self.context, self.sentAt)


decode_envelope = msgspec.json.Decoder(Envelope).decode
decode_event = msgspec.json.Decoder(Event).decode


def merged(event: Context | None, batch: Context | None) -> Context:
    """The context of an event: its own values, and the batch's where it says nothing."""
    if event is None:
        return batch or NO_CONTEXT
    if batch is None:
        return event
    return Context(
        userAgent=event.userAgent if event.userAgent is not None else batch.userAgent,
        ip=event.ip if event.ip is not None else batch.ip,
        looplinePlace=event.looplinePlace if event.looplinePlace is not None else batch.looplinePlace,
        campaign=event.campaign or batch.campaign,
        page=event.page or batch.page,
        session=event.session or batch.session,
        consent=event.consent if event.consent is not None else batch.consent,
        view=event.view if event.view is not None else batch.view,
        webdriver=event.webdriver or batch.webdriver,
        traits=event.traits if bytes(event.traits) else batch.traits,
    )


def as_text(value: Text, limit: int = _TEXT_LIMIT) -> str:
    """A field of an event as clean text; nothing becomes empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        if len(value) <= limit and value.isascii() and "\x00" not in value:
            return value
        return clean_text(value, limit)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return clean_text(str(value), limit)


NO_CONTEXT = Context()
NO_EVENT = Event()
