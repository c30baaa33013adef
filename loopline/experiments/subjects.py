"""Who is meant: the subjects of an experiment behind addresses, ids and domains that the outside knows them by.

A subject is `visitor:<id>`, `person:<id>` or `company:<id>`, as an experiment assigns them. People and companies are
those that the experiment's business unit knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from loopline.experiments.models import Experiment
from loopline.lib.batches import batches
from loopline.lib.ids import uuid_or_none
from loopline.people.by_address import people_with
from loopline.people.domains import company_domain
from loopline.people.emails import normalise
from loopline.people.identity import person_of
from loopline.people.models import Company, Person

LEAST_CONSENT = 2
"""The mode from which an identifier may be kept."""
AT_ONCE = 500
"""A statement takes only so many values."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom the outside asks about; one of the four is enough."""

    visitor: str = ""
    email: str = ""
    person: str = ""
    """Loopline's own id."""
    user: str = ""
    """The site's user id."""
    domain: str = ""
    """Of a company."""
    consent: int = LEAST_CONSENT


def subjects_of(experiment: Experiment, asked: Asked) -> list[str]:
    """Under what somebody may have been assigned, first under what they would be now; empty for an unknown one."""
    if experiment.subject_kind == Experiment.SubjectKind.VISITOR:
        return [f"visitor:{asked.visitor}"] if asked.visitor else []
    person = _person(asked)
    records = _records_of(experiment, [person.canonical_id]).get(person.canonical_id, []) if person else []
    if experiment.subject_kind == Experiment.SubjectKind.COMPANY:
        company = _company(experiment, asked.domain) or (person.canonical.company if person and records else None)
        return [f"company:{company.pk}"] if company else []
    return [f"person:{one}" for one in records]


def _person(asked: Asked) -> Person | None:
    if asked.person:
        key = uuid_or_none(asked.person)
        return Person.objects.filter(pk=key).select_related("merged_into").first() if key else None
    if asked.email:
        email = _normalised(asked.email)
        return people_with([email]).get(email) if email else None
    if asked.user or asked.visitor:
        return person_of(f"user:{asked.user}" if asked.user else f"visitor:{asked.visitor}")
    return None


def _records_of(experiment: Experiment, people: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Person that remains → its records, itself first: of those people whom the experiment's business unit knows."""
    records = {one: [one] for one in people}
    for some in batches(list(records), AT_ONCE):
        for merged in Person.objects.filter(merged_into__in=some).only("merged_into"):
            records[merged.canonical_id].append(merged.pk)
    unit = Q(unit=experiment.unit_id) | Q(leads__unit=experiment.unit_id)
    known: set[UUID] = set()
    for some in batches([one for theirs in records.values() for one in theirs], AT_ONCE):
        known.update(Person.objects.filter(unit, pk__in=some).values_list("pk", flat=True))
    return {person: theirs for person, theirs in records.items() if not known.isdisjoint(theirs)}


def _company(experiment: Experiment, domain: str) -> Company | None:
    wanted = _domain(domain)
    return Company.objects.filter(domain=wanted, unit=experiment.unit_id).first() if wanted else None


def _domain(text: str) -> str | None:
    """A company's domain, from one or from an address."""
    domain = text.rpartition("@")[2].strip().lower()
    return company_domain(f"x@{domain}") if domain else None


def everybody(experiment: Experiment) -> tuple[list[str], list[str]]:
    if experiment.subject_kind == Experiment.SubjectKind.COMPANY:
        companies = Company.objects.filter(unit=experiment.unit_id).order_by("pk")
        return [f"company:{one}" for one in companies.values_list("pk", flat=True)], []
    people = Person.objects.remaining().filter(unit=experiment.unit_id).order_by("pk")
    return [f"person:{one}" for one in people.values_list("pk", flat=True)], []


def named(experiment: Experiment, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The subjects of these lines, each under what it was assigned first; and the lines nobody is known by."""
    is_of_companies = experiment.subject_kind == Experiment.SubjectKind.COMPANY
    by_name = _companies_named(experiment, names) if is_of_companies else _people_named(experiment, names)
    first: dict[str, datetime] = {}
    for some in batches([one for subjects in by_name.values() for one in subjects], AT_ONCE):
        first |= dict(experiment.assignments.filter(subject__in=some).values_list("subject", "assigned_at"))
    found, unknown = [], []
    for name in names:
        if subjects := by_name.get(name, []):
            assigned = [one for one in subjects if one in first]
            found.append(min(assigned, key=lambda one: first[one]) if assigned else subjects[0])
        else:
            unknown.append(name)
    return found, unknown


def _companies_named(experiment: Experiment, names: Sequence[str]) -> dict[str, list[str]]:
    domains = {name: _domain(name) for name in names}
    known: dict[str | None, UUID] = {}
    for some in batches(sorted({one for one in domains.values() if one}), AT_ONCE):
        found = Company.objects.filter(domain__in=some, unit=experiment.unit_id)
        known |= dict(found.values_list("domain", "pk"))
    return {name: [f"company:{known[domain]}"] for name, domain in domains.items() if domain in known}


def _people_named(experiment: Experiment, names: Sequence[str]) -> dict[str, list[str]]:
    emails = {name: _normalised(name) for name in names}
    people: dict[str | None, UUID] = {}
    for some in batches(sorted({one for one in emails.values() if one}), AT_ONCE):
        people |= {email: person.canonical_id for email, person in people_with(some).items()}
    records = _records_of(experiment, list(set(people.values())))
    return {
        name: [f"person:{one}" for one in records[people[email]]]
        for name, email in emails.items() if email in people and people[email] in records
    }  # fmt: skip


def _normalised(email: str) -> str | None:
    try:
        return normalise(email)
    except ValueError:
        return None
