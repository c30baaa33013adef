"""Forms about channels."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from loopline.access.channel_rules import FIELDS, TESTS, NewRule
from loopline.collect import channels
from loopline.collect.channels import CHANNELS, Condition
from loopline.web.forms.base import PageForm

CONDITIONS = 3


class ChannelRuleForm(PageForm):
    name = forms.CharField(label="Name of the rule", max_length=40, help_text="Such as “trade fair badges”.")
    channel = forms.ChoiceField(label="Channel", choices=[(one, one) for one in CHANNELS])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number in range(1, CONDITIONS + 1):
            self.fields[f"field_{number}"] = forms.ChoiceField(
                label="When the" if number == 1 else "And the",
                choices=[("", "—"), *((one, channels.FIELDS[one]) for one in FIELDS)],
                required=number == 1,
            )
            self.fields[f"test_{number}"] = forms.ChoiceField(
                label="Compared how", choices=[(one, channels.TESTS[one]) for one in TESTS], required=number == 1
            )
            self.fields[f"values_{number}"] = forms.CharField(
                label="With",
                max_length=300,
                required=number == 1,
                help_text="Several with commas: any. Kinds: search, social, video, shopping, ai.",
            )

    def conditions(self) -> list[list[forms.BoundField]]:
        """The fields of each condition, for a line of their own."""
        numbers = range(1, CONDITIONS + 1)
        return [[self[f"{part}_{number}"] for part in ("field", "test", "values")] for number in numbers]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for number in range(2, CONDITIONS + 1):
            if bool(given.get(f"field_{number}")) != bool(given.get(f"values_{number}")):
                raise ValidationError(f"Condition {number} is only half there: choose what it is about, and with what.")
        return given

    def new_rule(self) -> NewRule:
        given = self.cleaned_data
        conditions = tuple(
            Condition(given[f"field_{number}"], given[f"test_{number}"], tuple(given[f"values_{number}"].split(",")))
            for number in range(1, CONDITIONS + 1)
            if given[f"field_{number}"]
        )
        return NewRule(given["name"], given["channel"], conditions)


class ExplainForm(PageForm):
    url = forms.CharField(
        label="Address", max_length=2_000, help_text="The first page of a visit, with everything behind the “?”."
    )
    referrer = forms.CharField(
        label="Referrer", max_length=2_000, required=False, help_text="Page or host that led there; empty for none."
    )
