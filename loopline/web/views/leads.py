"""Leads: who waits for an answer, what became of the others, and one lead with all that is known."""

from collections import Counter
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, Organisation, User
from loopline.access.roles import Permission, Role
from loopline.huddles.reviews import trials_of
from loopline.leads.explore import blind_units, is_blind
from loopline.leads.models import Lead, LeadQuerySet
from loopline.leads.reasons import detail_words
from loopline.leads.returns import TRIGGERS
from loopline.leads.undelivered import untold_about
from loopline.lib.times import utc_now
from loopline.web.access import PageRequest, allow
from loopline.web.fitted_chance import fitted_chance
from loopline.web.forms.leads import AssignForm, DisqualifyForm, HelpForm, ReasonForm, RecycleForm
from loopline.web.interests import people_interests
from loopline.web.lead_card import advice_for, clock_cards, evidence_of, face, lead_cards, powers, who
from loopline.web.lead_news import openings
from loopline.web.route import person_route
from loopline.web.waiting import waits

State = Lead.State
TABS: dict[str, tuple[str, list[str]]] = {
    "waiting": ("Waiting", [State.HANDED_OVER]),
    "queue": ("To take", [State.HANDED_OVER]),
    "accepted": ("Accepted", [State.ACCEPTED]),
    "marketing": ("With marketing", [State.NEW, State.MARKETING_QUALIFIED]),
    "back": ("Sent back", [State.REJECTED, State.RECYCLED, State.DISQUALIFIED]),
    "all": ("All", State.values),
}
_PANES = {"waiting", "queue", "accepted"}
_SORTS = {
    "waiting": ("due_at", "pk"),
    "queue": ("due_at", "pk"),
    "accepted": ("-accepted_at", "pk"),
    "marketing": ("-created_at", "pk"),
    "back": ("-rejected_at", "-created_at", "pk"),
    "all": ("-created_at", "pk"),
}
MOST_IN_QUEUE = 60


@waits("leads")
def leads_waiting(actor: Actor) -> int:
    """Hand-overs that wait for this person's answer; for those who work no leads, all of their units."""
    waiting = Lead.objects.visible_to(actor).waiting_for_sales()
    return (waiting.owned_by(actor) if actor.role is Role.SALES else waiting).order_by().count()


@allow(Permission.SEE_PEOPLE)
def leads(request: PageRequest) -> HttpResponse:
    tab = request.GET.get("tab", "waiting")
    tab = tab if tab in TABS else "waiting"
    asked, pooled = _asked(request), _in_queues(request)
    found = pooled if tab == "queue" else asked.filter(state__in=TABS[tab][1])
    if tab == "waiting":
        found = found.filter(is_pooled=False)
    found = found.order_by(*_SORTS[tab])
    context = _options(request, asked, tab)
    context["tabs"] = _tabs(asked, pooled)
    if tab in _PANES:
        return render(request, "leads/leads.html", context | _panes(request, found))
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    return render(request, "leads/leads_table.html", context | {"page": page, "blind": blind_units(request.actor)})


@allow(Permission.SEE_PEOPLE)
def lead(request: PageRequest, lead_id: UUID) -> HttpResponse:
    found = find_lead(request, lead_id)
    others = Lead.objects.visible_to(request.actor).filter(person__in=found.person.known_ids()).exclude(pk=found.pk)
    context = lead_context(found, request.actor)
    context |= {
        "history": found.transitions.all(),
        "assignments": found.assignments.select_related("owner", "team").order_by("-at", "-id"),
        "others": others,
        "fitted": None if context["is_blind"] or not context["evidence"] else fitted_chance(found, utc_now()),
        "untold": untold_about(found),
        "may_administer": request.actor.may(Permission.ADMINISTER),
        "back_to": "lead",
    }
    return render(request, "leads/lead.html", context)


def find_lead(request: PageRequest, lead_id: UUID) -> Lead:
    return get_object_or_404(_with_people(Lead.objects.visible_to(request.actor)), pk=lead_id)


def lead_context(found: Lead, actor: Actor) -> dict[str, Any]:
    """Everything the pane and the page of one lead show."""
    found_interests = people_interests([found.person], actor)
    return {
        "lead": found,
        "face": face(found, utc_now(), Organisation.current().time_zone),
        "who": who(found),
        "advice": advice_for(found),
        "evidence": evidence_of(found, actor),
        "is_blind": is_blind(found, actor),
        "trials": trials_of(found),
        "powers": powers(found, actor),
        "route": person_route(found.person, actor),
        "reason_form": ReasonForm(auto_id="back_%s", lead=found),
        "help_form": HelpForm(auto_id="help_%s", initial={"note": found.help_note}),
        "assign_form": AssignForm(auto_id="assign_%s", lead=found),
        "recycle_form": RecycleForm(auto_id="recycle_%s", lead=found),
        "disqualify_form": DisqualifyForm(auto_id="disqualify_%s", lead=found),
        "reason_detail": detail_words(found.reason, found.reason_detail),
        "clocks": clock_cards(found, utc_now(), Organisation.current().time_zone),
        "openings": openings(found, found_interests),
        "interests": found_interests,
        "dispute": found.disputes.filter(resolved_at=None).first(),
        "trigger": TRIGGERS.get(found.returns_when, ("",))[0],
    }


