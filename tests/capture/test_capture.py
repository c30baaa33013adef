"""From a sent form to a lead: what is written, what is written once, and what a crash in between leaves."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry
from loopline.access.roles import Role
from loopline.campaigns.forms import (
    FormPlan,
    Sent,
    SubmissionRefusedError,
    edit_form,
    network_key,
    new_token,
    opened_before,
)
from loopline.campaigns.models import Form, Submission
from loopline.campaigns.refusal import CampaignRefusedError
from loopline.collect.inbox import Inbox
from loopline.leads.capture import Captured, capture_after_all, capture_submission, report_waiting
from loopline.leads.models import Lead
from loopline.people.actions import person_of
from loopline.people.models import Person
from tests.make import make_form, make_person, make_unit, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
INES = {"email": "Ines@Halden.no", "name": "Ines Okafor", "company": "Halden Foods", "message": "Before March?"}
OnCommit = Callable[..., Any]


def sent(form: Form, **changes: Any) -> Sent:
    return Sent(**({"token": new_token(form, NOW - timedelta(seconds=20)), "is_consent_given": True} | changes))


def capture(form: Form, typed: dict[str, str] | None = None, **changes: Any) -> Captured:
    return capture_submission(form, typed or INES, sent=sent(form, **changes), at=NOW)


def events(inbox: Inbox) -> list[dict[str, Any]]:
    return [json.loads(one.body) for block in inbox.read(0, 1000) for one in block.requests]


def test_a_form_makes_a_person_a_link_a_consent_and_a_lead(data: Path) -> None:
    form = make_form()
    captured = capture(form, visitor_id="v1")
    person = captured.person
    assert person is not None
    assert (person.email, person.name, str(person.company)) == ("ines@halden.no", "Ines Okafor", "Halden Foods")
    assert person_of("visitor:v1") == person
    consent = person.consents.get()
    assert (consent.purpose, consent.is_granted, consent.text) == ("contact", True, "You may contact me.")
    assert captured.lead is not None
    assert captured.lead.origin == "form “Ask for a demo”"
    assert captured.lead.message == "Before March?"
    assert captured.submission.person == person
    assert captured.submission.consent_text == "You may contact me."
    assert captured.submission.at < captured.lead.created_at


def test_the_event_reaches_the_inbox_with_the_submission_as_its_id(
    inbox: Inbox, django_capture_on_commit_callbacks: OnCommit
) -> None:
    form = make_form()
    with django_capture_on_commit_callbacks(execute=True):
        captured = capture(form, visitor_id="v1", page_url="https://halden.example/demo?utm_source=x")
    [event] = events(inbox)
    assert event["messageId"] == str(captured.submission.pk)
    assert event["type"] == "form"
    assert event["anonymousId"] == "v1"
    assert captured.person is not None
    assert event["loopline"]["person_id"] == str(captured.person.pk)
    assert event["context"]["page"]["url"] == "https://halden.example/demo"
    captured.submission.refresh_from_db()
    assert captured.submission.reported_at is not None


def test_without_a_visitor_the_campaign_values_of_the_form_are_reported(
    inbox: Inbox, django_capture_on_commit_callbacks: OnCommit
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        capture(make_form(), utm={"utm_source": "Google", "utm_medium": "cpc", "utm_campaign": "Spring"})
    [event] = events(inbox)
    assert event["context"]["campaign"]["name"] == "spring"
    assert event["context"]["campaign"]["source"] == "google"


def test_what_people_heard_is_reported_as_a_category_and_their_words_stay_here(
    inbox: Inbox, django_capture_on_commit_callbacks: OnCommit
) -> None:
    asked = {"key": "heard_from", "label": "How did you hear about us?", "kind": "text"}
    form = make_form(fields=[{"key": "email", "label": "E-mail", "kind": "email"}, asked])
    with django_capture_on_commit_callbacks(execute=True):
        captured = capture(form, {"email": "a@halden.no", "heard_from": "My colleague Tim"})
        capture(form, {"email": "b@halden.no"})
        capture(make_form(), {**INES, "email": "c@halden.no"})
    said = [event["properties"].get("self_reported") for event in events(inbox)]
    assert said == ["recommendation", "unanswered", None]
    assert "Tim" not in json.dumps(events(inbox))
    assert captured.submission.data["heard_from"] == "My colleague Tim"


def test_a_crash_before_the_event_was_reported_is_made_good_once(inbox: Inbox) -> None:
    captured = capture(make_form())
    assert events(inbox) == []
    assert report_waiting(NOW + timedelta(seconds=10)) == 0
    assert report_waiting(NOW + timedelta(seconds=31)) == 1
    assert report_waiting(NOW + timedelta(seconds=31)) == 0
    assert [one["messageId"] for one in events(inbox)] == [str(captured.submission.pk)]


def test_an_inbox_that_cannot_be_written_does_not_lose_the_submission(
    tmp_path: Path, settings: Any, django_capture_on_commit_callbacks: OnCommit
) -> None:
    (tmp_path / "file").write_text("a file where the folder should be")
    settings.CONFIG = replace(settings.CONFIG, data=tmp_path / "file")
    with django_capture_on_commit_callbacks(execute=True):
        captured = capture(make_form())
    assert captured.lead is not None
    assert Submission.objects.waiting_to_be_reported().count() == 1


def test_a_double_click_is_one_submission_and_one_lead(data: Path) -> None:
    form = make_form()
    token = new_token(form, NOW - timedelta(seconds=20))
    first, second = capture(form, token=token), capture(form, token=token)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.submission == second.submission
    assert first.lead == second.lead
    assert Submission.objects.count() == Lead.objects.count() == Person.objects.count() == 1


def test_a_corrected_second_sending_from_the_same_page_is_kept(data: Path) -> None:
    form = make_form()
    token = new_token(form, NOW - timedelta(seconds=20))
    capture(form, token=token)
    capture(form, INES | {"message": "Or in April?"}, token=token)
    assert Submission.objects.count() == 2
    assert Lead.objects.count() == 1


def test_a_second_form_of_someone_with_a_running_lead_makes_no_second_lead(data: Path) -> None:
    unit = make_unit()
    first = capture(make_form(unit=unit))
    second = capture(make_form(unit=unit), INES | {"message": "Anyone there?"})
    assert second.lead == first.lead
    assert Submission.objects.filter(person=first.person).count() == 2


def test_the_same_person_may_be_a_lead_of_two_units(data: Path) -> None:
    first, second = capture(make_form()), capture(make_form())
    assert first.person == second.person
    assert first.lead != second.lead


def test_a_form_that_makes_no_leads_still_makes_a_person(data: Path) -> None:
    captured = capture(make_form(creates_lead=False))
    assert captured.person is not None
    assert captured.lead is None


def test_no_box_ticked_is_no_consent(data: Path) -> None:
    captured = capture(make_form(), is_consent_given=False)
    assert captured.person is not None
    assert not captured.person.consents.exists()
    assert not captured.submission.is_consent_given


def test_a_consent_box_that_was_not_shown_cannot_be_ticked(data: Path) -> None:
    captured = capture(make_form(consent_text=""), is_consent_given=True)
    assert captured.person is not None
    assert not captured.person.consents.exists()


def test_a_later_change_of_the_text_leaves_what_people_agreed_to(data: Path) -> None:
    form = make_form()
    captured = capture(form)
    edit_form(form, FormPlan("New", consent_text="Something else."), by=SYSTEM)
    captured.submission.refresh_from_db()
    assert captured.submission.consent_text == "You may contact me."


def test_wrong_fields_are_refused_together_and_nothing_is_kept(data: Path) -> None:
    with pytest.raises(SubmissionRefusedError) as refused:
        capture(make_form(), {"email": "nobody", "name": ""})
    assert set(refused.value.errors) == {"email", "name"}
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"honeypot": "x"}, "a field that people do not see"),
        ({"token": ""}, "without opening the form"),
        ({"token": "forged:1:2"}, "without opening the form"),
    ],
)
def test_spam_is_kept_with_its_reason_and_goes_no_further(data: Path, changes: dict[str, str], reason: str) -> None:
    captured = capture(make_form(), **changes)
    assert captured.submission.verdict == "spam"
    assert reason in captured.submission.verdict_reason
    assert (captured.person, captured.lead) == (None, None)
    assert not Person.objects.exists()


def test_a_token_of_another_form_does_not_count() -> None:
    one, other = make_form(), make_form()
    assert opened_before(one, new_token(other, NOW), NOW) is None
    assert opened_before(one, new_token(one, NOW), NOW + timedelta(seconds=3)) == timedelta(seconds=3)


def test_many_from_one_network_become_spam_and_none_is_lost(data: Path) -> None:
    form = make_form()
    network = network_key("203.0.113.9")
    for number in range(12):
        capture(form, INES | {"email": f"p{number}@halden.example"}, network=network)
    assert Submission.objects.filter(verdict="spam").count() == 2
    assert Submission.objects.count() == 12


def test_the_address_of_the_sender_is_not_kept(data: Path) -> None:
    submission = capture(make_form(), network=network_key("203.0.113.9")).submission
    assert "203.0.113" not in json.dumps(list(Submission.objects.values()), default=str)
    assert len(submission.network) == 32
    assert network_key("2001:db8::1") == network_key("2001:db8::ffff") != network_key("2001:db8:0:1::1")
    assert network_key("unknown") == ""


def test_not_spam_captures_after_all(data: Path) -> None:
    unit = make_unit()
    captured = capture(make_form(unit=unit), honeypot="x", visitor_id="v1")
    marketing = make_user(Role.MARKETING, unit=unit, name="Mara").actor
    after = capture_after_all(captured.submission, by=marketing)
    assert after.person is not None
    assert after.lead is not None
    assert after.submission.verdict == "genuine"
    assert after.submission.verdict_reason.startswith("Mara says it is genuine; was: filled in")
    assert after.person.created_at == NOW
    assert AuditEntry.objects.filter(verb="mark_not_spam", actor_name="Mara").exists()
    with pytest.raises(CampaignRefusedError):
        capture_after_all(captured.submission, by=marketing)


def test_only_those_who_edit_forms_of_that_unit_may_say_not_spam(data: Path) -> None:
    unit = make_unit()
    submission = capture(make_form(unit=unit), honeypot="x").submission
    for actor in (make_user(Role.SALES, unit=unit).actor, make_user(Role.MARKETING, unit=make_unit()).actor):
        with pytest.raises(NotAllowedError):
            capture_after_all(submission, by=actor)
    assert not Person.objects.exists()


def test_a_failure_of_the_last_step_keeps_nothing_of_the_capture(data: Path) -> None:
    form = make_form()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TRIGGER no_leads BEFORE INSERT ON leads_lead BEGIN SELECT RAISE(ABORT, 'the disk said no'); END"
        )
    with pytest.raises(IntegrityError, match="the disk said no"):
        capture(form)
    for model in (Submission, Person, Lead):
        assert not model.objects.exists()


def test_a_browser_that_two_people_share_is_nobodys_and_both_are_captured(data: Path) -> None:
    form = make_form()
    first = capture(form, visitor_id="v1")
    assert person_of("visitor:v1") == first.person
    second = capture(form, INES | {"email": "tom@halden.no", "name": "Tom"}, visitor_id="v1")
    assert person_of("visitor:v1") is None
    assert second.person != first.person
    assert second.lead is not None


HOSTILE = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'; DROP TABLE people_person; --", "{{ 7*7 }}",
    "=HYPERLINK(\"http://x\")", "\x00\x01\ud800", "A" * 100_000, "\u202eevil", "🦊" * 60,
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_any_field_is_stored_as_text_or_refused(data: Path, text: str) -> None:
    form = make_form()
    for key in ("name", "company", "message"):
        try:
            captured = capture(form, INES | {key: text})
        except SubmissionRefusedError:
            continue
        assert "\x00" not in json.dumps(captured.submission.data)
    with pytest.raises(SubmissionRefusedError):
        capture(form, INES | {"email": text})


def test_hostile_values_around_the_form_do_no_harm(data: Path) -> None:
    captured = capture(
        make_form(), visitor_id="v" * 5000, session_id="<script>", page_url="javascript:alert(1)", referrer="::::",
        utm={"utm_source": "<script>"},
    )  # fmt: skip
    assert captured.lead is not None


def test_someone_known_keeps_what_is_known(data: Path) -> None:
    unit = make_unit()
    known = make_person("ines@halden.no", unit=unit, name="Ines Maria Okafor")
    captured = capture(make_form(unit=unit))
    assert captured.person == known
    assert captured.person.name == "Ines Maria Okafor"


@pytest.mark.parametrize("place", ["page_url", "referrer"])
def test_an_address_that_is_none_does_not_hold_up_the_reports_of_others(data: Path, inbox: Inbox, place: str) -> None:
    form = make_form()
    capture(form, **{place: "http://[not-an-address"})
    second = capture(form, INES | {"email": "bo@halden.no"})
    assert report_waiting(NOW + timedelta(seconds=31)) == 2
    assert [one["messageId"] for one in events(inbox)][-1] == str(second.submission.pk)
    assert not Submission.objects.waiting_to_be_reported().exists()


def test_a_submission_that_cannot_be_reported_does_not_hold_up_the_others(
    data: Path, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    form = make_form()
    broken = capture(form)
    Submission.objects.filter(pk=broken.submission.pk).update(event_id="")
    second = capture(form, INES | {"email": "bo@halden.no"})
    assert report_waiting(NOW + timedelta(seconds=31)) == 1
    assert [one["messageId"] for one in events(inbox)] == [str(second.submission.pk)]
    assert str(broken.submission.pk) in caplog.text
