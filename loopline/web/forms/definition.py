"""Writing a lead definition: one condition at a time, or as rules in JSON."""

import json
from typing import Any

from django import forms
from django.forms import Textarea

from loopline.leads.drafting import ShownClause
from loopline.rules.errors import RuleError
from loopline.rules.read import parse_rule, read_rule
from loopline.rules.tree import Rule
from loopline.web.forms.base import PageForm

_ASKED: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("Person", [
        ("person.business_email", "has a business e-mail", ""),
        ("person.country:is", "is in one of these countries", "words"),
        ("person.job_title:contains", "has one of these words in the job title", "words"),
    ]),
    ("Company", [
        ("company.known", "works for a known company", ""),
        ("company.employees:at_least", "works for a company with at least so many people", "number"),
        ("company.industry:is", "works in one of these industries", "words"),
        ("company.country:is", "works for a company in one of these countries", "words"),
    ]),
    ("What they said", [
        ("consent", "agreed to be contacted, for one of these purposes", "words"),
        ("form", "sent a form with one of these words in its address", "words days"),
    ]),
    ("What they did", [
        ("count", "viewed a page at least so often", "page number days"),
        ("seen", "was on a page lately", "page days"),
        ("engaged", "spent at least so many seconds on a page", "page number days"),
    ]),
]  # fmt: skip
"""What may be asked: key, words, and the other fields it needs."""
_NEEDS = {key: needs for _, group in _ASKED for key, _, needs in group}


class AskedSelect(forms.Select):
    """Says for each choice which other fields it needs, so that the page can put the others away."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["data-needs"] = _NEEDS.get(str(value), "")
        return option


class ConditionForm(PageForm):
    """One condition; which of the other fields it needs stands in its name."""

    asked = forms.ChoiceField(
        label="The person",
        choices=[
            ("", "Choose what is asked"),
            *((label, [(key, words) for key, words, _ in group]) for label, group in _ASKED),
        ],
        widget=AskedSelect,
    )
    words = forms.CharField(required=False, max_length=1000, help_text="Several with commas between them.")
    page = forms.CharField(required=False, max_length=200, help_text="How the path begins, such as /pricing.")
    number = forms.IntegerField(required=False, min_value=0)
    days = forms.IntegerField(required=False, min_value=1, max_value=3650, label="Within days")
    place = forms.ChoiceField(required=False, label="Where")

    def __init__(self, *args: Any, clauses: list[ShownClause], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["place"]
        assert isinstance(field, forms.ChoiceField)
        either = [(str(number), f"or else in clause {number + 1}") for number in range(len(clauses))]
        field.choices = [("", "a clause of its own"), *either]

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if "asked" in said:
            try:
                said["rule"] = read_rule(self._json(said))
            except RuleError as error:
                self.add_error(None, str(error).removeprefix("rule: "))
        return said

    def _json(self, said: dict[str, Any]) -> dict[str, object]:
        """The condition as the rule language writes it; what was left empty stays out, and the language complains."""
        words = [word.strip() for word in said.get("words", "").split(",") if word.strip()]
        days: dict[str, object] = {"within_days": said["days"]} if said.get("days") else {}
        page: dict[str, object] = {"path": said["page"]} if said.get("page") else {}
        match said["asked"]:
            case "consent":
                return {"consent": words}
            case "form":
                return {"form": words} | days
            case "count":
                return {"count": {"kind": "page"} | page, "at_least": said.get("number") or 1} | days
            case "seen":
                return {"seen": page} | days
            case "engaged":
                return {"engaged_seconds": said.get("number")} | page | days
        field, _, operator = str(said["asked"]).partition(":")
        if operator == "at_least":
            return {"field": field, operator: said.get("number")}
        return {"field": field, operator: words} if operator else {"field": field}


class RulesForm(PageForm):
    """The whole rule as JSON, for what the list of conditions cannot say."""

    rules = forms.CharField(widget=Textarea(attrs={"rows": 12, "class": "mono", "spellcheck": "false"}), label="Rules")

    @staticmethod
    def of(rules: object) -> "RulesForm":
        return RulesForm(initial={"rules": json.dumps(rules, indent=2, ensure_ascii=False)})

    def clean_rules(self) -> Rule:
        try:
            return parse_rule(self.cleaned_data["rules"])
        except RuleError as error:
            raise forms.ValidationError(str(error)) from error


class BecauseForm(PageForm):
    because = forms.CharField(
        label="Why should it change?",
        max_length=2000,
        widget=Textarea(attrs={"rows": 2}),
        help_text="Both sides read this before they sign.",
    )
