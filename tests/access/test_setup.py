"""The first administrator, organisation and unit."""

import pytest
from django.core.exceptions import ValidationError

from loopline.access.actions import OrganisationDetails
from loopline.access.models import BusinessUnit, Organisation, User
from loopline.access.one_time_links import LinkNotValidError
from loopline.access.setup import AlreadySetUpError, Setup, set_up, setup_token

pytestmark = pytest.mark.django_db


def first(zone: str = "Europe/Oslo", currency: str = "NOK", password: str = "a long enough password") -> Setup:
    return Setup(OrganisationDetails("Nordwind", zone, currency), "Nordics", "Ada", "ada@nordwind.test", password)


def test_setting_up_makes_organisation_unit_and_administrator() -> None:
    token = setup_token()
    assert set_up(first(), token=token).actor.sees_all_units
    assert Organisation.current().reporting_currency == "NOK"
    assert BusinessUnit.objects.get().currency == "NOK"


def test_it_happens_once() -> None:
    set_up(first())
    with pytest.raises(AlreadySetUpError):
        set_up(first())
    assert setup_token() is None


def test_a_wrong_token_sets_nothing_up() -> None:
    setup_token()
    with pytest.raises(LinkNotValidError):
        set_up(first(), token="guess")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "bad",
    [first(zone="Mars/Olympus"), first(currency="QQQ"), first(password="short")],
    ids=["zone", "money", "password"],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_left_behind(bad: Setup) -> None:
    token = setup_token()
    with pytest.raises(ValidationError):
        set_up(bad, token=token)
    assert not User.objects.exists()
    assert set_up(first(), token=token)
