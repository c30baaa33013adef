"""Imports: what came in from a file, row by row, so that it can be undone."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models

from loopline.access.models import BusinessUnit, UnitScopedQuerySet
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now

STALLED_AFTER = timedelta(minutes=5)


class ImportRun(models.Model):
    """One or more files taken in together by one mapping: what is undone together, too."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed", "stopped"
        UNDONE = "undone"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.RUNNING)
    file_name = models.CharField(max_length=300)
    """Names of the files, joined with “ + ”."""
    files = models.JSONField(default=list)
    """Each file as it was read: [{"name", "kind", "digest", "shape", "rows"}]"""
    mapping = models.TextField()
    """The mapping, TOML, as it was used."""
    counts = models.JSONField(default=dict)
    """verdict → rows: created, updated, unchanged, refused; `warnings` → rows with a warning"""
    notices = models.JSONField(default=list)
    """What the whole run should know: missing exchange rates and the like, in words fit to show."""
    percent = models.PositiveSmallIntegerField(default=0)
    """How far it has come."""
    problem = models.TextField(blank=True)
    """Why it stopped, in words fit to show."""
    by_name = models.CharField(max_length=200)
    started_at = models.DateTimeField(default=utc_now)
    progressed_at = models.DateTimeField(null=True, blank=True)
    """When the last chunk was written."""
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undo_counts = models.JSONField(default=dict)
    """removed, restored, kept → records"""

    objects = UnitScopedQuerySet["ImportRun"].as_manager()

    class Meta:
        ordering: ClassVar = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.file_name} at {self.started_at:%Y-%m-%d %H:%M}"

    def is_stalled(self, now: datetime) -> bool:
        """Said to be running, but nothing was written for minutes: the process that ran it is gone."""
        last = self.progressed_at or self.started_at
        return self.status == self.Status.RUNNING and now - last > STALLED_AFTER

    def has_ended(self, now: datetime) -> bool:
        return self.status in {self.Status.DONE, self.Status.FAILED} or self.is_stalled(now)

    @property
    def rows(self) -> int:
        return sum(count for verdict, count in self.counts.items() if verdict != "warnings")


class ImportedRecord(models.Model):
    """A record that an import made or changed, with what it was before."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="records")
    line = models.PositiveIntegerField()
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    is_created = models.BooleanField()
    before = models.JSONField(null=True)
    """For a changed record: field → [value before, value after], in JSON form."""

    class Meta:
        indexes = [models.Index(fields=["object_id"], name="imported_object")]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id}"


class ExternalId(models.Model):
    """The id that another system gives a record."""

    system = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64, db_index=True)
    digest = models.CharField(max_length=32, blank=True)
    """Of the row that was taken in last: the same row again changes nothing."""
    touch = models.JSONField(null=True)
    """For a lead: the first contact as it was recorded (time, source, medium, campaign, channel, landing page)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "object_type", "external_id"], name="one_record_an_external_id")
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.external_id}"


class WaitingEvents(models.Model):
    """Touchpoints of rows that are in the records and still have to reach the inbox; gone once they have.

    Written in the transaction of the rows, so that a crash between the two loses none. Sending twice does no harm:
    the collector knows each event by its id.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="waiting_events")
    events = models.PositiveIntegerField()
    body = models.TextField()
    """A batch as the collector takes it, JSON."""

    class Meta:
        ordering: ClassVar = ["id"]
        verbose_name_plural = "waiting events"

    def __str__(self) -> str:
        return f"{self.events} events of {self.run_id}"
