"""A stretch of the inbox on its way through the steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from loopline.collect.channels import NO_VISIT, Visit
from loopline.collect.event_form import Context, EnvelopePart, Event
from loopline.collect.log import Block
from loopline.collect.request import Request
from loopline.collect.settings import Settings as Settings
from loopline.collect.state import State


class Item:
    """One event on its way: what arrived, and the columns of `events` the steps fill in."""

    __slots__ = (
        "bot_verdict", "browser", "channel", "channel_rule", "click_id", "consent", "context", "corrections", "device",
        "digest", "email", "engaged_ms", "envelope", "event", "event_id", "identity", "is_entry", "kind",
        "landing_path", "name", "occurred_us", "os", "page_view_id", "person_id", "properties", "raw", "request",
        "seq", "session_id", "source", "title", "touch_kind", "url_host", "url_path", "user_id", "visit", "visitor_id",
    )  # fmt: skip

    event: Event
    context: Context
    digest: tuple[int, int] | None
    engaged_ms: int | None

    def __init__(self, seq: int, request: Request, raw: bytes) -> None:
        self.seq = seq
        self.request = request
        self.raw = raw
        self.envelope: EnvelopePart | None = None
        self.digest = None
        self.engaged_ms = None
        self.occurred_us = request.received_us
        self.corrections: dict[str, object] = {}
        self.consent = 0
        self.is_entry = False
        self.visit: Visit = NO_VISIT
        self.properties = b""
        self.source = request.source
        self.event_id = self.kind = self.name = self.identity = self.visitor_id = self.user_id = ""
        self.person_id = self.email = self.session_id = self.touch_kind = self.channel = self.channel_rule = ""
        self.click_id = self.url_host = self.url_path = self.landing_path = self.title = self.page_view_id = ""
        self.device = self.browser = self.os = self.bot_verdict = ""


@dataclass(frozen=True, slots=True)
class Quarantined:
    item: Item
    step: str
    reason: str
    detail: str


@dataclass(slots=True)
class Work:
    """Events first to last of a load. Steps change `items`; whatever leaves is counted with its reason."""

    blocks: Sequence[Block]
    state: State
    settings: Settings = field(default_factory=Settings)
    items: list[Item] = field(default_factory=list)
    step: str = ""
    dropped: dict[str, int] = field(default_factory=dict)
    quarantined: list[Quarantined] = field(default_factory=list)
    poisoned: frozenset[int] = frozenset()
    """First numbers of requests that made a step fail; they are set aside whole."""
    session_changes: dict[int, str] = field(default_factory=dict)

    @property
    def first_seq(self) -> int:
        return self.blocks[0].first_seq

    @property
    def last_seq(self) -> int:
        return self.blocks[-1].seq

    def drop(self, reason: str) -> None:
        """Count an event that leaves for good."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1

    def quarantine(self, item: Item, reason: str, detail: str) -> None:
        """Set an event aside with the reason; it can be mended and replayed."""
        self.quarantined.append(Quarantined(item, self.step, reason, detail))

    def keep(self, is_kept: Callable[[Item], bool]) -> None:
        self.items = [item for item in self.items if is_kept(item)]
