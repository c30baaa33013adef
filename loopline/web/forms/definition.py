"""Writing a lead definition: one condition at a time, as text, and by example."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.forms import Textarea

from loopline.leads.drafting import PARTS
from loopline.leads.examples import Act, Example
from loopline.rules.definition import Definition, definition_json, read_definition
from loopline.rules.definition_text import definition_text, parse_definition
from loopline.rules.errors import RuleError
from loopline.rules.read import parse_json, read_rule
from loopline.rules.score import NOTHING_NAMED, Named
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
        ("campaign", "came through one of these campaigns", "words days"),
    ]),
    ("Scores and fields of your own", [
        ("score", "has at least so many points of a score", "words number"),
        ("own:is", "has a field of your own that is one of these texts", "field words"),
        ("own:at_least", "has a field of your own that is at least a number", "field number"),
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


class DayInput(forms.DateInput):
    """A day as browsers take it: always ISO 8601."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class ConditionForm(PageForm):
    """One condition; which of the other fields it needs stands in its name."""

    part = forms.ChoiceField(label="Kind of condition", choices=list(PARTS.items()))
    asked = forms.ChoiceField(
        label="The person",
        choices=[
            ("", "Choose what is asked"),
            *((label, [(key, words) for key, words, _ in group]) for label, group in _ASKED),
        ],
        widget=AskedSelect,
    )
    field = forms.CharField(required=False, max_length=100, help_text="Such as person.custom.plan.")
    words = forms.CharField(required=False, max_length=1000, help_text="Several with commas between them.")
    page = forms.CharField(required=False, max_length=200, help_text="How the path begins, such as /pricing.")
    number = forms.IntegerField(required=False, min_value=0)
    days = forms.IntegerField(required=False, min_value=1, max_value=3650, label="Within days")
    joined = forms.ChoiceField(
        required=False,
        label="Combine with the others of this kind",
        choices=[("", "and: all are needed"), ("instead", "or: one of them is enough")],
    )

    def __init__(self, *args: Any, named: Named = NOTHING_NAMED, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._named = named

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if "asked" in said:
            try:
                said["rule"] = read_rule(self._json(said), self._named)
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
            case "form" | "campaign" as key:
                return {key: words} | days
            case "count":
                return {"count": {"kind": "page"} | page, "at_least": said.get("number") or 1} | days
            case "seen":
                return {"seen": page} | days
            case "engaged":
                return {"engaged_seconds": said.get("number")} | page | days
            case "score":
                return {"score": ", ".join(words), "at_least": said.get("number")}
        field, _, operator = str(said["asked"]).partition(":")
        field = said.get("field", "") if field == "own" else field
        if operator == "at_least":
            return {"field": field, operator: said.get("number")}
        return {"field": field, operator: words} if operator else {"field": field}


class RulesForm(PageForm):
    """The whole definition as text, for what the list of conditions cannot say: scores, segments, deeper rules."""

    rules = forms.CharField(
        widget=Textarea(attrs={"rows": 18, "class": "mono", "spellcheck": "false"}), label="Definition"
    )

    @staticmethod
    def of(definition: Definition) -> "RulesForm":
        return RulesForm(initial={"rules": definition_text(definition)})

    def clean_rules(self) -> dict[str, object]:
        """The definition as JSON; it may be written as JSON, too."""
        text = self.cleaned_data["rules"]
        try:
            read = read_definition(parse_json(text)) if text.lstrip().startswith("{") else parse_definition(text)
            return definition_json(read)
        except RuleError as error:
            raise forms.ValidationError(str(error)) from error


class ExampleForm(PageForm):
    """A person who must pass, or must not. What is left empty is not known of this person."""

    name = forms.CharField(max_length=120, label="Who is it?", help_text="A kind of person, not a name.")
    passes = forms.ChoiceField(
        label="Is this a lead?", choices=[("yes", "yes, must pass"), ("no", "no, must not pass")]
    )
    email = forms.ChoiceField(
        label="E-mail", choices=[("business", "of a business"), ("free", "of a free mail service"), ("", "none")],
        required=False,
    )  # fmt: skip
    job_title = forms.CharField(required=False, max_length=200)
    country = forms.CharField(required=False, max_length=2, help_text="Two letters, such as NO.")
    company = forms.CharField(required=False, max_length=200)
    employees = forms.IntegerField(required=False, min_value=0, label="People in the company")
    industry = forms.CharField(required=False, max_length=100)
    consents = forms.CharField(required=False, max_length=200, label="Agreed to", help_text="Such as contact, email.")
    form = forms.CharField(required=False, max_length=60, label="Sent the form", help_text="A word of its address.")
    pages = forms.CharField(
        required=False,
        max_length=1000,
        label="Viewed yesterday",
        help_text="Paths with commas between; the same path twice is two views.",
    )
    because = forms.CharField(required=False, max_length=500, label="Why")

    def example(self) -> Example:
        said = self.cleaned_data
        fields: dict[str, str | int] = {
            "person.email": "known" if said["email"] else "",
            "person.business_email": "known" if said["email"] == "business" else "",
            "person.job_title": said["job_title"],
            "person.country": said["country"].upper(),
            "company.known": said["company"],
            "company.industry": said["industry"],
        }
        known = {key: value for key, value in fields.items() if value}
        if said["employees"] is not None:
            known["company.employees"] = said["employees"]
        pages = [path.strip() for path in said["pages"].split(",") if path.strip()]
        return Example(
            name=said["name"],
            passes=said["passes"] == "yes",
            because=said["because"],
            fields=known,
            consents={purpose.strip(): True for purpose in said["consents"].split(",") if purpose.strip()},
            forms=((said["form"], 1.0),) if said["form"] else (),
            did=tuple(Act("page", path=path, times=pages.count(path)) for path in dict.fromkeys(pages)),
        )


class BecauseForm(PageForm):
    because = forms.CharField(
        label="Why should it change?",
        max_length=2000,
        widget=Textarea(attrs={"rows": 2}),
        help_text="Both sides read this before they sign.",
    )


class StartForm(PageForm):
    starts_at = forms.DateTimeField(
        required=False,
        label="From",
        help_text="Empty: from now on.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    in_shadow = forms.BooleanField(
        required=False,
        label="First two weeks in the shadow",
        help_text="Both versions judge new leads and the differences are shown; none goes by this one until then.",
    )

    review_on = forms.DateField(
        required=False,
        label="Look whether it worked on",
        help_text="The page reminds both sides then.",
        widget=DayInput(),
    )

    @property
    def start(self) -> datetime | None:
        found: datetime | None = self.cleaned_data["starts_at"]
        return found


class WhatIfForm(PageForm):
    """Which leads are judged again: those created from one day to another, both included."""

    first = forms.DateField(label="Leads from", widget=DayInput())
    last = forms.DateField(label="to", widget=DayInput())

    def value_of(self, name: str) -> date:
        """What was typed, else what it begins with."""
        found: date = self.cleaned_data[name] if self.is_bound else self.initial[name]
        return found
