"""Somebody decided about every text and every JSON of the records and of the event store."""

from collections.abc import Iterable

import pytest
from django.apps import apps
from django.db import models

from loopline.privacy.decided import IN_RECORDS, IN_STORE, Decided, scrubbed_fields
from loopline.store.library import TABLES
from loopline.store.schema import Kind

TEXTS = (models.CharField, models.TextField, models.JSONField, models.FileField, models.BinaryField,
         models.GenericIPAddressField)  # fmt: skip


def decided(found: Iterable[Decided]) -> list[tuple[str, str]]:
    return sorted((one.where, column) for one in found for column in one.columns)


def test_every_text_of_the_records_is_decided_on_once() -> None:
    held = [(model._meta.label, field.name) for model in apps.get_models(include_auto_created=True)
            for field in model._meta.concrete_fields if isinstance(field, TEXTS)]  # fmt: skip
    assert decided(IN_RECORDS) == sorted(held), "write in privacy/decided.py whether it goes, is scrubbed or stays"


def test_every_text_of_the_event_store_is_decided_on_once() -> None:
    held = [(table.key, column.name) for table in TABLES.values() for column in table.columns
            if column.kind is Kind.TEXT]  # fmt: skip
    assert decided(IN_STORE) == sorted(held), "write in privacy/decided.py whether it goes or stays"


def test_a_decision_is_one_of_three() -> None:
    assert {one.what for one in IN_RECORDS} == {"goes", "scrubbed", "stays"}
    assert {one.what for one in IN_STORE} == {"goes", "stays"}


@pytest.mark.parametrize(("label", "columns"), scrubbed_fields(), ids=lambda one: str(one))
def test_what_is_scrubbed_is_text_of_a_model_that_is_there(label: str, columns: tuple[str, ...]) -> None:
    model = apps.get_model(label)
    assert all(isinstance(model._meta.get_field(one), TEXTS) for one in columns)
