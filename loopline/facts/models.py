"""The outbox: fact rows that wait to be written to the event store."""

from django.db import models


class OutboxRow(models.Model):
    """One version of one record, written in the transaction that changed the record.

    Its own number is the version of the fact, so versions of a record grow with its changes.
    """

    id = models.BigAutoField(primary_key=True)
    table = models.CharField(max_length=64)
    row_id = models.CharField(max_length=400)
    row = models.JSONField()
    occurred_at = models.DateTimeField()
    relayed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="outbox_waiting", condition=models.Q(relayed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.table} {self.row_id} v{self.id}"
