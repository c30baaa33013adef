"""What waits for one person today, as short lists. Each asks one question and is shown only to who can act on it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from loopline.access.actor import Actor
from loopline.access.models import Organisation
from loopline.access.roles import Permission, Role
from loopline.campaigns.models import Campaign, CostLine
from loopline.huddles.models import Decision, Huddle
from loopline.leads.clock import ClockFace
from loopline.leads.hand_off_models import Clock, ClockQuerySet
from loopline.leads.models import Lead
from loopline.leads.watch import adrift
from loopline.lib.times import utc_now
from loopline.pipeline.board import SOON, STILL_AFTER
from loopline.pipeline.models import Opportunity, Task
from loopline.reports.periods import month_start
from loopline.web.lead_card import face

MOST = 6
"""Rows of a list; the rest is one click away."""
_WITH_LEAD = ("person__company", "owner")
SENT_BACK_FOR = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Row:
    url: str
    title: str
    second: str
    pill: str = ""
    tone: str = "quiet"


@dataclass(frozen=True, slots=True)
class Waiting:
    title: str
    icon: str
    rows: tuple[Row, ...]
    count: int
    route: str
    """Where all of them are: a name of the navigation."""
    query: str = ""
    note: str = ""
    """Which of them these are, where figures beside them count others."""


def waiting_for(actor: Actor) -> list[Waiting]:
    """The lists that have something in them, most urgent first."""
    found = [ask(actor) for ask in _QUESTIONS]
    return [one for one in found if one is not None and one.rows]


def leads_to_answer(actor: Actor) -> Waiting | None:
    """Hand-overs without an answer: one's own, or those of the units of who assigns leads."""
    if not (actor.may(Permission.WORK_LEADS) or actor.may(Permission.ASSIGN_LEADS)):
        return None
    waiting = Lead.objects.visible_to(actor).waiting_for_sales()
    if actor.role is Role.SALES:
        waiting = waiting.filter(owner_id=UUID(actor.id))
    now, zone = utc_now(), Organisation.current().time_zone
    rows = (_waiting_lead(lead, actor, face(lead, now, zone)) for lead in waiting.select_related(*_WITH_LEAD)[:MOST])
    return Waiting("Leads waiting for an answer", "inbox", tuple(rows), waiting.count(), "leads")


def _waiting_lead(lead: Lead, actor: Actor, clock: ClockFace | None) -> Row:
    url, words = reverse("lead", args=[lead.pk]), _of_lead(lead, actor)
    return Row(url, lead.person.display_name, words, pill=clock.text if clock else "", tone=clock.tone if clock else "")


def _of_lead(lead: Lead, actor: Actor) -> str:
    owner = lead.owner.name if lead.owner and actor.role is not Role.SALES else ""
    company = lead.person.company.name if lead.person.company else ""
    return _joined(company, lead.origin, owner)


def leads_sent_back(actor: Actor) -> Waiting | None:
    """What sales sent back lately, with the reason: for who agrees on the definition on marketing's side."""
    if not actor.may(Permission.SIGN_FOR_MARKETING):
        return None
    back = Lead.objects.visible_to(actor).filter(state=Lead.State.REJECTED, rejected_at__gte=utc_now() - SENT_BACK_FOR)
    rows = (
        Row(
            reverse("lead", args=[lead.pk]),
            lead.person.display_name,
            _joined(lead.person.company.name if lead.person.company else "", lead.reason_note),
            pill=lead.get_reason_display().lower(),
            tone="warn",
        )
        for lead in back.select_related("person__company").order_by("-rejected_at")[:MOST]
    )
    return Waiting("Sent back by sales", "undo-2", tuple(rows), back.count(), "leads", "?tab=back")


def clocks_that_ran_out(actor: Actor) -> Waiting | None:
    """What was owed and is late: one's own side's; for a salesperson, one's own."""
    late = Clock.objects.visible_to(actor).running().filter(breached_at__isnull=False)
    if actor.role is Role.SALES:
        late = late.filter(owner=UUID(actor.id))
    elif actor.may(Permission.SIGN_FOR_SALES):
        late = late.filter(side__in=_sides(actor))
    elif actor.may(Permission.SIGN_FOR_MARKETING):
        late = late.filter(side=Clock.Side.MARKETING)
    else:
        return None
    # A lead that was not answered stands in the list above already.
    late = late.exclude(kind__in=[Clock.Kind.ANSWER, Clock.Kind.RIPEN])
    rows = (_of_clock(one, "late", "bad") for one in _with_people(late)[:MOST])
    return Waiting("Clocks that ran out", "timer-off", tuple(rows), late.count(), "leads")


