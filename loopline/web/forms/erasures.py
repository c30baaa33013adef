"""Confirming an erasure by typing."""

from typing import Any

from django import forms

from loopline.web.forms.base import PageForm


class EraseForm(PageForm):
    typed = forms.CharField(label="", max_length=300, strip=True)

    def __init__(self, *args: Any, wanted: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wanted = wanted
        self.fields["typed"].label = f"Type “{wanted}” to erase this person for good"
        self.fields["typed"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.lower() != self._wanted.lower():
            raise forms.ValidationError(f"This is not “{self._wanted}”. Nothing was erased.")
        return typed
