"""Leads from before the last huddle: talked about while they wait for somebody, within the minutes there are."""

from datetime import UTC, datetime, timedelta

import pytest

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.huddles.actions import close_huddle, meeting_of, open_huddle, prepare
from loopline.huddles.homework import leads_of
from loopline.huddles.known import Known, known_before, partner_leads
from loopline.huddles.models import Homework
from loopline.huddles.reasons import Usual
from loopline.huddles.scorecard_mail import card_of, hand_overs_of
from loopline.huddles.series import SeriesPlan, start_series
from loopline.leads.actions import accept_lead, disqualify_lead, reject_lead
from loopline.leads.models import DefinitionVersion, Lead
from loopline.lib.times import utc_now
from loopline.pipeline.models import Opportunity
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import Shelf
from tests.make import make_campaign, make_unit, make_user
from tests.make_leads import BUSINESS_EMAIL, make_definition, make_handed_over_lead

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FIRST, NEXT = MONDAY + timedelta(days=2), MONDAY + timedelta(days=9)
FIT = {"points": [{"points": 80, "when": {"field": "person.email"}}], "levels": {"A": 70, "B": 50}}
SCORED = {"also": BUSINESS_EMAIL, "scores": {"fit": FIT}}


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit("Halden Nordic")


def handed(unit: BusinessUnit, name: str) -> Lead:
    return make_handed_over_lead(unit, name=name, at=MONDAY)[0]


def held(unit: BusinessUnit) -> None:
    """A huddle on Wednesday that says something about each lead of Monday."""
    runner = make_user(Role.MARKETING, unit=unit).actor
    huddle = open_huddle(unit, by=runner, at=FIRST)
    huddle.leads.update(disposition="on_track")
    close_huddle(huddle, by=runner, at=FIRST + timedelta(hours=1))


def listed(unit: BusinessUnit, usual: Usual | None = None) -> dict[str, list[str]]:
    """Name → why, of the next huddle a week later."""
    found = prepare(meeting_of(unit), NEXT, Known(usual or Usual())).listed
    return {one.lead.person.display_name: [reason.words for reason in one.reasons] for one in found}


def test_a_lead_stays_on_the_list_while_it_waits_and_leaves_it_when_it_is_decided(unit: BusinessUnit) -> None:
    silent, rejected = handed(unit, "Silent"), handed(unit, "Tom")
    assert rejected.owner is not None
    reject_lead(rejected, Lead.Reason.NO_NEED, by=rejected.owner.actor, at=MONDAY + timedelta(hours=1))
    held(unit)
    assert listed(unit)["Silent"] == ["the clock ran out without an answer"]
    assert listed(unit)["Tom"][0] == "sent back: no need"
    disqualify_lead(rejected, Lead.Reason.NO_NEED, by=SYSTEM, at=FIRST + timedelta(days=1))
    assert "Tom" not in listed(unit)
    silent.refresh_from_db()
    assert silent.owner is not None
    accept_lead(silent, by=silent.owner.actor, at=FIRST + timedelta(days=1))
    assert not [why for why in listed(unit).get("Silent", []) if why.startswith("answered")], "that is old news"


def test_a_lead_that_stalls_after_weeks_comes_up(unit: BusinessUnit) -> None:
    lead = handed(unit, "Ines")
    assert lead.owner is not None
    accept_lead(lead, by=lead.owner.actor, at=MONDAY + timedelta(hours=1))
    lead.clocks.update(stopped_at=MONDAY + timedelta(hours=2))
    held(unit)
    assert "Ines" not in listed(unit)
    slow = Usual(slow={"accepted": timedelta(days=5)})
    assert listed(unit, slow)["Ines"] == ["stalled: 8 days in accepted; three quarters are through after 5"]


def test_its_owner_is_asked_about_an_older_lead_that_is_late(unit: BusinessUnit) -> None:
    late, done = handed(unit, "Late"), handed(unit, "Done")
    owner = late.owner
    assert owner is not None
    Lead.objects.filter(pk=done.pk).update(owner=owner)
    for lead in (late, done):
        lead.refresh_from_db()
        accept_lead(lead, by=owner.actor, at=MONDAY + timedelta(hours=1))
    done.clocks.update(stopped_at=MONDAY + timedelta(hours=2))
    held(unit)
    plan = SeriesPlan("Weekly", NEXT.date(), NEXT.time(), (owner,))
    series = start_series(unit, plan, by=make_user(Role.MARKETING, unit=unit).actor, at=FIRST)
    asked = Homework(series=series, user=owner, meeting_at=NEXT, expires_at=NEXT, created_at=NEXT)
    assert [lead.person.display_name for lead in leads_of(asked)] == ["Late"]


