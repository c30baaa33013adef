"""News that did not arrive: shown to administrators with the reason, tried again on request, hinted at on the lead."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.mail import UNKNOWN, NewMail, queue_mail
from loopline.access.models import AuditEntry, Mail
from loopline.access.roles import Role
from loopline.huddles.actions import close_huddle, open_huddle
from loopline.leads.hand_off_models import Assignment, ChatMessage, put_off
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from tests.make import make_unit, make_user, signed_in, signed_in_as
from tests.make_leads import make_handed_over_lead

pytestmark = pytest.mark.django_db
PAGE = "undelivered"


def a_mail(key: str = "huddle-brief/1", **known: object) -> Mail:
    reader = make_user(Role.SALES, name="Ana <b>Lund</b>")
    queue_mail(NewMail(key, reader, "Weekly: the brief", "five figures"), at=utc_now())
    Mail.objects.filter(key=key).update(**{"trouble": "550 mailbox full", "attempts": 6} | known)
    return Mail.objects.get(key=key)


def administrator() -> Client:
    return signed_in(make_user(Role.ADMINISTRATOR))


def test_the_trio(client: Client) -> None:
    mail = a_mail()
    for address in (reverse(PAGE), reverse("undelivered_again")):
        assert client.get(address).status_code == (302 if address == reverse(PAGE) else 405)
        assert client.post(address).status_code in {302, 405}
        assert signed_in_as(Role.SALES_MANAGER, make_unit()).get(address).status_code in {403, 405}
    refused = signed_in_as(Role.MARKETING, make_unit()).post(
        reverse("undelivered_again"), {"kind": "mail", "id": str(mail.pk)}
    )
    assert refused.status_code == 403
    mail.refresh_from_db()
    assert mail.attempts == 6
    assert administrator().get(reverse(PAGE)).status_code == 200


def test_a_mail_that_was_given_up_is_shown_with_its_reason_and_goes_again(client: Client) -> None:
    mail, admin = a_mail(), administrator()
    page = admin.get(reverse(PAGE)).content.decode()
    assert "Ana &lt;b&gt;Lund" in page
    for said in ("Weekly: the brief", "550 mailbox full", "tried 6 times", "given up", "No mail server is set up"):
        assert said in page
    admin.post(reverse("undelivered_again"), {"kind": "mail", "id": str(mail.pk)})
    mail.refresh_from_db()
    assert (mail.attempts, mail.not_before <= utc_now()) == (0, True)
    assert AuditEntry.objects.filter(verb="deliver_again").count() == 1


def test_what_may_have_arrived_or_is_gone_is_not_sent_again(client: Client) -> None:
    mail = a_mail(trouble=UNKNOWN, claimed_at=utc_now(), text="", subject="")
    admin = administrator()
    page = admin.get(reverse(PAGE)).content.decode()
    assert "it may have arrived" in page
    assert "Huddle brief" in page
    assert 'name="id"' not in page, "there is no button"
    for kind, key in (("mail", str(mail.pk)), ("mail", "x"), ("chat", "9" * 40), ("hand_over", "0"), ("<b>", "1")):
        answer = admin.post(reverse("undelivered_again"), {"kind": kind, "id": key}, follow=True)
        assert "Nothing was changed" in answer.content.decode()
    assert not AuditEntry.objects.filter(verb="deliver_again").exists()


def test_the_page_of_the_lead_says_that_its_owner_was_not_told() -> None:
    lead, owner = make_handed_over_lead(name="Ines Okafor")
    assignment = Assignment.objects.get()
    put_off(assignment.pk, "TypeError: the route cannot be read", utc_now())
    page = signed_in(owner).get(reverse("lead", args=[lead.pk])).content.decode()
    assert "The news did not arrive" in page
    assert "the route cannot be read" in page
    assert reverse(PAGE) not in page
    admin = administrator()
    assert reverse(PAGE) in admin.get(reverse("lead", args=[lead.pk])).content.decode()
    assert "Lead assigned: Ines Okafor" in admin.get(reverse(PAGE)).content.decode()
    admin.post(reverse("undelivered_again"), {"kind": "hand_over", "id": str(assignment.pk)})
    assert Assignment.objects.to_tell(utc_now(), within=timedelta(hours=12)).exists()


def test_a_chat_that_takes_nothing_is_shown_too_and_an_answered_lead_needs_no_news() -> None:
    lead, _ = make_handed_over_lead()
    key = f"lead-assigned/{Assignment.objects.get().pk}"
    message = ChatMessage.objects.create(key=key, unit=lead.unit, text="new", attempts=6, trouble="answered 500")
    admin = administrator()
    assert f"the chat of {lead.unit}" in admin.get(reverse(PAGE)).content.decode()
    assert "answered 500" in admin.get(reverse("lead", args=[lead.pk])).content.decode()
    admin.post(reverse("undelivered_again"), {"kind": "chat", "id": str(message.pk)})
    message.refresh_from_db()
    assert message.attempts == 0
    Lead.objects.filter(pk=lead.pk).update(state="accepted")
    assert "answered 500" not in admin.get(reverse("lead", args=[lead.pk])).content.decode()


def test_minutes_say_who_did_not_get_them() -> None:
    unit = make_unit()
    runner = make_user(Role.MARKETING, unit=unit, name="Mara")
    huddle = open_huddle(unit, by=runner.actor)
    close_huddle(huddle, by=runner.actor)
    a_mail(f"huddle-minutes/{huddle.pk}/{runner.pk}")
    page = signed_in(runner).get(reverse("huddle", args=[huddle.pk])).content.decode()
    assert "Not everybody got the minutes" in page
    assert "550 mailbox full" in page
