"""Log lines into page events, with an account of every line."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from loopline.collect.access_log.line import LogLine, UnreadableLineError, read_line
from loopline.collect.access_log.pages import Fate, page_path
from loopline.collect.access_log.source import lines_of
from loopline.collect.access_log.visits import Visits
from loopline.collect.forgotten_places import Finder
from loopline.collect.request import Request
from loopline.collect.settings import Settings
from loopline.collect.steps.machines import HUMAN, verdict
from loopline.collect.work import Item

_MOST_REPEATS = 100_000


@dataclass(frozen=True, slots=True)
class AccessLogs:
    """Which logs, and of what."""

    files: Sequence[Path]
    site: str
    """Host of the site, with the port where it has one of its own: `www.example.com`."""
    unit_id: str
    zone: tzinfo | None = None
    """For logs whose times have no offset from UTC."""
    own_hosts: frozenset[str] = frozenset()
    """Never referrers."""
    settings: Settings = field(default_factory=Settings)
    """How addresses are looked up; they themselves are not kept."""

    @property
    def source_id(self) -> str:
        return f"access-log:{self.site}"


class Problem(NamedTuple):
    file: str
    line: int
    reason: str


@dataclass(slots=True)
class Account:
    """What became of the lines: `lines` is always the sum of `fates`."""

    fates: Counter[Fate] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """Why lines could not be read."""
    problems: list[Problem] = field(default_factory=list)
    """The first of them."""
    visits: int = 0
    """Visits of people."""
    first_at: datetime | None = None
    last_at: datetime | None = None
    most_problems: int = 20

    @property
    def lines(self) -> int:
        return self.fates.total()

    @property
    def events(self) -> int:
        return self.fates[Fate.PAGE] + self.fates[Fate.MACHINE]

    def set_aside(self, problem: Problem) -> None:
        self.fates[Fate.UNREADABLE] += 1
        self.reasons[problem.reason] += 1
        if len(self.problems) < self.most_problems:
            self.problems.append(problem)

    def note(self, line: LogLine, *, is_person: bool, is_entry: bool) -> None:
        self.fates[Fate.PAGE if is_person else Fate.MACHINE] += 1
        self.visits += is_entry and is_person
        self.first_at = line.at if self.first_at is None else min(self.first_at, line.at)
        self.last_at = line.at if self.last_at is None else max(self.last_at, line.at)


class PageEvent(NamedTuple):
    event: dict[str, object]
    """As a sender would write it."""
    read_bytes: int
    """How far its file is read."""


def read_pages(asked: AccessLogs, path: Path, visits: Visits, account: Account) -> Iterator[PageEvent]:
    """The page views of one file as events; every line is entered in `account`. Raises LogFileError."""
    names, finder = _Names(asked), Finder(asked.settings)
    for number, data, read_bytes in ((one.number, one.data, one.read_bytes) for one in lines_of(path)):
        try:
            line = read_line(data, asked.zone)
        except UnreadableLineError as error:
            account.set_aside(Problem(path.name, number, str(error)))
            continue
        target = page_path(line, asked.site)
        if isinstance(target, Fate):
            account.fates[target] += 1
            continue
        url = f"https://{asked.site}{target}"
        who = line.address + b"\n" + line.agent.encode()
        visit, is_entry = visits.place(who, line.at.timestamp(), url, line.referrer)
        account.note(line, is_person=is_person(line.agent), is_entry=is_entry)
        context: dict[str, object] = {
            "userAgent": line.agent,
            # Pages of the site itself bring nobody: what brought the visit is said with it.
            "page": {"url": url, "referrer": visit.referrer if is_entry else ""},
            "session": {"entry": is_entry, "url": visit.url, "referrer": visit.referrer},
        }
        event: dict[str, object] = {
            "type": "page", "messageId": names.name(line.rest), "timestamp": line.at, "context": context,
        }  # fmt: skip
        if place := finder.tell(line.address.decode("ascii", "replace"), keeps_network=False):
            context["looplinePlace"] = place
        yield PageEvent(event, read_bytes)


class _Names:
    """A messageId for each line, the same whenever the same file is read, so that it counts once.

    It is made from the line without address and user name: of what is stored nothing leads back to them. Lines that
    are alike (two people open a page in the same second) are numbered as they come in the file.
    """

    def __init__(self, asked: AccessLogs) -> None:
        self._start = blake2b(f"{asked.unit_id}\n{asked.site}\n".encode(), digest_size=16)
        self._times: dict[bytes, int] = {}

    def name(self, rest: bytes) -> str:
        mixed = self._start.copy()
        mixed.update(rest)
        digest = mixed.digest()
        times = self._times.get(digest, 0) + 1
        self._times[digest] = times
        if len(self._times) > _MOST_REPEATS:
            # Lines that are alike have the same second, so they stand close together.
            del self._times[next(iter(self._times))]
        return digest.hex() if times == 1 else f"{digest.hex()}-{times}"


_REQUEST = Request(1, 0, "access-log", "", "browser", "batch", b"")


@lru_cache(maxsize=20_000)
def is_person(agent: str) -> bool:
    """What the step that tells machines says about this agent."""
    return verdict(Item(0, _REQUEST, b"", 0, "browser", user_agent=agent)) == HUMAN
