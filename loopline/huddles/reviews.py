"""Reviews: each measured decision is looked at every week once leads have matured; what was seen is kept for good."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from loopline.access.actor import SYSTEM
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.huddles.bounds import SeenBound
from loopline.huddles.models import Decision, Review
from loopline.huddles.reasons import answered_at
from loopline.huddles.trial import (
    OUTCOMES,
    WEEKS_BEFORE,
    Arm,
    Outcome,
    against_before,
    is_treated,
    judge,
    split_in_two,
    weeks_until_seen,
)
from loopline.leads.models import DefinitionVersion, Lead
from loopline.lib.times import utc_now

WEEK = timedelta(weeks=1)
FOLLOWED_FOR = timedelta(weeks=52)
Design = Decision.Design


def had(outcome: Outcome, lead: Lead) -> bool:
    """Whether a matured lead had the outcome within its time."""
    handed = lead.handed_over_at
    assert handed is not None

    def within(moment: datetime | None) -> bool:
        return moment is not None and moment - handed <= outcome.matures

    match outcome.key:
        case "accepted":
            return within(lead.accepted_at)
        case "sent_back":
            return within(lead.rejected_at)
        case "in_time":
            answered = answered_at(lead)
            return answered is not None and lead.due_at is not None and answered <= lead.due_at
        case "converted":
            return within(lead.converted_at)
        case _:
            deal = getattr(lead, "opportunity", None)
            return deal is not None and deal.outcome == deal.Outcome.WON and within(deal.closed_at)


def _leads(unit: BusinessUnit, since: datetime, until: datetime) -> list[Lead]:
    return list(
        Lead.objects.filter(unit=unit, handed_over_at__gte=since, handed_over_at__lt=until).select_related(
            "opportunity"
        )
    )


def _arm(outcome: Outcome, leads: Iterable[Lead], sign: int = 1) -> Arm:
    verdicts = [had(outcome, lead) for lead in leads]
    return Arm(sum(verdicts), len(verdicts), sign)


def arms_of(decision: Decision, at: datetime) -> list[Arm]:
    """The arms of the decision's design, of leads that have matured. Treated first."""
    outcome, starts = OUTCOMES[decision.outcome], decision.starts_at
    assert starts is not None
    matured = min(at - outcome.matures, held_until(decision, at))
    leads = _leads(decision.unit, starts, matured)
    if decision.design == Design.BEFORE_AFTER:
        return list(_before_and_after(decision, outcome, leads, matured))
    treated = _chooser(decision)
    return [
        _arm(outcome, (lead for lead in leads if treated(lead))),
        _arm(outcome, (lead for lead in leads if not treated(lead)), -1),
    ]


def held_until(decision: Decision, at: datetime) -> datetime:
    """A changed definition holds until the next version, or one that was put back, came into force; else `at`."""
    if decision.definition_id is None or decision.starts_at is None:
        return at
    after = DefinitionVersion.objects.filter(
        unit=decision.unit_id, in_force_from__gt=decision.starts_at, in_force_from__lte=at,
        status__in=[DefinitionVersion.Status.IN_FORCE, DefinitionVersion.Status.SUPERSEDED],
    )  # fmt: skip
    followed = after.exclude(pk=decision.definition_id).order_by("in_force_from")
    return followed.values_list("in_force_from", flat=True).first() or at


def bounds_seen(decision: Decision, at: datetime) -> list[SeenBound]:
    """Guard-rail and condition for taking it back, on the leads it holds for, each as far as they have matured."""
    found = []
    for bound in decision.bounds:
        outcome, starts = OUTCOMES[bound.outcome], decision.starts_at
        assert starts is not None
        matured = min(at - outcome.matures, held_until(decision, at))
        leads: Iterable[Lead] = _leads(decision.unit, starts, matured)
        if decision.design != Design.BEFORE_AFTER:
            leads = filter(_chooser(decision), leads)
        found.append(bound.seen_in(_arm(outcome, leads)))
    return found


def _chooser(decision: Decision) -> Callable[[Lead], bool]:
    if decision.design == Design.RANDOM:
        return lambda lead: is_treated(str(decision.pk), str(lead.pk))
    first = set(decision.treated.values_list("pk", flat=True))
    return lambda lead: lead.owner_id in first


