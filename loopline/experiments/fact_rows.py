"""Experiments and assignments as rows of their fact tables: used by actions and by bulk loaders alike."""

from loopline.experiments.models import Assignment, Experiment


def experiment_row(experiment: Experiment) -> dict[str, object]:
    """Columns of `experiment_facts` for this version of the experiment."""
    return {
        "unit_id": str(experiment.unit_id),
        "campaign_id": str(experiment.campaign_id),
        "code": experiment.code,
        "name": experiment.name,
        "state": str(experiment.state),
        "subject_kind": str(experiment.subject_kind),
        "outcome": experiment.outcome,
        "holdout_per_mille": experiment.holdout_percent * 10,
        "started_at": experiment.started_at,
        "ends_at": experiment.concluded_at or experiment.ends_at,
    }


def assignment_id(assignment: Assignment) -> str:
    return f"{assignment.experiment_id}/{assignment.subject}"


def assignment_row(assignment: Assignment, unit_id: object) -> dict[str, object]:
    """Columns of `experiment_assignment_facts`."""
    return {
        "experiment_id": str(assignment.experiment_id),
        "unit_id": str(unit_id),
        "subject": assignment.subject,
        "arm": str(assignment.arm),
        "assigned_at": assignment.assigned_at,
    }
