"""The salesperson is told once, by mail and in the chat: what they need, nothing hostile, no secret, no open door."""

import html
import json
import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.models import AuditEntry, BusinessUnit, Mail, User
from loopline.access.roles import Role
from loopline.leads.actions import accept_lead, qualify_lead
from loopline.leads.chat import AddressRefused, address_to_ask, masked, plain, send_waiting_chats
from loopline.leads.hand_off_models import TOLD_WITHIN, Assignment, ChatMessage, HandOffTerms
from loopline.leads.models import Lead
from loopline.leads.opening import Known, Read, what_to_say
from loopline.leads.terms import NewTerms, set_terms
from loopline.lib.times import utc_now
from loopline.people.actions import Details, fill_in
from loopline.routing.actions import NewRule, NewWorkingTime, add_absence, save_rule, save_team, set_working_time
from loopline.web import lead_news
from loopline.web.lead_news import LeadNews, tell_new_owners
from tests.make import make_unit, make_user, signed_in_as
from tests.make_leads import make_definition, make_lead

pytestmark = pytest.mark.django_db

HOOK = "https://hooks.chat.example/services/T000/very-secret"
HOSTILE = "<script>alert(1)</script> & <!channel> <https://evil.example|Salary>"
TERMS = NewTerms(4, 4, 8, 16, 8, 16)
PUBLIC, PRIVATE = "93.184.216.34", "10.0.0.7"


@pytest.fixture
def unit() -> BusinessUnit:
    unit = make_unit("North")
    make_definition(unit)
    HandOffTerms.objects.create(unit=unit, chat_webhook=HOOK)
    return unit


def handed(unit: BusinessUnit, name: str = "Ines Okafor", message: str = "We need ten meters") -> tuple[Lead, User]:
    ana = make_user(Role.SALES, unit=unit, name="Ana", takes_leads=True)
    lead = make_lead(unit, name=name, message=message, company_name="Halden Foods")
    fill_in(lead.person, Details(phone="+47 22 33 44 55", job_title="Head of Operations"), by=SYSTEM)
    qualify_lead(lead, by=SYSTEM)
    return lead, ana


class Chat:
    """A chat's webhook without a network: what it was asked, and what it answers."""

    def __init__(self, status: int = 200) -> None:
        self.asked: list[httpx.Request] = []
        self.client = httpx.Client(transport=httpx.MockTransport(self._answer))
        self._status = status

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        return httpx.Response(self._status)


def public(_host: str, _port: int) -> list[str]:
    return [PUBLIC]


def test_the_owner_gets_one_mail_with_all_they_need(unit: BusinessUnit) -> None:
    lead, ana = handed(unit)
    assert tell_new_owners() == 1
    assert tell_new_owners() == 0
    mail = Mail.objects.get()
    assert mail.to == ana
    assert mail.subject.startswith("Ines Okafor: answer by ")
    for content in (mail.text, mail.html):
        for said in (
            "Head of Operations, Halden Foods", "+47 22 33 44 55", "We need ten meters", "ry the phone first",
            "round robin: Ana is the only one who takes leads", "business e-mail",
            reverse("lead", args=[lead.pk]), "Became a lead",
        ):  # fmt: skip
            assert said in content, said
        assert " left" not in content, "a mail is read later than it is written"


def test_times_in_a_mail_are_those_of_the_reader(unit: BusinessUnit) -> None:
    lead, ana = handed(unit)
    set_working_time(ana, NewWorkingTime("Asia/Tokyo", ("9-17",) * 7, "", 10), by=SYSTEM)
    tell_new_owners()
    assert lead.due_at is not None
    assert f"{lead.due_at.astimezone(ZoneInfo('Asia/Tokyo')):%A %H:%M}" in Mail.objects.get().subject


def test_a_mail_opens_no_door_and_hostile_text_stays_text(unit: BusinessUnit) -> None:
    lead, _ = handed(unit, name=HOSTILE, message=HOSTILE)
    tell_new_owners()
    mail = Mail.objects.get()
    assert "<script>" not in mail.html
    assert "\n" not in mail.subject
    links = set(re.findall(r'href="(http[^"]*)"', mail.html))
    assert {re.sub(r"^https?://[^/]+", "", link) for link in links} == {
        reverse("lead", args=[lead.pk]), reverse("working_time"),
    }  # fmt: skip
    assert not re.search(r"token|secret|key=", mail.html + mail.text)
    lead.refresh_from_db()
    assert lead.state == "handed_over"


def test_who_answered_before_being_told_and_old_news_are_left_alone(unit: BusinessUnit) -> None:
    lead, ana = handed(unit)
    accept_lead(lead, by=ana.actor)
    assert tell_new_owners() == 0
    assert not Mail.objects.exists()
    Assignment.objects.update(told_at=None)
    assert tell_new_owners(utc_now() + TOLD_WITHIN + timedelta(minutes=1)) == 0


