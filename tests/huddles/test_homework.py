"""One minute before the meeting: a link of one's own, valid for one meeting, that acts only when something is sent."""

import re
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.audit import first_broken_entry
from loopline.access.models import BusinessUnit, Mail, User
from loopline.access.roles import Role
from loopline.huddles.actions import open_huddle
from loopline.huddles.homework import ask_for_homework, token_of
from loopline.huddles.models import Homework, HomeworkAnswer, HuddleSeries
from loopline.huddles.series import SeriesPlan, end_series, start_series
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from tests.make import make_unit, make_user
from tests.make_leads import make_handed_over_lead

pytestmark = pytest.mark.django_db


def series_soon(unit: BusinessUnit, runner: User, *guests: User, hours: float = 3) -> HuddleSeries:
    """A series whose next meeting is a few hours from now."""
    begins = utc_now() + timedelta(hours=hours)
    plan = SeriesPlan("Weekly", begins.date(), time(begins.hour, begins.minute), (runner, *guests))
    return start_series(unit, plan, by=runner.actor)


class Asked:
    """A salesperson with a lead, asked before a meeting."""

    def __init__(self) -> None:
        self.lead, self.owner = make_handed_over_lead(name="Ines <b>Okafor</b>")
        self.unit = self.lead.unit
        self.runner = make_user(Role.MARKETING, unit=self.unit)
        self.series = series_soon(self.unit, self.runner, self.owner)
        assert ask_for_homework() == 1
        self.homework = Homework.objects.get()
        self.address = reverse("homework", args=[token_of(self.homework)])

    def say(self, answer: str, **more: str) -> int:
        given = {"lead": str(self.lead.pk), "answer": answer, **more}
        return Client().post(self.address, given).status_code


def test_everybody_with_leads_is_asked_once_by_mail_and_nobody_else() -> None:
    asked = Asked()
    make_user(Role.SALES, unit=asked.unit, name="Without leads")
    assert ask_for_homework() == 0
    [mail] = Mail.objects.filter(key__startswith="huddle-homework/")
    assert mail.to == asked.owner
    assert token_of(asked.homework) in mail.text


def test_looking_changes_nothing_however_often_a_mail_program_follows_the_link() -> None:
    asked = Asked()
    for _ in range(3):
        page = Client().get(f"{asked.address}?answer=accept&lead={asked.lead.pk}")
        assert page.status_code == 200
        assert "Ines &lt;b&gt;Okafor" in page.content.decode()
        assert "no-store" in page.headers["Cache-Control"]
    assert Client().head(asked.address).status_code == 200
    asked.lead.refresh_from_db()
    assert asked.lead.state == Lead.State.HANDED_OVER
    assert not HomeworkAnswer.objects.exists()


def test_an_answer_does_what_it_says_in_the_name_of_the_person_and_is_kept_for_the_meeting() -> None:
    asked = Asked()
    assert asked.say("accept", line="calls on Monday") == 302
    asked.lead.refresh_from_db()
    assert (asked.lead.state, asked.lead.owner) == (Lead.State.ACCEPTED, asked.owner)
    answer = HomeworkAnswer.objects.get()
    assert (answer.answer, answer.line) == ("accept", "calls on Monday")
    assert first_broken_entry() is None
    huddle = open_huddle(asked.unit, series=asked.series, by=asked.runner.actor)
    said = huddle.leads.get().frozen["homework"]
    assert said == {"answer": "accept", "said": "accepted", "line": "calls on Monday", "by": asked.owner.name}


@pytest.mark.parametrize(
    ("more", "status", "state"),
    [
        ({"reason": "no_need"}, 302, Lead.State.REJECTED),
        ({}, 422, Lead.State.HANDED_OVER),
        ({"reason": "nonsense"}, 422, Lead.State.HANDED_OVER),
        ({"reason": "timing"}, 422, Lead.State.HANDED_OVER),
        ({"reason": "timing", "return_on": "2027-03-01"}, 302, Lead.State.REJECTED),
    ],
)
def test_sending_back_needs_its_reason(more: dict[str, str], status: int, state: str) -> None:
    asked = Asked()
    assert asked.say("reject", **more) == status
    asked.lead.refresh_from_db()
    assert asked.lead.state == state


def test_help_is_asked_for_and_a_great_lead_is_said() -> None:
    asked = Asked()
    asked.say("help", line="no phone number")
    asked.lead.refresh_from_db()
    assert asked.lead.help_note == "no phone number"
    asked.say("great")
    assert HomeworkAnswer.objects.get().answer == "great", "the later answer replaces the earlier one"


