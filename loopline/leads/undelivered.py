"""News that did not arrive: mails, chat messages, and hand-overs that nobody could be told about.

What was not taken is tried again by itself, later each time, and given up in the end. A person may ask for it at once.
What may have arrived already (the line broke before the server answered) or whose content is no longer kept cannot go
again: the news is on the page it was about.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, Q

from loopline.access import mail as mails
from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import Mail
from loopline.access.roles import Permission
from loopline.leads import chat
from loopline.leads.hand_off_models import TOLD_WITHIN, Assignment, ChatMessage
from loopline.leads.models import Lead
from loopline.lib.ids import uuid_or_none
from loopline.lib.times import utc_now

LOOKS_BACK = timedelta(days=30)
MOST = 200


@dataclass(frozen=True, slots=True)
class Undelivered:
    kind: str
    """`mail`, `chat` or `hand_over`."""
    id: str
    to: str
    what: str
    at: datetime
    why: str
    attempts: int
    again_at: datetime | None
    """When it is tried again by itself; None: never."""
    may_go_again: bool
    """A person may have it tried now."""


def undelivered(at: datetime | None = None) -> list[Undelivered]:
    """What did not arrive in the last 30 days, the newest first."""
    at = at or utc_now()
    since = at - LOOKS_BACK
    found = [
        *(_of_mail(one) for one in _troubled(Mail).filter(created_at__gt=since).select_related("to")[:MOST]),
        *(_of_chat(one) for one in _troubled(ChatMessage).filter(created_at__gt=since).select_related("unit")[:MOST]),
        *(_of_hand_over(one, at) for one in _untold().filter(at__gt=since)[:MOST]),
    ]
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST]


def untold_about(lead: Lead) -> list[Undelivered]:
    """What did not arrive of the news of the lead's last hand-over."""
    last = lead.assignments.order_by("-at", "-id").first()
    if last is None or lead.state != Lead.State.HANDED_OVER:
        return []
    key = f"lead-assigned/{last.pk}"
    of_it = Q(key=key) | Q(key__startswith=f"{key}/")
    return [
        *(_of_mail(one) for one in _troubled(Mail).filter(of_it).select_related("to")),
        *(_of_chat(one) for one in _troubled(ChatMessage).filter(of_it).select_related("unit")),
        *(_of_hand_over(one, utc_now()) for one in _untold().filter(pk=last.pk)),
    ]


def undelivered_mails(key: str) -> list[Undelivered]:
    """Mails under keys that begin like this, such as the minutes of one huddle."""
    return [_of_mail(one) for one in _troubled(Mail).filter(key__startswith=key).select_related("to")]


def _troubled(model: Any) -> Any:
    return model.objects.filter(sent_at=None).exclude(trouble="").order_by("-created_at")


def _untold() -> Any:
    troubled = Assignment.objects.filter(told_at=None).exclude(tell_trouble="")
    return troubled.select_related("lead__person", "lead__unit", "owner").order_by("-at")


def _of_mail(mail: Mail) -> Undelivered:
    is_kept, tries = bool(mail.text), mail.attempts < mails.MOST_ATTEMPTS and mail.claimed_at is None
    what = mail.subject or mail.key.partition("/")[0].replace("-", " ").capitalize()
    return Undelivered(
        "mail", str(mail.pk), mail.to.name, what, mail.created_at, mail.trouble, mail.attempts,
        mail.not_before if is_kept and tries else None, is_kept and mail.claimed_at is None and mail.to.is_active,
    )  # fmt: skip


def _of_chat(message: ChatMessage) -> Undelivered:
    is_kept, tries = bool(message.text), message.attempts < chat.MOST_ATTEMPTS and message.claimed_at is None
    return Undelivered(
        "chat", str(message.pk), f"the chat of {message.unit}", "Lead assigned", message.created_at, message.trouble,
        message.attempts, message.not_before if is_kept and tries else None, is_kept and message.claimed_at is None,
    )  # fmt: skip


def _of_hand_over(assignment: Assignment, now: datetime) -> Undelivered:
    to = assignment.owner.name if assignment.owner else f"the queue of {assignment.lead.unit}"
    is_news = assignment.at > now - TOLD_WITHIN
    return Undelivered(
        "hand_over", str(assignment.pk), to, f"Lead assigned: {assignment.lead.person.display_name}", assignment.at,
        assignment.tell_trouble, assignment.tell_attempts, assignment.tell_after if is_news else None, is_news,
    )  # fmt: skip


@transaction.atomic
def deliver_again(kind: str, key: str, *, by: Actor, at: datetime | None = None) -> None:
    """Have it tried at once, as if it were new. Raises ValidationError where there is nothing to try."""
    by.require(Permission.ADMINISTER)
    at = at or utc_now()
    take_turn()
    found = next(iter(_AGAIN[kind](key, at)), None) if kind in _AGAIN else None
    if found is None:
        raise ValidationError("It has gone out meanwhile, or its content is no longer kept. Nothing was changed.")
    audit(by, "deliver_again", found, at=at, kind=kind)


def _mail_again(key: str, at: datetime) -> Iterator[Model]:
    for one in _troubled(Mail).filter(pk=uuid_or_none(key), claimed_at=None, to__is_active=True).exclude(text=""):
        Mail.objects.filter(pk=one.pk).update(attempts=0, not_before=at)
        yield one


def _chat_again(key: str, at: datetime) -> Iterator[Model]:
    for one in _troubled(ChatMessage).filter(pk=_number(key), claimed_at=None).exclude(text=""):
        ChatMessage.objects.filter(pk=one.pk).update(attempts=0, not_before=at)
        yield one


def _hand_over_again(key: str, at: datetime) -> Iterator[Model]:
    for one in _untold().filter(pk=_number(key), at__gt=at - TOLD_WITHIN):
        Assignment.objects.filter(pk=one.pk).update(tell_after=at, tell_attempts=0)
        yield one


_AGAIN: dict[str, Callable[[str, datetime], Iterator[Model]]] = {
    "mail": _mail_again,
    "chat": _chat_again,
    "hand_over": _hand_over_again,
}


def _number(key: str) -> int:
    return int(key) if key.isdecimal() and len(key) < 19 else 0
