"""Whatever is done with a version of the definition outside the huddle shows on the huddle's screens at once."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoCaptureOnCommitCallbacks

from loopline.access.actor import SYSTEM
from loopline.access.models import User
from loopline.access.roles import Role
from loopline.huddles.actions import open_huddle
from loopline.huddles.decisions import Measure, NewDecision
from loopline.huddles.definition_desk import decide_change, sign_change
from loopline.huddles.definition_news import follow_started
from loopline.huddles.live import STREAMS
from loopline.huddles.models import Decision, Huddle
from loopline.leads.definition_actions import draft_definition, propose_definition, put_in_force
from loopline.leads.models import DefinitionVersion
from loopline.leads.sweep import sweep
from loopline.lib.times import utc_now
from tests.make import make_unit, make_user, signed_in
from tests.make_leads import BUSINESS_EMAIL, make_definition

pytestmark = pytest.mark.django_db
RULES = {"all": [{"field": "person.business_email"}, {"field": "company.employees", "at_least": 50}]}
LOOSER = "1:t0:30"


@pytest.fixture
def marketing() -> User:
    unit = make_unit()
    make_definition(unit, RULES)
    return make_user(Role.MARKETING, unit=unit, name="Mara")


@pytest.fixture
def manager(marketing: User) -> User:
    return make_user(Role.SALES_MANAGER, unit=marketing.units.get(), name="Henrik")


def decided(marketing: User) -> tuple[Huddle, Decision, DefinitionVersion]:
    huddle = open_huddle(marketing.units.get(), by=marketing.actor)
    new = NewDecision("Ask for 30", marketing, measure=Measure("accepted", 5))
    decision = decide_change(huddle, LOOSER, new, by=marketing.actor)
    assert decision.definition is not None
    return huddle, decision, decision.definition


def rung(client: Client, huddle: Huddle, address: str, capture: DjangoCaptureOnCommitCallbacks, **said: str) -> int:
    """By how many revisions the lines of the huddle were rung while somebody pressed this button."""
    huddle.refresh_from_db()
    line = STREAMS.reserve(str(huddle.pk), str(uuid4()))
    before = huddle.revision
    with capture(execute=True):
        client.post(address, said)
    return max(line.revision - before, 0)  # the line was never followed, so its place comes back by itself


def test_each_button_of_the_page_of_a_version_rings_on_the_open_screens(
    marketing: User, manager: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    huddle, _, version = decided(marketing)
    ours, theirs = signed_in(marketing), signed_in(manager)
    for client, name in (
        (ours, "definition_sign_marketing"),
        (theirs, "definition_sign_sales"),
        (ours, "definition_put_in_force"),
    ):
        address = reverse(name, args=[version.pk])
        assert rung(client, huddle, address, django_capture_on_commit_callbacks) == 1, name
    first = DefinitionVersion.objects.get(unit=huddle.unit, number=1)
    restore = reverse("definition_restore", args=[first.pk])
    assert rung(theirs, huddle, restore, django_capture_on_commit_callbacks) == 1
    draft = draft_definition(huddle.unit, BUSINESS_EMAIL, by=SYSTEM)
    for name in ("definition_propose", "definition_withdraw"):
        address = reverse(name, args=[draft.pk])
        assert rung(ours, huddle, address, django_capture_on_commit_callbacks) == 1, name


def test_what_is_refused_rings_nowhere_and_other_units_hear_nothing(
    marketing: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    huddle, _, version = decided(marketing)
    elsewhere = open_huddle(make_unit(), by=SYSTEM)
    client = signed_in(marketing)
    too_early = reverse("definition_put_in_force", args=[version.pk])
    assert rung(client, huddle, too_early, django_capture_on_commit_callbacks) == 0
    sign = reverse("definition_sign_marketing", args=[version.pk])
    assert rung(client, elsewhere, sign, django_capture_on_commit_callbacks) == 0


def test_a_signature_on_the_page_of_the_version_is_the_approval_of_the_decision(marketing: User, manager: User) -> None:
    huddle, decision, version = decided(marketing)
    sign_change(decision, "marketing", by=marketing.actor)
    signed_in(manager).post(reverse("definition_sign_sales", args=[version.pk]))
    decision.refresh_from_db()
    assert (decision.marketing_approval, decision.sales_approval) == ("Mara", "Henrik")
    page = signed_in(marketing).get(reverse("huddle", args=[huddle.pk]), {"card": "definition"}).content.decode()
    assert "signed by Mara (marketing), Henrik (sales)" in page
    assert "Put in force now" in page


def test_a_version_that_starts_later_finishes_its_decision_then_and_is_measured_from_then_on(
    marketing: User, manager: User
) -> None:
    _, decision, version = decided(marketing)
    sign_change(decision, "marketing", by=marketing.actor)
    sign_change(decision, "sales", by=manager.actor)
    now, later = utc_now(), utc_now() + timedelta(days=15)
    version.refresh_from_db()
    put_in_force(version, in_shadow=True, by=marketing.actor, at=now)
    assert follow_started(now) == 0
    decision.refresh_from_db()
    assert (decision.is_done, decision.starts_at) == (False, None), "nothing is measured before it holds"
    sweep(later, judges_everybody=False)
    assert follow_started(later) == 1
    decision.refresh_from_db()
    assert decision.is_done
    assert decision.starts_at == later
    assert follow_started(later) == 0


def test_a_version_talked_about_shows_how_it_stands_now(marketing: User, manager: User) -> None:
    proposed = draft_definition(marketing.units.get(), BUSINESS_EMAIL, by=SYSTEM)
    propose_definition(proposed, by=SYSTEM)
    huddle = open_huddle(marketing.units.get(), by=marketing.actor)
    client = signed_in(marketing)
    client.post(reverse("definition_sign_marketing", args=[proposed.pk]))
    page = client.get(reverse("huddle", args=[huddle.pk]), {"card": "definition"}).content.decode()
    assert "signed by Mara (marketing); sales still to sign" in page
