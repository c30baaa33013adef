"""What people do with experiments. Assigning lives in `assigning`."""

import re
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.roles import Permission
from loopline.campaigns.models import Campaign
from loopline.campaigns.refusal import refused_when_taken, require_in_unit, text_of
from loopline.experiments.fact_rows import experiment_row
from loopline.experiments.measuring import Measured, measured
from loopline.experiments.models import Experiment
from loopline.experiments.refusal import ExperimentRefusedError, refused
from loopline.facts.outbox import record_fact
from loopline.lib.times import utc_now
from loopline.reports.experiments.base_rates import BaseRates, base_rates
from loopline.reports.experiments.outcomes import OUTCOMES
from loopline.store.current import engine

LONGEST_WEEKS = 104
MOST_SUBJECTS = 10**9
_CODE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_FIXED = "started, so what it is stays as it is: whoever changes a test while it runs cannot say what it showed."


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    name: str
    code: str
    subject_kind: str = Experiment.SubjectKind.PERSON
    outcome: str = "lead"
    holdout_percent: int = 20
    planned_subjects: int = 1_000
    weeks: int = 8
    hypothesis: str = ""


@transaction.atomic
def draft_experiment(campaign: Campaign, plan: ExperimentPlan, *, by: Actor, at: datetime | None = None) -> Experiment:
    """A new experiment of a campaign; nobody is assigned before it starts. Raises ExperimentRefusedError."""
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, campaign.unit_id)
    take_turn()
    experiment = Experiment(unit_id=campaign.unit_id, campaign=campaign, salt=secrets.token_hex(32))
    if at is not None:
        experiment.created_at = at
    _take(experiment, plan)
    audit(by, "draft_experiment", experiment, at=at, campaign=campaign.name, **asdict(plan))
    _record(experiment, at)
    return experiment


@transaction.atomic
def edit_experiment(experiment: Experiment, plan: ExperimentPlan, *, by: Actor) -> Experiment:
    """Change a draft. Raises ExperimentRefusedError once it has started, with the reason."""
    experiment = _locked(experiment, by)
    if not experiment.is_draft:
        raise ExperimentRefusedError(f"“{experiment.name}” has {_FIXED} Conclude it, and draft another one.")
    before = {name: getattr(experiment, name) for name in asdict(plan)}
    _take(experiment, plan)
    audit(by, "edit_experiment", experiment, before=before, after=asdict(plan))
    _record(experiment)
    return experiment


@transaction.atomic
def remove_experiment(experiment: Experiment, *, by: Actor) -> None:
    """Take a draft away. One that started stays: a test that is thrown away when it disappoints proves nothing."""
    experiment = _locked(experiment, by)
    if not experiment.is_draft:
        raise ExperimentRefusedError(f"“{experiment.name}” has started and stays, whatever it shows. Conclude it.")
    audit(by, "remove_experiment", experiment, name=experiment.name)
    record_fact("experiment_facts", str(experiment.pk), experiment_row(experiment), is_deleted=True)
    experiment.delete()


def start_experiment(experiment: Experiment, *, by: Actor, at: datetime | None = None) -> Experiment:
    """From now on subjects are assigned. The base rates of now are kept: the intervals are made for them.

    Raises ExperimentRefusedError when it has started, or the campaign has another one that still counts, and
    StoreError when the base rates cannot be asked for.
    """
    moment = at or utc_now()
    # Asked for outside the transaction: a slow answer must not hold the writer's turn.
    base = own_base_rates(experiment, moment)
    return _start(experiment, base, moment, by=by)


@transaction.atomic
def _start(experiment: Experiment, base: BaseRates, at: datetime, *, by: Actor) -> Experiment:
    experiment = _locked(experiment, by)
    if not experiment.is_draft:
        raise ExperimentRefusedError(f"“{experiment.name}” is {experiment.state} already.")
    other = Experiment.objects.not_over().filter(campaign=experiment.campaign_id).first()
    if other is not None:
        raise ExperimentRefusedError(
            f"“{other.name}” of the same campaign still counts; two at once would disturb each other. "
            "Conclude it first."
        )
    experiment.state, experiment.started_at = Experiment.State.RUNNING, at
    experiment.ends_at = at + timedelta(weeks=experiment.weeks)
    experiment.base = base.to_json()
    with refused("Somebody started another experiment of this campaign a moment ago. Look at it again."):
        experiment.save()
    audit(by, "start_experiment", experiment, at=at, ends_at=experiment.ends_at, base=experiment.base)
    _record(experiment, at)
    return experiment