def test_what_cannot_be_done_is_said_and_nothing_changes() -> None:
    asked = Asked()
    asked.say("accept")
    assert asked.say("stage", stage="proposal") == 422, "it is no deal yet"
    assert asked.say("dance") == 422
    assert HomeworkAnswer.objects.get().answer == "accept"


def test_the_link_opens_only_ones_own_leads() -> None:
    asked = Asked()
    other, _ = make_handed_over_lead(name="Somebody else's")
    answer = Client().post(asked.address, {"lead": str(other.pk), "answer": "accept"})
    assert answer.status_code == 404
    assert Client().post(asked.address, {"lead": "nonsense", "answer": "accept"}).status_code == 404
    other.refresh_from_db()
    assert other.state == Lead.State.HANDED_OVER


@pytest.mark.parametrize("wrong", ["", "x", "tampered", "over", "shut out", "moved", "ended"])
def test_a_link_that_is_not_valid_shows_nothing(wrong: str) -> None:
    asked = Asked()
    address = asked.address
    if wrong in {"", "x"}:
        address = reverse("homework", args=[f"{asked.homework.pk}{':' + wrong if wrong else ''}"])
    elif wrong == "tampered":
        address = reverse("homework", args=[token_of(Homework(pk=asked.series.pk)).replace(":", ":x", 1)])
    elif wrong == "over":
        Homework.objects.update(expires_at=utc_now())
    elif wrong == "shut out":
        User.objects.filter(pk=asked.owner.pk).update(is_active=False)
    elif wrong == "moved":
        asked.owner.units.set([make_unit()])
    else:
        end_series(asked.series, by=asked.runner.actor)
    for send in (Client().get, Client().post):
        answer = send(address)
        assert answer.status_code == 404
        assert "Ines" not in answer.content.decode()


def test_it_gives_nobody_a_session() -> None:
    asked = Asked()
    client = Client()
    client.get(asked.address)
    client.post(asked.address, {"lead": str(asked.lead.pk), "answer": "accept"})
    assert client.get(reverse("lead", args=[asked.lead.pk])).status_code == 302


def test_another_sites_form_cannot_send_it() -> None:
    asked = Asked()
    client = Client(enforce_csrf_checks=True)
    assert client.post(asked.address, {"lead": str(asked.lead.pk), "answer": "accept"}).status_code == 403


def test_nobody_is_asked_days_before() -> None:
    lead, owner = make_handed_over_lead()
    runner = make_user(Role.MARKETING, unit=lead.unit)
    begins = date(2026, 3, 9)
    start_series(lead.unit, SeriesPlan("W", begins, time(9), (runner, owner)), by=runner.actor)
    assert ask_for_homework(at=datetime(2026, 3, 5, tzinfo=UTC)) == 0


def test_sending_back_asks_for_what_its_code_needs_and_keeps_it() -> None:
    asked = Asked()
    clause = str(asked.lead.evidence[0]["clause"])
    for reason, missing, said in [
        ("below_definition", "clause", "Which clause does it not meet?"),
        ("unreachable", "attempts", "After how many attempts?"),
        ("timing", "return_on", "Give a date"),
        ("", "reason", "Choose why it goes back."),
    ]:
        given = {"lead": str(asked.lead.pk), "answer": "reject", "reason": reason, "line": "as typed"}
        page = Client().post(asked.address, given)
        assert page.status_code == 422
        wrong = re.search(rf'id="{asked.lead.pk}-{missing}_error"[^>]*>(.*?)</p>', page.content.decode(), re.DOTALL)
        assert wrong is not None, reason
        assert said in wrong[1]
        assert "as typed" in page.content.decode(), "what was typed stays"
    asked.lead.refresh_from_db()
    assert asked.lead.state == Lead.State.HANDED_OVER
    assert asked.say("reject", reason="below_definition", clause=clause, attempts="3") == 302
    asked.lead.refresh_from_db()
    assert (asked.lead.reason, asked.lead.reason_detail) == ("below_definition", {"clause": clause})


def test_what_belongs_to_sending_back_does_not_matter_to_another_answer() -> None:
    asked = Asked()
    assert asked.say("accept", reason="timing", attempts="0") == 302
    asked.lead.refresh_from_db()
    assert (asked.lead.state, asked.lead.reason) == (Lead.State.ACCEPTED, "")
