"""Telling salespeople about a lead: by mail, and in the unit's chat. Both go out once, a moment after the hand-over.

An assignment is told once: its key is the key of the mail and of the chat message. A lead in a queue is told to all who
may take it. The links lead to the lead's page,
behind the sign-in; nothing is changed by opening them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from loopline.access.audit import take_turn
from loopline.access.mail import NewMail, queue_mail
from loopline.access.models import User
from loopline.huddles.routes import route_line
from loopline.leads.chat import plain
from loopline.leads.clocks import terms_of
from loopline.leads.hand_off_models import TOLD_WITHIN, Assignment, ChatMessage, put_off
from loopline.leads.models import Lead
from loopline.leads.opening import Known, Read, what_to_say
from loopline.lib.times import utc_now
from loopline.routing.bench import bench_of, in_turn
from loopline.routing.working_time import calendar_of
from loopline.web.form_titles import with_titles
from loopline.web.interests import Interests, people_interests
from loopline.web.lead_card import Evidence, advice_for, evidence_of, who
from loopline.web.route import person_route

log = logging.getLogger(__name__)

MOST_MOMENTS = 12
MOST_WORDS = 300
"""Characters of the reasons in a chat message."""
AT_ONCE = 50
PRICES = "/pricing"


@dataclass(frozen=True, slots=True)
class LeadNews:
    subject: str
    text: str
    html: str
    chat: str


def tell_new_owners(at: datetime | None = None) -> int:
    """Write down mail and chat message of every assignment that was not told yet; how many. A periodic job.

    One that cannot be told keeps its trouble and is tried again later, each time later; the others go on.
    """
    at = at or utc_now()
    waiting = Assignment.objects.to_tell(at, within=TOLD_WITHIN).order_by("at", "pk")
    return sum(_try_to_tell(pk, at) for pk in list(waiting.values_list("pk", flat=True)[:AT_ONCE]))


def _try_to_tell(assignment_id: int, at: datetime) -> bool:
    try:
        return _tell(assignment_id, at)
    except Exception as error:  # whatever it is, it must not keep the news of other leads back
        log.exception("nobody could be told about assignment %s", assignment_id)
        put_off(assignment_id, f"{type(error).__name__}: {error}", at)
        return False


def _tell(assignment_id: int, at: datetime) -> bool:
    assignment = Assignment.objects.select_related("lead__person__company", "lead__unit", "owner", "team").get(
        pk=assignment_id
    )
    # The route comes from the event store, which may take seconds: read before anything is written or locked.
    news = {reader: _in_their_time(assignment, reader) for reader in _readers(assignment, at)}
    return _write_down(assignment, news, at)


def _in_their_time(assignment: Assignment, reader: User) -> LeadNews:
    with timezone.override(calendar_of(reader, assignment.lead.unit).zone):
        return news_of(assignment.lead, assignment, reader)


@transaction.atomic
def _write_down(assignment: Assignment, news: dict[User, LeadNews], at: datetime) -> bool:
    take_turn()
    if not Assignment.objects.filter(pk=assignment.pk, told_at=None).update(told_at=at, tell_trouble=""):
        return False  # another process was faster
    lead = Lead.objects.select_related("unit").get(pk=assignment.lead_id)
    if not news or not _is_current(lead, assignment):
        return False
    key = f"lead-assigned/{assignment.pk}"
    for reader, told in news.items():
        its_key = key if assignment.owner_id else f"{key}/{reader.pk}"
        queue_mail(NewMail(its_key, reader, told.subject, told.text, told.html), at=at)
    if terms_of(lead.unit).chat_webhook:
        text = next(iter(news.values())).chat
        ChatMessage.objects.get_or_create(
            key=key, defaults={"unit": lead.unit, "text": text, "created_at": at, "not_before": at}
        )
    return True


def _is_current(lead: Lead, assignment: Assignment) -> bool:
    """False when it was answered or handed on before anybody could be told."""
    return lead.state == Lead.State.HANDED_OVER and lead.owner_id == assignment.owner_id


def _readers(assignment: Assignment, at: datetime) -> list[User]:
    """Who is told: the owner; of a lead in a queue everybody who may take it and is there, or all when all are away."""
    if not _is_current(assignment.lead, assignment):
        return []
    if assignment.owner is not None:
        return [assignment.owner]
    members = in_turn(bench_of(assignment.lead.unit), {}, at, team_id=assignment.team_id)
    there = [one for one in members if not one.away] or members
    return list(User.objects.filter(pk__in=[one.user_id for one in there]).order_by("name", "pk"))


def news_of(lead: Lead, assignment: Assignment, reader: User) -> LeadNews:
    """The mail and the chat message about a lead, with what `reader` may see."""
    context = news_context(lead, assignment, reader)
    name = lead.person.display_name
    return LeadNews(
        subject=f"{name}: answer by {context['due']}" if assignment.owner else f"{name} waits in the queue",
        text=render_to_string("mail/lead.txt", context),
        html=render_to_string("mail/lead.html", context),
        chat=_chat(lead, context),
    )


def news_context(lead: Lead, assignment: Assignment, reader: User) -> dict[str, Any]:
    actor = reader.actor
    route = person_route(lead.person, actor)
    moments = [moment for stretch in route.stretches for moment in stretch.moments]
    return {
        "lead": lead,
        "assignment": assignment,
        "reader": reader,
        "who": who(lead),
        "advice": advice_for(lead),
        "evidence": evidence_of(lead),
        "openings": openings(lead, people_interests([lead.person], actor)),
        "route": route_line(moments, lead.created_at, None),
        "moments": moments[:MOST_MOMENTS],
        "more": max(0, len(moments) - MOST_MOMENTS),
        "trouble": route.trouble,
        "due": _due(lead),
        "url": f"{settings.BASE_URL}{reverse('lead', args=[lead.pk])}",
        "settings_url": f"{settings.BASE_URL}{reverse('working_time')}",
    }


def openings(lead: Lead, interests: Interests) -> list[str]:
    """What to say next: from what they wrote and read."""
    prices = any(page.path.startswith(PRICES) for one in interests.topics for page in one.pages)
    reads = [
        Read(one.topic, one.views, [page.title or page.path for page in one.pages])
        for one in interests.topics
        if not all(page.path.startswith(PRICES) for page in one.pages)
    ]
    return what_to_say(Known(lead.message, lead.origin, reads, prices))


def _due(lead: Lead) -> str:
    return f"{timezone.localtime(lead.due_at):%A %H:%M}" if lead.due_at else ""


def _chat(lead: Lead, context: dict[str, Any]) -> str:
    """A few lines that chats of every kind show, what is needed for the first call, and the address of the page."""
    owner = lead.owner.name if lead.owner else "whoever takes it first"
    lines = [
        f"New lead for {owner}: {lead.person.display_name}" + (f", {context['who']}" if context["who"] else ""),
        f"Answer by {context['due']} · {context['advice'].text}",
        *(f"• {one}" for one in context["openings"][:2]),
        *([f"Why a lead: {met}"] if (met := _met(context["evidence"])) else []),
        f"Why you: {context['assignment'].because}" if lead.owner else "",
        f"Route: {context['route']}" if context["route"] else "",
    ]
    lines = [line for line in lines if line]
    return "\n".join([*(plain(line) for line in lines), str(context["url"])])


def _met(evidence: Sequence[Evidence]) -> str:
    """The first reasons for it, in words: nothing where the reader may not see them."""
    return "; ".join(with_titles(one.reason) for one in evidence if one.tone == "good")[:MOST_WORDS]
