"""Which leads a huddle talks about and why, and what is frozen of each when it opens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from loopline.access.models import BusinessUnit
from loopline.huddles.agenda import Reason, Topic, agenda
from loopline.huddles.models import HomeworkAnswer as Said
from loopline.huddles.models import Huddle, HuddleLead, HuddleSeries
from loopline.huddles.reasons import Usual, answered_at, is_overdue, reasons_for_lead, reasons_for_older
from loopline.leads.explore import blind_units
from loopline.leads.models import Lead
from loopline.lib.times import utc_now

State = Lead.State
FIRST_LOOK_BACK = timedelta(days=7)
"""How far back the first huddle of a unit or a series looks."""
MOST_OLDER = 500
"""So many older leads are looked at for a reason, the newest first: the page of the next huddle asks each time."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """What a huddle is about: a unit, or the unit, team or partner of a series."""

    unit: BusinessUnit
    series: HuddleSeries | None = None
    partner_leads: frozenset[str] = frozenset()
    """Leads that the partner's campaign brought, as the event store knows them."""

    def held(self) -> QuerySet[Huddle]:
        """Its huddles, newest first. A series about the whole unit takes up where single huddles of the unit ended."""
        own = Q(series=self.series)
        if self.series is not None and self.series.scope == HuddleSeries.Scope.UNIT:
            own |= Q(series__isnull=True)
        return Huddle.objects.filter(own, unit=self.unit).order_by("-opened_at")

    def last(self) -> Huddle | None:
        return self.held().first()

    def since(self, at: datetime | None = None) -> datetime:
        """From when on hand-overs belong to the next huddle: the opening of the last one."""
        last = self.last()
        return last.opened_at if last else (at or utc_now()) - FIRST_LOOK_BACK

    def leads(self) -> QuerySet[Lead]:
        """All leads it is about, whenever they were handed over."""
        found = Lead.objects.filter(unit=self.unit).select_related(
            "person__company", "owner", "definition", "opportunity"
        )
        found = found.prefetch_related("clocks", "disputes")
        if self.series is None or self.series.scope == HuddleSeries.Scope.UNIT:
            return found
        if self.series.scope == HuddleSeries.Scope.TEAM:
            return found.filter(owner__in=self.series.team.all())
        return found.filter(
            Q(pk__in=self.partner_leads) | Q(opportunity__primary_campaign=self.series.campaign)
        ).distinct()

    def older(self, at: datetime) -> QuerySet[Lead]:
        """Handed over before the last huddle and still in somebody's hands, or decided since; the newest first."""
        since = self.since(at)
        in_hand = Q(state__in=[State.HANDED_OVER, State.ACCEPTED, State.REJECTED])
        decided = Q(opportunity__closed_at__gte=since, opportunity__closed_at__lt=at)
        return self.leads().filter(in_hand | decided, handed_over_at__lt=since).order_by("-handed_over_at", "pk")

    def carried_over(self) -> list[Lead]:
        """Leads the last huddle did not get to."""
        last = self.last()
        return list(self.leads().filter(huddle_entries__huddle=last, huddle_entries__disposition="")) if last else []


@dataclass(frozen=True, slots=True)
class Listed:
    lead: Lead
    is_carried: bool
    is_older: bool = False
    """Handed over before the last huddle; only listed where there is time for it."""
    reasons: tuple[Reason, ...] = ()
    is_within: bool = True
    """There is time to talk about it."""
    homework: Mapping[str, str] = field(default_factory=dict)
    """What its salesperson said before the meeting: {"answer", "said", "line", "by"}."""

    is_blind: bool = False
    """Its unit explores below the definition: verdicts stay hidden."""

    def topic(self, usual: Usual) -> Topic:
        return Topic("leads", str(self.lead.pk), self.reasons, usual.lead_worth_minor)


