"""A stretch of the inbox on its way through the steps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from loopline.collect.channels import NO_VISIT, Visit
from loopline.collect.event_form import NO_CONTEXT, NO_EVENT, Context, EnvelopePart, Event
from loopline.collect.known_ids import KnownId
from loopline.collect.log import Block
from loopline.collect.request import Request
from loopline.collect.settings import Settings as Settings
from loopline.collect.state import State, StateAhead


class Item(msgspec.Struct, gc=False, eq=False):
    """One event on its way: what arrived, and the columns of `events` the steps fill in."""

    seq: int
    request: Request
    raw: bytes
    occurred_us: int
    source: str
    envelope: EnvelopePart | None = None
    event: Event = NO_EVENT
    context: Context = NO_CONTEXT
    known_as: KnownId | None = None
    """By what a repetition will be told, where its sender gave an id."""
    user_agent: str = ""
    corrections: dict[str, object] | None = None
    consent: int = 0
    event_id: str = ""
    kind: str = ""
    name: str = ""
    properties: bytes = b""
    engaged_ms: int | None = None
    visitor_id: str = ""
    user_id: str = ""
    person_id: str = ""
    email: str = ""
    identity: str = ""
    session_id: str = ""
    is_entry: bool = False
    visit: Visit = NO_VISIT
    click_id: str = ""
    touch_kind: str = ""
    channel: str = ""
    channel_rule: str = ""
    page_view_id: str = ""
    url_host: str = ""
    url_path: str = ""
    landing_path: str = ""
    title: str = ""
    country: str = ""
    region: str = ""
    network_company: str = ""
    device: str = ""
    browser: str = ""
    os: str = ""
    bot_verdict: str = ""


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
    state: State | StateAhead
    settings: Settings = field(default_factory=Settings)
    items: list[Item] = field(default_factory=list)
    step: str = ""
    dropped: dict[tuple[str, str], int] = field(default_factory=dict)
    """(source, reason) → events."""
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

    def drop(self, item: Item, reason: str) -> None:
        """Count an event that leaves for good."""
        kind = item.request.source_id, reason
        self.dropped[kind] = self.dropped.get(kind, 0) + 1

    def quarantine(self, item: Item, reason: str, detail: str) -> None:
        """Set an event aside with the reason; it can be mended and replayed."""
        self.quarantined.append(Quarantined(item, self.step, reason, detail))

    def keep(self, is_kept: Callable[[Item], bool]) -> None:
        self.items = [item for item in self.items if is_kept(item)]
