"""What is written down in a huddle, and what a series of them is."""

from typing import Any

from django import forms
from django.forms import Textarea

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, User
from loopline.campaigns.models import Campaign
from loopline.huddles.bounds import GUARD_RAIL, REVERSAL, Bound
from loopline.huddles.decisions import Measure, NewDecision
from loopline.huddles.models import Decision, HuddleSeries
from loopline.huddles.series import SeriesPlan
from loopline.huddles.trial import OUTCOMES
from loopline.web.forms.base import PageForm

_FIGURES = [(one.key, one.label) for one in OUTCOMES.values()]


class SaidForm(PageForm):
    """What both sides say about a lead; the disposition is the button that was pressed."""

    sales_note = forms.CharField(
        required=False, max_length=2000, label="Sales says", widget=Textarea(attrs={"rows": 2})
    )
    marketing_note = forms.CharField(
        required=False, max_length=2000, label="Marketing says", widget=Textarea(attrs={"rows": 2})
    )


class DecisionForm(PageForm):
    text = forms.CharField(label="What is decided", max_length=2000, widget=Textarea(attrs={"rows": 2}))
    owner = forms.ModelChoiceField(queryset=User.objects.none(), label="Who does it", empty_label="Choose")
    due_on = forms.DateField(
        required=False, label="Until", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    expected_effect = forms.CharField(required=False, max_length=2000, label="What should change")
    guard_rail = forms.CharField(
        required=False, max_length=2000, label="What must not get worse", help_text="The guard-rail."
    )
    reversal = forms.CharField(required=False, max_length=2000, label="When it is taken back")
    outcome = forms.ChoiceField(
        required=False,
        label="The figure that will show it",
        choices=[("", "None: it is not measured"), *_FIGURES],
    )
    expected_points = forms.IntegerField(
        required=False, min_value=-100, max_value=100, label="By how many points", help_text="Percentage points."
    )
    design = forms.ChoiceField(
        required=False, label="Compared how", choices=Decision.Design.choices, initial=Decision.Design.BEFORE_AFTER
    )
    treated = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        required=False,
        label="Who begins",
        widget=forms.CheckboxSelectMultiple,
        help_text="Where some colleagues do it first.",
    )
    control_unit = forms.ModelChoiceField(
        queryset=BusinessUnit.objects.none(),
        required=False,
        label="Compared with unit",
        empty_label="None",
        help_text="Before and after is weak evidence by itself.",
    )

    guard_outcome = forms.ChoiceField(
        required=False, label="Guard-rail: the figure", choices=[("", "Words only"), *_FIGURES]
    )
    guard_percent = forms.IntegerField(
        required=False, min_value=0, max_value=100, label="Its bound, percent",
        help_text="At least so many; of leads sent back at most.",
    )  # fmt: skip
    reversal_outcome = forms.ChoiceField(
        required=False, label="Taken back: the figure", choices=[("", "Words only"), *_FIGURES]
    )
    reversal_percent = forms.IntegerField(
        required=False, min_value=0, max_value=100, label="Its bound, percent",
        help_text="Below it (sent back: above) it is taken back.",
    )  # fmt: skip

    def __init__(self, *args: Any, unit: BusinessUnit, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        colleagues = User.objects.filter(units=unit, is_active=True)
        _choose_from(self, "owner", colleagues)
        _choose_from(self, "treated", colleagues.filter(takes_leads=True))
        _choose_from(self, "control_unit", BusinessUnit.objects.visible_to(actor).exclude(pk=unit.pk))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("outcome") and said.get("design") == Decision.Design.STAGGERED and not said.get("treated"):
            self.add_error("treated", "Choose who begins; the others are what they are compared with.")
        for kind in ("guard", "reversal"):
            has_figure, has_bound = bool(said.get(f"{kind}_outcome")), said.get(f"{kind}_percent") is not None
            if has_figure != has_bound:
                missing = f"{kind}_percent" if has_figure else f"{kind}_outcome"
                self.add_error(missing, "A bound needs both: the figure and its percentage.")
            elif has_figure and not said.get("outcome"):
                self.add_error("outcome", "Bounds are looked at with the figure that will show it: choose one.")
        return said

    @property
    def _bounds(self) -> tuple[Bound, ...]:
        said = self.cleaned_data
        given = ((GUARD_RAIL, "guard"), (REVERSAL, "reversal"))
        figures = ((kind, said[f"{name}_outcome"], said[f"{name}_percent"]) for kind, name in given)
        return tuple(Bound(kind, outcome, percent) for kind, outcome, percent in figures if outcome)

    @property
    def decision(self) -> NewDecision:
        said = self.cleaned_data
        words = {name: said[name] for name in ("text", "owner", "due_on", "expected_effect", "guard_rail", "reversal")}
        measure = None
        if said["outcome"]:
            measure = Measure(
                said["outcome"],
                said["expected_points"],
                said["design"] or Decision.Design.BEFORE_AFTER,
                tuple(said["treated"]),
                said["control_unit"],
                self._bounds,
            )
        return NewDecision(**words, measure=measure)


class ChangeForm(PageForm):
    """A changed clause of the lead definition as a decision."""

    text = forms.CharField(label="What is decided", max_length=2000, widget=Textarea(attrs={"rows": 2}))
    owner = forms.ModelChoiceField(queryset=User.objects.none(), label="Who does it", empty_label="Choose")
    outcome = forms.ChoiceField(
        required=False,
        label="The figure that will show it",
        choices=[("", "None: it is not measured"), *_FIGURES],
        initial="accepted",
        help_text="Compared with the twelve weeks before: weak evidence.",
    )

    def __init__(self, *args: Any, unit: BusinessUnit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose_from(self, "owner", User.objects.filter(units=unit, is_active=True))

    @property
    def decision(self) -> NewDecision:
        said = self.cleaned_data
        return NewDecision(said["text"], said["owner"], measure=Measure(said["outcome"]) if said["outcome"] else None)


class SeriesForm(PageForm):
    name = forms.CharField(max_length=120, label="Name")
    begins_on = forms.DateField(
        label="First meeting",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Its weekday is that of all meetings.",
    )
    begins_at = forms.TimeField(label="At", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    minutes = forms.IntegerField(label="Minutes", min_value=10, max_value=120, initial=30)
    cadence = forms.TypedChoiceField(choices=HuddleSeries.Cadence.choices, coerce=int, label="How often")
    scope = forms.ChoiceField(choices=HuddleSeries.Scope.choices, label="About")
    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.none(), required=False, label="Partner's campaign", empty_label="None",
        help_text="Where it is about a partner.",
    )  # fmt: skip
    team = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(), required=False, label="Team", widget=forms.CheckboxSelectMultiple,
        help_text="Where it is about a team: whose leads.",
    )  # fmt: skip
    roster = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(), label="Who comes", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, unit: BusinessUnit, series: HuddleSeries | None = None, **kwargs: Any) -> None:
        if series is not None:
            kwargs["initial"] = {
                name: getattr(series, name)
                for name in ("name", "begins_on", "begins_at", "minutes", "cadence", "scope", "campaign")
            } | {"team": series.team.all(), "roster": series.roster.all()}
        super().__init__(*args, **kwargs)
        colleagues = User.objects.filter(units=unit, is_active=True)
        _choose_from(self, "roster", colleagues)
        _choose_from(self, "team", colleagues.filter(takes_leads=True))
        _choose_from(self, "campaign", Campaign.objects.filter(unit=unit))

    @property
    def plan(self) -> SeriesPlan:
        said = self.cleaned_data
        people = {"roster": tuple(said["roster"]), "team": tuple(said["team"])}
        return SeriesPlan(**{**said, **people})


def _choose_from(form: forms.Form, name: str, choices: Any) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = choices
