"""Fields of a person and its company that a rule may ask for."""

from dataclasses import dataclass
from enum import StrEnum


class FieldKind(StrEnum):
    FLAG = "flag"
    TEXT = "text"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class RuleField:
    key: str
    kind: FieldKind
    label: str
    """Name for people: `country of the person`."""
    has: str
    """Phrase for a person of whom it is known or true."""
    has_not: str
    asked: str = ""
    """Phrase for a value that is asked for, with {} in its place."""
    asked_not: str = ""
    holds_country: bool = False
    """Its values are codes of countries, told by their names."""
    column: str = ""
    """Column of the population; NULL there is "not known"."""


_ALL = [
    RuleField(
        key="person.email",
        kind=FieldKind.FLAG,
        label="e-mail",
        has="has an e-mail address",
        has_not="has no e-mail address",
    ),
    RuleField(
        key="person.business_email",
        kind=FieldKind.FLAG,
        label="business e-mail",
        has="has a business e-mail address",
        has_not="has no business e-mail address",
    ),
    RuleField(
        key="person.country",
        kind=FieldKind.TEXT,
        label="country",
        has="has a known country",
        has_not="has no known country",
        asked="is in {}",
        asked_not="is not in {}",
        holds_country=True,
        column="person_country",
    ),
    RuleField(
        key="person.job_title",
        kind=FieldKind.TEXT,
        label="job title",
        has="has a job title",
        has_not="has no job title",
        asked="has the job title {}",
        asked_not="has not the job title {}",
        column="job_title",
    ),
    RuleField(
        key="person.language",
        kind=FieldKind.TEXT,
        label="language",
        has="has a known language",
        has_not="has no known language",
        asked="speaks {}",
        asked_not="does not speak {}",
        column="person_language",
    ),
    RuleField(
        key="company.name",
        kind=FieldKind.TEXT,
        label="name of the company",
        has="works for a company with a name",
        has_not="works for a company without a name",
        asked="works for {}",
        asked_not="does not work for {}",
        column="company_name",
    ),
    RuleField(
        key="company.domain",
        kind=FieldKind.TEXT,
        label="domain of the company",
        has="works for a company with a known domain",
        has_not="works for a company without a known domain",
        asked="works at {}",
        asked_not="does not work at {}",
        column="company_domain",
    ),
    RuleField(
        key="company.known",
        kind=FieldKind.FLAG,
        label="company",
        has="works for a known company",
        has_not="works for no known company",
        column="company_known",
    ),
    RuleField(
        key="company.employees",
        kind=FieldKind.NUMBER,
        label="people in the company",
        has="works for a company of known size",
        has_not="works for a company of unknown size",
        asked="works for a company with {} people",
        asked_not="works for a company without {} people",
        column="employees",
    ),
    RuleField(
        key="company.industry",
        kind=FieldKind.TEXT,
        label="industry",
        has="works in a known industry",
        has_not="works in no known industry",
        asked="works in {}",
        asked_not="does not work in {}",
        column="industry",
    ),
    RuleField(
        key="company.country",
        kind=FieldKind.TEXT,
        label="country of the company",
        has="works for a company in a known country",
        has_not="works for a company in no known country",
        asked="works for a company in {}",
        asked_not="works for a company not in {}",
        holds_country=True,
        column="company_country",
    ),
]

FIELDS: dict[str, RuleField] = {one.key: one for one in _ALL}
