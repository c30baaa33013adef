"""What people keep of reports: runs as they were, views to come back to, and mails that bring them."""

from datetime import time
from typing import ClassVar

from django.db import models
from django.db.models import Q

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, User
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now
from loopline.reports.asked_words import days_words


class FrozenRunQuerySet(models.QuerySet["FrozenRun"]):
    def visible_to(self, actor: Actor) -> "FrozenRunQuerySet":
        """Runs over units that the actor sees, all of them: a sum over more would tell of the others."""
        if actor.sees_all_units:
            return self
        unseen = BusinessUnit.objects.exclude(pk__in=actor.unit_ids)
        return self.filter(covers_all_units=False).exclude(units__in=unseen)


class FrozenRun(models.Model):
    """A report as it was, figures and all. It is never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    report = models.CharField(max_length=60)
    title = models.CharField(max_length=200)
    note = models.CharField(max_length=200, blank=True)
    """What it was frozen for."""
    options = models.JSONField(default=dict)
    """The words of its address."""
    told = models.JSONField()
    """The whole report as JSON."""
    digest = models.CharField(max_length=64)
    as_of = models.DateTimeField()
    units = models.ManyToManyField(BusinessUnit, related_name="+", blank=True)
    covers_all_units = models.BooleanField(default=False)
    frozen_by_name = models.CharField(max_length=200)
    frozen_at = models.DateTimeField(default=utc_now)

    objects = FrozenRunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-frozen_at"]

    def __str__(self) -> str:
        return f"{self.title}, frozen {self.frozen_at:%Y-%m-%d %H:%M}"

    @property
    def days(self) -> str:
        """`1 Jul 2026 to 30 Sep 2026`"""
        return days_words(self.options["from"], self.options["to"])


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, actor: Actor) -> "SavedViewQuerySet":
        """One's own, and those shared with a unit that one sees."""
        if actor.id == "system":
            return self
        shared = Q(unit__isnull=False) if actor.sees_all_units else Q(unit__in=actor.unit_ids)
        return self.filter(Q(owner_id=actor.id) | shared)


class SavedView(models.Model):
    """A report with its options, under a name; one's own or shared with a business unit."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    report = models.CharField(max_length=60)
    options = models.JSONField(default=dict)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    unit = models.ForeignKey(BusinessUnit, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    """Whose people see it too; NULL: only its owner."""
    created_at = models.DateTimeField(default=utc_now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "created_at"]

    def __str__(self) -> str:
        return self.name


class ReportMailQuerySet(models.QuerySet["ReportMail"]):
    def visible_to(self, actor: Actor) -> "ReportMailQuerySet":
        """One's own and those that one receives; whoever sees all units sees all."""
        if actor.sees_all_units:
            return self
        return self.filter(Q(owner_id=actor.id) | Q(recipients=actor.id)).distinct()


class ReportMail(models.Model):
    """A report that comes by mail every week or month, to each reader as far as that reader may see."""

    class Cadence(models.TextChoices):
        WEEKLY = "weekly", "every week"
        MONTHLY = "monthly", "every month"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    report = models.CharField(max_length=60)
    options = models.JSONField(default=dict)
    cadence = models.CharField(max_length=10, choices=Cadence.choices, default=Cadence.WEEKLY)
    day = models.PositiveSmallIntegerField(default=1)
    """Of the week (1 is Monday) or of the month (at most 28)."""
    at = models.TimeField(default=time(7))
    """In the organisation's time zone."""
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="report_mails")
    recipients = models.ManyToManyField(User, related_name="+")
    next_at = models.DateTimeField()
    not_before = models.DateTimeField()
    """Later than `next_at` while it is tried again."""
    last_sent_at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True)
    """Why the last one did not go out; empty when it did."""
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=utc_now)

    objects = ReportMailQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "created_at"]
        indexes: ClassVar = [
            models.Index(fields=["not_before"], name="report_mail_due", condition=Q(is_active=True)),
        ]

    def __str__(self) -> str:
        return self.name
