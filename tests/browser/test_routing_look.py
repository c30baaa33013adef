"""Routing, working hours and the mail about a lead in a real browser: looked at in every width."""

import pytest
from django.urls import reverse

from loopline.access.actor import SYSTEM
from loopline.access.models import Mail
from loopline.leads.actions import create_lead, qualify_lead, reject_lead
from loopline.leads.disputes import open_dispute
from loopline.routing.actions import NewRule, save_rule, save_team
from loopline.web.lead_news import tell_new_owners
from tests.browser.conftest import SignIn
from tests.browser.lead_story import Story, tell
from tests.browser.look import Look
from tests.browser.server import Server
from tests.browser.watch import Complaints
from tests.make import make_person

pytestmark = pytest.mark.browser


@pytest.fixture
def story(site: Server) -> Story:
    return tell()


def test_the_pages_of_routing_are_sound(story: Story, sign_in: SignIn, shoot: Look) -> None:
    unit = story.leads[0].unit
    save_rule(unit, NewRule("Nordics", {"field": "person.country", "is": ["NO", "SE"]}, "person", story.ana), by=SYSTEM)
    team = save_team(unit, "Service desk", [story.ana], by=SYSTEM)
    page = sign_in(story.manager)
    complaints = Complaints(page)
    page.goto(f"{reverse('routing')}?unit={unit.pk}")
    shoot(page, "routing-rules")
    page.goto(reverse("routing_rule", args=[unit.pk, "last"]))
    page.get_by_label("Who gets them").select_option("queue")
    page.get_by_label("Team").select_option(str(team.pk))
    page.get_by_role("button", name="Try it on 90 days").click()
    page.get_by_role("heading", name="leads would have gone elsewhere").wait_for()
    shoot(page, "routing-tried")
    page.get_by_role("button", name="Save").click()
    page.goto(reverse("working_time_of", args=[story.ana.pk]))
    shoot(page, "working-hours")
    lead = create_lead(make_person(unit=unit, name="Quentin Blake"), unit, origin="form “Ask for a demo”", by=SYSTEM)
    qualify_lead(lead, by=SYSTEM)
    page.goto(f"{reverse('leads')}?tab=queue")
    page.get_by_role("heading", name="Leads to take").wait_for()
    shoot(page, "leads-to-take")
    assert complaints.all == []


def test_a_disputed_lead_and_the_reasons_of_a_code(story: Story, sign_in: SignIn, shoot: Look) -> None:
    lead = story.leads[0]
    reject_lead(lead, "unreachable", detail={"attempts": 3}, by=story.ana.actor)
    open_dispute(lead, "They wrote again yesterday and asked for a price.", by=story.marketing.actor)
    page = sign_in(story.manager)
    complaints = Complaints(page)
    page.goto(reverse("lead", args=[lead.pk]))
    page.get_by_text("Who was considered").first.click()
    shoot(page, "lead-disputed")
    page.goto(reverse("lead_send_back", args=[story.leads[1].pk]))
    assert not page.get_by_label("After how many attempts?").is_visible()
    page.get_by_label("Reason").select_option("unreachable")
    assert page.get_by_label("After how many attempts?").is_visible()
    assert not page.get_by_label("What is wrong?").is_visible()
    shoot(page, "lead-send-back-code")
    assert complaints.all == []


def test_the_mail_about_a_lead_is_readable_on_a_phone(story: Story, sign_in: SignIn, shoot: Look) -> None:
    assert tell_new_owners() > 0
    mail = max(Mail.objects.exclude(html=""), key=lambda one: len(one.html))
    page = sign_in(story.ana)
    page.set_content(mail.html)
    shoot(page, "mail-lead")
