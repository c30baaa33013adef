"""What the steps do with one event, and which dropped or changed it: they run over it once more, in memory.

Nothing is kept of that, so it may be done at any time and as often as one likes. Steps that look back (duplicates,
sessions) see what is known now: for an event before its visitor's latest visit the step of sessions may see less than
it saw then.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter

import msgspec

from loopline.collect.addresses import without_address
from loopline.collect.arrived import Arrived
from loopline.collect.event_form import as_text
from loopline.collect.settings import Settings
from loopline.collect.state import State, StateAhead
from loopline.collect.steps import STEPS
from loopline.collect.steps.sessions import OpenSession
from loopline.collect.work import Item, Work

STORED, DROPPED, SET_ASIDE = "stored", "dropped", "set aside"
_NOT_SHOWN = frozenset({"seq", "request", "raw", "envelope", "event", "context", "known_as", "user_agent", "visit"})
_SHOWN = tuple(name for name in Item.__struct_fields__ if name not in _NOT_SHOWN)
_values_of = attrgetter(*_SHOWN)
_MOMENT = "occurred_us"
_open_session = msgspec.json.Decoder(OpenSession).decode


@dataclass(frozen=True, slots=True)
class Change:
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class StepTrace:
    name: str
    changes: tuple[Change, ...]
    is_end: bool
    """The event left here."""


@dataclass(frozen=True, slots=True)
class Trace:
    id: int
    """Its number in the inbox."""
    source_id: str
    unit_id: str
    received_at: datetime
    is_waiting: bool
    """Not loaded yet: this is what will become of it."""
    message_id: str
    kind: str
    name: str
    place: str
    """Host and path of the page, where it has one."""
    outcome: str
    """stored, dropped or set aside."""
    reason: str
    detail: str
    steps: tuple[StepTrace, ...]
    text: str
    """The event as it came, in lines, without secrets and addresses."""

    @property
    def last_step(self) -> str:
        """Where it left; empty for an event that passed all steps."""
        return next((step.name for step in self.steps if step.is_end), "")


def trace(one: Arrived, state: State, settings: Settings) -> Trace:
    """What becomes of this event in each step, with what is known now."""
    run = _run(one, state, settings)
    outcome, reason, detail = _outcome(run)
    item = run.item
    return Trace(
        id=one.seq,
        source_id=one.request.source_id,
        unit_id=one.request.unit_id,
        received_at=datetime.fromtimestamp(one.request.received_us / 1_000_000, UTC),
        is_waiting=one.seq > state.position(),
        message_id=harmless(item.event_id or as_text(item.event.messageId, 200)) if item else "",
        kind=(item.kind if item else "") or one.request.call,
        name=harmless(item.name) if item else "",
        place=harmless(f"{item.url_host}{item.url_path}") if item else "",
        outcome=outcome,
        reason=reason,
        detail=harmless(detail),
        steps=tuple(run.steps),
        text=event_text(one.raw),
    )


@dataclass(slots=True)
class _Run:
    work: Work
    steps: list[StepTrace] = field(default_factory=list)
    item: Item | None = None
    """The event as the last step left it."""
    failure: str = ""


class _KnownBefore(StateAhead):
    """What was known before an event that may be loaded already: not the session that it began itself."""

    def __init__(self, state: State) -> None:
        super().__init__(state, ())
        self.moment_us = 0
        """When the event happened, as soon as a step has found out."""

    def sessions(self, visitors: Sequence[int]) -> dict[int, str]:
        found = super().sessions(visitors)
        return {key: value for key, value in found.items() if _open_session(value).started_us < self.moment_us}


def _run(one: Arrived, state: State, settings: Settings) -> _Run:
    known = _KnownBefore(state)
    work = Work([one.block], known, settings)
    run = _Run(work)
    request = one.request
    before = _fields(Item(one.seq, request, one.raw, request.received_us, request.source))
    for name, step in STEPS:
        work.step = name
        try:
            step(work)
        except Exception as error:  # noqa: BLE001 - whatever it is, the loader sets such an event aside as well
            run.failure, work.items = f"{type(error).__name__}: {error}", []
        if not work.items:
            run.steps.append(StepTrace(name, (), is_end=True))
            return run
        run.item = work.items[0]
        known.moment_us = run.item.occurred_us
        after = _fields(run.item)
        run.steps.append(StepTrace(name, tuple(_changes(before, after)), is_end=False))
        before = after
    return run


def event_text(raw: bytes) -> str:
    """An event as people may look at it: in lines, without its write key and address, with nothing that acts."""
    try:
        event = json.loads(without_address(raw))
    except (ValueError, RecursionError, AttributeError):
        return harmless(raw.decode("utf-8", "backslashreplace"))
    if isinstance(event, dict):
        event.pop("writeKey", None)
    return harmless(json.dumps(event, ensure_ascii=False, indent=2))


def harmless(text: str) -> str:
    """`text` with every sign that is not seen written out: terminals obey some, and others turn words around."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign == "\n" else f"\\u{ord(sign):04x}" for sign in text)


def _outcome(run: _Run) -> tuple[str, str, str]:
    work = run.work
    if run.failure:
        return SET_ASIDE, "step_failed", run.failure
    if work.quarantined:
        return SET_ASIDE, work.quarantined[0].reason, work.quarantined[0].detail
    if work.items:
        return STORED, "", ""
    return DROPPED, ", ".join(reason for _source, reason in work.dropped), ""


def _fields(item: Item) -> dict[str, object]:
    """What the columns of `events` hold so far."""
    return {**dict(zip(_SHOWN, _values_of(item), strict=True)), **item.visit._asdict()}


def _changes(before: dict[str, object], after: dict[str, object]) -> Iterator[Change]:
    for name, value in after.items():
        if value != before[name]:
            yield Change("occurred_at" if name == _MOMENT else name, _shown(name, before[name]), _shown(name, value))


def _shown(name: str, value: object) -> str:
    if name == _MOMENT and isinstance(value, int):
        return datetime.fromtimestamp(value / 1_000_000, UTC).isoformat(timespec="milliseconds")
    if value is None or value is False or value == b"":
        return ""
    if isinstance(value, bytes):
        return harmless(value.decode("utf-8", "backslashreplace"))
    return harmless(msgspec.json.encode(value).decode() if isinstance(value, dict) else str(value))