@dataclass(frozen=True, slots=True)
class Trial:
    """A decision that this lead is part of the comparison for."""

    text: str
    is_treated: bool


def trials_of(lead: Lead) -> list[Trial]:
    """What whoever works this lead has to know: which decisions hold for it, and for which it is the comparison."""
    if lead.handed_over_at is None:
        return []
    running = Decision.objects.filter(
        unit=lead.unit_id, design__in=[Design.RANDOM, Design.STAGGERED], starts_at__lte=lead.handed_over_at,
        starts_at__gt=lead.handed_over_at - FOLLOWED_FOR, huddle__closed_at__isnull=False,
    )  # fmt: skip
    return [Trial(one.text, _chooser(one)(lead)) for one in running]


def _before_and_after(decision: Decision, outcome: Outcome, leads: list[Lead], matured: datetime) -> Iterator[Arm]:
    starts = decision.starts_at
    assert starts is not None
    yield _arm(outcome, leads)
    yield _arm(outcome, _leads(decision.unit, starts - WEEKS_BEFORE * WEEK, starts), -1)
    if decision.control_unit is not None:
        yield _arm(outcome, _leads(decision.control_unit, starts, matured), -1)
        yield _arm(outcome, _leads(decision.control_unit, starts - WEEKS_BEFORE * WEEK, starts), 1)


def power_now(unit: BusinessUnit, outcome_key: str, points: int | None, at: datetime) -> dict[str, Any]:
    """What can be said at adoption: the figure so far, the flow, and when a change of that size would show."""
    outcome = OUTCOMES[outcome_key]
    until = at - outcome.matures
    arm = _arm(outcome, _leads(unit, until - WEEKS_BEFORE * WEEK, until))
    per_week = Lead.objects.filter(unit=unit, handed_over_at__gte=at - WEEKS_BEFORE * WEEK, handed_over_at__lt=at)
    flow = per_week.count() / WEEKS_BEFORE
    known: dict[str, Any] = {"baseline": arm.rate if arm.whole else None, "per_week": flow, "points": points}
    if not arm.whole or not points:
        return known | {"weeks": None, "weeks_before_after": None}
    return known | {
        "weeks": weeks_until_seen(arm.rate, points, flow, split_in_two),
        "weeks_before_after": weeks_until_seen(arm.rate, points, flow, against_before(flow)),
    }


@transaction.atomic
def review_decision(decision: Decision, *, at: datetime | None = None) -> Review | None:
    """Look at it and keep what is seen; None while nothing has matured."""
    at = at or utc_now()
    arms = arms_of(decision, at)
    if not all(arm.whole for arm in arms[:2]):
        return None
    take_turn()
    seen = judge(arms, is_more_better=OUTCOMES[decision.outcome].is_more_better)
    treated, control = arms[0], arms[1]
    review = Review.objects.create(
        decision=decision, at=at, verdict=seen.verdict,
        treated_part=treated.part, treated_whole=treated.whole,
        control_part=control.part, control_whole=control.whole,
        effect=_points(seen.effect), low=_points(seen.low), high=_points(seen.high),
        bounds=[one.to_json() for one in bounds_seen(decision, at)],
    )  # fmt: skip
    crossed = [one["sentence"] for one in review.bounds if one["is_crossed"]]
    audit(SYSTEM, "review_decision", decision, at=at, verdict=seen.verdict, effect=review.effect, crossed=crossed)
    return review


def _points(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 2)


def review_due(*, at: datetime | None = None) -> int:
    """Review every measured decision that was not looked at for a week; how many were. A periodic job."""
    at = at or utc_now()
    measured = Decision.objects.filter(
        starts_at__lte=at, starts_at__gt=at - FOLLOWED_FOR, huddle__closed_at__isnull=False
    ).exclude(outcome="")
    due = [one for one in measured.select_related("unit", "control_unit") if _is_due(one, at)]
    return sum(1 for one in due if review_decision(one, at=at))


def _is_due(decision: Decision, at: datetime) -> bool:
    last = decision.reviews.first()
    if last is not None and last.at >= held_until(decision, at) + OUTCOMES[decision.outcome].matures:
        return False  # all leads that it held for were looked at
    begins = decision.starts_at or at
    return at - (last.at if last else begins + OUTCOMES[decision.outcome].matures) >= WEEK
