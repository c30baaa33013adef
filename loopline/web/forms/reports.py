"""What people keep of reports: a frozen run, a saved view, a mail that comes every week or month."""

from calendar import day_name
from datetime import time
from typing import Any

from django import forms

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, User
from loopline.access.roles import PERMISSIONS, Permission
from loopline.reporting.models import ReportMail
from loopline.web.forms.base import PageForm

READERS = [role.value for role, permissions in PERMISSIONS.items() if Permission.SEE_REPORTS in permissions]


class FreezeForm(PageForm):
    note = forms.CharField(label="Freeze these figures for", max_length=200, required=False)


class SaveViewForm(PageForm):
    name = forms.CharField(label="Name", max_length=100)
    unit = forms.ModelChoiceField(
        queryset=BusinessUnit.objects.none(), required=False, label="Share with", empty_label="Nobody: only mine"
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["unit"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = BusinessUnit.objects.visible_to(actor)


class ReportMailForm(PageForm):
    name = forms.CharField(label="Subject", max_length=100)
    cadence = forms.ChoiceField(label="How often", choices=ReportMail.Cadence.choices)
    weekday = forms.TypedChoiceField(
        label="On", choices=list(enumerate(day_name, 1)), coerce=int, initial=1, help_text="If it comes every week."
    )
    day = forms.TypedChoiceField(
        label="On day", choices=[(day, str(day)) for day in range(1, 29)], coerce=int, initial=1,
        help_text="Of the month, if it comes every month.",
    )  # fmt: skip
    at = forms.TimeField(
        label="At", initial=time(7), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="In the organisation's time zone.",
    )  # fmt: skip
    recipients = forms.ModelMultipleChoiceField(
        label="To", queryset=User.objects.none(), widget=forms.CheckboxSelectMultiple,
        help_text="Everybody gets the figures of the business units that they see themselves.",
    )  # fmt: skip

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["recipients"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        field.queryset = User.objects.visible_to(actor).filter(is_active=True, role__in=READERS)

    @property
    def on(self) -> int:
        """The day of the week or of the month, as the cadence asks for it."""
        is_weekly = self.cleaned_data["cadence"] == ReportMail.Cadence.WEEKLY
        return int(self.cleaned_data["weekday" if is_weekly else "day"])
