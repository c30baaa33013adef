"""The form of a new access token."""

from django import forms

from loopline.access.access_tokens import LIFETIMES, NewToken
from loopline.access.scopes import Scope
from loopline.web.forms.base import PageForm


class AccessTokenForm(PageForm):
    name = forms.CharField(label="Name", max_length=100, help_text="The program that uses it: “weekly spreadsheet”.")
    scopes = forms.MultipleChoiceField(
        label="It may read",
        choices=[(scope.value, f"{scope.explanation} ({scope.value})") for scope in Scope],
        initial=[Scope.METRICS_READ.value, Scope.REPORTS_READ.value],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="Runs out after",
        choices=[(days, "a year" if days == 365 else f"{days} days") for days in LIFETIMES],
        coerce=int,
        initial=90,
    )

    def new_token(self) -> NewToken:
        given = self.cleaned_data
        return NewToken(given["name"], frozenset(Scope(one) for one in given["scopes"]), given["days"])
