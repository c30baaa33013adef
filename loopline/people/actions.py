"""What is done with people: found or made, filled in, edited, their consent kept.

Companies are in `people.companies`, identities in `people.identity`, merging in `people.merge`; all are offered here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from django.db import transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.facts.outbox import record_fact
from loopline.lib.text import one_line
from loopline.lib.times import utc_now
from loopline.people.blocked import is_for_many
from loopline.people.claims import add_claim, is_blocked, people_named, settle, write_link
from loopline.people.companies import (
    CompanyDetails,
    edit_company,
    fill_in_company,
    find_or_create_company,
    find_or_create_keyed_company,
)
from loopline.people.custom import CustomValue, with_custom
from loopline.people.emails import normalise
from loopline.people.fact_rows import company_row, consent_id, consent_row, person_row
from loopline.people.identity import (
    forget_phone,
    identities_of,
    link_identity,
    link_phone,
    link_to_user,
    note_logout,
    person_of,
    withdraw_identity,
)
from loopline.people.merge import MergeRefusedError, merge_people, undo_merge
from loopline.people.models import Company, Consent, Person
from loopline.people.phones import e164
from loopline.people.stitch import Answer, parse

__all__ = [
    "CompanyDetails",
    "Details",
    "MergeRefusedError",
    "edit_company",
    "edit_person",
    "fill_in",
    "fill_in_company",
    "find_or_create_company",
    "find_or_create_keyed_company",
    "find_or_create_person",
    "find_or_create_user",
    "find_or_create_user_with",
    "give_email",
    "identities_of",
    "link_identity",
    "link_phone",
    "link_to_user",
    "merge_people",
    "note_logout",
    "person_of",
    "record_consent",
    "set_custom",
    "undo_merge",
    "withdraw_identity",
]


@dataclass(frozen=True, slots=True)
class Details:
    """What someone said about a person. Empty means nothing was said."""

    name: str = ""
    job_title: str = ""
    phone: str = ""
    country: str = ""
    """ISO 3166-1 alpha-2; anything else is left out."""
    language: str = ""
    company_name: str = ""

    @property
    def fit(self) -> dict[str, str]:
        """The person's own fields, cleaned and cut to what the records hold."""
        limits = {"name": 200, "job_title": 200, "phone": 50, "country": 2, "language": 10}
        country = self.country.strip().upper()
        is_code = len(country) == 2 and country.isascii() and country.isalpha()
        said = asdict(self) | {"country": country if is_code else ""}
        return {name: one_line(said[name], limit) for name, limit in limits.items()}


def find_or_create_person(
    email: str,
    *,
    unit: BusinessUnit,
    name: str = "",
    company_name: str = "",
    evidence: str,
    by: Actor,
    at: datetime | None = None,
) -> Person:
    """The one person with this address, as it remains after merges; made when there is none.

    What was known stays; what was empty is filled in. Two at once get the same person. Raises InvalidEmailError, and
    NotAllowedError when only another business unit knows this person.
    """
    by.require(Permission.EDIT_PEOPLE)
    email = normalise(email)
    details = Details(name=name, company_name=company_name)
    with transaction.atomic():
        take_turn()
        person = _person_with(email) or _create(email, unit, details, evidence, by, at)
        if not person.is_visible_to(by):
            raise NotAllowedError(f"{by.name} may not see this person. Ask someone of the unit that knows them.")
        fill_in(person, details, by=by, at=at)
    return person


def find_or_create_user(user_id: str, *, unit: BusinessUnit, by: Actor, at: datetime | None = None) -> Person | None:
    """The person behind a site's user id; one without an address when nothing else is known yet.

    None when the user id names nobody, or more than one. Raises InvalidIdentityError.
    """
    by.require(Permission.EDIT_PEOPLE)
    identity = f"user:{user_id}"
    parse(identity)
    with transaction.atomic():
        take_turn()
        person = person_of(identity)
        if person is None and not is_blocked(identity) and not people_named(identity):
            person = _create(None, unit, Details(), "identify", by, at)
            add_claim(identity, person=person, evidence="self", at=at)
            settle([identity], at)
    return person


def find_or_create_user_with(
    user_id: str, email: str, *, unit: BusinessUnit, evidence: str, by: Actor, at: datetime | None = None
) -> Person:
    """The one person with this address, whom a site's user id named with it, and that user id linked to it.

    Someone who was known by the user id alone takes the address, or is merged into the person who has it.
    """
    by.require(Permission.EDIT_PEOPLE)
    email, user = normalise(email), f"user:{user_id}"
    parse(user)
    with transaction.atomic():
        take_turn()
        lone = None if is_blocked(user) or is_for_many(email) else person_of(user)
        if lone is not None and not lone.email and _person_with(email) is None:
            give_email(lone, email, evidence=evidence, by=by, at=at)
        person = find_or_create_person(email, unit=unit, evidence=evidence, by=by, at=at)
        link_identity(user, person, evidence, by, at)
        return Person.objects.select_related("merged_into").get(pk=person.pk).canonical


def give_email(person: Person, email: str, *, evidence: str, by: Actor, at: datetime | None = None) -> Answer:
    """Say that `email` is an address of `person`. Its first one becomes the person's own.

    When another person has it, those two stay two (CONFLICT), unless `person` had no address at all (MERGE).
    """
    by.require(Permission.EDIT_PEOPLE)
    email = normalise(email)
    with transaction.atomic():
        take_turn()
        person = Person.objects.select_for_update(of=("self",)).get(pk=person.canonical_id)
        owner = _person_with(email)
        if owner is not None and owner != person and not person.email:
            merge_people(owner, person, by=by, at=at)
            return Answer.MERGE
        answer = link_identity(f"email:{email}", person, evidence, by, at)
        if answer is Answer.LINK and not person.email:
            person.email = email
            person.save(update_fields=["email"])
            fill_in(person, Details(), by=by, at=at)
    return answer


