"""Forms about people and companies."""

from typing import Any

from django import forms

from loopline.access.actor import Actor
from loopline.people.actions import CompanyDetails, Details
from loopline.people.models import Company, Person
from loopline.web.forms.base import PageForm

_COUNTRY = forms.RegexField(
    label="Country", regex=r"^[A-Za-z]{2}$", required=False, help_text="Two letters, such as NO.",
    error_messages={"invalid": "Write the two letters of the country, such as NO."},
)  # fmt: skip


class PersonForm(PageForm):
    name = forms.CharField(label="Name", max_length=200, required=False)
    job_title = forms.CharField(label="Job title", max_length=200, required=False)
    phone = forms.CharField(label="Phone", max_length=50, required=False)
    country = _COUNTRY
    language = forms.CharField(label="Language", max_length=10, required=False, help_text="Such as en or nb.")
    company = forms.CharField(
        label="Company", max_length=200, required=False, help_text="Its name or domain as it stands in the list."
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._companies = Company.objects.visible_to(actor)

    @classmethod
    def showing(cls, person: Person, actor: Actor) -> "PersonForm":
        initial = {name: getattr(person, name) for name in ("name", "job_title", "phone", "country", "language")}
        return cls(initial={**initial, "company": _said(person.company)}, actor=actor)

    def clean_company(self) -> Company | None:
        text = self.cleaned_data["company"].strip()
        if not text:
            return None
        found = self._companies.filter(domain__iexact=text).first() or self._companies.filter(name__iexact=text).first()
        if found is None:
            raise forms.ValidationError("There is no such company. People bring theirs along with their address.")
        return found

    def details(self) -> Details:
        given = self.cleaned_data
        return Details(**{name: given[name] for name in ("name", "job_title", "phone", "country", "language")})


def _said(company: Company | None) -> str:
    return (company.domain or company.name) if company else ""


class CompanyForm(PageForm):
    name = forms.CharField(label="Name", max_length=200)
    industry = forms.CharField(label="Industry", max_length=100, required=False)
    employees = forms.IntegerField(label="People who work there", min_value=1, max_value=10_000_000, required=False)
    country = _COUNTRY
    city = forms.CharField(label="City", max_length=100, required=False)

    @classmethod
    def showing(cls, company: Company) -> "CompanyForm":
        return cls(initial={name: getattr(company, name) for name in cls.base_fields})

    def details(self) -> CompanyDetails:
        return CompanyDetails(**{**self.cleaned_data, "country": self.cleaned_data["country"].upper()})
