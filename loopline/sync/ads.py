"""Rows of ad platforms into cost lines: what a campaign cost on a day, and what the platform claims it converted.

Claims stand on the cost line and are shown as such. They are nobody's credit: several platforms claim the same buyer.
"""

from collections.abc import Sequence

from loopline.access.models import RateTable
from loopline.campaigns.fact_rows import cost_row
from loopline.campaigns.models import CampaignCode, CostLine
from loopline.lib.ids import uuid7
from loopline.sync.job import Job
from loopline.sync.known import Known, known_ids, refused_elsewhere
from loopline.sync.rows import AdRow
from loopline.sync.verdicts import Answer, Verdict

COST = "costline"
_UPDATED = ("amount_minor", "currency", "claimed_micro", "claimed_minor")


def take_ads(job: Job, rows: Sequence[AdRow]) -> list[Verdict]:
    """What the rows do, put into `job`. No id occurs twice in `rows`."""
    known = known_ids(job, COST, [row.external_id for row in rows])
    ids = [one.object_id for one in known.values()]
    lines = {str(one.pk): one for one in CostLine.objects.filter(pk__in=ids)}
    there = {key: one for key, one in known.items() if one.object_id in lines}
    refused = refused_elsewhere(job, CostLine, rows, there)
    found = CampaignCode.objects.filter(unit=job.unit, code__in={row.campaign for row in rows})
    codes = {code.code: code for code in found}
    rates = RateTable()
    return [refused.get(row.line) or _taken(job, row, known, lines, codes, rates) for row in rows]


def _taken(
    job: Job, row: AdRow, known: dict[str, Known], lines: dict[str, CostLine], codes: dict[str, CampaignCode],
    rates: RateTable,
) -> Verdict:  # fmt: skip
    before = known.get(row.external_id)
    if before is None:
        return _added(job, row, codes, rates)
    cost = lines.get(before.object_id)
    if cost is None:
        return _verdict(row, Answer.UNCHANGED, "its cost line was removed here since; it stays away")
    if before.digest == row.digest:
        return _verdict(row, Answer.UNCHANGED)
    values = {name: getattr(row, name) for name in _UPDATED if getattr(row, name) != getattr(cost, name)}
    if values:
        job.change(cost, row.line, **values)
        _record(job, cost, rates)
    before.take(job, row.line, row.digest)
    why = "the platform says something else now" if values else "nothing that is kept changed"
    return _verdict(row, Answer.UPDATED if values else Answer.UNCHANGED, why, f"cost line {cost.pk}")


def _added(job: Job, row: AdRow, codes: dict[str, CampaignCode], rates: RateTable) -> Verdict:
    code = codes.get(row.campaign)
    if code is None:
        why = f"the code “{row.campaign}” belongs to no campaign; map it on the campaign's page and import again"
        return _verdict(row, Answer.REFUSED, why)
    cost = CostLine(
        id=uuid7(), unit_id=job.unit.pk, campaign_id=code.campaign_id, activity_id=code.activity_id,
        kind=CostLine.Kind.ACTUAL.value, category=CostLine.Category.MEDIA.value, amount_minor=row.amount_minor,
        currency=row.currency, starts_on=row.day, ends_on=row.day, platform=row.platform,
        claimed_micro=row.claimed_micro, claimed_minor=row.claimed_minor, created_at=job.now,
    )  # fmt: skip
    job.create(cost, row.line)
    job.know(COST, row.external_id, cost, row.digest)
    _record(job, cost, rates)
    return _verdict(row, Answer.CREATED, record=f"cost line {cost.pk}")


def _record(job: Job, cost: CostLine, rates: RateTable) -> None:
    fact = cost_row(cost, rates.convert)
    if fact["reporting_minor"] is None:
        job.notices.add(
            f"There is no exchange rate for {cost.currency} on some days: the cost of those days is missing in "
            "reports until the rate is added under Settings › Exchange rates."
        )
    job.fact("cost_facts", cost.pk, fact, job.now)


def _verdict(row: AdRow, answer: Answer, why: str = "", record: str = "") -> Verdict:
    told = "; ".join([*([why] if why else []), *row.warnings])
    return Verdict(row.line, answer, row.external_id, told, bool(row.warnings), record)
