"""From a sent form to a lead, in one transaction: the submission, the person behind it, consent, the lead. It is judged
after it.

The event that earns credit goes to the collector after the commit. Its id is the submission's, so reporting it twice
counts once; a submission whose event did not get there (a crash in between) is found by `report_waiting` and sent
again.
"""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction

from loopline.access.actor import SYSTEM, Actor
from loopline.access.audit import take_turn
from loopline.attribution.heard import ANSWER_KEY, category_of
from loopline.campaigns.forms import Sent, check, connect_person, mark_not_spam, record_submission
from loopline.campaigns.models import Form, Submission
from loopline.collect.channels import NO_VISIT, Visit
from loopline.collect.own import OwnEvent, report_event
from loopline.collect.web_address import read_address
from loopline.leads.actions import create_lead, qualify_lead
from loopline.leads.models import Lead
from loopline.leads.states import LeadStateError
from loopline.lib.times import utc_now
from loopline.people.actions import Details, fill_in, find_or_create_person, link_identity, link_phone, record_consent
from loopline.people.models import Person
from loopline.people.stitch import MAX_LENGTH
from loopline.people.traits import custom_of_person

logger = logging.getLogger(__name__)

PURPOSE = "contact"
"""What the consent box of a form is about."""
AFTER_THE_FORM = timedelta(milliseconds=1)
"""A touchpoint counts for a conversion when it came strictly before it, and the form did come before the lead."""


@dataclass(frozen=True, slots=True)
class Captured:
    submission: Submission
    person: Person | None
    """None for spam."""
    lead: Lead | None
    """The lead that runs now: made by this submission or running already."""
    is_new: bool
    """False when the same submission had been captured before."""
    makes_lead: bool = False
    """Whether this submission made the lead."""


def capture_submission(
    form: Form, typed: Mapping[str, object], *, sent: Sent, by: Actor = SYSTEM, at: datetime | None = None
) -> Captured:
    """Take in what someone sent through a form. Raises SubmissionRefusedError when a field is wrong.

    Spam is kept with its reason and goes no further.
    """
    at = at or utc_now()
    return judge_captured(capture_reported(form, check(form, typed), sent=sent, by=by, at=at), by=by, at=at)


def capture_reported(
    form: Form, values: Mapping[str, str], *, sent: Sent, by: Actor = SYSTEM, at: datetime | None = None
) -> Captured:
    """The same for values that were not typed into our form (a site's own form that the tracker reported). What it
    returns is for `judge_captured`, once the caller's own transaction is committed.

    `values` are plain text with a normalised `email`.
    """
    at = at or utc_now()
    with transaction.atomic():
        take_turn()
        submission, is_new = record_submission(form, values, sent, by=by, at=at)
        if not is_new or submission.verdict == Submission.Verdict.SPAM:
            person = submission.person
            return Captured(submission, person, _running_lead(form, person) if person else None, is_new)
        return _capture(submission, by, at)


def capture_after_all(submission: Submission, *, by: Actor, at: datetime | None = None) -> Captured:
    """Someone says that a submission marked as spam is genuine: capture it, dated when it was sent."""
    at = at or utc_now()
    with transaction.atomic():
        take_turn()
        mark_not_spam(submission, by=by)
        captured = _capture(submission, SYSTEM, at)
    return judge_captured(captured, by=SYSTEM, at=at)


def judge_captured(captured: Captured, *, by: Actor, at: datetime) -> Captured:
    """The same once the lead it made was judged: after the write transaction, because the event store may take seconds
    to answer. A lead that a crash leaves unjudged is found by `rejudge`, as every new lead is."""
    if captured.makes_lead and captured.lead is not None:
        with suppress(LeadStateError):  # somebody was faster
            qualify_lead(captured.lead, by=by, at=at + AFTER_THE_FORM)
    return captured


def report_submission(submission_id: UUID) -> None:
    """Send the event of a captured submission to the collector and note that it got there."""
    submission = Submission.objects.select_related("form").get(pk=submission_id)
    report_event(settings.CONFIG.data, form_event(submission))
    Submission.objects.filter(pk=submission_id).update(reported_at=utc_now())


