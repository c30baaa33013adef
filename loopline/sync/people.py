"""The people of a chunk, found or made by the same rules as `people.actions` follows."""

from collections.abc import Iterable
from datetime import datetime

from loopline.facts.bulk import present, record_like
from loopline.lib.ids import id_text, uuid7
from loopline.people.fact_rows import person_row
from loopline.people.models import Company, IdentityLink, Person
from loopline.sync.companies import Companies
from loopline.sync.job import EVIDENCE, Job
from loopline.sync.rows import DealRow, LeadRow

_FILLED = ("name", "job_title", "phone", "country", "language")


class People:
    """One mailbox is one person. What is known stays; what was empty is filled in."""

    def __init__(self, job: Job, rows: Iterable[LeadRow | DealRow]) -> None:
        self._job = job
        rows = list(rows)
        self._pattern = Person(unit_id=job.unit.pk)
        self._companies = Companies(job, rows)
        self._by_email = people_with({row.email for row in rows if row.email})

    def find_or_create(self, row: LeadRow | DealRow, at: datetime) -> tuple[Person, bool]:
        """The person of a row and whether it is new. Without an address it is known by the other system's id."""
        person = self._by_email.get(row.email) if row.email else None
        company = self._companies.find_or_create(row, at)
        if person is not None:
            self._fill_in(person, row, company, at)
            return person, False
        person = record_like(
            self._pattern, id=uuid7(), email=row.email or None, company_id=company.id if company else None,
            created_at=at, custom=row.custom_of("person") if isinstance(row, LeadRow) else {}, **_said(row),
        )  # fmt: skip
        self._job.create(person, row.line)
        self._job.fact("person_facts", person.id, person_row(person), at)
        self._job.link(f"person:{id_text(person.id)}", person, "self", at)
        if row.email:
            self._job.link(f"email:{row.email}", person, EVIDENCE, at)
            self._by_email[row.email] = person
        else:
            self._job.link(f"external:{self._job.system}:{row.external_id}", person, EVIDENCE, at)
        return person, True

    def _fill_in(self, person: Person, row: LeadRow | DealRow, company: Company | None, at: datetime) -> None:
        missing: dict[str, object] = {name: text for name, text in _said(row).items() if not getattr(person, name)}
        if company is not None and person.company_id is None:
            missing["company"] = company
        if missing:
            change_person(self._job, person, row.line, missing, at)


def change_person(job: Job, person: Person, line: int, values: dict[str, object], at: datetime) -> None:
    before = person_row(person)
    job.change(person, line, **values)
    if person_row(person) != before:
        job.fact("person_facts", person.pk, person_row(person), at)


def people_with(emails: set[str]) -> dict[str, Person]:
    """address → the person that remains, also by addresses that were linked to it later."""
    found = {}
    if known := present(Person, "email", list(emails)):
        for person in Person.objects.filter(email__in=known).select_related("merged_into"):
            found[str(person.email)] = person.canonical
    rest = present(IdentityLink, "identity", [f"email:{one}" for one in emails if one not in found])
    if not rest:
        return found
    links = IdentityLink.objects.filter(identity__in=rest).select_related("person__merged_into").order_by("pk")
    newest = {link.identity: link.person for link in links}
    return found | {name.removeprefix("email:"): one.canonical for name, one in newest.items() if one is not None}


def _said(row: LeadRow | DealRow) -> dict[str, str]:
    """The person's own fields that the row fills."""
    if isinstance(row, DealRow):
        return {}
    return {name: value for name in _FILLED if (value := getattr(row, name))}
