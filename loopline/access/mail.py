"""Mails to colleagues: written in the transaction of what they are about, sent once, by a thread beside the pages.

The key makes a mail unique; the claim, committed before the mail server is asked, makes it go out once at most: a
process that is killed in between leaves a claimed mail that is never repeated. Nor is one whose content went to the
server when the line broke before its answer: it may be on its way. What a server plainly did not take is offered again.
The Message-ID is made of the mail's own number, so that a mail server and a mailbox can tell a second copy.
"""

import logging
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.encoders import encode_base64
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from loopline.access.mail_line import OutcomeUnknownError
from loopline.access.models import Mail, User
from loopline.lib.times import utc_now

log = logging.getLogger(__name__)

TOO_LATE_AFTER = timedelta(days=2)
"""A mail that could not go out for so long would tell old news; it is not sent any more."""
MOST_ATTEMPTS = 6
AT_ONCE = 50
UNKNOWN = "the line broke before the mail server said whether it took it; it may have arrived and is not sent again"
_NOTHING_KEPT: dict[str, object] = {"subject": "", "text": "", "html": "", "attachments": []}


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    type: str
    """Media type, such as `text/calendar; method=REQUEST`."""
    content: bytes
    cid: str = ""
    """Name by which the HTML shows it (`<img src="cid:chart">`); empty for a file."""


@dataclass(frozen=True, slots=True)
class NewMail:
    key: str
    """`huddle-minutes/<huddle>/<user>`: what was queued under it before is not queued again."""
    to: User
    subject: str
    text: str
    html: str = ""
    attachments: Sequence[Attachment] = field(default_factory=tuple)


def queue_mail(new: NewMail, *, at: datetime | None = None) -> bool:
    """Write the mail down, in the caller's transaction. False when that key was queued before, or nobody reads it."""
    if not new.to.is_active:
        return False
    at = at or utc_now()
    _, is_new = Mail.objects.get_or_create(
        key=new.key,
        defaults={
            "to": new.to,
            "subject": " ".join(new.subject.split())[:200],  # a line break would begin another header
            "text": new.text,
            "html": new.html,
            "attachments": [
                {"name": one.name, "type": one.type, "content": b64encode(one.content).decode(), "cid": one.cid}
                for one in new.attachments
            ],
            "created_at": at,
            "not_before": at,
        },
    )
    return is_new


def send_waiting(*, at: datetime | None = None) -> int:
    """Send what waits; how many went. Does nothing where no mail server is set up (`EMAIL_URL`)."""
    at = at or utc_now()
    _forget_too_late(at)
    if not settings.SENDS_MAIL:
        return 0
    due = Mail.objects.filter(
        claimed_at__isnull=True, not_before__lte=at, created_at__gt=at - TOO_LATE_AFTER, attempts__lt=MOST_ATTEMPTS
    ).select_related("to")[:AT_ONCE]
    waiting = list(due)
    if not waiting:
        return 0
    with get_connection() as connection:
        return sum(_send(mail, connection, at) for mail in waiting)


def _forget_too_late(at: datetime) -> None:
    """What will never be sent names buyers all the same."""
    late = Mail.objects.filter(sent_at=None, created_at__lte=at - TOO_LATE_AFTER).exclude(text="")
    late.update(trouble="too late to be sent", **_NOTHING_KEPT)


def _send(mail: Mail, connection: BaseEmailBackend, at: datetime) -> bool:
    if not Mail.objects.filter(pk=mail.pk, claimed_at__isnull=True).update(claimed_at=at):
        return False  # another process was faster
    if not mail.to.is_active:
        Mail.objects.filter(pk=mail.pk).update(trouble="the reader was shut out", **_NOTHING_KEPT)
        return False
    try:
        message_of(mail, connection).send()
    except OutcomeUnknownError as error:
        log.warning("mail %s may have been sent: %s", mail.pk, error)
        Mail.objects.filter(pk=mail.pk).update(trouble=UNKNOWN, **_NOTHING_KEPT)
        _close(connection)
        return False
    except (SMTPException, OSError) as error:
        # The server did not take it, so it may be offered again, later each time.
        log.warning("the mail server did not take mail %s: %s", mail.pk, type(error).__name__)
        mail.attempts += 1
        Mail.objects.filter(pk=mail.pk).update(
            claimed_at=None,
            attempts=mail.attempts,
            not_before=at + timedelta(minutes=2**mail.attempts),
            trouble=str(error)[:1000],
        )
        _close(connection)
        return False
    # Links in it let people in, and it names buyers: once it is on its way nothing of it is kept here.
    Mail.objects.filter(pk=mail.pk).update(sent_at=at, trouble="", **_NOTHING_KEPT)
    return True


def _close(connection: BaseEmailBackend) -> None:
    """The next mail gets a line of its own: this one may be broken."""
    with suppress(SMTPException, OSError):
        connection.close()


def message_of(mail: Mail, connection: BaseEmailBackend | None = None) -> EmailMultiAlternatives:
    """The mail as it is handed to the server."""
    name = f"<{mail.pk.hex}@{urlsplit(settings.BASE_URL).hostname or 'loopline'}>"
    message = EmailMultiAlternatives(
        mail.subject, mail.text, to=[mail.to.email], connection=connection, headers={"Message-ID": name}
    )
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    for one in mail.attachments:
        message.attach(_part(one["name"], one["type"], b64decode(one["content"]), one["cid"]))
    return message


def _part(name: str, kind: str, content: bytes, cid: str) -> MIMEBase:
    if cid:
        picture = MIMEImage(content, kind.partition("/")[2])
        picture.add_header("Content-ID", f"<{cid}>")
        picture.add_header("Content-Disposition", "inline", filename=name)
        return picture
    whole, *settings_of = [word.strip() for word in kind.split(";")]
    main, _, sub = whole.partition("/")
    part = MIMEBase(main, sub)
    for one in settings_of:
        name_of, _, value = one.partition("=")
        part.set_param(name_of, value)
    part.set_payload(content)
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part
