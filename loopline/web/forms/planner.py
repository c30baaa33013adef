"""The forms of the budget planner."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from loopline.lib.money import parse_minor
from loopline.web.forms.base import PageForm

MOST_MINOR = 10**13


class PlannerForm(PageForm):
    """What may be spent a week on all rows together, and how far each may move."""

    total = forms.CharField(max_length=20, label="Spend a week, all together")
    within = forms.IntegerField(
        min_value=0, max_value=100, initial=30, label="Each row within ± %",
        help_text="Never below or above what was ever spent in a week.",
    )  # fmt: skip

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._currency = currency
        self.fields["total"].label = f"Spend a week, all together, {currency}"

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "total" in given:
            try:
                given["total_minor"] = parse_minor(given["total"].replace(",", ""), self._currency)
            except ValueError as error:
                raise ValidationError({"total": str(error)}) from error
            if not 0 <= given["total_minor"] <= MOST_MINOR:
                raise ValidationError({"total": "Give an amount of zero or more."})
        return given


class KeepPlanForm(PageForm):
    weekly_minor = forms.IntegerField(min_value=1, max_value=MOST_MINOR)
    weeks = forms.IntegerField(min_value=1, max_value=52)
