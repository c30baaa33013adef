"""Erasures: who was erased when, by whom, and how far it has come."""

from typing import ClassVar

from django.db import models

from loopline.access.actor import Actor
from loopline.access.roles import Permission
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def visible_to(self, actor: Actor) -> "ErasureQuerySet":
        return self if actor.may(Permission.ADMINISTER) else self.none()

    def unfinished(self) -> "ErasureQuerySet":
        return self.filter(finished_at__isnull=True).order_by("asked_at")


class Erasure(models.Model):
    """One person who is erased everywhere, in steps that can be repeated. Finished, it names nobody any more."""

    class Step(models.TextChoices):
        """What was done last, in this order."""

        ASKED = "asked", "waits for what came before"
        RECORDS = "records", "gone from the records"
        EVENTS = "events", "gone from the event store"
        INBOX = "inbox", "gone from the inbox and its archive"
        FILES = "files", "gone from the files"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person_id = models.UUIDField(db_index=True)
    """The record without a name that stays; no foreign key, for a restored backup may not have it."""
    step = models.CharField(max_length=10, choices=Step.choices, default=Step.ASKED)
    upto_seq = models.BigIntegerField()
    """Events of the inbox up to this number are looked at: those that were there when it was asked for, at least."""
    traces = models.JSONField(default=dict)
    """What they are found by (`privacy.traces`). Empty again once it is finished."""
    marks = models.JSONField(default=list)
    """Keyed hashes of their addresses: to find them again in a restored backup, and for nothing else."""
    counts = models.JSONField(default=dict)
    """What went, and what stayed without a name: {"events": 12, …}"""
    by_id = models.CharField(max_length=64)
    by_name = models.CharField(max_length=200)
    asked_at = models.DateTimeField(default=utc_now)
    finished_at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True)
    """Why the next step could not be done yet, in words fit to show."""

    objects = ErasureQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person_id"], condition=models.Q(finished_at__isnull=True), name="erased_once_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"erasure of {self.person_id}"
