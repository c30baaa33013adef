"""Records as rows of their fact tables: used by actions and by bulk loaders alike."""

from uuid import UUID

from loopline.lib.ids import id_text
from loopline.people.custom import custom_json
from loopline.people.models import BrowserUse, Company, Consent, Person


def person_row(person: Person) -> dict[str, object]:
    return {
        "unit_id": id_text(person.unit_id),
        "canonical_id": id_text(person.merged_into_id or person.id),
        "company_id": id_text(person.company_id) if person.company_id else "",
        "job_title": person.job_title,
        "language": person.language,
        "country": person.country,
        "erased": "yes" if person.erased_at else "",
        "custom": custom_json(person.custom),
    }


def company_row(company: Company) -> dict[str, object]:
    return {
        "unit_id": id_text(company.unit_id),
        "name": company.name,
        "domain": company.domain or "",
        "industry": company.industry,
        "employees": company.employees,
        "country": company.country,
        "custom": custom_json(company.custom),
    }


def identity_row(person_id: UUID | None, evidence: str) -> dict[str, object]:
    """The row of `identity_facts` whose id is the identity. `person_id` None: the link was withdrawn."""
    return {"person_id": id_text(person_id) if person_id else "", "evidence": evidence}


def browser_use_id(use: BrowserUse) -> str:
    return f"{use.identity}@{use.since.isoformat()}"


def browser_use_row(use: BrowserUse) -> dict[str, object]:
    return {
        "identity": use.identity,
        "person_id": id_text(use.person_id) if use.person_id else "",
        "since": use.since,
        "why": use.why,
    }


def consent_id(consent: Consent) -> str:
    return f"{consent.person_id}/{consent.purpose}"


def consent_row(consent: Consent) -> dict[str, object]:
    return {
        "person_id": str(consent.person_id),
        "purpose": consent.purpose,
        "is_granted": consent.is_granted,
        "evidence": consent.evidence,
    }
