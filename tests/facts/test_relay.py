"""Facts on their way from the outbox to the event store, on both engines."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from loopline.facts.history import relay_history
from loopline.facts.models import OutboxRow
from loopline.facts.outbox import record_fact
from loopline.facts.relay import Relay
from loopline.store.engine import Batch, Engine, StoreError

pytestmark = pytest.mark.django_db(transaction=True)

LONG_AGO = datetime(2026, 3, 1, 12, tzinfo=UTC)


def identity(person: str) -> dict[str, object]:
    return {"person_id": person, "evidence": "form"}


def record(person: str, name: str = "visitor:1") -> None:
    with transaction.atomic():
        record_fact("identity_facts", name, identity(person), occurred_at=LONG_AGO)


def versions(engine: Engine) -> list[tuple[object, object]]:
    rows = engine.rows("SELECT id, person_id, version FROM identity_facts ORDER BY version")
    return [(row["id"], row["person_id"]) for row in rows]


def test_facts_arrive_in_the_order_in_which_they_were_recorded(engine: Engine) -> None:
    record("ana")
    record("ben")
    assert Relay(engine).relay_all() == 2
    assert versions(engine) == [("visitor:1", "ana"), ("visitor:1", "ben")]
    assert Relay(engine).relay_all() == 0


def test_a_fact_of_a_transaction_that_failed_is_never_recorded(engine: Engine) -> None:
    def fail_after_recording() -> None:
        with transaction.atomic():
            record_fact("identity_facts", "visitor:1", identity("ana"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_recording()
    assert Relay(engine).relay_all() == 0


def test_a_fact_outside_a_transaction_is_refused() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        record_fact("identity_facts", "visitor:1", identity("ana"))


def test_a_fact_that_does_not_fit_its_table_fails_where_it_is_recorded() -> None:
    with transaction.atomic():
        with pytest.raises(ValueError, match="evidence"):
            record_fact("identity_facts", "visitor:1", {"person_id": "ana"})
        with pytest.raises(ValueError, match="colour"):
            record_fact("identity_facts", "visitor:1", identity("ana") | {"colour": "red"})
        with pytest.raises(KeyError):
            record_fact("no_such_facts", "visitor:1", {})


def test_a_relay_that_died_after_the_store_had_the_rows_writes_none_of_them_twice(engine: Engine) -> None:
    record("ana")
    Relay(engine).relay_all()
    stamp = OutboxRow.objects.get().relayed_at
    OutboxRow.objects.update(relayed_at=None)  # as if the process had been killed before it could note it
    record("ben")
    assert Relay(engine).relay_all() == 2
    assert versions(engine) == [("visitor:1", "ana"), ("visitor:1", "ben")]
    assert OutboxRow.objects.order_by("id").values_list("relayed_at", flat=True)[0] == stamp


def test_what_the_store_refuses_stays_in_the_outbox(engine: Engine) -> None:
    class Full:
        """The store's engine with a disk that is full."""

        def rows(self, *args: object, **kwargs: object) -> list[dict[str, object]]:
            return engine.rows(*args, **kwargs)  # type: ignore[arg-type]

        def write(self, batch: Batch) -> datetime:
            raise StoreError("no room")

    record("ana")
    with pytest.raises(StoreError):
        Relay(Full()).relay_all()  # type: ignore[arg-type]
    assert OutboxRow.objects.filter(relayed_at__isnull=True).count() == 1
    assert Relay(engine).relay_all() == 1


def test_the_outbox_remembers_when_the_store_learned_each_fact(engine: Engine) -> None:
    record("ana")
    Relay(engine).relay_all()
    [row] = engine.rows("SELECT recorded_at FROM identity_facts")
    assert OutboxRow.objects.get().relayed_at == row["recorded_at"]


def test_a_simulated_past_is_recorded_as_learned_when_it_occurred(engine: Engine) -> None:
    record("ana")
    assert relay_history(engine) == 1
    [row] = engine.rows("SELECT recorded_at, occurred_at FROM identity_facts")
    assert row["recorded_at"] == row["occurred_at"] == LONG_AGO
    assert relay_history(engine) == 0
    assert OutboxRow.objects.get().relayed_at == LONG_AGO
