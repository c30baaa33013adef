"""The moments of a route: what someone did and what was done about it, put in one row. Pure.

Visits come from the event store, everything else from the records. Where both know of one thing (a form sent, a call),
the record speaks and the event is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

DIRECT = "Came directly"
"""Title of a visit that nothing led to."""
WON = "Won"
LOST = "Lost"


@dataclass(frozen=True, slots=True)
class PageSeen:
    title: str
    path: str
    engaged_ms: int | None
    """Time it was visible and in use over the whole visit; None when nobody measured it."""
    scrolled: int | None = None
    """How far down it was seen at most, in percent; None when nobody measured it."""

    @property
    def engaged(self) -> str:
        """`3 min 10 s`; empty when nobody measured it, or when it was less than a second."""
        minutes, seconds = divmod((self.engaged_ms or 0) // 1_000, 60)
        parts = [f"{minutes}\u00a0min" if minutes else "", f"{seconds}\u00a0s" if seconds else ""]
        return "\u00a0".join(part for part in parts if part)


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
    who: str = ""
    """Name of the person, where more than one is on the route."""
    pages: tuple[PageSeen, ...] = ()
    event_id: str = ""
    by: str = ""
    """Who did it, where it was someone of ours."""
    amount_minor: int | None = None
    currency: str = ""

    @property
    def tone(self) -> str:
        """How it is marked: good and bad are verdicts, key is a moment that changed something."""
        if self.kind == "stage" and self.title == WON:
            return "good"
        if self.kind == "refund" or (self.kind == "stage" and self.title == LOST):
            return "bad"
        return "key" if self.emphasis else "quiet"

    @property
    def is_only_pages(self) -> bool:
        """A visit that nothing led to: its pages say more than “came directly”."""
        return self.kind == "visit" and self.title == DIRECT and bool(self.pages)


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


def with_first_visits(moments: Sequence[Moment], known_since: Mapping[str, datetime]) -> list[Moment]:
    """The same, with each person's oldest visit marked as the first, and as unknown when nobody knew then who it was.

    `known_since`: person id → when the person was recorded.
    """
    oldest: dict[str, Moment] = {}
    for moment in moments:
        if moment.kind == "visit" and (moment.person_id not in oldest or moment.at < oldest[moment.person_id].at):
            oldest[moment.person_id] = moment
    first = {id(moment): _first_visit(moment, known_since.get(moment.person_id)) for moment in oldest.values()}
    return [first.get(id(moment), moment) for moment in moments]


def _first_visit(moment: Moment, known_since: datetime | None) -> Moment:
    was_unknown = known_since is not None and moment.at < known_since
    title = "First visit, directly" if moment.title == DIRECT else "First visit from"
    detail = " ".join(part for part in (moment.detail, "(then unknown)" if was_unknown else "") if part)
    return replace(moment, title=title, detail=detail, emphasis=True)


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
