"""What a salesperson says about one lead before the huddle; sending it back asks for the same as the lead's page."""

from typing import Any

from django import forms

from loopline.huddles.homework import Given
from loopline.huddles.models import HomeworkAnswer
from loopline.leads.models import Lead
from loopline.pipeline.models import Opportunity
from loopline.web.forms.leads import ReasonForm

Answer = HomeworkAnswer.Answer
SENDS_BACK = ("reason", "clause", "duplicate_of", "field", "attempts", "kind", "return_on")
"""Fields that only sending back looks at."""


class HomeworkForm(ReasonForm):
    answer = forms.ChoiceField(choices=Answer.choices, widget=forms.HiddenInput)
    line = forms.CharField(required=False, max_length=300, label="Comment for the huddle")
    stage = forms.ChoiceField(
        required=False, choices=[("", "Which stage?"), *Opportunity.Stage.choices], label="Deal is in"
    )

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{lead.pk}-%s")
        super().__init__(*args, lead=lead, **kwargs)
        self.fields["line"].widget.attrs["placeholder"] = "One line, if you like"
        self.fields["reason"].required = False
        del self.fields["note"]  # the line is the note
        self.fields["reason"].widget.attrs.pop("autofocus", None)

    def clean(self) -> dict[str, Any]:
        """What belongs to another answer is not looked at: the fields of all of them stand in one form."""
        said = self.cleaned_data
        if said.get("answer") != Answer.REJECT:
            for name in SENDS_BACK:
                self.errors.pop(name, None)
        if said.get("answer") == Answer.REJECT:
            if not said.get("reason") and "reason" not in self.errors:
                self.add_error("reason", "Choose why it goes back.")
            return super().clean()
        if said.get("answer") == Answer.STAGE and not said.get("stage"):
            self.add_error("stage", "Choose where the deal is.")
        return said

    @property
    def sends_back(self) -> list[forms.BoundField]:
        """What sending back asks for, in its order."""
        return [self[name] for name in SENDS_BACK]

    @property
    def given(self) -> Given:
        said = self.cleaned_data
        is_back = said["answer"] == Answer.REJECT
        return Given(
            said["answer"], said["line"], said["reason"] if is_back else "", said["return_on"] if is_back else None,
            said["stage"], said.get("detail", {}) if is_back else {},
        )  # fmt: skip
