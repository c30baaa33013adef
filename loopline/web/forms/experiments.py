"""The forms of the experiment pages."""

from typing import Any

from django import forms

from loopline.campaigns.models import Campaign
from loopline.experiments.actions import LONGEST_WEEKS, MOST_SUBJECTS, ExperimentPlan
from loopline.experiments.models import Experiment
from loopline.reports.experiments.outcomes import OUTCOMES
from loopline.web.forms.base import PageForm

_FIELDS = ("name", "code", "subject_kind", "outcome", "holdout_percent", "planned_subjects", "weeks", "hypothesis")


class ExperimentForm(PageForm):
    """What an experiment is. Nothing of it can be changed once it has started."""

    name = forms.CharField(max_length=200, help_text="The question, such as “Does retargeting bring anybody back?”.")
    code = forms.SlugField(
        max_length=60, help_text="What your site and your mailing tool call it: small letters, digits, hyphens."
    )
    subject_kind = forms.ChoiceField(
        choices=Experiment.SubjectKind.choices, label="Who is assigned",
        help_text="People for mails and calls; visitors for what a site shows; companies where colleagues talk.",
    )  # fmt: skip
    outcome = forms.ChoiceField(
        choices=[(one.key, one.label.capitalize()) for one in OUTCOMES.values()], label="What decides",
        help_text="The verdict is about this one. The others stand beside it.",
    )  # fmt: skip
    holdout_percent = forms.IntegerField(
        min_value=1, max_value=90, initial=20, label="Held out, %",
        help_text="Half shows the smallest lifts; less costs fewer sales if the campaign works.",
    )  # fmt: skip
    planned_subjects = forms.IntegerField(
        min_value=10, max_value=MOST_SUBJECTS, initial=1_000, label="How many will be assigned, both arms together"
    )
    weeks = forms.IntegerField(min_value=1, max_value=LONGEST_WEEKS, initial=8, label="Weeks")
    hypothesis = forms.CharField(
        required=False, max_length=2_000, label="What you expect, and what you will do if it is not shown",
        widget=forms.Textarea(attrs={"rows": 2}),
    )  # fmt: skip

    @property
    def plan(self) -> ExperimentPlan:
        return ExperimentPlan(**{name: self.cleaned_data[name] for name in _FIELDS})


class NewExperimentForm(ExperimentForm):
    campaign = forms.ModelChoiceField(Campaign.objects.none(), empty_label="Choose…")

    field_order = ("campaign", *_FIELDS)

    def __init__(self, *args: Any, campaigns: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["campaign"].queryset = campaigns  # type: ignore[attr-defined]


class EnrolForm(PageForm):
    """Whom to assign: a pasted list, or everybody."""

    names = forms.CharField(
        required=False, label="Addresses, one a line", widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})
    )
    everybody = forms.BooleanField(required=False, label="Everybody of the business unit instead")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not given.get("everybody") and not self.lines(given):
            self.add_error("names", "Paste at least one line, or choose everybody.")
        return given

    def lines(self, given: dict[str, Any] | None = None) -> list[str]:
        text = (self.cleaned_data if given is None else given).get("names") or ""
        return [line.strip().strip(",;") for line in text.splitlines() if line.strip(" \t,;")]


def shown(experiment: Experiment) -> dict[str, object]:
    """What the form begins with for a draft."""
    return {name: getattr(experiment, name) for name in _FIELDS}