def test_the_chat_gets_one_message_whatever_the_names_are(unit: BusinessUnit) -> None:
    lead, _ = handed(unit, name=HOSTILE)
    tell_new_owners()
    chat = Chat()
    assert send_waiting_chats(client=chat.client, resolve=public) == 1
    [request] = chat.asked
    text = json.loads(request.content)["text"]
    assert "New lead for Ana" in text
    assert "Why a lead: business e-mail" in text
    assert "Why you: round robin: Ana is the only one who takes leads" in text
    assert "<" not in text
    assert str(lead.pk) in text
    assert (request.url.host, request.headers["Host"]) == (PUBLIC, "hooks.chat.example")
    assert request.extensions["sni_hostname"] == "hooks.chat.example"
    assert ChatMessage.objects.get().text == ""
    assert send_waiting_chats(client=Chat().client, resolve=public) == 0


@pytest.mark.parametrize(
    "said", ["@all", "hi @channel!", "(@here)", "\uff20all", "<!channel>", "<@U024BE7LH>", "<at>All</at>",
             "[Save](https://evil.example)", "![x](https://evil.example/x)", "[Save][1]", "[1]: https://evil.example"],
)  # fmt: skip
def test_nobody_is_mentioned_in_a_chat_and_no_link_has_another_name(said: str) -> None:
    shown = plain(said)
    assert re.search(r"[@\uff20]\w|<|\][(\[:]", shown) is None
    assert html.unescape(shown).replace("\u200b", "") == said, "people read the same"
    assert plain("ann@halden.example, R&D") == "ann@halden.example, R&amp;D"


def test_a_chat_that_fails_is_tried_again_later_and_says_so_without_its_address(
    unit: BusinessUnit, caplog: pytest.LogCaptureFixture
) -> None:
    handed(unit)
    tell_new_owners()
    now = utc_now()
    assert send_waiting_chats(at=now, client=Chat(500).client, resolve=public) == 0
    assert send_waiting_chats(at=now, client=Chat().client, resolve=public) == 0, "not at once"
    message = ChatMessage.objects.get()
    assert (message.attempts, message.trouble) == (1, "the chat answered 500")
    page = signed_in_as(Role.ADMINISTRATOR, unit).get(reverse("unit", args=[unit.pk])).content.decode()
    assert "the chat answered 500" in page
    assert "https://hooks.chat.example/…" in page
    assert "very-secret" not in page + caplog.text
    assert send_waiting_chats(at=now + timedelta(minutes=3), client=Chat().client, resolve=public) == 1


def test_a_name_that_points_into_the_house_is_not_asked(unit: BusinessUnit) -> None:
    handed(unit)
    tell_new_owners()
    chat = Chat()
    assert send_waiting_chats(client=chat.client, resolve=lambda _host, _port: [PRIVATE]) == 0
    assert chat.asked == []
    assert "private network" in ChatMessage.objects.get().trouble


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
     "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1"],
)  # fmt: skip
def test_every_kind_of_private_address_is_refused_unless_allowed(address: str) -> None:
    with pytest.raises(AddressRefused, match="private network"):
        address_to_ask(HOOK, may_be_private=False, resolve=lambda _host, _port: [PUBLIC, address])
    asked = address_to_ask(HOOK, may_be_private=True, resolve=lambda _host, _port: [address])
    assert asked == ("hooks.chat.example", address, 443)


@pytest.mark.parametrize(
    "url", ["http://hooks.chat.example/x", "https://", "https://user:pass@hooks.chat.example/", "file:///etc/passwd",
            "https://hooks.chat.example:99999/", "gopher://x", "javascript:alert(1)"],
)  # fmt: skip
def test_only_plain_https_addresses_are_asked(url: str) -> None:
    with pytest.raises(AddressRefused):
        address_to_ask(url, may_be_private=True, resolve=public)


def test_a_webhook_is_kept_replaced_and_taken_out_and_the_audit_log_never_holds_it(unit: BusinessUnit) -> None:
    set_terms(unit, TERMS, webhook=None, by=SYSTEM, resolve=public)
    assert HandOffTerms.objects.get().chat_webhook == HOOK
    set_terms(unit, TERMS, webhook=HOOK + "2", by=SYSTEM, resolve=public)
    assert "very-secret" not in json.dumps([entry.detail for entry in AuditEntry.objects.all()])
    with pytest.raises(ValidationError, match="private network"):
        set_terms(unit, TERMS, webhook=HOOK, by=SYSTEM, resolve=lambda _host, _port: [PRIVATE])
    set_terms(unit, TERMS, webhook="", by=SYSTEM)
    assert HandOffTerms.objects.get().chat_webhook == ""
    assert masked("") == ""
    with pytest.raises(ValidationError, match="From 1 to 720"):
        set_terms(unit, NewTerms(0, 4, 8, 16, 8, 16), by=SYSTEM)
    with pytest.raises(ValidationError, match="From 0 to 600"):
        set_terms(unit, NewTerms(1, 4, 8, 16, 8, 16, meeting_minutes=601), by=SYSTEM)


