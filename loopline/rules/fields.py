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
    column: str = ""
    """Column of the population; NULL there is "not known"."""


_ALL = [
    RuleField("person.email", FieldKind.FLAG, "e-mail address", "has an e-mail address", "has no e-mail address"),
    RuleField(
        "person.business_email",
        FieldKind.FLAG,
        "business e-mail address",
        "has a business e-mail address",
        "has no business e-mail address",
    ),
    RuleField(
        "person.country", FieldKind.TEXT, "country", "has a known country", "has no known country", "person_country"
    ),
    RuleField("person.job_title", FieldKind.TEXT, "job title", "has a job title", "has no job title", "job_title"),
    RuleField(
        "company.known",
        FieldKind.FLAG,
        "company",
        "works for a known company",
        "works for no known company",
        "company_known",
    ),
    RuleField(
        "company.employees",
        FieldKind.NUMBER,
        "number of people in the company",
        "works for a company of known size",
        "works for a company of unknown size",
        "employees",
    ),
    RuleField(
        "company.industry",
        FieldKind.TEXT,
        "industry",
        "works in a known industry",
        "works in no known industry",
        "industry",
    ),
    RuleField(
        "company.country",
        FieldKind.TEXT,
        "country of the company",
        "works for a company in a known country",
        "works for a company in no known country",
        "company_country",
    ),
]

FIELDS: dict[str, RuleField] = {one.key: one for one in _ALL}
