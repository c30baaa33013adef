"""The one screen of a huddle: its cards with their minutes, and what stands on the one that is looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from loopline.access.actor import SYSTEM, Actor
from loopline.access.roles import Permission
from loopline.huddles.agenda import CARD_KEYS, CARDS
from loopline.huddles.definition_desk import days_tried, frozen_moment
from loopline.huddles.models import Huddle
from loopline.leads.clock import span
from loopline.leads.models import Lead
from loopline.pipeline.models import Opportunity
from loopline.web.templatetags.loopline import Column


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    label: str
    minutes: int
    is_shown: bool
    is_shared: bool
    """What everybody looks at now."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the bottleneck card, as the snapshot froze it."""

    label: str
    moves_on: str
    moved: int
    mature: int
    percent: float | None
    change: str
    """Against the period before, in percentage points."""
    median: str
    slow: str
    waiting: int
    lost: int
    lost_minor: int | None
    is_worst: bool
    reasons: Sequence[tuple[str, int]]
    columns: Sequence[Column]
    first: date | None
    last: date | None
    oldest: Sequence[tuple[str, str, int]]
    """(name, address, days)"""

    @property
    def tallest(self) -> int:
        """What the highest column stands for."""
        return max((one.total for one in self.columns), default=0)


@dataclass(frozen=True, slots=True)
class Gauge:
    label: str
    count: int
    tone: str


def gauge(snapshot: Mapping[str, Any]) -> list[Gauge]:
    """How far the hand-overs since the last huddle came."""
    return [
        Gauge("Handed over", snapshot["handed_over"], "quiet"),
        Gauge("In work", snapshot["accepted"], "accent"),
        Gauge("Converted", snapshot["converted"], "good"),
        Gauge("Sent back", snapshot["sent_back"], "bad"),
        Gauge("Waiting for an answer", snapshot["waiting"], "quiet"),
        Gauge("Past their clock", snapshot["overdue"], "bad"),
    ]


def shown_card(found: Huddle, asked: str | None) -> str:
    return asked if asked in CARD_KEYS else found.card if found.card in CARD_KEYS else CARD_KEYS[0]


def tabs(found: Huddle, shown: str) -> list[Tab]:
    planned = found.snapshot.get("agenda", {}).get("cards", {})
    return [
        Tab(card.key, card.label, round(planned.get(card.key, card.minutes)), card.key == shown, card.key == found.card)
        for card in CARDS
    ]


def neighbours(shown: str) -> tuple[str, str]:
    """The cards before and after; empty at the ends."""
    place = CARD_KEYS.index(shown)
    return (CARD_KEYS[place - 1] if place else "", CARD_KEYS[place + 1] if place + 1 < len(CARD_KEYS) else "")


def stages_shown(found: Huddle) -> list[Stage]:
    """Every stage of the frozen bottleneck, in order; nothing where the event store did not answer."""
    return stages_of(found.snapshot.get("bottleneck", {}), found.opened_at, SYSTEM, found.unit_id)


def stages_of(known: Mapping[str, Any], at: datetime, by: Actor, unit_id: UUID | None = None) -> list[Stage]:
    """Stages as `huddles.known.shown` gives them, with names of those who wait longest, as far as `by` sees them."""
    stages = known.get("stages", ())
    names = names_for([key for one in stages for key, _ in one["oldest"]], by, unit_id)
    return [_stage(one, known["worst"], names, at) for one in stages]


def _stage(one: Mapping[str, Any], worst: str, names: Mapping[str, tuple[str, str]], at: datetime) -> Stage:
    part, whole = one["before"]
    percent = 100 * one["moved"] / one["mature"] if one["mature"] else None
    change = "" if percent is None or not whole else f"{percent - 100 * part / whole:+.0f} pt".replace("-", "−")
    cohorts = one["cohorts"]
    oldest = [(*names[key], (at - datetime.fromisoformat(since)).days) for key, since in one["oldest"] if key in names]
    return Stage(
        label=one["label"],
        moves_on=one["moves_on"],
        moved=one["moved"],
        mature=one["mature"],
        percent=percent,
        change=change,
        median=_hours(one["median_hours"]),
        slow=_hours(one["slow_hours"]),
        waiting=one["waiting"],
        lost=one["lost"],
        lost_minor=one["lost_minor"],
        is_worst=one["key"] == worst,
        reasons=[(reason.replace("_", " ") or "no reason given", count) for reason, count in one["reasons"][:4]],
        columns=[
            Column(date.fromisoformat(cohort["on"]).strftime("%b %Y"), cohort["entered"], cohort["moved"])
            for cohort in cohorts
        ],
        first=date.fromisoformat(cohorts[0]["on"]) if cohorts else None,
        last=date.fromisoformat(cohorts[-1]["on"]) if cohorts else None,
        oldest=oldest,
    )


def _hours(hours: float | None) -> str:
    return "—" if hours is None else span(timedelta(hours=hours)) if hours else "under 1 h"


def names_for(keys: Sequence[str], by: Actor, unit_id: UUID | None) -> dict[str, tuple[str, str]]:
    """Names and addresses of the leads and deals among `keys` that `by` may see, and whose people may be named."""
    people, pipeline = by.may(Permission.SEE_PEOPLE), by.may(Permission.SEE_PIPELINE)
    leads = Lead.objects.visible_to(by).filter(pk__in=keys if people else []).select_related("person")
    deals = Opportunity.objects.visible_to(by).filter(pk__in=keys if pipeline else [])
    if unit_id is not None:
        leads, deals = leads.filter(unit=unit_id), deals.filter(unit=unit_id)
    return {str(one.pk): (one.person.display_name, reverse("lead", args=[one.pk])) for one in leads} | {
        str(one.pk): (one.name, reverse("opportunity", args=[one.pk])) for one in deals
    }


def what_if_address(huddle: Huddle) -> str:
    """Where the version that is talked about is tried on the past; where there is none, the page of the definition."""
    open_ones = huddle.snapshot.get("definition", {}).get("open", ())
    if not open_ones:
        return reverse("definition")
    return f"{reverse('definition_what_if', args=[open_ones[0]['id']])}?{what_if_query(huddle)}"


def what_if_query(huddle: Huddle) -> str:
    """For the page of a what-if: the days and the moment of the huddle, which everybody in it looks at."""
    first, last = days_tried(huddle)
    asked = {"first": first.isoformat(), "last": last.isoformat(), "as_of": frozen_moment(huddle).isoformat()}
    return urlencode(asked)
