"""A lead as pages show it: its clock, why it is here, how to reach the person, and what may be done with it."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from loopline.access.actor import Actor
from loopline.access.models import Organisation
from loopline.access.roles import Permission
from loopline.leads.clock import ClockFace, clock_face
from loopline.leads.explore import is_blind
from loopline.leads.hand_off_models import Clock
from loopline.leads.known import consents_of
from loopline.leads.models import Lead
from loopline.leads.reach import Advice, Reachable, best_way
from loopline.leads.states import ALLOWED
from loopline.lib.countries import country_name
from loopline.pipeline.models import Interaction

State, Kind = Lead.State, Clock.Kind
_REFUSABLE = ("phone", "email")


@dataclass(frozen=True, slots=True)
class Evidence:
    clause: str
    reason: str
    tone: str
    """good: met, bad: not met, warn: not known."""

    @property
    def icon(self) -> str:
        return {"good": "check", "bad": "x", "warn": "circle-question-mark"}[self.tone]

    @property
    def verdict(self) -> str:
        return {"good": "met", "bad": "not met", "warn": "not known"}[self.tone]


@dataclass(frozen=True, slots=True)
class LeadCard:
    """One line of the queue."""

    lead: Lead
    face: ClockFace | None
    second: str
    """Job title, company and origin, as far as they are known."""


@dataclass(frozen=True, slots=True)
class Powers:
    """What the one who looks may do with a lead now."""

    can_accept: bool
    can_send_back: bool
    can_ask_for_help: bool
    can_convert: bool
    can_assign: bool
    can_close: bool
    """Recycle or disqualify what was sent back, or what never passed."""
    can_judge: bool
    can_dispute: bool
    can_settle: bool
    can_ask_marketing: bool
    can_answer_sales: bool
    can_pause: bool
    can_resume: bool

    @property
    def are_any(self) -> bool:
        return any(astuple(self))


def lead_cards(leads: Sequence[Lead], now: datetime) -> list[LeadCard]:
    zone = Organisation.current().time_zone
    return [LeadCard(lead, face(lead, now, zone), second_line(lead)) for lead in leads]


def face(lead: Lead, now: datetime, zone: str) -> ClockFace | None:
    """What its clock shows; None where no clock runs."""
    if lead.state != State.HANDED_OVER or lead.due_at is None:
        return None
    if lead.is_paused:
        return ClockFace("paused", "quiet")
    return clock_face(lead.due_at, now, zone)


def second_line(lead: Lead) -> str:
    company = lead.person.company.name if lead.person.company else ""
    return " · ".join(part for part in (lead.person.job_title, company, lead.origin) if part)


def evidence_of(lead: Lead, actor: Actor | None = None) -> list[Evidence]:
    """The verdict on each clause, for this reader (None: the new owner, by mail); none while the unit explores."""
    if is_blind(lead, actor):
        return []
    tones = {True: "good", False: "bad", None: "warn"}
    return [Evidence(one["clause"], one["reason"], tones[one["is_met"]]) for one in lead.evidence]


def who(lead: Lead) -> str:
    """`Head of Operations, Halden Foods (1,200 people, Oslo)`"""
    person, company = lead.person, lead.person.company
    if company is None:
        return person.job_title or person.email or ""
    size = f"{company.employees:,} people" if company.employees else ""
    about = ", ".join(part for part in (size, company.city or country_name(company.country)) if part)
    named = f"{company.name} ({about})" if about else company.name
    return ", ".join(part for part in (person.job_title, named) if part)


def advice_for(lead: Lead) -> Advice:
    person = lead.person
    talks = list(Interaction.objects.filter(person__in=person.known_ids()).values_list("kind", "was_answered", "at"))
    calls = [(was_answered, at) for kind, was_answered, at in talks if kind == Interaction.Kind.CALL]
    refused = [purpose for purpose, is_granted in consents_of(person).items() if not is_granted]
    return best_way(
        Reachable(
            email=person.email or "",
            phone=person.phone,
            refused=frozenset(_REFUSABLE if "contact" in refused else refused),
            answered_hours=[timezone.localtime(at).hour for was_answered, at in calls if was_answered],
            missed_calls=sum(1 for was_answered, _ in calls if not was_answered),
            answered_mails=sum(1 for kind, answered, _ in talks if kind == Interaction.Kind.EMAIL and answered),
        )
    )


def powers(lead: Lead, actor: Actor) -> Powers:
    may_assign = actor.may(Permission.ASSIGN_LEADS)
    is_theirs = may_assign or str(lead.owner_id) == actor.id or may_take(lead, actor)
    works_it = actor.may(Permission.WORK_LEADS) and is_theirs
    ways = ALLOWED[lead.state]
    is_with_marketing = lead.state in {State.NEW, State.MARKETING_QUALIFIED, State.REJECTED}
    return Powers(
        can_accept=works_it and State.ACCEPTED in ways,
        can_send_back=works_it and State.REJECTED in ways,
        can_ask_for_help=works_it and lead.state in {State.HANDED_OVER, State.ACCEPTED},
        can_convert=works_it and State.CONVERTED in ways and actor.may(Permission.EDIT_PIPELINE),
        can_assign=may_assign and State.HANDED_OVER in ways and lead.state != State.REJECTED,
        can_close=may_assign and is_with_marketing and not lead.disputes.filter(resolved_at=None).exists(),
        can_judge=actor.may(Permission.EDIT_PEOPLE) and lead.state == State.NEW,
        **_with_clocks(lead, actor, works_it or may_assign),
    )


def _with_clocks(lead: Lead, actor: Actor, may_pause: bool) -> dict[str, bool]:
    """What may be done about what the sides owe each other."""
    running = list(lead.clocks.running())
    kinds = {one.kind for one in running}
    is_disputed, is_in_work = Kind.DISPUTE in kinds, lead.state in {State.HANDED_OVER, State.ACCEPTED}
    works_it = actor.may(Permission.WORK_LEADS) and str(lead.owner_id) == actor.id
    signs = actor.may(Permission.SIGN_FOR_MARKETING)
    return {
        "can_dispute": signs and lead.state == State.REJECTED and not is_disputed,
        "can_settle": actor.may(Permission.SIGN_FOR_SALES) and is_disputed,
        "can_ask_marketing": works_it and is_in_work and Kind.EVIDENCE not in kinds,
        "can_answer_sales": Kind.EVIDENCE in kinds and signs,
        "can_pause": may_pause and is_in_work and any(one.paused_at is None for one in running),
        "can_resume": may_pause and is_in_work and Kind.EVIDENCE not in kinds and any(one.paused_at for one in running),
    }


@dataclass(frozen=True, slots=True)
class ClockCard:
    """What one side owes for the lead, and how the time stands."""

    clock: Clock
    face: ClockFace
    who: str

    @property
    def is_paused(self) -> bool:
        return self.clock.paused_at is not None and self.clock.stopped_at is None


def clock_cards(lead: Lead, now: datetime, zone: str) -> list[ClockCard]:
    """The running clocks, and those that ran out."""
    shown = lead.clocks.filter(Q(stopped_at=None) | Q(breached_at__isnull=False)).select_related("owner")
    return [_clock_card(clock, now, zone) for clock in shown.order_by("stopped_at", "due_at")]


def _clock_card(clock: Clock, now: datetime, zone: str) -> ClockCard:
    who = clock.owner.name if clock.owner else str(clock.get_side_display())
    if clock.stopped_at is not None:
        return ClockCard(clock, ClockFace("was late", "warn"), who)
    if clock.paused_at is not None:
        return ClockCard(clock, ClockFace("paused", "quiet"), who)
    return ClockCard(clock, clock_face(clock.due_at, now, zone), who)


def may_take(lead: Lead, actor: Actor) -> bool:
    """Whether it waits in a queue this person takes from."""
    return lead.is_pooled and Lead.objects.in_queue_of(actor).filter(pk=lead.pk).exists()
