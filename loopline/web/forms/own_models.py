"""The form of an attribution model of the organisation's own."""

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from loopline.attribution.own_model import MOST_TIMES, Plan, PlanError
from loopline.attribution.touchpoints import EARNING_KINDS
from loopline.web.forms.base import PageForm

SHARES = {
    "first": "First touchpoint",
    "lead": "Lead creation",
    "opportunity": "Opportunity creation",
    "last": "Last touchpoint",
    "rest": "The rest together",
}


class OwnModelForm(PageForm):
    name = forms.CharField(label="Name", max_length=60, help_text="Such as “Our B2B model”.")
    half_life_days = forms.DecimalField(
        label="Half-life in days", required=False, min_value=1, max_value=3650, decimal_places=2,
        help_text="Credit halves with every so many days before the last touchpoint. Empty: time does not matter.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, label in SHARES.items():
            self.fields[key] = forms.DecimalField(
                label=f"{label}, %", required=False, min_value=0, max_value=100, decimal_places=2
            )
        for kind, words in EARNING_KINDS.items():
            self.fields[f"times_{kind}"] = forms.DecimalField(
                label=words.capitalize(), required=False, min_value=0, max_value=Decimal(str(MOST_TIMES)),
                decimal_places=2,
            )  # fmt: skip

    def shares(self) -> list[forms.BoundField]:
        return [self[key] for key in SHARES]

    def times(self) -> list[forms.BoundField]:
        return [self[f"times_{kind}"] for kind in EARNING_KINDS]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            try:
                self.plan().check()
            except PlanError as error:
                raise ValidationError(str(error)) from error
        return given

    def plan(self) -> Plan:
        given = self.cleaned_data
        times = {kind: given.get(f"times_{kind}") for kind in EARNING_KINDS}
        half_life = given.get("half_life_days")
        return Plan(
            **{key: float(given.get(key) or 0) for key in SHARES},
            kinds={kind: float(count) for kind, count in times.items() if count is not None and count != 1},
            half_life_days=float(half_life) if half_life else None,
        )


def shown(name: str, plan: Plan) -> dict[str, object]:
    """What the form begins with for a model that is there already."""
    return {
        "name": name,
        "half_life_days": plan.half_life_days,
        **{key: getattr(plan, key) or None for key in SHARES},
        **{f"times_{kind}": f"{times:g}" for kind, times in plan.kinds.items()},
    }
