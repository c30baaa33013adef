"""A meeting of the size it is made for: 60 hand-overs, 12 people, each lead answered, the minutes there at once."""

from datetime import timedelta

import pytest
from django.urls import reverse

from loopline.access.models import Mail
from loopline.access.roles import Role
from loopline.huddles.models import Huddle, HuddleLead
from loopline.huddles.series import SeriesPlan, start_series
from loopline.leads.models import Lead
from loopline.lib.times import utc_now
from loopline.people.models import Person
from tests.make import make_unit, make_user, signed_in

pytestmark = pytest.mark.django_db
HAND_OVERS, PEOPLE = 60, 12


def test_every_hand_over_has_an_answer_and_the_minutes_are_there_with_the_answer_to_closing() -> None:
    unit, now = make_unit(), utc_now()
    sellers = [make_user(Role.SALES, unit=unit, takes_leads=True) for _ in range(PEOPLE - 1)]
    runner = make_user(Role.MARKETING, unit=unit)
    for number in range(HAND_OVERS):
        person = Person.objects.create(unit=unit, name=f"Buyer {number}", email=f"b{number}@halden.example")
        late = timedelta(hours=-1 if number % 5 == 0 else 40)  # every fifth clock ran out: talked about
        Lead.objects.create(
            unit=unit, person=person, state="handed_over", owner=sellers[number % len(sellers)],
            created_at=now - timedelta(hours=3), handed_over_at=now - timedelta(hours=2), due_at=now + late,
        )  # fmt: skip
    begins = now + timedelta(hours=1)
    series = start_series(unit, SeriesPlan("Weekly", begins.date(), begins.time(), (runner, *sellers)), by=runner.actor)
    invited = Mail.objects.count()
    client = signed_in(runner)
    client.post(reverse("huddle_open", args=[unit.pk]), {"series": str(series.pk)})
    huddle = Huddle.objects.get()
    assert huddle.leads.count() == HAND_OVERS
    talked = [entry for entry in huddle.leads.all() if entry.is_exception]
    assert len(talked) == HAND_OVERS / 5
    for number, entry in enumerate(talked):
        said = {"disposition": "no_contact", "sales_note": f"called {number} times"}
        signed_in(sellers[number % len(sellers)]).post(reverse("huddle_lead", args=[huddle.pk, entry.place]), said)
    client.post(reverse("huddle_quiet", args=[huddle.pk]))
    assert not HuddleLead.objects.filter(disposition="").exists()
    page = client.post(reverse("huddle_close", args=[huddle.pk]), follow=True).content.decode()
    assert "Minutes of" in page
    huddle.refresh_from_db()
    assert huddle.closed_at is not None
    assert sum(huddle.minutes.count(f"* Buyer {number}, ") + huddle.minutes.count(f"* Buyer {number} (")
               for number in range(HAND_OVERS)) == HAND_OVERS  # fmt: skip
    told = Mail.objects.filter(key__startswith=f"huddle-minutes/{huddle.pk}/")
    assert told.count() == PEOPLE
    assert all(mail.created_at - huddle.closed_at < timedelta(seconds=60) for mail in told), "by its own clock"
    assert Mail.objects.count() - invited == PEOPLE + len(sellers), "minutes for all, scorecards for who had leads"