def test_a_scorecard_is_about_the_hand_overs_of_the_week_only(unit: BusinessUnit) -> None:
    old = handed(unit, "Old")
    held(unit)
    new, owner = make_handed_over_lead(unit, name="New", at=NEXT - timedelta(hours=1))
    assert owner == old.owner
    huddle = open_huddle(unit, by=make_user(Role.MARKETING, unit=unit).actor, at=NEXT)
    assert [entry.is_older for entry in huddle.leads.order_by("lead__handed_over_at")] == [True, False]
    assert card_of(huddle, owner).since_last.handed_over == 1
    assert list(hand_overs_of(huddle)) == [new]


def test_only_as_many_older_leads_as_the_minutes_hold_and_the_figures_count_none(unit: BusinessUnit) -> None:
    for number in range(20):
        handed(unit, f"Old {number}")
    held(unit)
    ready = prepare(meeting_of(unit), NEXT)
    assert 0 < len(ready.listed) < 20
    assert ready.snapshot["agenda"]["older_without_time"] == 20 - len(ready.listed)
    assert all(one.is_within and one.is_older for one in ready.listed)
    assert ready.snapshot["handed_over"] == 0


def test_an_outcome_that_surprises_is_told_when_it_comes_whichever_way(unit: BusinessUnit) -> None:
    make_definition(unit, SCORED)
    lost, won = handed(unit, "Lost"), handed(unit, "Won")
    assert lost.scores[0]["level"] == "A"
    for lead, outcome in ((lost, "lost"), (won, "won")):
        Lead.objects.filter(pk=lead.pk).update(state="converted", converted_at=MONDAY + timedelta(hours=2))
        closed = NEXT - timedelta(days=1)
        Opportunity.objects.create(
            unit=unit, name="x", lead=lead, outcome=outcome, closed_at=closed, currency="EUR", amount_minor=1
        )
    held(unit)
    assert listed(unit) == {"Lost": ["turned out other than the definition said: lost, though fit A"]}
    Opportunity.objects.update(closed_at=FIRST - timedelta(hours=1))
    assert listed(unit) == {}, "the last huddle heard of it"
    assert DefinitionVersion.objects.get().definition.scores["fit"].levels[0] == ("A", 70)


def test_a_lead_that_a_partner_brought_and_sales_sent_back_names_the_partner(unit: BusinessUnit) -> None:
    lead = handed(unit, "Tom")
    assert lead.owner is not None
    reject_lead(lead, Lead.Reason.NO_NEED, by=lead.owner.actor, at=MONDAY + timedelta(hours=1))
    held(unit)
    usual = Usual(partners={str(lead.pk): "Nordkontor"})
    assert listed(unit, usual)["Tom"][0] == "a partner's lead came back: Nordkontor, no need"


def test_the_huddle_of_a_partner_has_all_of_its_leads_however_many(unit: BusinessUnit, store: DuckDBEngine) -> None:
    runner, campaign, now = make_user(Role.MARKETING, unit=unit), make_campaign(unit), utc_now()
    shelf, north = Shelf(store), str(unit.pk)
    shelf.campaign(str(campaign.pk), "nordkontor", unit=north)
    for number in range(110):
        shelf.person(f"p{number}", f"v{number}")
        came = {"channel": "Partner", "utm_source": "nordkontor", "utm_campaign": "nordkontor", "unit_id": north}
        shelf.touch(f"t{number}", f"visitor:v{number}", now - timedelta(days=40), **came)
        shelf.lead(f"lead-{number}", f"p{number}", now - timedelta(days=39), unit_id=north)
    shelf.store()
    begins = now + timedelta(days=1)
    plan = SeriesPlan("Partner", begins.date(), begins.time(), (runner,), scope="partner", campaign=campaign)
    assert len(partner_leads(start_series(unit, plan, by=runner.actor))) == 110
    assert set(known_before(meeting_of(unit), now).usual.partners.values()) == {"nordkontor"}
