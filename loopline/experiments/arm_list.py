"""The people of one arm, for a mailing tool: whom to leave out, or whom to write to."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit
from loopline.access.roles import Permission
from loopline.campaigns.refusal import require_in_unit
from loopline.experiments.assigning import Enrolled
from loopline.experiments.models import Experiment
from loopline.experiments.subjects import AT_ONCE
from loopline.lib.batches import batches
from loopline.lib.sheets import safe_cell
from loopline.people.models import Company, Person

HEAD = ("email", "name", "company", "domain", "subject", "arm", "assigned_at")


def arm_rows(experiment: Experiment, arm: str, *, by: Actor) -> Iterator[Sequence[str]]:
    """One line a person (of a company: one for each of its people), visitors by their id; noted in the audit log."""
    require_in_unit(by, Permission.EDIT_CAMPAIGNS, experiment.unit_id)
    by.require(Permission.SEE_PEOPLE)
    rows = list(experiment.assignments.filter(arm=arm).values_list("subject", "assigned_at"))
    with transaction.atomic():
        audit(by, "download_arm", experiment, arm=arm, count=len(rows))
    for batch in batches(rows, AT_ONCE):
        some = dict(batch)
        people = _people(experiment, list(some))
        for subject, at in some.items():
            for person in people.get(subject, [None]):
                yield _line(subject, arm, at.isoformat(), person)


def _people(experiment: Experiment, subjects: list[str]) -> dict[str, list[Person | None]]:
    """Subject → its people; those who were merged into another are written as the one that remains."""
    ids = [UUID(one.partition(":")[2]) for one in subjects if not one.startswith("visitor:")]
    found: dict[str, list[Person | None]] = {}
    if experiment.subject_kind == Experiment.SubjectKind.COMPANY:
        company_ids = Company.objects.filter(pk__in=ids).values("pk")
        for person in Person.objects.remaining().filter(company__in=company_ids).select_related("company"):
            found.setdefault(f"company:{person.company_id}", []).append(person)
    else:
        for person in Person.objects.filter(pk__in=ids).select_related("merged_into__company", "company"):
            found[f"person:{person.pk}"] = [person.canonical]
    return found


def _line(subject: str, arm: str, at: str, person: Person | None) -> Sequence[str]:
    if person is None:
        return ("", "", "", "", subject, arm, at)
    company = person.company
    cells = (
        person.email or "",
        person.name,
        company.name if company else "",
        (company.domain or "") if company else "",
    )
    return (*map(safe_cell, cells), subject, arm, at)


def told_list(done: Enrolled) -> str:
    """What became of a list, in words."""
    parts = [f"{done.assigned:,} assigned"]
    if done.already:
        parts.append(f"{done.already:,} were already")
    if done.refused:
        parts.append(f"{done.refused:,} left out, who do not want to be tracked")
    if done.unknown:
        parts.append(f"{len(done.unknown):,} nobody here is known by, such as “{done.unknown[0]}”: import them first")
    return "; ".join(parts) + "."