def fill_in(
    person: Person, details: Details, *, company: Company | None = None, by: Actor, at: datetime | None = None
) -> None:
    """Fill the empty fields of a person; what is known is never overwritten by what a form or a tracker says.

    Without `company` it is found by the person's address or by the name in `details`.
    """
    by.require(Permission.EDIT_PEOPLE)
    missing = {name: value for name, value in details.fit.items() if value and not getattr(person, name)}
    if not missing and company is None and person.company_id is not None and not details.company_name:
        return
    with transaction.atomic():
        take_turn()
        if company is None and (person.company_id is None or details.company_name):
            company = find_or_create_company(person.email, details.company_name, unit=person.unit, by=by, at=at)
        is_new = company is not None and person.company_id is None
        if not missing and not is_new:
            return
        _change(person, missing, company if is_new else person.company, at)
        audit(by, "fill_in_person", person, at=at, fields=[*missing, *(["company"] if is_new else [])])


def set_custom(
    record: Person | Company,
    said: Mapping[str, CustomValue],
    *,
    by: Actor,
    at: datetime | None = None,
    fills_only: bool = False,
) -> None:
    """Keep fields of the organisation's own making; the last word about each counts.

    `fills_only`: what is known stays, as where a page's public key speaks, which anybody can use.
    """
    by.require(Permission.EDIT_PEOPLE)
    if not said:
        return
    with transaction.atomic():
        take_turn()
        new = {key: value for key, value in said.items() if not (fills_only and key in record.custom)}
        values = with_custom(record.custom, new)
        changed = [key for key, value in values.items() if record.custom.get(key) != value]
        if not changed:
            return
        record.custom = values
        record.save(update_fields=["custom"])
        if isinstance(record, Person):
            record_fact("person_facts", str(record.pk), person_row(record), occurred_at=at)
        else:
            record_fact("company_facts", str(record.pk), company_row(record), occurred_at=at)
        audit(by, "set_custom_fields", record, at=at, fields=changed)


def edit_person(
    person: Person, details: Details, *, company: Company | None, by: Actor, at: datetime | None = None
) -> None:
    """Set a person's fields to what a user typed, emptied ones too. `details.company_name` is not used."""
    by.require(Permission.EDIT_PEOPLE)
    with transaction.atomic():
        take_turn()
        person = Person.objects.select_for_update(of=("self",)).get(pk=person.pk)
        if not person.is_visible_to(by) or person.erased_at is not None:
            raise NotAllowedError(f"{by.name} may not change people of another business unit, or who were erased.")
        before = {one.name: getattr(person, one.name) for one in fields(Details) if one.name != "company_name"}
        _change(person, details.fit, company, at)
        _change_phone(person, before, by, at)
        changed = [name for name, value in before.items() if getattr(person, name) != value]
        audit(by, "edit_person", person, at=at, fields=changed, company=company.pk if company else None)


def record_consent(
    person: Person, purpose: str, *, is_granted: bool, text: str, evidence: str, by: Actor, at: datetime | None = None
) -> Consent:
    """Keep what a person agreed to or withdrew, with the text that was shown."""
    by.require(Permission.EDIT_PEOPLE)
    with transaction.atomic():
        take_turn()
        consent = Consent.objects.create(
            person=person, purpose=purpose, is_granted=is_granted, text=text, evidence=evidence[:100],
            at=at or utc_now(),
        )  # fmt: skip
        record_fact("consent_facts", consent_id(consent), consent_row(consent), occurred_at=consent.at)
        audit(by, "record_consent", person, at=at, purpose=purpose, is_granted=is_granted, evidence=evidence)
    return consent


def _person_with(email: str) -> Person | None:
    person = Person.objects.select_related("merged_into").filter(email=email).first()
    return person.canonical if person else person_of(f"email:{email}")


def _create(
    email: str | None, unit: BusinessUnit, details: Details, evidence: str, by: Actor, at: datetime | None
) -> Person:
    if not by.covers_unit(unit.pk):
        raise NotAllowedError(f"{by.name} may not add people to {unit}.")
    company = find_or_create_company(email, details.company_name, unit=unit, by=by, at=at)
    person = Person.objects.create(email=email, unit=unit, company=company, created_at=at or utc_now(), **details.fit)
    record_fact("person_facts", str(person.pk), person_row(person), occurred_at=at)
    write_link(f"person:{person.pk}", person.pk, "self", at)
    if email:
        write_link(f"email:{email}", person.pk, evidence, at)
    audit(by, "create_person", person, at=at, evidence=evidence)
    return person


def _change_phone(person: Person, before: Mapping[str, str], by: Actor, at: datetime | None) -> None:
    was, now = e164(before["phone"], before["country"]), e164(person.phone, person.country)
    if was and was != now:
        forget_phone(person, was, at)
    link_phone(person, person.phone, person.country, "typed", by, at)


def _change(person: Person, values: dict[str, str], company: Company | None, at: datetime | None) -> None:
    before = person_row(person)
    for name, value in values.items():
        setattr(person, name, value)
    person.company = company
    person.save(update_fields=[*values, "company"])
    if person_row(person) != before:
        record_fact("person_facts", str(person.pk), person_row(person), occurred_at=at)
