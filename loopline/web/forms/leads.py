"""What a salesperson or manager says about a lead."""

from typing import Any

from django import forms
from django.forms import Select, Textarea

from loopline.access.models import User
from loopline.access.roles import PERMISSIONS, Permission, Role
from loopline.leads.hand_off_models import Dispute
from loopline.leads.models import Lead
from loopline.leads.reasons import ASKED, FIELDS, NO_BUYERS, ReasonError, require_detail
from loopline.leads.returns import TRIGGERS
from loopline.web.form_titles import with_titles
from loopline.web.forms.base import PageForm

_WORKING_ROLES = [role.value for role in Role if Permission.WORK_LEADS in PERMISSIONS[role]]


class ReasonSelect(Select):
    """Says for each reason which other field it needs, so that the page can put the others away."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        asks = ASKED.get(str(value))
        option["attrs"]["data-needs"] = asks.key if asks else "return_on" if value == Lead.Reason.TIMING else ""
        return option


class ReasonForm(PageForm):
    """Why a lead goes back, with what marketing needs to act on it."""

    reason = forms.ChoiceField(
        choices=[("", "Choose a reason"), *Lead.Reason.choices], widget=ReasonSelect(attrs={"autofocus": True})
    )
    clause = forms.ChoiceField(required=False, label="Which clause does it not meet?")
    duplicate_of = forms.EmailField(required=False, label="Whose duplicate? Their e-mail address", max_length=200)
    field = forms.ChoiceField(
        required=False, label="What is wrong?", choices=[("", "Choose what is wrong"), *FIELDS.items()]
    )
    attempts = forms.IntegerField(required=False, label="After how many attempts?", min_value=1, max_value=100)
    kind = forms.ChoiceField(required=False, label="Who is it?", choices=[("", "Choose who"), *NO_BUYERS.items()])
    return_on = forms.DateField(
        required=False,
        label="Look at it again on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Needed when the reason is timing.",
    )
    note = forms.CharField(
        required=False,
        max_length=2000,
        label="What marketing should know",
        widget=Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clause = self.fields["clause"]
        assert isinstance(clause, forms.ChoiceField)
        clauses = [str(one["clause"]) for one in lead.evidence] or ["the whole definition"]
        clause.choices = [("", "Choose a clause"), *((one, with_titles(one)) for one in clauses)]
        for name in (*(asks.key for asks in ASKED.values()), "return_on"):
            self.fields[name].widget.attrs["data-needed-by"] = name

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        self._needs_a_date(said)
        if "reason" in said:
            try:
                said["detail"] = require_detail(said["reason"], said)
            except ReasonError as error:
                if error.field not in self.errors:
                    self.add_error(error.field, str(error))
        return said

    def _needs_a_date(self, said: dict[str, Any]) -> None:
        if said.get("reason") == Lead.Reason.TIMING and not said.get("return_on") and "return_on" not in self.errors:
            self.add_error("return_on", "When should it come back? Give a date.")

    def as_said(self) -> dict[str, Any]:
        """What an action takes: reason, note, detail, and when it comes back."""
        return {name: self.cleaned_data[name] for name in ("reason", "note", "detail", "return_on")}


class RecycleForm(ReasonForm):
    """Not now: with the day or the deed that brings it back."""

    returns_when = forms.ChoiceField(
        required=False,
        label="Or as soon as",
        choices=[("", "only on that date"), *((key, words) for key, (words, _) in TRIGGERS.items())],
    )
    field_order = (
        "reason", "clause", "duplicate_of", "field", "attempts", "kind", "return_on", "returns_when", "note",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["return_on"].help_text = "A date, or what they do, brings it back."
        del self.fields["return_on"].widget.attrs["data-needed-by"]  # whatever the reason is

    def _needs_a_date(self, said: dict[str, Any]) -> None:
        if not said.get("return_on") and not said.get("returns_when") and "return_on" not in self.errors:
            self.add_error("return_on", "When should it come back? Give a date, or choose what brings it back.")

    def as_said(self) -> dict[str, Any]:
        return super().as_said() | {"returns_when": self.cleaned_data["returns_when"]}


class DisqualifyForm(ReasonForm):
    """Not ever: there is no date to come back."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["return_on"]
        reason = self.fields["reason"]
        assert isinstance(reason, forms.ChoiceField)
        reason.choices = [
            ("", "Choose a reason"),
            *(one for one in Lead.Reason.choices if one[0] != Lead.Reason.TIMING),
        ]

    def as_said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("reason", "note", "detail")}


class SayForm(PageForm):
    """One text that the history keeps."""

    said = forms.CharField(max_length=2000, widget=Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["said"].label = label


class SettleForm(PageForm):
    resolution = forms.ChoiceField(label="The outcome", choices=Dispute.Resolution.choices)
    note = forms.CharField(required=False, max_length=2000, label="Why", widget=Textarea(attrs={"rows": 3}))


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
