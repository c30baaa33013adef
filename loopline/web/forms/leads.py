"""What a salesperson or manager says about a lead."""

from typing import Any

from django import forms
from django.forms import Select, Textarea

from loopline.access.models import User
from loopline.access.roles import PERMISSIONS, Permission, Role
from loopline.leads.models import Lead
from loopline.web.forms.base import PageForm

_WORKING_ROLES = [role.value for role in Role if Permission.WORK_LEADS in PERMISSIONS[role]]


class ReasonForm(PageForm):
    """Why a lead goes back, is recycled or disqualified."""

    reason = forms.ChoiceField(
        choices=[("", "Choose a reason"), *Lead.Reason.choices], widget=Select(attrs={"autofocus": True})
    )
    note = forms.CharField(
        required=False,
        max_length=2000,
        label="What marketing should know",
        widget=Textarea(attrs={"rows": 3}),
    )
    return_on = forms.DateField(
        required=False,
        label="Look at it again on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Needed when the reason is timing.",
    )

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if said.get("reason") == Lead.Reason.TIMING and not said.get("return_on") and "return_on" not in self.errors:
            self.add_error("return_on", "When should it come back? Give a date.")
        return said


class DisqualifyForm(PageForm):
    """Not ever: there is no date to come back."""

    reason = forms.ChoiceField(
        choices=[
            ("", "Choose a reason"),
            *(pair for pair in Lead.Reason.choices if pair[0] != Lead.Reason.TIMING),
        ]
    )
    note = forms.CharField(required=False, max_length=2000, widget=Textarea(attrs={"rows": 3}))


class HelpForm(PageForm):
    note = forms.CharField(
        label="What do you need?",
        max_length=2000,
        widget=Textarea(attrs={"rows": 3}),
        help_text="The sales manager sees it now, and the next huddle talks about it. The clock goes on.",
    )


class AssignForm(PageForm):
    to = forms.ModelChoiceField(queryset=User.objects.none(), label="Hand to", empty_label="Choose a colleague")

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["to"]
        assert isinstance(field, forms.ModelChoiceField)
        colleagues = User.objects.filter(units=lead.unit, is_active=True, role__in=_WORKING_ROLES)
        field.queryset = colleagues.exclude(pk=lead.owner_id) if lead.owner_id else colleagues
