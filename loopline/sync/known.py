"""Which records the other system's ids mean already."""

from collections.abc import Sequence
from dataclasses import dataclass

from loopline.campaigns.models import CostLine
from loopline.facts.bulk import present
from loopline.leads.models import Lead
from loopline.pipeline.models import Opportunity
from loopline.sync.job import Job
from loopline.sync.models import ExternalId
from loopline.sync.rows import AdRow, DealRow, LeadRow
from loopline.sync.verdicts import Answer, Verdict


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
    known = present(ExternalId, "external_id", external_ids, system=job.system, object_type=object_type)
    if not known:
        return {}
    rows = ExternalId.objects.filter(system=job.system, object_type=object_type, external_id__in=known)
    return {row.external_id: Known(row) for row in rows}


def refused_elsewhere(
    job: Job,
    model: type[Lead] | type[Opportunity] | type[CostLine],
    rows: Sequence[LeadRow] | Sequence[DealRow] | Sequence[AdRow],
    known: dict[str, Known],
) -> dict[int, Verdict]:
    """line → refusal of rows whose id means a record of another business unit, which this import may not touch."""
    if not known:
        return {}
    ids = [one.object_id for one in known.values()]
    own = {str(pk) for pk in model._default_manager.filter(pk__in=ids, unit=job.unit).values_list("pk", flat=True)}
    why = f"this id of {job.system} belongs to another business unit; import it there, or name the system differently"
    return {
        row.line: Verdict(row.line, Answer.REFUSED, row.external_id, why)
        for row in rows
        if row.external_id in known and known[row.external_id].object_id not in own
    }