@transaction.atomic
def stop_experiment(experiment: Experiment, *, by: Actor, at: datetime | None = None) -> Experiment:
    """Nobody else is assigned. Those assigned keep their arm, and what they do still counts."""
    experiment = _locked(experiment, by)
    if not experiment.is_running:
        raise ExperimentRefusedError(f"“{experiment.name}” is {experiment.state}; only a running one can be stopped.")
    experiment.state, experiment.stopped_at = Experiment.State.STOPPED, at or utc_now()
    experiment.save(update_fields=["state", "stopped_at"])
    audit(by, "stop_experiment", experiment, at=at)
    _record(experiment, at)
    return experiment


def conclude_experiment(experiment: Experiment, *, by: Actor, at: datetime | None = None) -> Experiment:
    """What it shows now is its result, for good. Raises ExperimentRefusedError and StoreError."""
    if experiment.is_draft:
        raise ExperimentRefusedError(f"“{experiment.name}” has not started; there is nothing to conclude.")
    moment = at or utc_now()
    return _conclude(experiment, measured(experiment, moment, is_over=True), moment, by=by)


@transaction.atomic
def _conclude(experiment: Experiment, found: Measured, at: datetime, *, by: Actor) -> Experiment:
    experiment = _locked(experiment, by)
    if experiment.is_concluded:
        raise ExperimentRefusedError(f"“{experiment.name}” is concluded already; its result stays.")
    experiment.state, experiment.concluded_at = Experiment.State.CONCLUDED, at
    experiment.stopped_at = experiment.stopped_at or at
    experiment.result = found.to_json()
    experiment.save(update_fields=["state", "stopped_at", "concluded_at", "result"])
    audit(by, "conclude_experiment", experiment, at=at, result=experiment.result)
    _record(experiment, at)
    return experiment


def own_base_rates(experiment: Experiment, at: datetime) -> BaseRates:
    """Of the organisation's own past. Raises StoreError."""
    return base_rates(experiment.subject_kind, experiment.weeks, str(experiment.unit_id), engine(), at)


def _take(experiment: Experiment, plan: ExperimentPlan) -> None:
    name, code = text_of(plan.name, "a name"), plan.code.strip().lower()
    if not _CODE.fullmatch(code) or len(code) > 60:
        raise ExperimentRefusedError("A code is made of small letters, digits and hyphens, such as retargeting-2026.")
    if plan.subject_kind not in Experiment.SubjectKind.values or plan.outcome not in OUTCOMES:
        raise ExperimentRefusedError("Choose who is assigned and what decides from the lists.")
    if not 1 <= plan.holdout_percent <= 90:
        raise ExperimentRefusedError("Hold out between 1 and 90 percent.")
    if not 1 <= plan.weeks <= LONGEST_WEEKS:
        raise ExperimentRefusedError(f"An experiment runs for 1 to {LONGEST_WEEKS} weeks.")
    if not 10 <= plan.planned_subjects <= MOST_SUBJECTS:
        raise ExperimentRefusedError("Plan for at least ten to be assigned; fewer show nothing.")
    for field, value in asdict(plan).items():
        setattr(experiment, field, value)
    experiment.name, experiment.code, experiment.hypothesis = name, code, plan.hypothesis.strip()
    with refused_when_taken(f"There is already an experiment “{code}” in this business unit. Choose another code."):
        experiment.save()


def _locked(experiment: Experiment, by: Actor) -> Experiment:
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, experiment.unit_id)
    take_turn()
    return Experiment.objects.select_for_update(of=("self",)).get(pk=experiment.pk)


def _record(experiment: Experiment, at: datetime | None = None) -> None:
    record_fact("experiment_facts", str(experiment.pk), experiment_row(experiment), occurred_at=at)
