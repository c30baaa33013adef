"""Organisation, units, rates, write keys: who may, what is refused, what is on record."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from loopline.access import actions
from loopline.access.actions import NewUnit, OrganisationDetails
from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry, BusinessUnit, ExchangeRate
from loopline.access.roles import Role
from loopline.access.write_keys import change_write_key, create_write_key, revoke_write_key
from loopline.collect.keys import KeyChange, KeyKind, Keys, NewKey
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


def test_a_write_key_that_the_audit_log_could_not_note_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, unit = Keys(tmp_path), make_unit()
    new = NewKey("web site", KeyKind.SERVER, str(unit.pk))
    plain = create_write_key(keys, new, by=SYSTEM)
    key = keys.lookup(plain)
    assert key is not None

    def failing(*_said: object, **_detail: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr("loopline.access.write_keys.audit", failing)
    with pytest.raises(DatabaseError):
        create_write_key(keys, NewKey("unnoted", KeyKind.SERVER, str(unit.pk)), by=SYSTEM)
    with pytest.raises(DatabaseError):
        change_write_key(keys, key, KeyChange("renamed"), by=SYSTEM)
    with pytest.raises(DatabaseError):
        revoke_write_key(keys, key, by=SYSTEM)
    other = Keys(tmp_path)  # as another process reads the file
    assert [(one.name, one.revoked_at) for one in other.list()] == [("web site", None)]
    assert keys.lookup(plain) is not None
    other.close()
    monkeypatch.undo()
    revoke_write_key(keys, key, by=SYSTEM)
    assert keys.lookup(plain) is None
    keys.close()


def test_a_key_is_settled_only_after_its_audit_entry_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, other, unit, seen = Keys(tmp_path), Keys(tmp_path), make_unit(), []
    left = transaction.Atomic.__exit__

    def leaves(self: transaction.Atomic, *why: Any) -> None:
        seen.append(len(other.list()))
        left(self, *why)
        seen.append(len(other.list()))

    monkeypatch.setattr(transaction.Atomic, "__exit__", leaves)
    create_write_key(keys, NewKey("web site", KeyKind.SERVER, str(unit.pk)), by=SYSTEM)
    monkeypatch.undo()
    assert set(seen) == {0}, "the records are committed first"
    assert len(other.list()) == 1
    for one in (keys, other):
        one.close()
