"""Telling a salesperson about a lead: by mail, and in the unit's chat. Both go out once, a moment after the hand-over.

An assignment is told once: its key is the key of the mail and of the chat message. The links lead to the lead's page,
behind the sign-in; nothing is changed by opening them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from loopline.access.mail import NewMail, queue_mail
from loopline.access.models import User
from loopline.leads.chat import plain
from loopline.leads.clock import span
from loopline.leads.clocks import terms_of
from loopline.leads.hand_off_models import Assignment, ChatMessage
from loopline.leads.models import Lead
from loopline.leads.opening import Known, Read, what_to_say
from loopline.lib.times import utc_now
from loopline.routing.working_time import calendar_of
from loopline.web.interests import Interests, people_interests
from loopline.web.lead_card import advice_for, evidence_of, who
from loopline.web.route import person_route

TOLD_WITHIN = timedelta(hours=12)
"""An assignment nobody was told about for so long is old news: the page has it."""
MOST_MOMENTS = 12
AT_ONCE = 50
PRICES = "/pricing"


@dataclass(frozen=True, slots=True)
class LeadNews:
    subject: str
    text: str
    html: str
    chat: str


def tell_new_owners(at: datetime | None = None) -> int:
    """Write down mail and chat message of every assignment that was not told yet; how many. A periodic job."""
    at = at or utc_now()
    waiting = Assignment.objects.filter(told_at=None, at__gt=at - TOLD_WITHIN).order_by("at", "pk")
    return sum(_tell(pk, at) for pk in list(waiting.values_list("pk", flat=True)[:AT_ONCE]))


@transaction.atomic
def _tell(assignment_id: int, at: datetime) -> bool:
    if not Assignment.objects.filter(pk=assignment_id, told_at=None).update(told_at=at):
        return False  # another process was faster
    assignment = Assignment.objects.select_related("lead__person__company", "lead__unit", "owner").get(pk=assignment_id)
    lead = assignment.lead
    if lead.state != Lead.State.HANDED_OVER or lead.owner_id != assignment.owner_id:
        return False  # answered or handed on before anybody could be told
    reader = assignment.owner or _a_member(lead)
    if reader is None:
        return False
    with timezone.override(calendar_of(reader, lead.unit).zone):
        news = news_of(lead, assignment, reader, at)
    key = f"lead-assigned/{assignment.pk}"
    if assignment.owner is not None:
        queue_mail(NewMail(key, assignment.owner, news.subject, news.text, news.html), at=at)
    if terms_of(lead.unit).chat_webhook:
        ChatMessage.objects.get_or_create(
            key=key, defaults={"unit": lead.unit, "text": news.chat, "created_at": at, "not_before": at}
        )
    return True


def _a_member(lead: Lead) -> User | None:
    """Through whose eyes a lead in a queue is told: somebody who may take it."""
    members = User.objects.filter(units=lead.unit, is_active=True, takes_leads=True)
    return (members.filter(teams=lead.team_id) if lead.team_id else members).order_by("pk").first()


def news_of(lead: Lead, assignment: Assignment, reader: User, at: datetime) -> LeadNews:
    """The mail and the chat message about a lead, with what `reader` may see."""
    context = news_context(lead, assignment, reader, at)
    name = lead.person.display_name
    return LeadNews(
        subject=f"{name}: answer by {context['due']}" if assignment.owner else f"{name} waits in the queue",
        text=render_to_string("mail/lead.txt", context),
        html=render_to_string("mail/lead.html", context),
        chat=_chat(lead, context),
    )


def news_context(lead: Lead, assignment: Assignment, reader: User, at: datetime) -> dict[str, Any]:
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
        "moments": moments[:MOST_MOMENTS],
        "more": max(0, len(moments) - MOST_MOMENTS),
        "trouble": route.trouble,
        "due": _due(lead),
        "left": span(lead.due_at - at) if lead.due_at and lead.due_at > at else "",
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
    """A few lines that chats of every kind show: text and the address of the page."""
    owner = lead.owner.name if lead.owner else "whoever takes it first"
    lines = [
        f"New lead for {owner}: {lead.person.display_name}" + (f", {context['who']}" if context["who"] else ""),
        f"Answer by {context['due']} · {context['advice'].text}",
        *(f"• {one}" for one in context["openings"][:2]),
    ]
    return "\n".join([*(plain(line) for line in lines), str(context["url"])])
