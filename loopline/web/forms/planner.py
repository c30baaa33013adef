"""The forms of the budget planner."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from loopline.reports.options import OptionError
from loopline.reports.response.dealt import MOST_MINOR, USUAL_WITHIN, total_of, within_of
from loopline.web.forms.base import PageForm


class PlannerForm(PageForm):
    """What may be spent a week on all rows together, and how far each may move. Cleaned: minor units and percent."""

    total = forms.CharField(max_length=20, label="Cost a week, all together")
    within = forms.CharField(
        max_length=20, initial=str(USUAL_WITHIN), label="Each row within ± %", required=False,
        widget=forms.NumberInput(attrs={"min": 0, "max": 100}),
        help_text=f"Never below or above what was ever spent in a week; {USUAL_WITHIN} where nothing is said.",
    )  # fmt: skip

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._currency = currency
        self.fields["total"].label = f"Cost a week, all together, {currency}"

    def clean_total(self) -> int:
        try:
            return total_of(self.cleaned_data["total"], self._currency)
        except OptionError as error:
            raise ValidationError(str(error)) from error

    def clean_within(self) -> int:
        try:
            return within_of(self.cleaned_data["within"])
        except OptionError as error:
            raise ValidationError(str(error)) from error


class KeepPlanForm(PageForm):
    weekly_minor = forms.IntegerField(min_value=1, max_value=MOST_MINOR)
    weeks = forms.IntegerField(min_value=1, max_value=52)