def sales_waits_for_marketing(actor: Actor) -> Waiting | None:
    """What sales misses about leads in work: marketing answers."""
    if not actor.may(Permission.SIGN_FOR_MARKETING):
        return None
    asked = Clock.objects.visible_to(actor).running().filter(kind=Clock.Kind.EVIDENCE, breached_at=None)
    rows = (_of_clock(one, "asked", "warn") for one in _with_people(asked)[:MOST])
    return Waiting("Sales waits for you", "message-circle-question-mark", tuple(rows), asked.count(), "leads")


def disputes_to_settle(actor: Actor) -> Waiting | None:
    if not actor.may(Permission.SIGN_FOR_SALES):
        return None
    open_ones = Clock.objects.visible_to(actor).running().filter(kind=Clock.Kind.DISPUTE, breached_at=None)
    rows = (_of_clock(one, "disputed", "warn") for one in _with_people(open_ones)[:MOST])
    return Waiting("Disputes to settle", "scale", tuple(rows), open_ones.count(), "leads", "?tab=back")


def leads_to_take(actor: Actor) -> Waiting | None:
    """Leads in queues of one's own, the shortest clock first."""
    if actor.role is not Role.SALES:
        return None
    found = Lead.objects.in_queue_of(actor)
    now, zone = utc_now(), Organisation.current().time_zone
    rows = (_waiting_lead(lead, actor, face(lead, now, zone)) for lead in found.select_related(*_WITH_LEAD)[:MOST])
    return Waiting("Leads to take", "inbox", tuple(rows), found.count(), "leads", "?tab=queue")


def leads_adrift(actor: Actor) -> Waiting | None:
    """Leads that nobody has and nothing is owed for: there should never be one for more than a minute."""
    if not actor.may(Permission.ASSIGN_LEADS):
        return None
    found = adrift(actor)
    rows = (
        Row(
            reverse("lead", args=[lead.pk]),
            lead.person.display_name,
            lead.state_label,
            pill="nobody has it",
            tone="bad",
        )
        for lead in found.select_related(*_WITH_LEAD)[:MOST]
    )
    return Waiting("Leads that nobody has", "circle-alert", tuple(rows), found.count(), "leads", "?tab=all&whose=all")


def _sides(actor: Actor) -> list[str]:
    return list(Clock.Side.values) if actor.may(Permission.SIGN_FOR_MARKETING) else [Clock.Side.SALES]


def _with_people(clocks: ClockQuerySet) -> ClockQuerySet:
    return clocks.select_related("lead__person__company", "owner").order_by("due_at")


def _of_clock(clock: Clock, pill: str, tone: str) -> Row:
    who = clock.owner.name if clock.owner else clock.get_side_display()
    name = clock.lead.person.display_name
    return Row(reverse("lead", args=[clock.lead_id]), name, _joined(who, clock.get_kind_display()), pill, tone)


def tasks_due(actor: Actor) -> Waiting | None:
    if not actor.may(Permission.WORK_TASKS):
        return None
    today = timezone.localdate()
    due = Task.objects.visible_to(actor).filter(owner_id=UUID(actor.id), done_at=None, due_on__lte=today)
    rows = (
        Row(
            reverse("opportunity", args=[task.opportunity_id]) if task.opportunity_id else reverse("tasks"),
            task.title,
            task.opportunity.name if task.opportunity else task.person.display_name if task.person else "",
            pill="overdue" if task.due_on and task.due_on < today else "today",
            tone="bad" if task.due_on and task.due_on < today else "warn",
        )
        for task in due.select_related("opportunity", "person")[:MOST]
    )
    return Waiting("Tasks", "circle-check", tuple(rows), due.count(), "tasks")


def deals_that_need_help(actor: Actor) -> Waiting | None:
    if not (actor.may(Permission.ASSIGN_LEADS) and actor.may(Permission.SEE_PIPELINE)):
        return None
    stuck = Opportunity.objects.open().visible_to(actor).filter(needs_help=True)
    rows = (
        _of_opportunity(one, pill="needs help", tone="warn")
        for one in stuck.select_related("company", "owner").order_by("stage_entered_at")[:MOST]
    )
    return Waiting("Deals that need help", "life-buoy", tuple(rows), stuck.count(), "pipeline_list", "?help=1")


