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
from loopline.people.models import Company
from loopline.sync.job import Job
from loopline.sync.rows import DealRow, LeadRow


@lru_cache(10_000)
def _domain(mail_domain: str) -> str | None:
    return company_domain(f"postmaster@{mail_domain}")


class Companies:
    """The domain of a company's own mailbox decides; else the name does, within the unit."""

    def __init__(self, job: Job, rows: Iterable[LeadRow | DealRow]) -> None:
        self._job = job
        self._pattern = Company(unit_id=job.unit.id)
        asked = [(_domain(domain_of(row.email)) if row.email else None, row.company) for row in rows]
        domains: set[str] = {domain for domain, _ in asked if domain}
        names = {name.lower() for domain, name in asked if name and not domain}
        known = present(Company, "domain", list(domains))
        self._by_domain = {one.domain: one for one in Company.objects.filter(domain__in=known)} if known else {}
        self._by_name: dict[str, Company] = {}
        if names:
            found = Company.objects.filter(unit=job.unit, domain__isnull=True).annotate(lower=Lower("name"))
            self._by_name = {one.name.lower(): one for one in found.filter(lower__in=names).order_by("-created_at")}

    def find_or_create(self, row: LeadRow | DealRow, at: datetime) -> Company | None:
        """The company of a row; None when neither the address nor a name tells."""
        domain = _domain(domain_of(row.email)) if row.email else None
        if domain is None and not row.company:
            return None
        found = self._by_domain.get(domain) if domain else self._by_name.get(row.company.lower())
        if found is None:
            return self._create(domain, row, at)
        if row.company and found.name == found.domain:
            self._job.change(found, row.line, name=row.company)
            self._job.fact("company_facts", found.pk, company_row(found), at)
        return found

    def _create(self, domain: str | None, row: LeadRow | DealRow, at: datetime) -> Company:
        name = row.company or str(domain)
        company = record_like(self._pattern, id=uuid7(), name=name, domain=domain, created_at=at)
        self._job.create(company, row.line)
        self._job.fact("company_facts", company.id, company_row(company), at)
        if domain:
            self._by_domain[domain] = company
        else:
            self._by_name[company.name.lower()] = company
        return company
