"""The editor of a hosted form: its texts, and its fields as rows that work without JavaScript."""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.forms import BaseFormSet, formset_factory

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit
from loopline.campaigns.form_fields import KINDS
from loopline.campaigns.forms import FormPlan
from loopline.campaigns.models import Campaign, Form
from loopline.web.forms.base import PageForm

_TEXT = forms.Textarea(attrs={"rows": 3})
FIRST_FIELDS: list[dict[str, object]] = [
    {"key": "email", "label": "Work e-mail", "kind": "email", "is_required": True},
    {"key": "name", "label": "Name", "kind": "text", "is_required": True},
    {"key": "company", "label": "Company", "kind": "text", "is_required": True},
    {"key": "message", "label": "What is it about?", "kind": "textarea", "is_required": False},
]
"""What a new form begins with."""


class FormTextsForm(PageForm):
    title = forms.CharField(
        label="Title", max_length=200, help_text="The question it answers, such as “Ask for a demo”."
    )
    introduction = forms.CharField(label="Introduction", required=False, widget=_TEXT)
    consent_text = forms.CharField(
        label="Consent",
        required=False,
        widget=_TEXT,
        help_text="Shown beside a box that nobody ticked beforehand, and stored with each submission. Empty: no box.",
    )
    thanks_text = forms.CharField(label="Thanks", required=False, widget=_TEXT, help_text="Shown after sending.")
    redirect_url = forms.URLField(
        label="Page to go to afterwards", required=False, max_length=2000, assume_scheme="https"
    )
    campaign = forms.ModelChoiceField(
        label="Campaign", queryset=Campaign.objects.none(), required=False, empty_label="None"
    )
    creates_lead = forms.BooleanField(label="Whoever sends it becomes a lead", required=False, initial=True)
    is_live = forms.BooleanField(label="Open for submissions", required=False, initial=True)

    def __init__(self, *args: Any, unit: BusinessUnit | None, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        campaigns: QuerySet[Campaign] = Campaign.objects.visible_to(actor)
        field = self.fields["campaign"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = campaigns.filter(unit=unit) if unit else campaigns

    def plan(self, fields: list[dict[str, object]]) -> FormPlan:
        return FormPlan(fields=fields, **{name: self.cleaned_data[name] for name in FormTextsForm.base_fields})


class NewFormForm(FormTextsForm):
    unit = forms.ModelChoiceField(label="Business unit", queryset=BusinessUnit.objects.none(), empty_label=None)
    slug = forms.SlugField(
        label="Address", max_length=50, help_text="The part after /f/, such as ask-for-a-demo. It stays for good."
    )

    field_order = ("unit", "slug")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, unit=None, actor=actor, **kwargs)
        units = self.fields["unit"]
        assert isinstance(units, forms.ModelChoiceField)
        units.queryset = BusinessUnit.objects.visible_to(actor)
        units.initial = units.queryset.first()


class FieldRow(forms.Form):
    label = forms.CharField(label="Label", max_length=200, required=False)
    key = forms.CharField(label="Key", max_length=40, required=False)
    kind = forms.ChoiceField(label="Kind", choices=list(KINDS.items()), initial="text", required=False)
    choices = forms.CharField(
        label="Choices", required=False, max_length=2000, widget=forms.TextInput(attrs={"placeholder": "small; large"})
    )
    is_required = forms.BooleanField(label="Required", required=False)

    @property
    def is_kept(self) -> bool:
        return bool(self.cleaned_data.get("label", "").strip()) and not self.cleaned_data.get("DELETE")

    @property
    def as_field(self) -> dict[str, object]:
        said = self.cleaned_data
        key = said["key"].strip().lower() or re.sub(r"[^a-z0-9]+", "_", said["label"].lower()).strip("_")[:40]
        choices = [one.strip() for one in said["choices"].split(";") if one.strip()]
        return {"key": key, "label": said["label"], "kind": said["kind"] or "text", "choices": choices,
                "is_required": said["is_required"]}  # fmt: skip


if TYPE_CHECKING:  # the type has a parameter only in the eyes of the type checker
    Rows = BaseFormSet[FieldRow]
else:
    Rows = BaseFormSet


class FieldRowSet(Rows):
    def add_fields(self, form: FieldRow, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["ORDER"].label, form.fields["DELETE"].label = "Place", "Leave out"


FieldRows = formset_factory(
    FieldRow, formset=FieldRowSet, extra=3, can_delete=True, can_order=True, max_num=23, absolute_max=40
)


def initial_rows(stored: list[dict[str, Any]]) -> list[dict[str, object]]:
    return [
        {**one, "choices": "; ".join(str(choice) for choice in one.get("choices") or ()), "ORDER": place}
        for place, one in enumerate(stored, 1)
    ]


def fields_from(rows: "BaseFormSet[FieldRow]") -> list[dict[str, object]]:
    """The rows that have a label, in the order people gave; rows without a number come last."""
    kept = [row for row in rows.forms if row.is_kept]
    kept.sort(key=lambda row: (row.cleaned_data.get("ORDER") is None, row.cleaned_data.get("ORDER") or 0))
    return [row.as_field for row in kept]


def initial_texts(form: Form) -> dict[str, Any]:
    return {name: getattr(form, name) for name in FormTextsForm.base_fields}