def _panes(request: PageRequest, found: LeadQuerySet) -> dict[str, Any]:
    """The queue, and the lead in hand: the one asked for, else the first."""
    waiting = list(found[:MOST_IN_QUEUE])
    chosen = request.GET.get("lead")
    in_hand = next((one for one in waiting if str(one.pk) == chosen), waiting[0] if waiting else None)
    cards = lead_cards(waiting, utc_now())
    shown: dict[str, Any] = {"cards": cards, "more": max(0, found.count() - MOST_IN_QUEUE), "back_to": "queue"}
    return shown | (lead_context(in_hand, request.actor) if in_hand else {})


def _asked(request: PageRequest, *, of_everyone: bool = False) -> LeadQuerySet:
    """The leads the address asks for, in every state."""
    query, found = request.GET, _with_people(Lead.objects.visible_to(request.actor))
    if whose(request) == "mine" and not of_everyone:
        found = found.owned_by(request.actor)
    if unit := _id(query, "unit"):
        found = found.filter(unit=unit)
    if owner := _id(query, "owner"):
        found = found.filter(owner=owner)
    if words := query.get("q", "").strip()[:200]:
        fields = ("person__name", "person__email", "person__company__name", "origin")
        found = found.filter(Q(*((f"{field}__icontains", words) for field in fields), _connector=Q.OR))
    return found


def _in_queues(request: PageRequest) -> LeadQuerySet:
    """Leads in queues: those one may take, or, for who works no leads, those of the own units."""
    actor, found = request.actor, _asked(request, of_everyone=True)
    if not actor.may(Permission.WORK_LEADS):
        return found.filter(state=State.HANDED_OVER, is_pooled=True)
    return found.filter(pk__in=Lead.objects.visible_to(actor).in_queue_of(actor).order_by().values("pk"))


def _tabs(asked: LeadQuerySet, pooled: LeadQuerySet) -> list[tuple[str, str, int]]:
    counts = Counter[str]()
    for state, is_pooled, count in asked.order_by().values_list("state", "is_pooled").annotate(count=Count("pk")):
        for key, (_, states) in TABS.items():
            if state in states and not (is_pooled and key == "waiting"):
                counts[key] += count
    counts["queue"] = pooled.order_by().count()
    return [(key, label, counts[key]) for key, (label, _) in TABS.items() if key != "queue" or counts[key]]


def whose(request: PageRequest) -> str:
    """`mine` or `all`: a salesperson begins with the own leads, others with everybody's."""
    asked = request.GET.get("whose")
    if asked in {"mine", "all"}:
        return asked
    return "mine" if request.actor.role is Role.SALES else "all"


def _options(request: PageRequest, asked: LeadQuerySet, tab: str) -> dict[str, Any]:
    units = BusinessUnit.objects.visible_to(request.actor)
    known = Lead.objects.visible_to(request.actor).order_by().values("owner")
    owners = User.objects.visible_to(request.actor).filter(pk__in=known).order_by("name")
    now, end_of_day = utc_now(), timezone.localtime().replace(hour=23, minute=59, second=59)
    waiting = asked.filter(state=State.HANDED_OVER, is_pooled=tab == "queue")
    if tab == "queue":
        waiting = _in_queues(request)
    return {
        "tab": tab,
        "may_assign": request.actor.may(Permission.ASSIGN_LEADS),
        "whose": whose(request),
        "unit": next((one for one in units if one.pk == _id(request.GET, "unit")), None),
        "units": units,
        "owner": next((one for one in owners if one.pk == _id(request.GET, "owner")), None),
        "owners": owners,
        "words": request.GET.get("q", ""),
        "waiting_count": waiting.order_by().count(),
        "overdue": waiting.filter(due_at__lt=now).count(),
        "ending_today": waiting.filter(due_at__gte=now, due_at__lte=end_of_day).count(),
        "stranded": Lead.objects.visible_to(request.actor).without_salesperson().count(),
    }


def _with_people(found: LeadQuerySet) -> LeadQuerySet:
    return found.select_related("person__company", "person__merged_into", "owner", "definition", "unit")


def _id(query: QueryDict, name: str) -> UUID | None:
    try:
        return UUID(query.get(name, ""))
    except ValueError:
        return None
