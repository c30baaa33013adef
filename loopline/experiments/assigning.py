"""Who is assigned to an experiment: once, for good, and only whom it may know.

A subject's arm is a keyed hash (`arms`), and it is stored when it is first asked for: then it stays when records are
merged or the hash of another record would say otherwise. Nobody whose consent is missing is stored.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.roles import Permission
from loopline.campaigns.refusal import require_in_unit
from loopline.experiments.arms import arm_of
from loopline.experiments.fact_rows import assignment_id, assignment_row
from loopline.experiments.models import Assignment, Experiment
from loopline.experiments.refusal import ExperimentRefusedError
from loopline.experiments.subjects import AT_ONCE, LEAST_CONSENT, Asked, everybody, named, subjects_of
from loopline.facts.outbox import Fact, record_facts
from loopline.lib.batches import batches
from loopline.lib.ids import uuid_or_none
from loopline.lib.times import utc_now
from loopline.people.models import Consent

TRACKING = "tracking"
MOST_AT_ONCE = 50_000


@dataclass(frozen=True, slots=True)
class Answer:
    """`arm` is None for whoever is not part of the experiment: do what is done without one."""

    arm: str | None
    reason: str = ""
    subject: str = ""


def ask_for_arm(experiment: Experiment, asked: Asked, *, at: datetime | None = None) -> Answer:
    """The arm of somebody; whoever is asked about for the first time while it runs is assigned by that."""
    if experiment.is_draft:
        return Answer(None, "not_started")
    if asked.consent < LEAST_CONSENT:
        return Answer(None, "no_consent")
    subjects = subjects_of(experiment, asked)
    if not subjects:
        return Answer(None, "unknown")
    if _has_refused(subjects[0]):
        return Answer(None, "no_consent")
    known = experiment.assignments.filter(subject__in=subjects).order_by("assigned_at", "pk").first()
    if known is not None:
        return Answer(known.arm, "", known.subject)
    moment = at or utc_now()
    if not _assigns(experiment, moment):
        return Answer(None, "assigns_nobody_now")
    assign(experiment, subjects[:1], at=moment)
    return Answer(experiment.assignments.get(subject=subjects[0]).arm, "", subjects[0])


@transaction.atomic
def assign(experiment: Experiment, subjects: Iterable[str], *, at: datetime) -> int:
    """Assign those who are not yet; how many that were. Two who ask at once get the same answer."""
    count = 0
    for some in batches(list(dict.fromkeys(subjects)), AT_ONCE):
        known = set(experiment.assignments.filter(subject__in=some).values_list("subject", flat=True))
        rows = [_assignment(experiment, one, at) for one in some if one not in known]
        Assignment.objects.bulk_create(rows, ignore_conflicts=True)
        record_facts(
            Fact("experiment_assignment_facts", assignment_id(row), assignment_row(row, experiment.unit_id), at)
            for row in rows
        )
        count += len(rows)
    return count


@dataclass(frozen=True, slots=True)
class Enrolled:
    assigned: int
    already: int
    refused: int
    """Their consent was withdrawn."""
    unknown: tuple[str, ...]
    """What nobody is known by."""


@transaction.atomic
def enrol(experiment: Experiment, names: Sequence[str] | None, *, by: Actor, at: datetime | None = None) -> Enrolled:
    """Assign people by their addresses, or companies by their domains; with None everybody of the business unit.

    To be done before the campaign reaches them. Raises ExperimentRefusedError unless the experiment runs.
    """
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, experiment.unit_id)
    take_turn()
    experiment = Experiment.objects.select_for_update(of=("self",)).get(pk=experiment.pk)
    moment = at or utc_now()
    if experiment.subject_kind == Experiment.SubjectKind.VISITOR:
        raise ExperimentRefusedError(
            "Visitors are assigned when the site asks for their arm; there is no list of them."
        )
    if not _assigns(experiment, moment):
        raise ExperimentRefusedError(f"“{experiment.name}” is not running, so nobody is assigned.")
    if names is not None and len(names) > MOST_AT_ONCE:
        raise ExperimentRefusedError(f"That are {len(names):,} lines; send {MOST_AT_ONCE:,} at a time.")
    found, unknown = everybody(experiment) if names is None else named(experiment, names)
    withdrawn = _refusing(found)
    willing = [one for one in dict.fromkeys(found) if one not in withdrawn]
    count = assign(experiment, willing, at=moment)
    enrolled = Enrolled(count, len(willing) - count, len(set(found) & withdrawn), tuple(unknown))
    audit(by, "enrol", experiment, at=at, assigned=count, already=enrolled.already, refused=enrolled.refused,
          unknown=len(unknown))  # fmt: skip
    return enrolled


def _assignment(experiment: Experiment, subject: str, at: datetime) -> Assignment:
    arm = arm_of(experiment.salt, subject, experiment.holdout_percent)
    return Assignment(experiment=experiment, subject=subject, arm=arm, assigned_at=at)


def _assigns(experiment: Experiment, at: datetime) -> bool:
    return experiment.is_running and (experiment.ends_at is None or at < experiment.ends_at)


def _has_refused(subject: str) -> bool:
    return bool(_refusing([subject]))


def _refusing(subjects: Sequence[str]) -> set[str]:
    """Of these, the people whose newest word about being tracked is no."""
    ids = [
        uuid for one in subjects if one.startswith("person:") and (uuid := uuid_or_none(one.removeprefix("person:")))
    ]
    newest: dict[UUID, bool] = {}
    for some in batches(ids, AT_ONCE):
        rows = Consent.objects.filter(person__in=some, purpose=TRACKING).order_by("pk")
        newest |= dict(rows.values_list("person_id", "is_granted"))
    return {f"person:{person}" for person, is_granted in newest.items() if not is_granted}
