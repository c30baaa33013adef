"""What experiments have shown, beside the credit that a model gives to the same campaigns."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from loopline.access.actor import Actor
from loopline.experiments.models import Experiment
from loopline.reports.result import ReportResult


@dataclass(frozen=True, slots=True)
class Caused:
    """What a campaign added, in whole leads or cents; None is what nobody can say, such as everything while it runs."""

    extra: int | None = None
    extra_low: int | None = None
    extra_high: int | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    experiment: Experiment
    credited_leads: Any
    credited_minor: Any
    """What the model gives the campaign in the report's period; None where it has no row."""
    leads: Caused
    revenue: Caused


def beside_credit(actor: Actor, result: ReportResult) -> list[Beside]:
    """Of a report by campaign: its campaigns with an experiment that has begun. Of another one: none."""
    if result.by != "campaign":
        return []
    rows = {row.key: row.values for row in result.rows}
    found = Experiment.objects.visible_to(actor).exclude(state=Experiment.State.DRAFT).select_related("campaign")
    return [_beside(one, rows[str(one.campaign_id)]) for one in found if str(one.campaign_id) in rows]


def _beside(experiment: Experiment, values: Mapping[str, Any]) -> Beside:
    outcomes = {one["outcome"]: one for one in (experiment.result or {}).get("outcomes", ())}
    return Beside(
        experiment, values.get("leads"), values.get("revenue_minor"), _caused(outcomes.get("lead", {})),
        _caused(outcomes.get("revenue", {})),
    )  # fmt: skip


def _caused(found: Mapping[str, Any]) -> Caused:
    values = (found.get(field.name) for field in fields(Caused))
    return Caused(*(None if one is None else round(one) for one in values))
