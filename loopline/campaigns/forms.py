"""Forms and what is sent through them: make and edit a form, keep a submission with its verdict."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from django.core import signing
from django.db import transaction
from django.utils.crypto import salted_hmac

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.campaigns.form_fields import FormField, fill, read_fields
from loopline.campaigns.models import Campaign, Form, Submission
from loopline.campaigns.refusal import CampaignRefusedError, refused_when_taken, require_in_unit, text_of
from loopline.campaigns.spam import WINDOW, Circumstances, spam_reason
from loopline.lib.ids import uuid7
from loopline.lib.text import many_lines, one_line
from loopline.lib.times import utc_now
from loopline.people.models import Person

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
FLOOD = 60
"""Submissions from one network within the spam window, above which none is taken: the answer says to come back."""
_SALT = "loopline.campaigns.forms"


class SubmissionRefusedError(ValueError):
    """Something typed into the form is wrong: `errors` by field, in words for the person who typed it."""

    def __init__(self, values: Mapping[str, str], errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.values, self.errors = values, errors


@dataclass(frozen=True, slots=True)
class FormPlan:
    """Everything about a form that a user sets."""

    title: str
    fields: list[dict[str, object]] = field(default_factory=list)
    introduction: str = ""
    consent_text: str = ""
    thanks_text: str = ""
    redirect_url: str = ""
    campaign: Campaign | None = None
    creates_lead: bool = True
    is_live: bool = True


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with a submission beside its fields. All of it is the sender's word, and only the token is signed."""

    token: str = ""
    honeypot: str = ""
    is_consent_given: bool = False
    visitor_id: str = ""
    session_id: str = ""
    page_url: str = ""
    referrer: str = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    """From `network_key`."""
    event_id: str = ""
    """Set when a tracker reported it: the event is in the store already."""

    @property
    def landing(self) -> dict[str, str]:
        said = {"page_url": self.page_url, "referrer": self.referrer, "session_id": self.session_id, **self.utm}
        return {key: value for key, value in said.items() if value}


def create_form(unit: BusinessUnit, slug: str, plan: FormPlan, *, by: Actor, at: datetime | None = None) -> Form:
    """A form at `/f/<slug>`. Raises CampaignRefusedError, FieldsRefusedError, NotAllowedError."""
    require_in_unit(by, Permission.EDIT_FORMS, unit.pk)
    slug = slug.strip().lower()
    if not slug or not slug.isascii() or not slug.replace("-", "").replace("_", "").isalnum() or len(slug) > 50:
        raise CampaignRefusedError("The address may hold small letters, digits, - and _, such as ask-for-a-demo.")
    form = Form(unit=unit, slug=slug, created_at=at or utc_now())
    _take_over(form, plan)
    with transaction.atomic():
        take_turn()
        with refused_when_taken(f"There is a form at /f/{slug} already; choose another address."):
            form.save(force_insert=True)
        audit(by, "create_form", form, at=at, slug=slug, title=form.title)
    return form


def edit_form(form: Form, plan: FormPlan, *, by: Actor, at: datetime | None = None) -> None:
    """Change everything but the address, which stands in other people's pages. Earlier submissions stay as sent."""
    require_in_unit(by, Permission.EDIT_FORMS, form.unit_id)
    with transaction.atomic():
        take_turn()
        form.refresh_from_db(from_queryset=Form.objects.select_for_update())
        before = _said(form)
        _take_over(form, plan)
        form.save()
        after = _said(form)
        audit(by, "edit_form", form, at=at, changed=[key for key in after if after[key] != before[key]])


def fields_of(form: Form) -> list[FormField]:
    return read_fields(form.fields)


def check(form: Form, typed: Mapping[str, object]) -> dict[str, str]:
    """The cleaned values of what was typed. Raises SubmissionRefusedError."""
    filled = fill(fields_of(form), typed)
    if filled.errors:
        raise SubmissionRefusedError(filled.values, filled.errors)
    return dict(filled.values)


def new_token(form: Form, at: datetime | None = None) -> str:
    """Signed proof that the form was opened at `at`, different each time."""
    return signing.dumps([form.slug, uuid7().hex, (at or utc_now()).timestamp()], salt=_SALT)


def opened_before(form: Form, token: str, at: datetime) -> timedelta | None:
    """How long before `at` the form was opened with this token; None when the token is not ours or not this form's."""
    try:
        slug, _, moment = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return timedelta(seconds=at.timestamp() - float(moment)) if slug == form.slug else None


