"""Forms of the ways in."""

from django import forms

from loopline.access.actions import OrganisationDetails
from loopline.access.setup import Setup
from loopline.web.forms.base import PageForm
from loopline.web.forms.choices import currency_choices, time_zone_choices

_NEW_PASSWORD = forms.PasswordInput(attrs={"autocomplete": "new-password"})


class JoinForm(PageForm):
    password = forms.CharField(label="Password", widget=_NEW_PASSWORD, help_text="At least 12 characters.")


class SetupForm(PageForm):
    name = forms.CharField(label="Your name", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label="Your e-mail address", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(label="Password", widget=_NEW_PASSWORD, help_text="At least 12 characters.")
    organisation = forms.CharField(label="Organisation", max_length=200)
    unit_name = forms.CharField(
        label="First business unit", max_length=200, help_text="A brand or country organisation; more can follow."
    )
    time_zone = forms.ChoiceField(
        label="Time zone", choices=time_zone_choices, help_text="Days of reports begin and end at midnight there."
    )
    reporting_currency = forms.ChoiceField(label="Reporting currency", choices=currency_choices, initial="EUR")

    def setup(self) -> Setup:
        given = self.cleaned_data
        details = OrganisationDetails(given["organisation"], given["time_zone"], given["reporting_currency"])
        return Setup(details, given["unit_name"], given["name"], given["email"], given["password"])
