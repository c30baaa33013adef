"""The form of the import page."""

from typing import Any

from django import forms

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit
from loopline.sync.uploads import MOST_FILES


class SeveralFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """One or more files; `cleaned_data` holds the list."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = list(data) if isinstance(data, list | tuple) else [data]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"At most {MOST_FILES} files at once.")
        return [super(SeveralFilesField, self).clean(one, initial) for one in files]


class UploadForm(forms.Form):
    tables = SeveralFilesField(
        label="Files", help_text="CSV: leads, deals, or both.", allow_empty_file=True,
        widget=SeveralFilesInput(attrs={"accept": ".csv,.txt,.tsv,text/csv"}),
    )  # fmt: skip
    mapping = forms.FileField(
        required=False, label="Mapping", help_text="TOML. Without one, Loopline suggests which column is what.",
        widget=forms.FileInput(attrs={"accept": ".toml"}),
    )  # fmt: skip
    unit = forms.ModelChoiceField(BusinessUnit.objects.none(), empty_label=None, label="Business unit")

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = BusinessUnit.objects.visible_to(actor)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        if len(units) == 1:
            self.fields["unit"].initial = units[0]
            self.fields["unit"].widget = forms.HiddenInput()

    def clean_mapping(self) -> str:
        """The text of the mapping; empty when none was sent."""
        file = self.cleaned_data["mapping"]
        if file is None:
            return ""
        if file.size > 1 << 20:
            raise forms.ValidationError("That is no mapping: it is larger than 1 MB.")
        try:
            text = str(file.read().decode("utf-8-sig"))
            if "\0" in text:
                raise forms.ValidationError("That is no mapping: it holds NUL characters.")
            return text
        except UnicodeDecodeError as error:
            raise forms.ValidationError("The mapping is not UTF-8; save it as UTF-8.") from error


class MappingForm(forms.Form):
    mapping = forms.CharField(
        max_length=1 << 20,
        strip=False,
        widget=forms.Textarea(attrs={"class": "mapping-text", "spellcheck": "false", "rows": 18}),
        help_text="field = column. See the list of fields below.",
    )
