"""The moments of a route: what someone did and what was done about it, put in one row. Pure.

Visits come from the event store, everything else from the records. Where both know of one thing (a form sent, a call),
the record speaks and the event is left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PageSeen:
    title: str
    path: str
    engaged_ms: int | None
    """Time it was visible and in use over the whole visit; None when nobody measured it."""


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    kind: str
    """visit, form, email, call, meeting, event, note, lead, stage, refund, huddle"""
    title: str
    subject: str = ""
    """What to see first: a campaign, a mail, an amount."""
    detail: str = ""
    emphasis: bool = False
    """A moment that changed something; never folded away."""
    person_id: str = ""
    pages: tuple[PageSeen, ...] = ()
    event_id: str = ""
    by: str = ""
    """Who did it, where it was someone of ours."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Moments in a row, newest first. A folded one is shown as a single line until it is opened."""

    moments: tuple[Moment, ...]
    is_folded: bool

    @property
    def first(self) -> Moment:
        return self.moments[-1]

    @property
    def last(self) -> Moment:
        return self.moments[0]


def merged(events: Iterable[Moment], records: Iterable[Moment]) -> list[Moment]:
    """All moments, newest first. A record takes the place of the event it was reported as, and keeps its person."""
    spoken = list(records)
    known = {moment.event_id for moment in spoken if moment.event_id}
    told = [moment for moment in events if not moment.event_id or moment.event_id not in known]
    return sorted(told + spoken, key=lambda moment: (moment.at, moment.emphasis), reverse=True)


def with_first_visit(moments: Sequence[Moment], known_since: datetime | None) -> list[Moment]:
    """The same, with the oldest visit marked as the first one, and as unknown when nobody knew then who it was."""
    oldest = min((moment for moment in moments if moment.kind == "visit"), key=lambda one: one.at, default=None)
    if oldest is None:
        return list(moments)
    was_unknown = known_since is not None and oldest.at < known_since
    title = "First visit, directly" if oldest.title == DIRECT else "First visit from"
    detail = " ".join(part for part in (oldest.detail, "(then unknown)" if was_unknown else "") if part)
    first = replace(oldest, title=title, detail=detail, emphasis=True)
    return [first if moment is oldest else moment for moment in moments]


def stretches(moments: Sequence[Moment], *, longest: int = 6, ends: int = 2) -> list[Stretch]:
    """The route in stretches: a run of more than `longest` quiet moments is folded, but for `ends` at each end."""
    cut: list[Stretch] = []
    for run in _quiet_runs(moments):
        if run[0].emphasis or len(run) <= longest:
            cut.append(Stretch(tuple(run), is_folded=False))
        else:
            middle = tuple(run[ends:-ends])
            cut += [
                Stretch(tuple(run[:ends]), is_folded=False),
                Stretch(middle, is_folded=True),
                Stretch(tuple(run[-ends:]), is_folded=False),
            ]
    return cut


def _quiet_runs(moments: Sequence[Moment]) -> list[list[Moment]]:
    runs: list[list[Moment]] = []
    for moment in moments:
        if runs and runs[-1][-1].emphasis == moment.emphasis:
            runs[-1].append(moment)
        else:
            runs.append([moment])
    return runs


DIRECT = "Came directly"
"""Title of a visit that nothing led to."""
