"""What experiments have shown, beside the credit that a model gives to the same campaigns."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loopline.access.actor import Actor
from loopline.experiments.models import Experiment
from loopline.reports.result import ReportResult


@dataclass(frozen=True, slots=True)
class Beside:
    experiment: Experiment
    credited_leads: Any
    credited_minor: Any
    """What the model gives the campaign in the report's period; None where it has no row."""
    leads: Mapping[str, int | None] | None
    """What the campaign added, `extra` between `extra_low` and `extra_high`; None while it runs."""
    revenue: Mapping[str, int | None] | None


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
        experiment, values.get("leads"), values.get("revenue_minor"), _whole(outcomes.get("lead")),
        _whole(outcomes.get("revenue")),
    )  # fmt: skip


def _whole(found: Mapping[str, Any] | None) -> Mapping[str, int | None] | None:
    """Caused leads and cents are said in whole ones."""
    if found is None:
        return None
    return {key: None if found[key] is None else round(found[key]) for key in ("extra", "extra_low", "extra_high")}
