"""Who used a browser when, once it named more than one person: decided from what was said and when. Pure.

A logout parts a browser in two, as a new visitor id would. A part that named one person is theirs as a whole. In a part
that named several, a person has the browser from half an hour before they were named (a visit goes on while its breaks
are shorter) until the next one is named or somebody logs out. Between two different people, what is within half an hour
of neither cannot be told, nor what is within half an hour of both when no visit has to join them: it is nobody's.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

NEAR = timedelta(minutes=30)
"""As long as a break that ends a visit."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The beginning of a browser's first use: everything before it, too."""

ALONE, NAMED, BEFORE, BETWEEN, SEVERAL, LOGGED_OUT = "alone", "named", "before", "between", "several", "logged_out"
"""Why a use is somebody's (the first two) or nobody's."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody was named on the browser. `person` None: more than one at once, or somebody who cannot be told."""

    at: datetime
    person: UUID | None


@dataclass(frozen=True, slots=True)
class Use:
    """From `since` until the next use begins the browser was this person's, or nobody's that can be told."""

    since: datetime
    person: UUID | None
    why: str


def uses(sightings: Collection[Sighting], logouts: Collection[datetime]) -> list[Use]:
    """The uses of a browser without gaps, the first from EVER on. The order of what is given does not matter."""
    found: list[Use] = []
    for since, seen in _parts(sightings, logouts):
        for use in _of_part(since, seen):
            if not found or (found[-1].person, found[-1].why) != (use.person, use.why):
                found.append(use)
    return found


def _parts(sightings: Collection[Sighting], logouts: Collection[datetime]) -> Iterator[tuple[datetime, list[Sighting]]]:
    """What was seen from each logout to the next, by moment. Two who were named at one moment cannot be told apart."""
    named: dict[datetime, set[UUID | None]] = defaultdict(set)
    for one in sightings:
        named[one.at].add(one.person)
    seen = [Sighting(at, people.pop() if len(people) == 1 else None) for at, people in sorted(named.items())]
    starts = [EVER, *sorted(set(logouts))]
    ends = [*starts[1:], None]
    moments = [one.at for one in seen]
    for since, until in zip(starts, ends, strict=True):
        end = len(seen) if until is None else bisect_left(moments, until)
        yield since, seen[bisect_left(moments, since) : end]


def _of_part(since: datetime, seen: list[Sighting]) -> Iterator[Use]:
    if not seen:
        yield Use(since, None, LOGGED_OUT if since > EVER else BEFORE)
        return
    first = seen[0]
    if len({one.person for one in seen}) == 1:
        yield _named(since, first, ALONE)
        return
    if first.at - NEAR > since:
        yield Use(since, None, BEFORE)
    yield _named(max(since, first.at - NEAR), first)
    for before, after in pairwise(seen):
        if before.person != after.person:
            yield from _change(before, after)


def _change(before: Sighting, after: Sighting) -> Iterator[Use]:
    """Another person than before. Named within one visit, they took turns in it."""
    if after.at - before.at <= NEAR:
        yield _named(after.at, after)
        return
    left, came = sorted([before.at + NEAR, after.at - NEAR])
    if left < came:
        yield Use(left, None, BETWEEN)
    yield _named(came, after)


def _named(since: datetime, seen: Sighting, why: str = NAMED) -> Use:
    return Use(since, seen.person, why if seen.person else SEVERAL)
