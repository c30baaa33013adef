"""What Today asks of people until the loop can turn: each sees the steps that are theirs, in order."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.models import User
from loopline.access.roles import Role
from tests.make import make_campaign, make_form, make_unit, make_user
from tests.make_leads import make_definition

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def steps_of(user: User) -> list[str]:
    text = client_of(user).get(reverse("today")).content.decode()
    return re.findall(r'<a href="[^"]+"><b>([^<]+)</b> <span class="second">', text)


def test_the_steps_stand_in_the_order_in_which_the_loop_needs_them() -> None:
    unit = make_unit()
    definition, campaign = "Agree on a lead definition", "Plan a campaign"
    form = "Publish a form"
    everything = ["Connect the web site", form, "Bring people in", definition, campaign]
    assert steps_of(make_user(Role.ADMINISTRATOR, unit=unit)) == everything
    assert steps_of(make_user(Role.MARKETING, unit=unit)) == [form, definition, campaign]
    assert steps_of(make_user(Role.SALES_MANAGER, unit=unit)) == [definition]
    assert steps_of(make_user(Role.SALES, unit=unit)) == []


def test_a_newcomer_gets_from_today_to_a_first_definition() -> None:
    client = client_of(make_user(Role.MARKETING, unit=make_unit()))
    text = client.get(reverse("today")).content.decode()
    assert f'href="{reverse("definition")}"' in text
    offer = client.get(reverse("definition")).content.decode()
    assert "Write the first one" in offer
    action = re.findall(r'action="(/definition/new/[^"]+)"', offer)
    draft = client.post(action[0], {"because": "The first one."}, follow=True).content.decode()
    assert "A lead is a person who has a business e-mail address" in draft


def test_the_steps_go_once_they_are_done() -> None:
    unit = make_unit()
    make_form(unit=unit)
    make_definition(unit)
    manager = make_user(Role.SALES_MANAGER, unit=unit)
    marketing = make_user(Role.MARKETING, unit=unit)
    assert steps_of(manager) == []
    assert len(steps_of(marketing)) == 3
    make_campaign(unit)
    assert steps_of(marketing) == []