def network_key(address: str) -> str:
    """A keyed hash of the network an address belongs to (all of IPv4, /64 of IPv6); empty when it is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return ""
    network = ip_network((ip, 64 if ip.version == 6 else 32), strict=False)
    return salted_hmac(_SALT, str(network), algorithm="sha256").hexdigest()[:32]


def is_flood(network: str, at: datetime) -> bool:
    """More came from this network than any office sends."""
    return bool(network) and _from_network(network, at) >= FLOOD


def dedup_key(form: Form, values: Mapping[str, str], sent: Sent) -> str | None:
    """The same for a repeat of the same submission; None where nothing tells a repeat from a second one."""
    if not sent.token and not sent.event_id:
        return None
    said = [form.slug, sent.token, sent.event_id, sent.is_consent_given, sorted(values.items())]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def record_submission(
    form: Form, values: Mapping[str, str], sent: Sent, *, by: Actor, at: datetime | None = None
) -> tuple[Submission, bool]:
    """Keep a submission with its verdict; a repeat gives the one there is. Returns it and whether it is new."""
    at = at or utc_now()
    with transaction.atomic():
        take_turn()
        key = dedup_key(form, values, sent)
        submission = Submission(
            form=form, data=dict(values), visitor_id=one_line(sent.visitor_id, 200), network=sent.network,
            consent_text=form.consent_text, is_consent_given=bool(form.consent_text) and sent.is_consent_given,
            landing=sent.landing, dedup_key=key, at=at,
        )  # fmt: skip
        submission.event_id = sent.event_id or str(submission.pk)
        submission.reported_at = at if sent.event_id else None
        # A tracker's event has passed the collector's own steps; its form is not ours, so it has no token.
        submission.verdict_reason = _judge(form, values, sent, at)
        if submission.verdict_reason:
            submission.verdict = Submission.Verdict.SPAM
        if key is None:
            submission.save(force_insert=True)
            is_new = True
        else:
            submission, is_new = _insert_once(submission, key)
        if is_new:
            audit(by, "record_submission", submission, form=form.slug, verdict=submission.verdict)
    return submission, is_new


def connect_person(submission: Submission, person: Person) -> None:
    """Say who sent it, inside the transaction of the capture."""
    submission.person = person
    submission.save(update_fields=["person"])


def mark_not_spam(submission: Submission, *, by: Actor) -> None:
    """A person looked at it and says that it is genuine. `leads.capture` then captures it."""
    require_in_unit(by, Permission.EDIT_FORMS, submission.form.unit_id)
    with transaction.atomic():
        take_turn()
        submission.refresh_from_db(from_queryset=Submission.objects.select_for_update())
        if submission.verdict != Submission.Verdict.SPAM:
            raise CampaignRefusedError("This submission is not marked as spam.")
        submission.verdict = Submission.Verdict.GENUINE
        submission.verdict_reason = f"{by.name} says it is genuine; was: {submission.verdict_reason}"[:200]
        submission.save(update_fields=["verdict", "verdict_reason"])
        audit(by, "mark_not_spam", submission, was=submission.verdict_reason)


def _insert_once(submission: Submission, key: str) -> tuple[Submission, bool]:
    earlier = Submission.objects.filter(dedup_key=key).first()
    if earlier is not None:
        return earlier, False
    try:
        with refused_when_taken("sent twice"):
            submission.save(force_insert=True)
    except CampaignRefusedError:
        return Submission.objects.get(dedup_key=key), False
    return submission, True


def _judge(form: Form, values: Mapping[str, str], sent: Sent, at: datetime) -> str:
    opened = timedelta(minutes=1) if sent.event_id else opened_before(form, sent.token, at)
    earlier = _from_network(sent.network, at) if sent.network else 0
    return spam_reason(Circumstances(values, sent.honeypot, opened, earlier))[:200]


def _from_network(network: str, at: datetime) -> int:
    return Submission.objects.filter(network=network, at__gt=at - WINDOW, at__lte=at).count()


def _take_over(form: Form, plan: FormPlan) -> None:
    form.title = text_of(plan.title, "a title")
    form.fields = [one.as_json for one in read_fields(plan.fields)]
    form.introduction = many_lines(plan.introduction, 5000)
    form.consent_text = many_lines(plan.consent_text, 5000)
    form.thanks_text = many_lines(plan.thanks_text, 5000)
    form.redirect_url = _address(plan.redirect_url)
    if plan.campaign is not None and plan.campaign.unit_id != form.unit_id:
        raise CampaignRefusedError("Choose a campaign of the form's own business unit.")
    form.campaign = plan.campaign
    form.creates_lead, form.is_live = plan.creates_lead, plan.is_live


def _address(text: str) -> str:
    """An http(s) address or nothing: anything else could run as a script where people are sent on."""
    text = one_line(text, 2000)
    if text and (urlsplit(text).scheme not in {"http", "https"} or not urlsplit(text).netloc):
        raise CampaignRefusedError("The page to go to afterwards begins with https:// or http://.")
    return text


def _said(form: Form) -> dict[str, object]:
    names = ("title", "introduction", "fields", "consent_text", "thanks_text", "redirect_url", "campaign_id",
             "creates_lead", "is_live")  # fmt: skip
    return {name: getattr(form, name) for name in names}