def test_the_terms_are_set_on_the_page_of_the_unit_by_administrators(unit: BusinessUnit) -> None:
    address, said = reverse("unit_terms", args=[unit.pk]), {
        "assign_hours": 2, "take_hours": 3, "first_touch_hours": 5, "dispute_hours": 6, "evidence_hours": 7,
        "rejection_hours": 9, "explore_percent": 0, "explore_a_week": 5, "sees": "team",
        "lead_minutes": 10, "call_minutes": 15, "meeting_minutes": 45,
        "late_leads_go_back": "on", "days_off": "2026-12-24 Christmas Eve\n2026-12-31",
    }  # fmt: skip
    for role in (Role.SALES_MANAGER, Role.MARKETING):
        assert signed_in_as(role, unit).post(address, said).status_code == 403
    administrator = signed_in_as(Role.ADMINISTRATOR, unit)
    assert administrator.get(address).status_code == 405
    assert administrator.post(address, said).status_code == 302
    terms = HandOffTerms.objects.get()
    assert (terms.take_hours, terms.late_leads_go_back, terms.chat_webhook) == (3, True, HOOK)
    assert (terms.lead_minutes, terms.call_minutes, terms.meeting_minutes) == (10, 15, 45)
    assert [one.name for one in unit.days_off.all()] == ["Christmas Eve", ""]
    wrong = administrator.post(address, said | {"days_off": "Easter"}).content.decode()
    assert "is no date" in wrong
    assert "2026-12-24 Christmas Eve" in administrator.get(reverse("unit", args=[unit.pk])).content.decode()


def test_what_to_say_next_follows_what_they_wrote_and_read() -> None:
    reads = [Read("Flow meters", 3, ["Flow meters"]), Read("Guides", 1, []), Read("Third", 1, [])]
    assert what_to_say(Known("We need\n ten", "form", reads, read_prices=True)) == [
        "Begin with what they wrote: “We need ten”",
        "They read the prices: be ready to talk about budget, who decides, and when.",
        "They read about Flow meters (3 page views, most of all “Flow meters”): ask how they do it today.",
        "They read about Guides (1 page view): ask how they do it today.",
    ]
    assert what_to_say(Known(origin="form “Demo”")) == ["Begin with what they did: form “Demo”."]
    assert what_to_say(Known()) == []
    assert len(what_to_say(Known("x" * 500))[0]) < 220


def test_everybody_who_may_take_a_lead_from_a_queue_hears_that_it_waits(unit: BusinessUnit) -> None:
    ana, ben, eve = (make_user(Role.SALES, unit=unit, name=name, takes_leads=True) for name in ("Ana", "Ben", "Eve"))
    make_user(Role.SALES, unit=unit, name="Otto", takes_leads=True)
    today = utc_now().date()
    add_absence(eve, today - timedelta(days=1), today + timedelta(days=1), by=SYSTEM)
    team = save_team(unit, "Desk", [ana, ben, eve], by=SYSTEM)
    save_rule(unit, NewRule("To the desk", None, "queue", team=team), by=SYSTEM)
    qualify_lead(make_lead(unit, name="Ines Okafor"), by=SYSTEM)
    assert tell_new_owners() == 1
    assert tell_new_owners() == 0
    assert [mail.to for mail in Mail.objects.order_by("to__name")] == [ana, ben], "Eve is away, Otto is of no team"
    assert {mail.subject for mail in Mail.objects.all()} == {"Ines Okafor waits in the queue"}
    assert ChatMessage.objects.count() == 1


def test_one_that_cannot_be_told_is_tried_again_later_and_holds_nobody_back(
    unit: BusinessUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, _ = handed(unit, name="Broken")
    qualify_lead(make_lead(unit, name="Fine"), by=SYSTEM)
    as_it_is = lead_news.news_of

    def news_of(lead: Lead, *args: Any) -> LeadNews:
        if lead.pk == broken.pk:
            raise ValueError("a route that cannot be drawn")
        return as_it_is(lead, *args)

    monkeypatch.setattr(lead_news, "news_of", news_of)
    at = utc_now()
    assert tell_new_owners(at) == 1
    assert Mail.objects.get().subject.startswith("Fine")
    kept = broken.assignments.get()
    assert (kept.told_at, kept.tell_attempts) == (None, 1)
    assert kept.tell_trouble == "ValueError: a route that cannot be drawn"
    monkeypatch.undo()
    assert tell_new_owners(at + timedelta(seconds=30)) == 0, "not before its time"
    assert tell_new_owners(at + timedelta(minutes=1)) == 1
    kept.refresh_from_db()
    assert (kept.told_at is not None, kept.tell_trouble) == (True, "")
