"""The audit log cannot be changed without a trace."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction

from loopline.access.actor import SYSTEM
from loopline.access.audit import audit, first_broken_entry
from loopline.access.models import AuditEntry
from tests.make import make_unit

pytestmark = pytest.mark.django_db


def three_entries() -> list[AuditEntry]:
    unit = make_unit()
    return [audit(SYSTEM, verb, unit, number=place) for place, verb in enumerate(("made", "changed", "changed"))]


def test_an_untouched_chain_is_whole() -> None:
    three_entries()
    assert first_broken_entry() is None


def test_a_moment_told_in_local_time_keeps_the_chain_whole() -> None:
    in_oslo = datetime(2026, 11, 10, 9, 30, tzinfo=ZoneInfo("Europe/Oslo"))
    with transaction.atomic():
        audit(SYSTEM, "open", make_unit(), at=in_oslo)
    assert first_broken_entry() is None


def test_an_empty_log_is_whole() -> None:
    assert first_broken_entry() is None


@pytest.mark.parametrize(
    "change",
    [
        {"verb": "deleted"},
        {"actor_name": "Nobody"},
        {"detail": {}},
        {"object_id": "other"},
        {"previous_hash": "0" * 64},
    ],
)
def test_a_changed_entry_is_found(change: dict[str, object]) -> None:
    _, second, _ = three_entries()
    AuditEntry.objects.filter(pk=second.pk).update(**change)
    broken = first_broken_entry()
    assert broken is not None
    assert broken.pk == second.pk


def test_a_removed_entry_is_found_at_the_one_after_it() -> None:
    _, second, third = three_entries()
    AuditEntry.objects.filter(pk=second.pk).delete()
    broken = first_broken_entry()
    assert broken is not None
    assert broken.pk == third.pk


def test_a_changed_entry_with_a_new_hash_breaks_the_next() -> None:
    from loopline.access.audit import entry_hash

    _, second, third = three_entries()
    second.verb = "never happened"
    AuditEntry.objects.filter(pk=second.pk).update(verb=second.verb, hash=entry_hash(second))
    broken = first_broken_entry()
    assert broken is not None
    assert broken.pk == third.pk


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused() -> None:
    unit = make_unit()
    with pytest.raises(transaction.TransactionManagementError):
        audit(SYSTEM, "made", unit)
