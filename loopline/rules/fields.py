"""Fields of a person, its company and its lead that a rule may ask for; and fields of an organisation's own making."""

import re
from dataclasses import dataclass
from enum import StrEnum

from loopline.rules.errors import RuleError


class FieldKind(StrEnum):
    FLAG = "flag"
    TEXT = "text"
    NUMBER = "number"
    OWN = "own"
    """A field of the organisation's own making: a text, or a number where a bound is asked for."""


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
    holds_code: bool = False
    """Its values are codes such as `handed_over`, told with spaces."""
    column: str = ""
    """SQL over the person `p`, the company `c` or the lead `l`; NULL there is "not known"."""
    own_key: str = ""
    """For a field of the organisation's own making, its name among the record's custom fields."""


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
        column="nullif(p.country, '')",
    ),
    RuleField(
        key="person.job_title",
        kind=FieldKind.TEXT,
        label="job title",
        has="has a job title",
        has_not="has no job title",
        asked="has the job title {}",
        asked_not="has not the job title {}",
        column="nullif(p.job_title, '')",
    ),
    RuleField(
        key="person.language",
        kind=FieldKind.TEXT,
        label="language",
        has="has a known language",
        has_not="has no known language",
        asked="speaks {}",
        asked_not="does not speak {}",
        column="nullif(p.language, '')",
    ),
    RuleField(
        key="company.name",
        kind=FieldKind.TEXT,
        label="name of the company",
        has="works for a company with a name",
        has_not="works for a company without a name",
        asked="works for {}",
        asked_not="does not work for {}",
        column="nullif(c.name, '')",
    ),
    RuleField(
        key="company.domain",
        kind=FieldKind.TEXT,
        label="domain of the company",
        has="works for a company with a known domain",
        has_not="works for a company without a known domain",
        asked="works at {}",
        asked_not="does not work at {}",
        column="nullif(c.domain, '')",
    ),
    RuleField(
        key="company.known",
        kind=FieldKind.FLAG,
        label="company",
        has="works for a known company",
        has_not="works for no known company",
        column="nullif(p.company_id, '')",
    ),
    RuleField(
        key="company.employees",
        kind=FieldKind.NUMBER,
        label="people in the company",
        has="works for a company of known size",
        has_not="works for a company of unknown size",
        asked="works for a company with {} people",
        asked_not="works for a company without {} people",
        column="c.employees",
    ),
    RuleField(
        key="company.industry",
        kind=FieldKind.TEXT,
        label="industry",
        has="works in a known industry",
        has_not="works in no known industry",
        asked="works in {}",
        asked_not="does not work in {}",
        column="nullif(c.industry, '')",
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
        column="nullif(c.country, '')",
    ),
    RuleField(
        key="lead.origin",
        kind=FieldKind.TEXT,
        label="origin of the lead",
        has="is a lead of known origin",
        has_not="is a lead of unknown origin",
        asked="became a lead by {}",
        asked_not="did not become a lead by {}",
        column="nullif(l.origin, '')",
    ),
    RuleField(
        key="lead.state",
        kind=FieldKind.TEXT,
        label="state of the lead",
        has="is a lead",
        has_not="is no lead",
        asked="is a lead that is {}",
        asked_not="is no lead that is {}",
        holds_code=True,
        column="nullif(l.state, '')",
    ),
]

FIELDS: dict[str, RuleField] = {one.key: one for one in _ALL}
_OWN = re.compile(r"(person|company|lead)\.custom\.([a-z][a-z0-9_]{0,59})")
_RECORDS = {"person": "p", "company": "c", "lead": "l"}


def find_field(key: object) -> RuleField:
    """The field of this name: one of FIELDS, or `person.custom.shoe_size` and the like. Raises RuleError."""
    if isinstance(key, str) and key in FIELDS:
        return FIELDS[key]
    found = _OWN.fullmatch(key) if isinstance(key, str) else None
    if found is None:
        own = ", ".join(f"{record}.custom.…" for record in _RECORDS)
        raise RuleError(f"There is no field {key!r:.100}; there are {', '.join(FIELDS)}, {own}")
    record, name = found.groups()
    label, whose = name.replace("_", " "), "" if record == "person" else f" of the {record}"
    return RuleField(
        key=found.group(),
        kind=FieldKind.OWN,
        label=f"{label}{whose}",
        has=f"has a known {label}{whose}",
        has_not=f"has no known {label}{whose}",
        asked=f"has the {label}{whose} {{}}",
        asked_not=f"has not the {label}{whose} {{}}",
        column=f"{_RECORDS[record]}.custom",
        own_key=name,
    )
