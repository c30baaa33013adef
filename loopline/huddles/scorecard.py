"""What became of somebody's hand-overs, or of a partner's: accepted, sent back by code, won, time to answer; and who
may see whose.

People are compared by funnel plots only (`huddles.funnel`): never as a ranking.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

from django.db.models import Q, QuerySet

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import Permission
from loopline.huddles.funnel import Funnel, Point, funnel
from loopline.huddles.known import partners_of_leads
from loopline.huddles.reasons import answered_at
from loopline.leads.clocks import terms_of
from loopline.leads.hand_off_models import HandOffTerms
from loopline.leads.models import Lead

LOOK_BACK = timedelta(days=90)
Sees = HandOffTerms.Sees


@dataclass(frozen=True, slots=True)
class Scorecard:
    handed_over: int
    accepted: int
    sent_back: int
    won: int
    by_code: Sequence[tuple[str, int]]
    """(words of the code, leads), the most frequent first."""
    answer_time: timedelta | None
    """Median from the hand-over to the first answer; None while nothing was answered."""

    @property
    def waiting(self) -> int:
        return self.handed_over - self.accepted - self.sent_back


def scorecard(leads: Iterable[Lead]) -> Scorecard:
    """Of these leads, each with its opportunity."""
    found = list(leads)
    back = [lead for lead in found if _was_sent_back(lead)]
    times = [
        (answered - lead.handed_over_at).total_seconds()
        for lead in found
        if lead.handed_over_at is not None and (answered := answered_at(lead)) is not None
    ]
    return Scorecard(
        handed_over=len(found),
        accepted=sum(_was_accepted(lead) for lead in found),
        sent_back=len(back),
        won=sum(_is_won(lead) for lead in found),
        by_code=Counter(lead.get_reason_display() or "no reason given" for lead in back).most_common(),
        answer_time=timedelta(seconds=median(times)) if times else None,
    )


def partner_cards(unit: BusinessUnit, leads: Iterable[Lead], at: datetime) -> list[tuple[str, Scorecard]]:
    """What became of the leads that each partner brought, partners by name. Raises StoreError."""
    partners, by_partner = partners_of_leads(unit, at), defaultdict(list)
    for lead in leads:
        if partner := partners.get(str(lead.pk)):
            by_partner[partner].append(lead)
    return [(partner, scorecard(brought)) for partner, brought in sorted(by_partner.items())]


def _was_sent_back(lead: Lead) -> bool:
    return lead.rejected_at is not None


def _was_accepted(lead: Lead) -> bool:
    return lead.accepted_at is not None and not _was_sent_back(lead)


def _is_won(lead: Lead) -> bool:
    deal = getattr(lead, "opportunity", None)
    return deal is not None and deal.outcome == deal.Outcome.WON


def handed_to(unit: BusinessUnit, since: datetime, until: datetime) -> QuerySet[Lead]:
    """Hand-overs of the time that have an owner."""
    handed = Lead.objects.filter(unit=unit, handed_over_at__gte=since, handed_over_at__lt=until, owner__isnull=False)
    return handed.select_related("opportunity", "owner")


def visible_people(actor: Actor, unit: BusinessUnit) -> QuerySet[User]:
    """Whose figures the actor may see beside others', as the terms of the unit say; never those of another unit."""
    people = User.objects.filter(units=unit)
    if not actor.covers_unit(unit.pk):
        return people.none()
    if actor.id == "system":
        return people
    sees, own = terms_of(unit).sees, Q(pk=actor.id)
    if sees != Sees.OWN and actor.may(Permission.ASSIGN_LEADS):
        return people
    if sees == Sees.TEAM:
        own |= Q(teams__in=unit.teams.filter(members=UUID(actor.id)))
    return people.filter(own).distinct()


def compared(unit: BusinessUnit, people: Iterable[User], since: datetime, until: datetime) -> Funnel:
    """Share accepted of what `people` answered, against the share of everybody in the unit."""
    accepted: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    names: dict[str, str] = {}
    for lead in handed_to(unit, since, until):
        if lead.owner is not None and answered_at(lead) is not None:
            key = str(lead.owner_id)
            names[key] = lead.owner.name
            answered[key] += 1
            accepted[key] += _was_accepted(lead)
    points = {key: Point(names[key], accepted[key], answered[key]) for key in answered}
    shown = [points[str(one.pk)] for one in people if str(one.pk) in points]
    return funnel(sorted(shown, key=lambda one: one.name), list(points.values()))
