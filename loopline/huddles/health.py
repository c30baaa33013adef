"""Whether the huddles themselves do their work: loops closed, homework done, promises kept, decisions looked at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from loopline.access.models import BusinessUnit
from loopline.huddles.models import Decision, Homework
from loopline.huddles.reasons import answered_at
from loopline.huddles.trial import OUTCOMES
from loopline.leads.models import DefinitionVersion, Lead
from loopline.pipeline.models import business_day
from loopline.reports.survival import Share

LOOK_BACK = timedelta(days=90)
CLOSED_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Health:
    closed: Share
    """Hand-overs that sales answered within 14 days, of those 14 days old."""
    homework: Share
    """Homework with an answer, of that which was asked for."""
    promises: Share
    """Decisions done, of those due."""
    reviewed: Share
    """Measured decisions with a review, of those whose leads have matured."""
    complaint_days: float | None
    """Median days from the first lead sent back as below a definition to the next version in force."""


def health(unit: BusinessUnit, at: datetime) -> Health:
    """The last 90 days of a unit."""
    since = at - LOOK_BACK
    handed = Lead.objects.filter(unit=unit, handed_over_at__gte=since, handed_over_at__lt=at - CLOSED_WITHIN)
    answers = [_closed_in_time(lead) for lead in handed]
    homework = Homework.objects.filter(series__unit=unit, meeting_at__gte=since, meeting_at__lte=at)
    decisions = list(
        Decision.objects.filter(unit=unit, created_at__gte=since, created_at__lt=at).select_related("task")
    )
    due = [one for one in decisions if one.due_on and one.due_on <= business_day(at)]
    matured = [one for one in decisions if one.outcome and one.starts_at and _has_matured(one, at)]
    return Health(
        closed=Share(sum(answers), len(answers)),
        homework=Share(homework.filter(answered_at__isnull=False).count(), homework.count()),
        promises=Share(sum(one.is_done for one in due), len(due)),
        reviewed=Share(sum(one.reviews.exists() for one in matured), len(matured)),
        complaint_days=_complaint_days(unit, at),
    )


def _closed_in_time(lead: Lead) -> bool:
    answered, handed = answered_at(lead), lead.handed_over_at
    return answered is not None and handed is not None and answered - handed <= CLOSED_WITHIN


def _has_matured(decision: Decision, at: datetime) -> bool:
    assert decision.starts_at is not None
    return decision.starts_at + OUTCOMES[decision.outcome].matures + timedelta(weeks=1) <= at


def _complaint_days(unit: BusinessUnit, at: datetime) -> float | None:
    begun = DefinitionVersion.objects.filter(unit=unit, in_force_from__isnull=False, in_force_from__lte=at)
    waits = []
    for before, after in pairwise(begun.order_by("number")):
        complaints = Lead.objects.filter(
            definition=before, reason=Lead.Reason.BELOW_DEFINITION, rejected_at__lte=after.in_force_from
        )
        first = complaints.order_by("rejected_at").values_list("rejected_at", flat=True).first()
        if first is not None and after.in_force_from is not None:
            waits.append((after.in_force_from - first) / timedelta(days=1))
    return median(waits) if waits else None
