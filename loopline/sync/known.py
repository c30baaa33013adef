"""Which records the other system's ids mean already."""

from collections.abc import Sequence
from dataclasses import dataclass

from loopline.sync.job import Job
from loopline.sync.models import ExternalId


@dataclass(frozen=True, slots=True)
class Known:
    row: ExternalId

    @property
    def object_id(self) -> str:
        return self.row.object_id

    @property
    def digest(self) -> str:
        return self.row.digest

    @property
    def touch(self) -> dict[str, str] | None:
        return self.row.touch

    def take(self, job: Job, line: int, digest: str) -> None:
        """Remember that this version of the row was taken in."""
        job.change(self.row, line, digest=digest)


def known_ids(job: Job, object_type: str, external_ids: Sequence[str]) -> dict[str, Known]:
    """external id → what it means, for those that mean something."""
    rows = ExternalId.objects.filter(system=job.system, object_type=object_type, external_id__in=external_ids)
    return {row.external_id: Known(row) for row in rows}
