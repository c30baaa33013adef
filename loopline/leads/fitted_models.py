"""Fitted scores that were made, each with what it learnt from and how it did on newer leads."""

from typing import Any, ClassVar

from django.db import models

from loopline.access.models import BusinessUnit, UnitScopedQuerySet
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now


class FittedScore(models.Model):
    """A version of a unit's fitted score. Never edited: the next fit is the next version."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="fitted_scores")
    number = models.PositiveIntegerField()
    definition = models.ForeignKey("leads.DefinitionVersion", on_delete=models.PROTECT, related_name="+")
    """The version whose rules it was compared with: the one in force."""
    document = models.JSONField()
    """All of `reports.fitted.training.fitted`, with the moment as of which it was asked."""
    digest = models.CharField(max_length=64)
    """SHA-256 of the document in a fixed order."""
    verdict = models.TextField()
    fitted_by_name = models.CharField(max_length=200)
    fitted_at = models.DateTimeField(default=utc_now)

    objects = UnitScopedQuerySet["FittedScore"].as_manager()

    class Meta:
        ordering: ClassVar = ["unit", "-number"]
        constraints = [models.UniqueConstraint(fields=["unit", "number"], name="one_fitted_score_number_a_unit")]

    def __str__(self) -> str:
        return f"fitted score v{self.number}"

    def open_lead(self, lead_id: str) -> dict[str, Any] | None:
        """What it says about a lead that was open when it was fitted."""
        found: list[dict[str, Any]] = self.document["open"]
        return next((one for one in found if one["lead"] == lead_id), None)
