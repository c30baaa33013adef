"""Huddles: the weekly meeting of marketing and sales, its lead run and its decisions."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from loopline.access.models import BusinessUnit, UnitScopedQuerySet, User
from loopline.leads.models import Lead
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now
from loopline.pipeline.models import Task


class Huddle(models.Model):
    """One meeting. Its figures are frozen when it opens; closing it writes the minutes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="huddles")
    since = models.DateTimeField()
    """Leads handed over from here on are on the list: the opening of the last huddle."""
    opened_at = models.DateTimeField(default=utc_now)
    opened_by_name = models.CharField(max_length=200)
    snapshot = models.JSONField(default=dict)
    """The figures everybody looks at, as of `opened_at`."""
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=200, blank=True)
    minutes = models.TextField(blank=True)

    objects = UnitScopedQuerySet["Huddle"].as_manager()

    class Meta:
        ordering: ClassVar = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["unit"], condition=Q(closed_at__isnull=True), name="one_open_huddle")
        ]

    def __str__(self) -> str:
        return f"Huddle of {self.opened_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class HuddleLead(models.Model):
    """A lead on the list of a huddle: what was known when it opened, and what both sides said."""

    class Disposition(models.TextChoices):
        GOOD = "good", "good lead"
        TOO_EARLY = "too_early", "too early"
        BELOW_DEFINITION = "below_definition", "below the definition"
        NEEDS_HELP = "needs_help", "needs help"
        NO_CONTACT = "no_contact", "no contact yet"

    huddle = models.ForeignKey(Huddle, on_delete=models.CASCADE, related_name="leads")
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="huddle_entries")
    place = models.PositiveIntegerField()
    frozen = models.JSONField(default=dict)
    """state, owner, due_at, evidence, origin, campaign as they were when the huddle opened"""
    disposition = models.CharField(max_length=24, choices=Disposition.choices, blank=True)
    sales_note = models.TextField(blank=True)
    marketing_note = models.TextField(blank=True)
    disposed_by_name = models.CharField(max_length=200, blank=True)
    disposed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["place"]
        constraints = [models.UniqueConstraint(fields=["huddle", "lead"], name="a_lead_once_a_huddle")]

    def __str__(self) -> str:
        return f"{self.lead} in {self.huddle}"


class Decision(models.Model):
    """What was decided, who does it until when, and what it should change."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    huddle = models.ForeignKey(Huddle, on_delete=models.CASCADE, related_name="decisions")
    text = models.TextField()
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="decisions")
    due_on = models.DateField(null=True, blank=True)
    expected_effect = models.TextField(blank=True)
    task = models.OneToOneField(Task, on_delete=models.SET_NULL, null=True, blank=True, related_name="decision")
    """The owner's task, given when the huddle closes."""
    done_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=utc_now)

    objects = UnitScopedQuerySet["Decision"].as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return self.text

    @property
    def is_done(self) -> bool:
        return self.done_at is not None or (self.task is not None and self.task.done_at is not None)
