"""The key figures of a huddle: how the hand-over went since the last one."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Sum

from loopline.access.models import BusinessUnit, Organisation
from loopline.huddles.reasons import answered_at, is_overdue
from loopline.leads.clock import business_time
from loopline.leads.models import Lead
from loopline.pipeline.models import Opportunity
from loopline.routing.calendar import office_hours

State = Lead.State


def key_figures(unit: BusinessUnit, leads: Sequence[Lead], since: datetime, at: datetime) -> dict[str, object]:
    """Figures as of `at` of the leads handed over since, and of what was won since. A rate of nothing is None."""
    zone = Organisation.current().time_zone
    answers = [_answer_time(lead, zone).total_seconds() for lead in leads if answered_at(lead)]
    states = Counter(lead.state for lead in leads)
    in_work = states[State.ACCEPTED] + states[State.CONVERTED]
    return {
        "handed_over": len(leads),
        "accepted": in_work,
        "accepted_percent": _percent(in_work, in_work + sum(1 for lead in leads if _was_sent_back(lead))),
        "sent_back": states[State.REJECTED] + states[State.RECYCLED] + states[State.DISQUALIFIED],
        "waiting": states[State.HANDED_OVER],
        "converted": states[State.CONVERTED],
        "overdue": sum(1 for lead in leads if is_overdue(lead, at)),
        "median_answer_minutes": int(median(answers) // 60) if answers else None,
        "reasons": [list(pair) for pair in _reasons(leads)],
        "rejection_clauses": [list(pair) for pair in _rejection_clauses(leads)],
        "failing_clauses": [list(pair) for pair in _weak_clauses(unit, since, at)],
        "new_leads": Lead.objects.filter(unit=unit, created_at__gte=since, created_at__lt=at).count(),
        "without_salesperson": Lead.objects.without_salesperson().filter(unit=unit).count(),
        "won": _won(unit, since, at),
    }


def _was_sent_back(lead: Lead) -> bool:
    """Sales sent it back, whatever marketing has decided about it since."""
    return lead.rejected_at is not None and lead.state in {State.REJECTED, State.RECYCLED, State.DISQUALIFIED}


def _answer_time(lead: Lead, zone: str) -> timedelta:
    """Business time from the hand-over to the answer."""
    answered = answered_at(lead)
    if lead.handed_over_at is None or answered is None:
        raise ValueError("only answered leads have an answer time")
    return business_time(lead.handed_over_at, answered, office_hours(zone))


def _percent(part: int, whole: int) -> int | None:
    return round(100 * part / whole) if whole else None


def _reasons(leads: Sequence[Lead]) -> list[tuple[str, int]]:
    """Why leads came back, the most frequent first."""
    return Counter(lead.get_reason_display() for lead in leads if lead.reason).most_common()


def _rejection_clauses(leads: Sequence[Lead]) -> list[tuple[str, int]]:
    """The clauses that sales named when it sent leads back, the most frequent first."""
    named = (str(lead.reason_detail.get("clause") or "") for lead in leads if _was_sent_back(lead))
    return Counter(clause for clause in named if clause).most_common(5)


def _weak_clauses(unit: BusinessUnit, since: datetime, at: datetime) -> list[tuple[str, int]]:
    """The clauses that kept new leads below the definition, the most frequent first."""
    new = Lead.objects.filter(unit=unit, state=State.NEW, created_at__gte=since, created_at__lt=at)
    missed = Counter(
        str(clause["clause"])
        for evidence in new.values_list("evidence", flat=True)
        for clause in evidence
        if clause["is_met"] is False
    )
    return missed.most_common(5)


def _won(unit: BusinessUnit, since: datetime, at: datetime) -> list[dict[str, object]]:
    """Opportunities won since, one entry a currency."""
    won = Opportunity.objects.filter(unit=unit, outcome=Opportunity.Outcome.WON, closed_at__gte=since, closed_at__lt=at)
    rows = won.values("currency").annotate(count=Count("pk"), amount=Sum("amount_minor")).order_by("currency")
    return [{"currency": row["currency"], "count": row["count"], "amount_minor": row["amount"]} for row in rows]
