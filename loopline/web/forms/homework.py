"""What a salesperson says about one lead before the huddle."""

from typing import Any

from django import forms

from loopline.huddles.homework import Given
from loopline.huddles.models import HomeworkAnswer
from loopline.leads.models import Lead
from loopline.pipeline.models import Opportunity
from loopline.web.forms.base import PageForm


class HomeworkForm(PageForm):
    answer = forms.ChoiceField(choices=HomeworkAnswer.Answer.choices, widget=forms.HiddenInput)
    line = forms.CharField(required=False, max_length=300, label="One line")
    reason = forms.ChoiceField(required=False, choices=[("", "Why?"), *Lead.Reason.choices], label="Reason")
    return_on = forms.DateField(
        required=False, label="When again", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    stage = forms.ChoiceField(
        required=False, choices=[("", "Which stage?"), *Opportunity.Stage.choices], label="Deal is in"
    )

    def __init__(self, *args: Any, lead: Lead | None = None, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"{lead.pk}-%s" if lead else "id_%s")
        super().__init__(*args, **kwargs)
        self.fields["line"].widget.attrs["placeholder"] = "One line, if you like"

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("answer") == HomeworkAnswer.Answer.REJECT and not said.get("reason"):
            self.add_error("reason", "Choose why it goes back.")
        if said.get("answer") == HomeworkAnswer.Answer.STAGE and not said.get("stage"):
            self.add_error("stage", "Choose where the deal is.")
        if said.get("reason") == Lead.Reason.TIMING and not said.get("return_on"):
            self.add_error("return_on", "Say when to come back.")
        return said

    @property
    def given(self) -> Given:
        said = self.cleaned_data
        return Given(said["answer"], said["line"], said["reason"], said["return_on"], said["stage"])
