"""How Loopline's own parts (forms, emails, calls, meetings) report events: into the same inbox as everyone else.

Usable from any thread and from other processes. It returns when the event is on disk.
"""

import os
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from loopline.collect.channels import CHANNELS, NO_VISIT, Visit
from loopline.collect.log import Log
from loopline.collect.refusals import Refused
from loopline.collect.request import Request
from loopline.collect.steps.touch import TOUCH_KINDS

SOURCE_ID = "loopline"
_KINDS = frozenset({"page", "track", "identify", "form", "email", "call", "meeting", "offline", "system"})
_logs: dict[tuple[Path, int], Log] = {}
_lock = threading.Lock()


class OwnEvent(msgspec.Struct, frozen=True):
    """An event that Loopline itself saw. `event_id` makes it count once however often it is reported."""

    event_id: str
    kind: str
    """page, track, identify, form, email, call, meeting, offline or system."""
    name: str
    unit_id: str
    occurred_at: datetime
    touch_kind: str = ""
    """Why it may earn credit, as in the column of `events`; empty = it cannot."""
    person_id: str = ""
    email: str = ""
    visitor_id: str = ""
    session_id: str = ""
    visit: Visit = NO_VISIT
    """Campaign values it belongs to, such as the code of the mailing that was clicked."""
    channel: str = ""
    """A channel group that somebody declared (the mapping of an import); empty: the rules decide."""
    landing_path: str = ""
    """Path of the page the visit began on, where that is known but no visit was seen."""
    url: str = ""
    title: str = ""
    consent: int = 3
    bot_verdict: str = "human"
    source: str = "loopline"
    """email, import, partner, browser or loopline."""
    properties: dict[str, Any] = {}

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"“{self.kind}” is no kind of event; use one of {', '.join(sorted(_KINDS))}")
        if self.touch_kind and self.touch_kind not in TOUCH_KINDS:
            raise ValueError(
                f"“{self.touch_kind}” is no kind of touchpoint; use one of {', '.join(sorted(TOUCH_KINDS))}"
            )
        if self.channel and self.channel not in CHANNELS:
            raise ValueError(f"“{self.channel}” is no channel; use one of {', '.join(CHANNELS)}")
        if self.occurred_at.tzinfo is None:
            raise ValueError("occurred_at needs a time zone")
        if not self.event_id or not self.unit_id:
            raise ValueError("an event needs an id and a business unit")


def report_event(folder: Path, event: OwnEvent) -> None:
    """Put one event into the inbox in `folder` (LOOPLINE_DATA). Returns when it is on disk; raises when it is not."""
    report_events(folder, [event])


def report_events(folder: Path, events: Sequence[OwnEvent]) -> None:
    """Several events in one commit, all or none."""
    append_requests(folder, [own_request(event) for event in events])


def append_requests(folder: Path, requests: Sequence[Request]) -> None:
    """Put requests into the inbox past the collector, durably. Raises sqlite's OperationalError on a full disk."""
    if requests:
        _log(folder).append_now(requests)


def count_refused(folder: Path, refused: Refused) -> None:
    """Count what one of Loopline's own parts had to turn away. Raises sqlite's Error, and then nothing is counted."""
    _log(folder).add_refused(refused)


def close_logs(folder: Path) -> None:
    """Close what this process opened in `folder`, before the folder goes away."""
    with _lock:
        for place in [one for one in _logs if one[0] == folder.absolute()]:
            _logs.pop(place).close()


def _log(folder: Path) -> Log:
    """One connection per folder and process: a connection must not cross a fork."""
    place = (folder.absolute(), os.getpid())
    with _lock:
        if place not in _logs:
            _logs[place] = Log(folder)
        return _logs[place]


def own_request(event: OwnEvent, received_us: int | None = None) -> Request:
    """The event as the inbox keeps it; `received_us` places it in a simulated past, by default now."""
    visit = event.visit
    body = {
        "type": event.kind,
        "messageId": event.event_id,
        "event": event.name,
        "name": event.name,
        "anonymousId": event.visitor_id or None,
        "timestamp": event.occurred_at.isoformat(),
        "properties": event.properties,
        "traits": event.properties,
        "context": {
            "consent": event.consent,
            "campaign": {
                "source": visit.source, "medium": visit.medium, "name": visit.campaign,
                "content": visit.content, "term": visit.term,
            } if visit.says_something else None,
            "page": {"url": event.url, "title": event.title} if event.url or event.title else None,
            "session": {"url": event.landing_path} if event.landing_path else None,
        },
        "loopline": {
            "person_id": event.person_id,
            "email": event.email,
            "touch_kind": event.touch_kind,
            "bot_verdict": event.bot_verdict,
            "source": event.source,
            "session_id": event.session_id,
            "channel": event.channel,
        },
    }  # fmt: skip
    # A call of the event's own kind, so that the body needs no envelope.
    return Request(
        events=1,
        received_us=time.time_ns() // 1000 if received_us is None else received_us,
        source_id=SOURCE_ID,
        unit_id=event.unit_id,
        source="loopline",
        call=event.kind,
        body=msgspec.json.encode(body),
    )