def report_waiting(now: datetime | None = None, patience: timedelta = timedelta(seconds=30)) -> int:
    """Report again what has waited longer than `patience`; returns how many went. A periodic job."""
    late = Submission.objects.waiting_to_be_reported().filter(at__lt=(now or utc_now()) - patience).order_by("at")
    return sum(_report_or_leave(submission_id) for submission_id in list(late.values_list("pk", flat=True)[:500]))


def _report_or_leave(submission_id: UUID) -> bool:
    """One that cannot be reported waits for a look; those behind it go on."""
    try:
        report_submission(submission_id)
    except ValueError:
        logger.exception("Submission %s cannot be reported and stays without its touchpoint", submission_id)
        return False
    return True


def form_event(submission: Submission) -> OwnEvent:
    """The event of a submission: a touchpoint of the person, in the visit it was sent from."""
    form, landing = submission.form, submission.landing
    return OwnEvent(
        event_id=submission.event_id,
        kind="form",
        name=form.title,
        unit_id=str(form.unit_id),
        occurred_at=submission.at,
        touch_kind="form",
        person_id=str(submission.person_id or ""),
        visitor_id=submission.visitor_id,
        # With a visitor the collector knows the visit; else the campaign values that came with the form are all.
        visit=NO_VISIT if submission.visitor_id else _visit(landing),
        url=_without_query(landing.get("page_url", "")),
        title=form.title,
        consent=3 if submission.is_consent_given else 2,
        properties={
            "form": form.slug,
            "form_title": form.title,
            "submission": str(submission.pk),
            **_heard(submission),
        },
    )


def _heard(submission: Submission) -> dict[str, str]:
    """The category of what was answered to “How did you hear about us?”; nothing where the form did not ask."""
    answer = submission.data.get(ANSWER_KEY)
    return {} if answer is None else {"self_reported": category_of(str(answer))}


def _capture(submission: Submission, by: Actor, at: datetime) -> Captured:
    form, data = submission.form, submission.data
    person = find_or_create_person(
        data["email"], unit=form.unit, name=data.get("name", ""), company_name=data.get("company", ""),
        evidence="form", by=by, at=submission.at,
    )  # fmt: skip
    said = Details(job_title=data.get("job_title", ""), phone=data.get("phone", ""), country=data.get("country", ""))
    fill_in(person, said, by=by, at=submission.at)
    link_phone(person, said.phone, said.country, "form", by, submission.at)
    identity = f"visitor:{submission.visitor_id}"
    if submission.visitor_id and len(identity) <= MAX_LENGTH:
        link_identity(identity, person, "form", by, submission.at)
    if submission.is_consent_given:
        record_consent(
            person, PURPOSE, is_granted=True, text=submission.consent_text, evidence=f"form {form.slug}", by=by,
            at=submission.at,
        )  # fmt: skip
    connect_person(submission, person)
    running = _running_lead(form, person) if form.creates_lead else None
    makes_lead = form.creates_lead and running is None
    lead = _new_lead(form, person, data, by, at) if makes_lead else running
    if submission.reported_at is None:
        # Robust: the answer to the sender does not depend on it, and `report_waiting` repeats it.
        transaction.on_commit(lambda: report_submission(submission.pk), robust=True)
    return Captured(submission, person, lead, True, makes_lead)


def _new_lead(form: Form, person: Person, data: Mapping[str, str], by: Actor, at: datetime) -> Lead:
    return create_lead(
        person, form.unit, origin=f"form “{form.title}”", message=data.get("message", ""),
        custom=custom_of_person(data), by=by, at=at + AFTER_THE_FORM,
    )  # fmt: skip


def _running_lead(form: Form, person: Person) -> Lead | None:
    return Lead.objects.running().filter(unit=form.unit_id, person__in=person.known_ids()).first()


def _visit(landing: Mapping[str, str]) -> Visit:
    return Visit(
        source=landing.get("utm_source", "").strip().lower(),
        medium=landing.get("utm_medium", "").strip().lower(),
        campaign=landing.get("utm_campaign", "").strip().lower(),
        content=landing.get("utm_content", ""),
        term=landing.get("utm_term", ""),
        referrer_host=read_address(landing.get("referrer", "")).host,
    )


def _without_query(address: str) -> str:
    """The address as far as it names a page; empty when it is none: it is the sender's word."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
