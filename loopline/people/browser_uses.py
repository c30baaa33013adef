"""The uses of a shared browser as rows and facts: written anew where what was said asks for others."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from django.db.models import QuerySet

from loopline.facts.outbox import Fact, record_facts
from loopline.lib.times import utc_now
from loopline.people.fact_rows import browser_use_id, browser_use_row
from loopline.people.models import BrowserLogout, BrowserUse, Person
from loopline.people.stitch import RULE_VERSION
from loopline.people.uses import EVER, Sighting, Use, uses

TABLE = "browser_use_facts"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A use with its end."""

    use: BrowserUse
    until: datetime | None
    """When the next use begins; None: no end so far."""

    @property
    def has_beginning(self) -> bool:
        return self.use.since > EVER


def stretches_on(identities: Iterable[str]) -> dict[str, list[Stretch]]:
    """Whose each of these browsers was when, oldest first; without those that are one person's, or nobody's at all."""
    rows = _current().filter(identity__in=list(identities)).select_related("person__merged_into")
    found: dict[str, list[Stretch]] = {}
    for identity, some in groupby(rows.order_by("identity", "since"), key=lambda row: row.identity):
        together = list(some)
        ends = [*(row.since for row in together[1:]), None]
        found[identity] = [Stretch(row, until) for row, until in zip(together, ends, strict=True)]
    return found


def stretches_of(person: Person) -> list[Stretch]:
    """When shared browsers were this person's."""
    own = set(person.known_ids())
    browsers = _current().filter(person__in=own).values_list("identity", flat=True).distinct()
    return [one for some in stretches_on(browsers).values() for one in some if one.use.person_id in own]


def is_shared_browser(identity: str) -> bool:
    return _current().filter(identity=identity).exists()


def _current() -> QuerySet[BrowserUse]:
    return BrowserUse.objects.filter(replaced_at__isnull=True)


def settle_uses(identity: str, sightings: Collection[Sighting], at: datetime | None) -> None:
    """Let the uses of a browser be those that follow from these sightings; none, and it has no uses of its own."""
    wanted: dict[tuple[datetime, UUID | None, str], Use] = {}
    if sightings:
        logouts = BrowserLogout.objects.filter(identity=identity).values_list("at", flat=True)
        wanted = {(one.since, one.person, one.why): one for one in uses(sightings, list(logouts))}
    kept, facts, now = set(), [], utc_now()
    starts = {one.since for one in wanted.values()}
    for row in _current().filter(identity=identity):
        if (row.since, row.person_id, row.why) in wanted:
            kept.add((row.since, row.person_id, row.why))
            continue
        row.replaced_at = now
        row.save(update_fields=["replaced_at"])
        if row.since not in starts:
            facts.append(Fact(TABLE, browser_use_id(row), browser_use_row(row), at or now, is_deleted=True))
    for key, one in wanted.items():
        if key not in kept:
            row = BrowserUse.objects.create(
                identity=identity, since=one.since, person_id=one.person, why=one.why, rule_version=RULE_VERSION,
                recorded_at=now,
            )  # fmt: skip
            facts.append(Fact(TABLE, browser_use_id(row), browser_use_row(row), at or now))
    record_facts(facts)