def leads_to_discuss(meeting: Meeting, at: datetime, usual: Usual | None = None) -> list[Listed]:
    """Leads of the next huddle: those with a reason by what talking about them is worth, then the quiet ones.

    Beside what was handed over since the last one, older leads with a reason of today: they are touched for as long as
    they wait for somebody, not once.
    """
    usual = usual or Usual()
    carried = {lead.pk: lead for lead in meeting.carried_over()}
    new = meeting.leads().filter(handed_over_at__gte=meeting.since(at), handed_over_at__lt=at).exclude(pk__in=carried)
    leads = [*carried.values(), *new.order_by("handed_over_at", "pk")]
    said, is_blind = _homework(meeting, at), meeting.unit.pk in blind_units(None)
    listed = [
        Listed(
            lead, lead.pk in carried, homework=(its := said.get(str(lead.pk), {})), is_blind=is_blind,
            reasons=tuple(
                reasons_for_lead(lead, at, usual, is_carried=lead.pk in carried, homework=its.get("answer", ""),
                                 is_blind=is_blind)
            ),
        )
        for lead in leads
    ]  # fmt: skip
    listed += _older(meeting, at, usual, set(carried), said, is_blind=is_blind)
    by_key = {str(one.lead.pk): one for one in listed}
    talked = [by_key[one.topic.key] for one in agenda([one.topic(usual) for one in listed], 0).placed]
    return talked + [one for one in listed if not one.reasons]


def _older(
    meeting: Meeting, at: datetime, usual: Usual, listed: set[UUID], said: Mapping[str, Mapping[str, str]],
    *, is_blind: bool,
) -> Iterator[Listed]:  # fmt: skip
    for lead in meeting.older(at).exclude(pk__in=listed)[:MOST_OLDER]:
        its = said.get(str(lead.pk), {})
        found = reasons_for_older(lead, meeting.since(at), at, usual, homework=its.get("answer", ""), is_blind=is_blind)
        if found:
            yield Listed(lead, is_carried=False, is_older=True, reasons=tuple(found), homework=its, is_blind=is_blind)


def _homework(meeting: Meeting, at: datetime) -> dict[str, Mapping[str, str]]:
    """The latest answer to each lead since the last huddle."""
    answers = Said.objects.filter(homework__series__unit=meeting.unit, at__gte=meeting.since(at), at__lte=at)
    return {
        str(one.lead_id): {
            "answer": one.answer,
            "said": one.get_answer_display(),
            "line": one.line,
            "by": one.homework.user.name,
        }
        for one in answers.select_related("homework__user").order_by("at")
    }


def frozen(listed: Listed, at: datetime) -> dict[str, object]:
    """What everybody looks at during the huddle, as it was when it opened."""
    lead, person, answered = listed.lead, listed.lead.person, answered_at(listed.lead)
    return {
        "person": person.display_name,
        "job_title": person.job_title,
        "company": person.company.name if person.company else "",
        "origin": lead.origin,
        "message": lead.message,
        "state": lead.state,
        "state_label": lead.state_label,
        "owner": lead.owner.name if lead.owner else "",
        "reason": lead.get_reason_display() if lead.reason else "",
        "reason_note": lead.reason_note,
        "help_note": lead.help_note,
        "definition": lead.definition.in_words if lead.definition else "",
        "evidence": [] if listed.is_blind else lead.evidence,
        "handed_over_at": _iso(lead.handed_over_at),
        "due_at": _iso(lead.due_at),
        "answered_at": _iso(answered),
        "is_overdue": is_overdue(lead, at),
        "is_carried_over": listed.is_carried,
        "is_older": listed.is_older,
        "why": [reason.words for reason in listed.reasons],
        "is_within": listed.is_within,
        "homework": dict(listed.homework),
    }


def quiet_entries(huddle: Huddle) -> list[HuddleLead]:
    """Leads without a word that nobody has a reason to talk about."""
    return [entry for entry in huddle.leads.filter(disposition="").select_related("lead") if not entry.is_exception]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
