"""Experiments as commands tell them."""

from typing import Any

from loopline.experiments.measuring import measured
from loopline.experiments.models import Experiment
from loopline.lib.times import utc_now


def told_experiments(code: str = "") -> list[dict[str, Any]]:
    """All experiments, or those with this code, with what they show; for who may see all of it. Raises StoreError."""
    found = Experiment.objects.select_related("campaign", "unit")
    return [_told(one) for one in (found.filter(code=code) if code else found)]


def _told(experiment: Experiment) -> dict[str, Any]:
    shown = experiment.result
    if shown is None and not experiment.is_draft:
        shown = measured(experiment, utc_now()).to_json()
    return {
        "code": experiment.code,
        "name": experiment.name,
        "unit": experiment.unit.name,
        "campaign": experiment.campaign.name,
        "state": str(experiment.state),
        "outcome": experiment.outcome,
        "holdout_percent": experiment.holdout_percent,
        "started_at": experiment.started_at and experiment.started_at.isoformat(),
        "shown": shown,
    }
