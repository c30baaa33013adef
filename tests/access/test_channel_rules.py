"""Channel rules live in the collector's file, their history in the audit log: neither is there without the other."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from loopline.access.actor import SYSTEM
from loopline.access.channel_rules import NewRule, add_channel_rule, raise_channel_rule, remove_channel_rule
from loopline.access.models import AuditEntry
from loopline.collect.channels import Condition
from loopline.collect.keys import Keys

pytestmark = pytest.mark.django_db
FAIRS = NewRule("Fairs", "Event", (Condition("source", "is", ("fair",)),))
LETTERS = NewRule("Letters", "Email", (Condition("medium", "is", ("letter",)),))


def rules(keys: Keys) -> list[str]:
    return [one.key for one in keys.channel_rules().rules]


def test_a_rule_that_the_audit_log_could_not_note_holds_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(tmp_path)
    for new in (FAIRS, LETTERS):
        add_channel_rule(keys, new, by=SYSTEM)

    def failing(*_said: object, **_detail: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(AuditEntry, "save", failing)
    for change in (
        lambda: add_channel_rule(keys, NewRule("Calls", "Telesales", FAIRS.conditions), by=SYSTEM),
        lambda: raise_channel_rule(keys, "own-letters", by=SYSTEM),
        lambda: remove_channel_rule(keys, "own-fairs", by=SYSTEM),
    ):
        with pytest.raises(DatabaseError):
            change()
    other = Keys(tmp_path)  # as another process reads the file
    assert rules(keys) == rules(other) == ["own-fairs", "own-letters"]
    for one in (keys, other):
        one.close()


def test_a_rule_is_settled_only_after_its_audit_entry_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, other, seen = Keys(tmp_path), Keys(tmp_path), []
    left = transaction.Atomic.__exit__

    def leaves(self: transaction.Atomic, *why: Any) -> None:
        left(self, *why)
        seen.append(rules(other))

    monkeypatch.setattr(transaction.Atomic, "__exit__", leaves)
    add_channel_rule(keys, FAIRS, by=SYSTEM)
    monkeypatch.undo()
    assert seen
    assert not any(seen), "the records are committed first"
    assert rules(other) == ["own-fairs"]
    with pytest.raises(ValidationError):
        add_channel_rule(keys, FAIRS, by=SYSTEM)
    assert AuditEntry.objects.filter(verb="added channel rule").count() == 1
    for one in (keys, other):
        one.close()
