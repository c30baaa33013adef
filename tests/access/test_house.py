"""Organisation, units, rates, write keys: who may, what is refused, what is on record."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from loopline.access import actions
from loopline.access.actions import NewUnit, OrganisationDetails
from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry, BusinessUnit, ExchangeRate
from loopline.access.roles import Role
from loopline.access.write_keys import create_write_key, revoke_write_key
from loopline.collect.keys import KeyKind, Keys, NewKey
from tests.make import make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_only_administrators_change_the_organisation(role: Role) -> None:
    with pytest.raises(NotAllowedError):
        actions.change_organisation(OrganisationDetails("X", "UTC", "EUR"), by=make_user(role).actor)


def test_an_address_is_no_host() -> None:
    with pytest.raises(ValidationError, match="not a host"):
        actions.change_organisation(OrganisationDetails("X", "UTC", "EUR", ("https://x.example",)), by=SYSTEM)


def test_two_units_of_one_name_are_refused() -> None:
    actions.create_unit(NewUnit("Nordics", "EUR"), by=SYSTEM)
    with pytest.raises(ValidationError, match="already"):
        actions.create_unit(NewUnit("nordics", "EUR"), by=SYSTEM)


def test_a_renamed_unit_keeps_its_key() -> None:
    unit = actions.create_unit(NewUnit("Nordics", "EUR"), by=SYSTEM)
    actions.change_unit(unit, NewUnit("Scandinavia", "EUR", 8, 60), by=SYSTEM)
    assert BusinessUnit.objects.values_list("key", "name", "margin_percent").get() == ("nordics", "Scandinavia", 60)


def test_a_rate_of_the_same_day_takes_the_place_of_the_earlier_one() -> None:
    finance = make_user(Role.FINANCE).actor
    for rate in ("0.9", "0.91"):
        actions.set_exchange_rate("USD", date(2026, 3, 1), Decimal(rate), by=finance)
    assert ExchangeRate.objects.get().rate == Decimal("0.91")
    assert AuditEntry.objects.filter(verb="set exchange rate").count() == 2


def test_rates_hold_for_every_unit_so_marketing_of_one_changes_none() -> None:
    marketing = make_user(Role.MARKETING).actor
    with pytest.raises(NotAllowedError):
        actions.set_exchange_rate("USD", date(2026, 3, 1), Decimal("0.9"), by=marketing)
    row = actions.set_exchange_rate("USD", date(2026, 3, 1), Decimal("0.9"), by=make_user(Role.FINANCE).actor)
    with pytest.raises(NotAllowedError):
        actions.remove_exchange_rate(row, by=marketing)


@pytest.mark.parametrize(("currency", "rate"), [("EUR", "1"), ("USD", "0"), ("USD", "-1"), ("QQQ", "1")])
def test_a_rate_that_makes_no_sense_is_refused(currency: str, rate: str) -> None:
    with pytest.raises(ValidationError):
        actions.set_exchange_rate(currency, date(2026, 3, 1), Decimal(rate), by=SYSTEM)


def test_a_write_key_is_shown_once_and_its_making_and_end_are_on_record(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    unit = make_unit()
    plain = create_write_key(keys, NewKey("web site", KeyKind.BROWSER, str(unit.pk)), by=SYSTEM)
    key = keys.lookup(plain)
    assert key is not None
    revoke_write_key(keys, key, by=SYSTEM)
    assert keys.lookup(plain) is None
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["created write key", "revoked write key"]
    assert plain not in str(list(AuditEntry.objects.values()))
    keys.close()
