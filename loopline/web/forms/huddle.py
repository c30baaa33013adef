"""What is written down in a huddle."""

from typing import Any

from django import forms
from django.forms import Textarea

from loopline.access.models import BusinessUnit, User
from loopline.web.forms.base import PageForm


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
    expected_effect = forms.CharField(
        required=False,
        max_length=2000,
        label="What should change",
        help_text="A figure if you can, such as: fewer than 2 sent back a week.",
    )

    def __init__(self, *args: Any, unit: BusinessUnit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(units=unit, is_active=True)
