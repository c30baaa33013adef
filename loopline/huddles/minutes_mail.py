"""The minutes as a mail, with the due dates of the decisions for the calendar."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from loopline.access.mail import Attachment, NewMail, queue_mail
from loopline.access.models import User
from loopline.huddles.invitation import due_dates
from loopline.huddles.models import Huddle
from loopline.huddles.series import may_read, readers


def send_minutes(huddle: Huddle, *, at: datetime | None = None) -> int:
    """The minutes to the roster, or, without a series, to the owners of decisions; with their due dates. In the
    transaction that closes the huddle."""
    decisions = list(huddle.decisions.select_related("owner", "task"))
    owners = {one.owner for one in decisions if may_read(one.owner, huddle.unit)}
    told: Iterable[User] = readers(huddle.series) if huddle.series else owners
    address = f"{settings.BASE_URL}/huddles/{huddle.pk}/"
    calendar = Attachment("decisions.ics", "text/calendar; charset=utf-8", due_dates(decisions))
    attachments = (calendar,) if any(one.due_on for one in decisions) else ()
    title = f"Minutes: {huddle.series or f'huddle of {huddle.unit}'}"
    text = f"{huddle.minutes}\n{address}\n"
    return sum(
        queue_mail(NewMail(f"huddle-minutes/{huddle.pk}/{user.pk}", user, title, text, attachments=attachments), at=at)
        for user in told
    )