def deals_that_close(actor: Actor) -> Waiting | None:
    """One's own deals that should close within a week, or should have."""
    if not actor.may(Permission.WORK_LEADS):
        return None
    today = timezone.localdate()
    closing = (
        Opportunity.objects.open()
        .visible_to(actor)
        .filter(owner_id=UUID(actor.id), expected_close_on__lte=today + SOON)
    )
    rows = (
        _of_opportunity(one, pill="late" if one.expected_close_on and one.expected_close_on < today else "this week")
        for one in closing.select_related("company", "owner").order_by("expected_close_on")[:MOST]
    )
    query = f"?closing=soon&owner={actor.id}"
    return Waiting("Deals about to close", "flag", tuple(rows), closing.count(), "pipeline_list", query)


def deals_gone_quiet(actor: Actor) -> Waiting | None:
    """Open deals that have stood in their stage for long, the longest first: one's own, or those of one's units."""
    if not actor.may(Permission.WORK_LEADS):
        return None
    now = utc_now()
    quiet, query = Opportunity.objects.open().visible_to(actor), "?still=1&sort=age"
    quiet = quiet.filter(stage_entered_at__lt=now - STILL_AFTER)
    if actor.role is Role.SALES:
        quiet, query = quiet.filter(owner_id=UUID(actor.id)), f"{query}&owner={actor.id}"
    rows = (
        _of_opportunity(one, pill=f"{(now - one.stage_entered_at).days} days")
        for one in quiet.select_related("company", "owner").order_by("stage_entered_at")[:MOST]
    )
    return Waiting("Deals that stand still", "hourglass", tuple(rows), quiet.count(), "pipeline_list", query)


def _of_opportunity(one: Opportunity, *, pill: str, tone: str = "quiet") -> Row:
    company = one.company.name if one.company and one.company.name not in one.name else ""
    second = _joined(company, one.get_stage_display(), one.owner.name if one.owner else "")
    return Row(reverse("opportunity", args=[one.pk]), one.name, second, pill=pill, tone=tone)


def decisions_to_carry_out(actor: Actor) -> Waiting | None:
    if not actor.may(Permission.SEE_HUDDLE):
        return None
    today = timezone.localdate()
    mine = Decision.objects.visible_to(actor).filter(owner_id=UUID(actor.id), done_at=None)
    rows = (
        Row(
            reverse("huddle", args=[decision.huddle_id]),
            decision.text,
            decision.expected_effect,
            pill="late" if decision.due_on and decision.due_on < today else "",
            tone="bad",
        )
        for decision in mine.order_by("due_on")[:MOST]
    )
    return Waiting("Decisions to carry out", "gavel", tuple(rows), mine.count(), "huddles")


def open_huddles(actor: Actor) -> Waiting | None:
    if not actor.may(Permission.SEE_HUDDLE):
        return None
    running = Huddle.objects.visible_to(actor).filter(closed_at=None)
    rows = (
        Row(reverse("huddle", args=[huddle.pk]), huddle.unit.name, f"opened by {huddle.opened_by_name}", pill="open")
        for huddle in running.select_related("unit")[:MOST]
    )
    return Waiting("Huddle", "messages-square", tuple(rows), running.count(), "huddles")


def campaigns_without_cost(actor: Actor) -> Waiting | None:
    """Running campaigns that have no actual cost this month: their ROMI would be too good or undefined.

    The cost of the month is incomplete only for those that people came by, which the event store knows; this list is
    there without it, and says so.
    """
    if not actor.may(Permission.EDIT_COSTS):
        return None
    first = timezone.localdate().replace(day=1)
    this_month = {"starts_on__lt": month_start(first, 1), "ends_on__gte": first}
    booked = CostLine.objects.filter(campaign=OuterRef("pk"), kind=CostLine.Kind.ACTUAL, **this_month)
    bare = Campaign.objects.visible_to(actor).filter(status=Campaign.Status.RUNNING).exclude(Exists(booked))
    rows = (
        Row(reverse("campaign", args=[campaign.pk]), campaign.name, campaign.channel, pill="no cost this month")
        for campaign in bare[:MOST]
    )
    note = (
        "All that run. What is incomplete in the figures of this month counts those that people came by in it, also "
        "when they run no longer."
    )
    return Waiting("Campaigns without a cost", "receipt", tuple(rows), bare.count(), "campaigns", note=note)


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


_QUESTIONS: Iterable[Callable[[Actor], Waiting | None]] = (
    leads_adrift,
    leads_to_answer,
    leads_to_take,
    disputes_to_settle,
    sales_waits_for_marketing,
    clocks_that_ran_out,
    tasks_due,
    deals_that_need_help,
    deals_that_close,
    deals_gone_quiet,
    leads_sent_back,
    open_huddles,
    decisions_to_carry_out,
    campaigns_without_cost,
)
