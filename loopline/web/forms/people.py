"""Forms about people and companies."""

from typing import Any

from django import forms
from django.db.models import Q

from loopline.access.actor import Actor
from loopline.people.actions import CompanyDetails, Details
from loopline.people.models import Company, Person
from loopline.web.forms.base import PageForm
from loopline.web.forms.choices import country_choices


class CountryForm(PageForm):
    """A form with a country: a list of names, and what stands in the record though it is no country."""

    country = forms.ChoiceField(label="Country", required=False)

    def __init__(self, *args: Any, country: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = country_choices(country)


class PersonForm(CountryForm):
    name = forms.CharField(label="Name", max_length=200, required=False)
    job_title = forms.CharField(label="Job title", max_length=200, required=False)
    phone = forms.CharField(label="Phone", max_length=50, required=False)
    language = forms.CharField(label="Language", max_length=10, required=False, help_text="Such as en or nb.")
    company = forms.CharField(
        label="Company", max_length=200, required=False, help_text="Its name or domain as it stands in the list."
    )
    field_order = ("name", "job_title", "phone", "country", "language", "company")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._companies = Company.objects.visible_to(actor)

    @classmethod
    def showing(cls, person: Person, actor: Actor) -> "PersonForm":
        initial = {name: getattr(person, name) for name in ("name", "job_title", "phone", "country", "language")}
        form = cls(actor=actor, country=person.country)
        form.initial = {**initial, "company": form.told(person.company)}
        return form

    def told(self, company: Company | None) -> str:
        """Its name, or its domain where several are called so: what finds it again when the form comes back."""
        if company is None:
            return ""
        same = self._companies.filter(Q(name__iexact=company.name) | Q(domain__iexact=company.name))
        return company.domain if company.domain and same.exclude(pk=company.pk).exists() else company.name

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


class CompanyForm(CountryForm):
    name = forms.CharField(label="Name", max_length=200)
    industry = forms.CharField(label="Industry", max_length=100, required=False)
    employees = forms.IntegerField(label="People who work there", min_value=1, max_value=10_000_000, required=False)
    city = forms.CharField(label="City", max_length=100, required=False)
    field_order = ("name", "industry", "employees", "country", "city")

    @classmethod
    def showing(cls, company: Company) -> "CompanyForm":
        given = {name: getattr(company, name) for name in cls.base_fields}
        return cls(initial=given, country=company.country)

    def details(self) -> CompanyDetails:
        return CompanyDetails(**self.cleaned_data)
