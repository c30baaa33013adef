"""What the event store contributes to a huddle, read before it opens: bottlenecks, data quality, routes of deals.

Where it does not answer, the huddle opens all the same and each part says so: nothing becomes a zero.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from loopline.access.actor import SYSTEM
from loopline.access.books import books_for
from loopline.access.models import BusinessUnit
from loopline.huddles.listing import Meeting
from loopline.huddles.models import HuddleSeries
from loopline.huddles.quality import spoilt_figures
from loopline.huddles.reasons import Usual
from loopline.huddles.routes import closed_deals
from loopline.lib.times import local_day
from loopline.reports.bottlenecks.report import Bottlenecks, Question, StageFigures, bottlenecks
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import Options
from loopline.reports.what_if.came_by import came_by, last_rows
from loopline.store.current import engine
from loopline.store.engine import StoreError

LOOK_BACK = timedelta(days=180)
"""Cohorts of half a year: long enough that the later stages are judged."""
PARTNERS_LOOK_BACK = timedelta(days=365)
"""Leads of a year: an older one that is still talked about is rare, and its partner then not named."""
HOUR = timedelta(hours=1)
FRESH_FOR = timedelta(minutes=5)
MOST_KEPT = 200


@dataclass(frozen=True, slots=True)
class Known:
    usual: Usual = field(default_factory=Usual)
    parts: dict[str, Any] = field(default_factory=dict)
    """`bottleneck`, `quality`, `as_of`, `won_deals`, `lost_deals` of the snapshot; {"error"} where one is not known."""


def known_before(meeting: Meeting, at: datetime) -> Known:
    """Everything the store knows for a huddle that opens at `at`."""
    figures = _answered(lambda: _bottlenecks(meeting, at))
    parts = {
        "bottleneck": shown(figures) if isinstance(figures, Bottlenecks) else figures,
        "quality": _answered(lambda: [one.to_json() for one in spoilt_figures(meeting.unit, engine(), at)]),
        "as_of": _answered(lambda: engine().horizon().isoformat()),
        **closed_deals(meeting, at),
    }
    partners = _answered(lambda: partners_of_leads(meeting.unit, at))
    usual = _usual(figures) if isinstance(figures, Bottlenecks) else Usual()
    return Known(replace(usual, partners={} if "error" in partners else partners), parts)


_lately: dict[tuple[str, str, str], tuple[datetime, Known]] = {}


def known_lately(meeting: Meeting, at: datetime) -> Known:
    """The same for the page of the next huddle, worked out every five minutes at most: it is looked at far more often
    than a huddle is opened."""
    erasures = str(_answered(lambda: engine().erasures()))  # what was known before is to be forgotten with the people
    key = (str(meeting.unit.pk), str(meeting.series.pk if meeting.series else ""), erasures)
    worked_out, known = _lately.get(key, (at - FRESH_FOR, Known()))
    if at - worked_out >= FRESH_FOR:
        known = known_before(meeting, at)
        if len(_lately) >= MOST_KEPT:
            _lately.clear()
        _lately[key] = (at, known)
    return known


def partner_leads(series: HuddleSeries | None) -> frozenset[str]:
    """All leads whose last touchpoint is of the partner's campaign. Raises StoreError: a list must not be short."""
    if series is None or series.campaign is None:
        return frozenset()
    asked = Options(by="campaign", unit_ids=frozenset({str(series.unit_id)}))
    rows = last_rows(DIMENSIONS["campaign"].row, asked, engine(), books_for(SYSTEM))
    return frozenset(lead for lead, campaign in rows.items() if campaign == str(series.campaign_id))


def partners_of_leads(unit: BusinessUnit, at: datetime) -> dict[str, str]:
    """Lead → the partner of its last touchpoint; only those that have one. Raises StoreError."""
    books = books_for(SYSTEM)
    today = local_day(at, books.zone)
    asked = Options(first=today - PARTNERS_LOOK_BACK, last=today, unit_ids=frozenset({str(unit.pk)}))
    found = came_by("partner", asked, engine(), books)
    return {lead: partner for lead, partner in found.items() if partner}


def _answered(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except StoreError as error:
        return {"error": f"The event store did not answer: {error}"}


def _bottlenecks(meeting: Meeting, at: datetime) -> Bottlenecks:
    owners = None
    if meeting.series is not None and meeting.series.scope == HuddleSeries.Scope.TEAM:
        owners = frozenset(str(pk) for pk in meeting.series.team.values_list("pk", flat=True))
    books = books_for(SYSTEM)
    today = local_day(at, books.zone)
    asked = Question(today - LOOK_BACK, today, frozenset({str(meeting.unit.pk)}), owners, as_of=at)
    return bottlenecks(asked, engine(), books)


def _usual(figures: Bottlenecks) -> Usual:
    slow = {one.stage.key: one.slow for one in figures.stages if one.slow is not None}
    return Usual(slow, _lead_worth(figures))


def _lead_worth(figures: Bottlenecks) -> int | None:
    accepted = figures.stage("accepted")
    return round(accepted.lost_minor / accepted.lost) if accepted.lost_minor and accepted.lost else None


def shown(figures: Bottlenecks) -> dict[str, Any]:
    """The figures as JSON, as the card, the brief and the minutes read them."""
    worst = figures.bottleneck
    return {
        "worst": worst.stage.key if worst else "",
        "currency": figures.currency,
        "velocity_minor": figures.velocity_minor,
        "as_of": figures.as_of.isoformat(),
        "stages": [_stage(one) for one in figures.stages],
    }


def _stage(one: StageFigures) -> dict[str, Any]:
    return {
        "key": one.stage.key,
        "label": one.stage.label,
        "moves_on": one.stage.moves_on,
        "entered": one.entered,
        "moved": one.mature.part,
        "mature": one.mature.whole,
        "before": [one.before.part, one.before.whole],
        "median_hours": None if one.median is None else one.median / HOUR,
        "slow_hours": None if one.slow is None else one.slow / HOUR,
        "waiting": one.waiting,
        "lost": one.lost,
        "lost_minor": one.lost_minor,
        "reasons": [list(pair) for pair in one.reasons],
        "oldest": [[key, since.isoformat()] for key, since in one.oldest],
        "cohorts": [
            {"on": cohort.began_on.isoformat(), "moved": cohort.share.part, "entered": cohort.share.whole,
             "is_mature": cohort.is_mature}
            for cohort in one.cohorts
        ],
    }  # fmt: skip
