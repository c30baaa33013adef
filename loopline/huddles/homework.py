"""One minute before the meeting: each salesperson says what became of their leads, through a link of their own.

The link is signed, is for one person, one meeting and nothing else, and ends when the meeting does. Who has it acts as
that person on the leads of that homework only, through the same actions as on the pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.conf import settings
from django.core import signing
from django.db import transaction

from loopline.access.audit import audit
from loopline.access.mail import NewMail, queue_mail
from loopline.access.models import User
from loopline.access.one_time_links import LinkNotValidError
from loopline.access.roles import Permission
from loopline.huddles.known import partner_leads
from loopline.huddles.listing import MOST_OLDER, Meeting
from loopline.huddles.models import Homework, HomeworkAnswer, HuddleSeries
from loopline.huddles.reasons import Usual, reasons_for_older
from loopline.huddles.series import next_meeting_of
from loopline.leads.actions import accept_lead, ask_for_help, reject_lead
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.lib.times import utc_now
from loopline.pipeline.actions import move_stage
from loopline.pipeline.models import Opportunity

ASKED_BEFORE = timedelta(hours=20)
"""So long before the meeting the mail goes out: the afternoon before one in the morning."""
MOST = 25
_signer = signing.Signer(salt="loopline.huddles.homework")
Answer, State = HomeworkAnswer.Answer, Lead.State
ANSWERABLE = [State.HANDED_OVER, State.ACCEPTED, State.CONVERTED]


@dataclass(frozen=True, slots=True)
class Given:
    """What is said about one lead."""

    answer: str
    line: str = ""
    reason: str = ""
    """Of `Lead.Reason`, when it is sent back."""
    return_on: date | None = None
    stage: str = ""
    """Of `Opportunity.Stage`, when its deal moved on."""
    detail: Mapping[str, object] = field(default_factory=dict)
    """What the reason asks for (`leads.reasons`)."""


def token_of(homework: Homework) -> str:
    return _signer.sign(str(homework.pk))


def find_homework(token: str, *, at: datetime | None = None) -> Homework:
    """The homework of a link. Raises LinkNotValidError for one that never was, is over, or whose person left."""
    try:
        key = _signer.unsign(token)
    except signing.BadSignature as error:
        raise LinkNotValidError("This link is not complete. Open it from the mail again.") from error
    homework = Homework.objects.select_related("user", "series__unit").filter(pk=key).first()
    if homework is None or not homework.series.is_active:
        raise LinkNotValidError("The meeting this was for is off.")
    if homework.expires_at <= (at or utc_now()):
        raise LinkNotValidError("The meeting is over; say it in the next one, or on the lead's page.")
    user = homework.user
    if not (user.is_active and user.actor.covers_unit(homework.series.unit_id)):
        raise LinkNotValidError("This link is no longer yours. Ask whoever runs the huddle.")
    return homework


def leads_of(homework: Homework, *, at: datetime | None = None) -> list[Lead]:
    """The person's leads that the meeting will talk about, those without an answer first."""
    meeting = Meeting(homework.series.unit, homework.series, partner_leads(homework.series))
    at = at or homework.created_at
    since = meeting.since(at)
    own = meeting.leads().filter(owner=homework.user, state__in=ANSWERABLE)
    new = own.filter(handed_over_at__gte=since) | own.filter(state=State.HANDED_OVER)
    order = {State.HANDED_OVER: 0, State.ACCEPTED: 1}
    older = meeting.older(at).filter(owner=homework.user, state=State.ACCEPTED)
    late = {lead for lead in older[:MOST_OLDER] if reasons_for_older(lead, since, at, Usual())}
    leads = sorted(
        {*new.distinct(), *late}, key=lambda lead: (order.get(State(lead.state), 2), lead.due_at or since, lead.pk)
    )
    return leads[:MOST]


@transaction.atomic
def answer_lead(homework: Homework, lead: Lead, given: Given, *, at: datetime | None = None) -> HomeworkAnswer:
    """Do what was said and keep it for the meeting. Raises what the actions raise, and then nothing was changed."""
    at, by = at or utc_now(), homework.user.actor
    by.require(Permission.WORK_LEADS)
    line = given.line.strip()[:300]
    match given.answer:
        case Answer.ACCEPT:
            accept_lead(lead, by=by, at=at)
        case Answer.REJECT:
            reject_lead(lead, given.reason, note=line, detail=given.detail, return_on=given.return_on, by=by, at=at)
        case Answer.HELP:
            ask_for_help(lead, line or "asked for before the huddle", by=by, at=at)
        case Answer.STAGE:
            move_stage(_deal(lead), given.stage, by=by, at=at)
        case Answer.GREAT:
            pass  # nothing moves; the meeting hears of it
        case _:
            raise ValueError(f"“{given.answer}” is not one of {', '.join(Answer.values)}")
    answer, _ = HomeworkAnswer.objects.update_or_create(
        homework=homework, lead=lead, defaults={"answer": given.answer, "line": line, "at": at}
    )
    Homework.objects.filter(pk=homework.pk).update(answered_at=at)
    audit(by, "answer_homework", lead, at=at, answer=given.answer, homework=homework.pk)
    return answer


def _deal(lead: Lead) -> Opportunity:
    deal: Opportunity | None = getattr(lead, "opportunity", None)
    if deal is None:
        raise LeadStateError(f"{lead.person.display_name} is no deal yet; accept the lead and convert it first.")
    return deal


def ask_for_homework(*, at: datetime | None = None) -> int:
    """Before each meeting, a mail to every salesperson with leads on its list; how many were asked. A periodic job."""
    at = at or utc_now()
    asked = 0
    for series in HuddleSeries.objects.filter(is_active=True).select_related("unit"):
        meeting_at = next_meeting_of(series, at)
        if meeting_at - at <= ASKED_BEFORE:
            asked += sum(_ask(series, user, meeting_at, at) for user in _salespeople(series))
    return asked


def _salespeople(series: HuddleSeries) -> list[User]:
    team = series.team.all() if series.scope == HuddleSeries.Scope.TEAM else series.unit.users.all()
    return [user for user in team.filter(is_active=True) if user.actor.may(Permission.WORK_LEADS)]


@transaction.atomic
def _ask(series: HuddleSeries, user: User, meeting_at: datetime, at: datetime) -> bool:
    expires_at = meeting_at + timedelta(minutes=series.minutes)
    homework = Homework(series=series, user=user, meeting_at=meeting_at, expires_at=expires_at, created_at=at)
    if Homework.objects.filter(series=series, user=user, meeting_at=meeting_at).exists():
        return False
    leads = leads_of(homework, at=at)
    if not leads:
        return False
    homework.save(force_insert=True)
    address = f"{settings.BASE_URL}/huddles/homework/{token_of(homework)}"
    names = "\n".join(f"* {lead.person.display_name}" for lead in leads[:10])
    count = "1 lead" if len(leads) == 1 else f"{len(leads)} leads"
    text = (
        f"One minute before {series.name}: what became of your {count}?\n\n{names}\n\n{address}\n\n"
        "The link is yours alone and works without a password until the meeting ends. Do not pass it on.\n"
    )
    queue_mail(NewMail(f"huddle-homework/{homework.pk}", user, f"{count} before {series.name}", text), at=at)
    return True
