"""The companies behind the people of a chunk, found or made by the same rules as `people.actions` follows."""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache

from django.db.models.functions import Lower

from loopline.facts.bulk import present, record_like
from loopline.lib.ids import uuid7
from loopline.people.domains import company_domain
from loopline.people.emails import domain_of
from loopline.people.fact_rows import company_row
from loopline.people.models import Company, CompanyKey
from loopline.sync.job import Job
from loopline.sync.rows import DealRow, LeadRow


@lru_cache(10_000)
def _domain(mail_domain: str) -> str | None:
    return company_domain(f"postmaster@{mail_domain}")


class Companies:
    """The id that the other system gives a company decides, where the row has one; else the domain of a company's own
    mailbox; else the name, within the unit.
    """

    def __init__(self, job: Job, rows: Iterable[LeadRow | DealRow]) -> None:
        self._job = job
        self._pattern = Company(unit_id=job.unit.id)
        rows = list(rows)
        asked = [(_domain(domain_of(row.email)) if row.email else None, row.company) for row in rows]
        domains: set[str] = {domain for domain, _ in asked if domain}
        names = {name.lower() for domain, name in asked if name and not domain}
        known = present(Company, "domain", list(domains))
        self._by_domain = {one.domain: one for one in Company.objects.filter(domain__in=known)} if known else {}
        self._by_name: dict[str, Company] = {}
        if names:
            found = Company.objects.filter(unit=job.unit, domain__isnull=True).annotate(lower=Lower("name"))
            self._by_name = {one.name.lower(): one for one in found.filter(lower__in=names).order_by("-created_at")}
        self._by_id: dict[str, Company] = {}
        self._id_of: dict[object, str] = {}
        if ids := {row.company_id for row in rows if row.company_id}:
            self._look_up(ids)

    def _look_up(self, ids: set[str]) -> None:
        """What the ids mean, and which ids the companies found so far have."""
        keys = CompanyKey.objects.filter(unit=self._job.unit).select_related("company")
        self._by_id = {self._plain(one): one.company for one in keys.filter(key__in=[self._key(one) for one in ids])}
        found = [*self._by_domain.values(), *self._by_name.values()]
        theirs = keys.filter(company__in=found, key__startswith=self._key("")).order_by("-pk")
        self._id_of = {one.company_id: self._plain(one) for one in theirs}

    def _key(self, external_id: str) -> str:
        return f"external:{self._job.system}:{external_id}"

    def _plain(self, key: CompanyKey) -> str:
        return key.key.removeprefix(self._key(""))

    def find_or_create(self, row: LeadRow | DealRow, at: datetime) -> Company | None:
        """The company of a row; None when neither the address nor a name tells."""
        domain = _domain(domain_of(row.email)) if row.email else None
        if row.company_id:
            return self._with_id(row, domain, at)
        if domain is None and not row.company:
            return None
        found = self._by_domain.get(domain) if domain else self._by_name.get(row.company.lower())
        if found is None:
            return self._create(domain, row, at)
        if row.company and found.name == found.domain:
            self._job.change(found, row.line, name=row.company)
            self._job.fact("company_facts", found.pk, company_row(found), at)
        return found

    def _with_id(self, row: LeadRow | DealRow, domain: str | None, at: datetime) -> Company:
        """The company of the row's id. Two ids are two companies, whatever name and domain they share."""
        company = self._by_id.get(row.company_id)
        if company is not None:
            self._follow(company, row, domain, at)
            return company
        found = self._by_domain.get(domain) if domain else self._by_name.get(row.company.lower())
        if found is not None and (other := self._id_of.get(found.id)):
            row.warnings.append(
                f"“{found.name}” is {other} of {self._job.system}, so {row.company_id} became a company of its own"
            )
            company = self._new(None, row.company or row.company_id, row, at)
        else:
            company = found or self._create(domain, row, at)
        self._job.key_company(self._key(row.company_id), company, row.line, at)
        self._by_id[row.company_id] = company
        self._id_of[company.id] = row.company_id
        return company

    def _follow(self, company: Company, row: LeadRow | DealRow, domain: str | None, at: datetime) -> None:
        """The same company under another name. A first domain is taken over, one of another company is not."""
        changes: dict[str, object] = {}
        if row.company and row.company != company.name:
            changes["name"] = row.company
        owner = self._by_domain.get(domain) if domain else None
        if owner is not None and owner.id != company.id:
            row.warnings.append(
                f"{row.company_id} of {self._job.system} is “{company.name}”, while {domain} belongs to "
                f"“{owner.name}”; the two stay two"
            )
        elif domain and company.domain is None:
            changes["domain"] = domain
            self._by_domain[domain] = company
        if changes:
            self._job.change(company, row.line, **changes)
            self._job.fact("company_facts", company.pk, company_row(company), at)

    def _create(self, domain: str | None, row: LeadRow | DealRow, at: datetime) -> Company:
        company = self._new(domain, row.company or domain or row.company_id, row, at)
        if domain:
            self._by_domain[domain] = company
        elif row.company:
            self._by_name[company.name.lower()] = company
        return company

    def _new(self, domain: str | None, name: str, row: LeadRow | DealRow, at: datetime) -> Company:
        company = record_like(self._pattern, id=uuid7(), name=name, domain=domain, created_at=at)
        self._job.create(company, row.line)
        self._job.fact("company_facts", company.id, company_row(company), at)
        return company
