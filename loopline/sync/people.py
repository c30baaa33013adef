"""The people of a chunk, found or made by the same rules as `people.actions` follows."""

from collections.abc import Iterable
from datetime import datetime

from loopline.facts.bulk import record_like
from loopline.lib.ids import id_text, uuid7
from loopline.people.by_address import people_with
from loopline.people.fact_rows import person_row
from loopline.people.models import Company, IdentityLink, Person
from loopline.sync.companies import Companies
from loopline.sync.job import EVIDENCE, Job
from loopline.sync.rows import DealRow, LeadRow

_FILLED = ("name", "job_title", "phone", "country", "language")


class People:
    """The id that the other system gives a person decides, where the row has one; else one mailbox is one person. Two
    ids are two people, and stay two. What is known stays; what was empty is filled in.
    """

    def __init__(self, job: Job, rows: Iterable[LeadRow | DealRow]) -> None:
        self._job = job
        rows = list(rows)
        self._pattern = Person(unit_id=job.unit.pk)
        self._companies = Companies(job, rows)
        self._by_email = people_with({row.email for row in rows if row.email})
        self._by_id: dict[str, Person] = {}
        self._id_of: dict[object, str] = {}
        self._elsewhere: set[str] = set()
        if ids := {row.person_id for row in rows if row.person_id}:
            self._look_up(ids)

    def _look_up(self, ids: set[str]) -> None:
        """What the ids mean, and which ids the people found by their address have."""
        known = IdentityLink.objects.filter(identity__in=[self._identity(one) for one in ids]).order_by("pk")
        newest = {self._plain(one): one.person for one in known.select_related("person__merged_into")}
        named = {external_id: one for external_id, one in newest.items() if one is not None}
        self._elsewhere = {external_id for external_id, one in named.items() if one.unit_id != self._job.unit.id}
        self._by_id = {key: one.canonical for key, one in named.items() if key not in self._elsewhere}
        people = [one.pk for one in self._by_email.values()]
        theirs = IdentityLink.objects.filter(person__in=people, identity__startswith=self._identity("")).order_by("-pk")
        self._id_of = {one.person_id: self._plain(one) for one in theirs}

    def _identity(self, external_id: str) -> str:
        return f"external:{self._job.system}:person:{external_id}"

    def _plain(self, link: IdentityLink) -> str:
        return link.identity.removeprefix(self._identity(""))

    def find_or_create(self, row: LeadRow | DealRow, at: datetime) -> tuple[Person, bool]:
        """The person of a row and whether it is new. Without an address it is known by the other system's id."""
        person, email = self._find(row)
        company = self._companies.find_or_create(row, at)
        if person is not None:
            self._fill_in(person, row, company, at)
            self._know(person, row, at)
            return person, False
        person = record_like(
            self._pattern, id=uuid7(), email=email or None, company_id=company.id if company else None,
            created_at=at, custom=row.custom_of("person") if isinstance(row, LeadRow) else {}, **_said(row),
        )  # fmt: skip
        self._job.create(person, row.line)
        self._job.fact("person_facts", person.id, person_row(person), at)
        self._job.link(f"person:{id_text(person.id)}", person, "self", at)
        if email:
            self._job.link(f"email:{email}", person, EVIDENCE, at)
            self._by_email[email] = person
        elif not row.person_id:
            self._job.link(f"external:{self._job.system}:{row.external_id}", person, EVIDENCE, at)
        self._know(person, row, at)
        return person, True

    def _find(self, row: LeadRow | DealRow) -> tuple[Person | None, str]:
        """Whom the row is about, None for somebody new, and the address a new one gets."""
        by_email = self._by_email.get(row.email) if row.email else None
        if row.person_id in self._elsewhere:
            row.warnings.append(
                f"{row.person_id} of {self._job.system} is somebody of another business unit and was left out; "
                "name the system differently"
            )
            row.person_id = ""
        person = self._by_id.get(row.person_id) if row.person_id else None
        if person is not None:
            if by_email is not None and by_email.pk != person.pk:
                row.warnings.append(
                    f"{row.person_id} of {self._job.system} is {person.display_name}, while {row.email} belongs to "
                    f"{by_email.display_name}; the two stay two"
                )
            elif row.email and by_email is None and person.email:
                row.warnings.append(new_address(row.email))
            return person, ""
        if by_email is not None and row.person_id and (other := self._id_of.get(by_email.pk)):
            row.warnings.append(
                f"{row.email} belongs to {by_email.display_name}, who is {other} of {self._job.system}; "
                f"{row.person_id} became a person of its own, without the address"
            )
            return None, ""
        return by_email, row.email

    def _know(self, person: Person, row: LeadRow | DealRow, at: datetime) -> None:
        """From now on the other system's id means this person."""
        if row.person_id and row.person_id not in self._by_id:
            self._job.link(self._identity(row.person_id), person, EVIDENCE, at)
            self._by_id[row.person_id] = person
            self._id_of[person.pk] = row.person_id

    def _fill_in(self, person: Person, row: LeadRow | DealRow, company: Company | None, at: datetime) -> None:
        missing: dict[str, object] = {name: text for name, text in _said(row).items() if not getattr(person, name)}
        if company is not None and person.company_id is None:
            missing["company"] = company
        if row.email and person.email is None and row.email not in self._by_email:
            missing["email"] = row.email
            self._job.link(f"email:{row.email}", person, EVIDENCE, at)
            self._by_email[row.email] = person
        if missing:
            change_person(self._job, person, row.line, missing, at)


def new_address(email: str) -> str:
    """What a row is warned of whose person has another address already."""
    return f"its e-mail address is now {email}; look at the person and link or merge by hand"


def change_person(job: Job, person: Person, line: int, values: dict[str, object], at: datetime) -> None:
    before = person_row(person)
    job.change(person, line, **values)
    if person_row(person) != before:
        job.fact("person_facts", person.pk, person_row(person), at)


def _said(row: LeadRow | DealRow) -> dict[str, str]:
    """The person's own fields that the row fills."""
    if isinstance(row, DealRow):
        return {}
    return {name: value for name in _FILLED if (value := getattr(row, name))}
