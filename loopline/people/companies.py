"""What is done with companies: found or made by domain, name or another system's key, filled in, edited."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.access.roles import Permission
from loopline.facts.outbox import record_fact
from loopline.lib.text import one_line
from loopline.lib.times import utc_now
from loopline.people.domains import company_domain
from loopline.people.fact_rows import company_row
from loopline.people.models import Company, CompanyKey


@dataclass(frozen=True, slots=True)
class CompanyDetails:
    """What a user sets about a company."""

    name: str
    industry: str = ""
    employees: int | None = None
    country: str = ""
    city: str = ""


def find_or_create_company(
    email: str | None, name: str, *, unit: BusinessUnit, by: Actor, at: datetime | None = None
) -> Company | None:
    """The company behind a normalised address or a name; None when neither tells.

    The domain decides where it is a company's own. Else the name does, within the unit.
    """
    by.require(Permission.EDIT_PEOPLE)
    domain = company_domain(email) if email else None
    name = one_line(name, 200)
    if domain is None and not name:
        return None
    with transaction.atomic():
        take_turn()
        found = _company(domain, name, unit)
        if found is None:
            found = _new_company(name or str(domain), domain, unit, by, at)
        elif name and found.name == found.domain:
            found.name = name
            found.save(update_fields=["name"])
            record_fact("company_facts", str(found.pk), company_row(found), occurred_at=at)
            audit(by, "name_company", found, at=at, name=name)
    return found


def find_or_create_keyed_company(
    key: str, email: str | None, name: str, *, unit: BusinessUnit, evidence: str, by: Actor, at: datetime | None = None
) -> Company:
    """The company that another system calls `key` (`group:g-17`), within the unit.

    A new key is given to the company that address or name tell; when neither tells, to a new one that is called like
    the key until it is named. A key that is known decides: a company without a domain then takes the one of the
    address, unless that belongs to another.
    """
    by.require(Permission.EDIT_PEOPLE)
    with transaction.atomic():
        take_turn()
        known = CompanyKey.objects.filter(unit=unit, key=key).select_related("company").first()
        if known is not None:
            _complete(known, company_domain(email) if email else None, one_line(name, 200), by, at)
            return known.company
        company = find_or_create_company(email, name, unit=unit, by=by, at=at) or _new_company(
            key.partition(":")[2][:200], None, unit, by, at
        )
        made = CompanyKey.objects.create(unit=unit, key=key, company=company, evidence=evidence, at=at or utc_now())
        audit(by, "key_company", company, at=at, key=made.key, evidence=evidence)
    return company


def _complete(known: CompanyKey, domain: str | None, name: str, by: Actor, at: datetime | None) -> None:
    """Name a company that goes by its key or domain so far, and give one without a domain its own."""
    company, changed = known.company, []
    if name and company.name in {known.value[:200], company.domain}:
        company.name = name
        changed.append("name")
    if domain and company.domain is None and not Company.objects.filter(domain=domain).exists():
        company.domain = domain
        changed.append("domain")
    if changed:
        company.save(update_fields=changed)
        record_fact("company_facts", str(company.pk), company_row(company), occurred_at=at)
        audit(by, "complete_company", company, at=at, fields=changed)


def fill_in_company(
    company: Company, values: Mapping[str, str | int], *, by: Actor, at: datetime | None = None
) -> None:
    """Fill empty fields of a company (`industry`, `employees`, `country`); what is known stays."""
    by.require(Permission.EDIT_PEOPLE)
    missing = {name: value for name, value in values.items() if value and not getattr(company, name)}
    if not missing:
        return
    with transaction.atomic():
        take_turn()
        for name, value in missing.items():
            setattr(company, name, value)
        company.save(update_fields=list(missing))
        record_fact("company_facts", str(company.pk), company_row(company), occurred_at=at)
        audit(by, "fill_in_company", company, at=at, fields=list(missing))


def edit_company(company: Company, values: CompanyDetails, *, by: Actor, at: datetime | None = None) -> None:
    """Set what a user typed about a company. Its domain stays: it decides who belongs to it."""
    by.require(Permission.EDIT_PEOPLE)
    with transaction.atomic():
        take_turn()
        company = Company.objects.select_for_update(of=("self",)).get(pk=company.pk)
        if not Company.objects.visible_to(by).filter(pk=company.pk).exists():
            raise NotAllowedError(f"{by.name} may not change companies of another business unit.")
        before = {name: getattr(company, name) for name in asdict(values)}
        for name, value in asdict(values).items():
            setattr(company, name, value)
        company.name = values.name or company.domain or before["name"]
        company.save()
        record_fact("company_facts", str(company.pk), company_row(company), occurred_at=at)
        audit(
            by,
            "edit_company",
            company,
            at=at,
            fields=[n for n, value in before.items() if getattr(company, n) != value],
        )


def _new_company(name: str, domain: str | None, unit: BusinessUnit, by: Actor, at: datetime | None) -> Company:
    made = Company.objects.create(unit=unit, name=name, domain=domain, created_at=at or utc_now())
    record_fact("company_facts", str(made.pk), company_row(made), occurred_at=at)
    audit(by, "create_company", made, at=at)
    return made


def _company(domain: str | None, name: str, unit: BusinessUnit) -> Company | None:
    if domain is not None:
        return Company.objects.filter(domain=domain).first()
    return Company.objects.filter(unit=unit, domain__isnull=True, name__iexact=name).first()
