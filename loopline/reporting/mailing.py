"""Reports by mail: set up, ended, and sent when they are due. Every reader gets what they may see, and nothing else."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.books import books_for
from loopline.access.mail import NewMail, queue_mail
from loopline.access.models import Organisation, User
from loopline.access.roles import Permission
from loopline.attribution.model import MODELS
from loopline.attribution.own_model import is_own
from loopline.lib.times import utc_now
from loopline.reporting.calendar import next_monthly, next_weekly
from loopline.reporting.letter import Letter, letter_of
from loopline.reporting.models import ReportMail
from loopline.reports.address import read_address, usual_of
from loopline.reports.files.export import exported
from loopline.reports.keepable import keepable_named
from loopline.reports.option_words import said_and_read
from loopline.reports.options import Books, OptionError
from loopline.reports.run import run_report, told_whole
from loopline.reports.weekly.export import weekly_exported
from loopline.reports.weekly.sums import WEEKLY, weeks_of
from loopline.reports.weekly.table import weekly_table
from loopline.store.current import engine
from loopline.store.engine import StoreError

log = logging.getLogger(__name__)

TRIED_AGAIN_AFTER = timedelta(minutes=15)
GIVEN_UP_AFTER = timedelta(days=1)
"""After so long the next one is waited for; what went wrong stays to be seen."""
KEYS = "report/"
"""How the keys of all mails of reports begin in the queue."""
Cadence = ReportMail.Cadence


@dataclass(frozen=True, slots=True)
class MailPlan:
    name: str
    report: str
    options: Mapping[str, str]
    recipients: tuple[User, ...]
    cadence: str = Cadence.WEEKLY
    day: int = 1
    at: time = time(7)

    def check(self, by: Actor) -> None:
        """ValidationError for a plan that nobody would receive or that nothing can be worked out for."""
        if not self.name.strip():
            raise ValidationError({"name": "Give it a name; it is the subject of the mail."})
        if not 1 <= self.day <= (7 if self.cadence == Cadence.WEEKLY else 28):
            raise ValidationError({"day": "From 1 to 7 for a day of the week, from 1 to 28 for a day of the month."})
        if not self.recipients:
            raise ValidationError({"recipients": "Choose who receives it."})
        for user in self.recipients:
            if not user.actor.may(Permission.SEE_REPORTS):
                raise ValidationError({"recipients": f"{user.name} may not see reports."})
        try:
            report = keepable_named(self.report)
            options = read_address(self.options, books_for(by), timezone.localdate(), usual_of(report)).options
            if not is_own(options.model):
                options.check_model(MODELS)
        except OptionError as error:
            raise ValidationError(str(error)) from error


@transaction.atomic
def start_report_mail(plan: MailPlan, *, by: Actor, at: datetime | None = None) -> ReportMail:
    """A report that comes from now on; the first one when its day comes next."""
    by.require(Permission.SEE_REPORTS)
    at = at or utc_now()
    take_turn()
    plan.check(by)
    due = _next(plan.cadence, plan.day, plan.at, at)
    mail = ReportMail.objects.create(
        name=" ".join(plan.name.split())[:100], report=plan.report, options=dict(plan.options), cadence=plan.cadence,
        day=plan.day, at=plan.at, owner=User.objects.get(pk=by.id), next_at=due, not_before=due, created_at=at,
    )  # fmt: skip
    mail.recipients.set(plan.recipients)
    audit(by, "start_report_mail", mail, at=at, name=mail.name, report=mail.report, options=mail.options,
          to=[user.email for user in plan.recipients])  # fmt: skip
    return mail


@transaction.atomic
def end_report_mail(mail: ReportMail, *, by: Actor) -> None:
    """No more of it. Whoever may ends it for all, a reader for themselves."""
    take_turn()
    if may_end(mail, by):
        mail.is_active = False
        mail.save(update_fields=["is_active"])
        audit(by, "end_report_mail", mail, name=mail.name)
    elif mail.recipients.filter(pk=by.id).exists():
        mail.recipients.remove(User.objects.get(pk=by.id))
        audit(by, "leave_report_mail", mail, name=mail.name)
    else:
        raise NotAllowedError(f"It belongs to {mail.owner.name}.")


def may_end(mail: ReportMail, actor: Actor) -> bool:
    """Whether the actor ends the mail for all its readers: its owner and administrators."""
    return str(mail.owner_id) == actor.id or actor.may(Permission.ADMINISTER)


def send_due(*, at: datetime | None = None) -> int:
    """Queue what is due; how many mails that were. A periodic job: each is queued once, whoever asks how often."""
    at = at or utc_now()
    due = ReportMail.objects.filter(
        is_active=True, not_before__lte=at
    )  # public: each reader's own report is worked out
    return sum(_send_apart(one, at) for one in due.select_related("owner"))


def _send_apart(mail: ReportMail, at: datetime) -> int:
    """Whatever one of them runs into, the others go out."""
    try:
        return _send(mail, at)
    except Exception:
        log.exception("the report %s could not be sent", mail.pk)
        ReportMail.objects.filter(pk=mail.pk).update(
            trouble="something unforeseen went wrong; the log says what", not_before=at + TRIED_AGAIN_AFTER
        )
        return 0


def _send(mail: ReportMail, at: datetime) -> int:
    """One report to all its readers. What cannot be worked out for one of them is told, and tried again."""
    sent, troubles = 0, []
    for user in mail.recipients.filter(is_active=True):
        try:
            sent += _send_to(mail, user, at)
        except (OptionError, StoreError, OSError, ValueError) as error:
            log.warning("the report %s for %s could not be worked out: %s", mail.pk, user.pk, error)
            troubles.append(f"{user.name}: {error}")
    mail.trouble = "; ".join(troubles)[:1000]
    if not troubles:
        mail.last_sent_at = at
    if troubles and at - mail.next_at < GIVEN_UP_AFTER:
        mail.not_before = at + TRIED_AGAIN_AFTER
    else:
        mail.next_at = mail.not_before = _next(mail.cadence, mail.day, mail.at, at)
    mail.save(update_fields=["trouble", "last_sent_at", "next_at", "not_before"])
    return sent


def key_of(mail: ReportMail) -> str:
    """The beginning of the keys of its mails in the queue."""
    return f"{KEYS}{mail.pk}/"


def _send_to(mail: ReportMail, user: User, at: datetime) -> bool:
    actor = user.actor
    if not actor.may(Permission.SEE_REPORTS):
        raise ValueError("may not see reports any more; take them off the list")
    letter = _letter(mail, books_for(actor))
    key = f"{key_of(mail)}{mail.next_at:%Y%m%d}/{user.pk}"
    return queue_mail(NewMail(key, user, letter.subject, letter.text, letter.html, letter.attachments), at=at)


def _letter(mail: ReportMail, books: Books) -> Letter:
    """What its reader may see of it. Raises OptionError and StoreError."""
    report = keepable_named(mail.report)
    options = read_address(mail.options, books, timezone.localdate(), usual_of(report)).options
    address = f"{settings.BASE_URL}{_path(mail)}"
    if report is WEEKLY:
        table = weekly_table(options, engine(), books)
        return letter_of(mail.name, weeks_of(table), report, address, partial(weekly_exported, table.to_json()))
    result = run_report(mail.report, options, engine(), books)
    return letter_of(
        mail.name, result, report, address, partial(exported, told_whole(result, options, engine(), books))
    )


def _path(mail: ReportMail) -> str:
    has_own_page = mail.report in ("closed-loop", WEEKLY.key)
    page = f"{mail.report}/" if has_own_page else f"library/{mail.report}/"
    query = urlencode(said_and_read(keepable_named(mail.report), mail.options))
    return f"/reports/{page}" + (f"?{query}" if query else "")


def _next(cadence: str, day: int, on: time, after: datetime) -> datetime:
    zone = Organisation.current().time_zone
    return (next_weekly if cadence == Cadence.WEEKLY else next_monthly)(day, on, zone, after)
