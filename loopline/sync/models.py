"""Imports: what came in from a file, row by row, so that it can be undone."""

from typing import ClassVar

from django.db import models

from loopline.access.models import BusinessUnit, UnitScopedQuerySet
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now


class ImportRun(models.Model):
    """One file taken in by one mapping."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=300)
    file_digest = models.CharField(max_length=64)
    mapping = models.JSONField()
    counts = models.JSONField(default=dict)
    """verdict → rows: created, updated, unchanged, refused"""
    by_name = models.CharField(max_length=200)
    started_at = models.DateTimeField(default=utc_now)
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    objects = UnitScopedQuerySet["ImportRun"].as_manager()

    class Meta:
        ordering: ClassVar = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.file_name} at {self.started_at:%Y-%m-%d %H:%M}"


class ImportedRecord(models.Model):
    """A record that an import made or changed, with what it was before."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="records")
    line = models.PositiveIntegerField()
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    is_created = models.BooleanField()
    before = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["run", "object_type"], name="imported_by_run")]

    def __str__(self) -> str:
        return f"{self.object_type} {self.object_id}"


class ExternalId(models.Model):
    """The id that another system gives a record."""

    system = models.CharField(max_length=40)
    external_id = models.CharField(max_length=200)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "object_type", "external_id"], name="one_record_an_external_id")
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.external_id}"
