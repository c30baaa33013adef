"""Forms of routing: a rule, a team, working hours, absences."""

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.forms import CheckboxSelectMultiple, DateInput, Textarea

from loopline.access.models import BusinessUnit, User
from loopline.leads.explore import SHARES
from loopline.leads.hand_off_models import HandOffTerms
from loopline.leads.terms import NewTerms
from loopline.lib.countries import COUNTRIES
from loopline.routing.actions import NewRule, NewWorkingTime
from loopline.routing.bench import WORKING_ROLES
from loopline.routing.models import DayOff, RoutingRule, Team, WorkingTime
from loopline.routing.turns import A_WEEK
from loopline.rules.errors import RuleError
from loopline.rules.read import parse_rule, rule_json
from loopline.web.forms.base import PageForm
from loopline.web.forms.choices import time_zone_choices

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LOOKED_AT = 90
_CODES = {name.lower(): code for code, name in COUNTRIES.items()}
_BY_NAME = {"person.country": "countries", "person.language": "languages"}


class RoutingRuleForm(PageForm):
    """Which leads, and who gets them. What several fields ask for must all hold; the catch-all asks for nothing."""

    name = forms.CharField(max_length=80, help_text="Each lead that goes by it says so.")
    accounts = forms.CharField(
        label="Named accounts",
        required=False,
        widget=Textarea(attrs={"rows": 2}),
        help_text="One per line: the domain of the company, such as halden.example, or its name.",
    )
    countries = forms.CharField(label="Territory", required=False, help_text="Countries, with commas: Norway, SE, DK.")
    languages = forms.CharField(label="Language", required=False, help_text="With commas: de, German.")
    product = forms.CharField(
        label="Product",
        required=False,
        help_text="Beginnings of paths they read in the last 90 days: /product/flow-meters.",
    )
    more = forms.CharField(
        label="And the rule",
        required=False,
        widget=Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text="Any rule of the rule language, as JSON: see Rules as JSON in the docs.",
    )
    target = forms.ChoiceField(label="Who gets them", choices=RoutingRule.Target.choices)
    person = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody in particular")
    team = forms.ModelChoiceField(queryset=Team.objects.none(), required=False, empty_label="Everybody who takes leads")

    def __init__(self, *args: Any, unit: BusinessUnit, is_catch_all: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_catch_all = is_catch_all
        _choose(self.fields["person"], User.objects.filter(units=unit, is_active=True, role__in=WORKING_ROLES))
        _choose(self.fields["team"], Team.objects.filter(unit=unit))
        if is_catch_all:
            for name in ("accounts", "countries", "languages", "product", "more"):
                del self.fields[name]

    @classmethod
    def what_is(cls, rule: RoutingRule) -> dict[str, Any]:
        shown = {"name": rule.name, "target": rule.target, "person": rule.person_id, "team": rule.team_id}
        return shown | (_apart(rule.rules) if rule.rules is not None else {})

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if not self._is_catch_all and not self.errors:
            said["rules"] = self._rules(said)
        return said

    def _rules(self, said: dict[str, Any]) -> object:
        parts: list[object] = [*_accounts(said["accounts"]), *self._territory(said["countries"])]
        if languages := _words(said["languages"]):
            parts.append({"field": "person.language", "is": languages})
        if paths := _words(said["product"]):
            parts.append(_any([{"seen": {"kind": "page", "path": path}, "within_days": LOOKED_AT} for path in paths]))
        if said["more"].strip():
            try:
                parts.append(rule_json(parse_rule(said["more"])))
            except RuleError as error:
                self.add_error("more", str(error).removeprefix("rule: "))
        if not parts and not self.errors:
            self.add_error(None, "Say which leads: accounts, a territory, a language, a product or a rule.")
        return parts[0] if len(parts) == 1 else {"all": parts}

    def _territory(self, text: str) -> list[object]:
        codes = []
        for word in _words(text):
            code = word.upper() if word.upper() in COUNTRIES else _CODES.get(word.lower(), "")
            if not code:
                self.add_error("countries", f"“{word}” is no country; write its name or its two letters.")
            codes.append(code)
        return [{"field": "person.country", "is": codes}] if codes else []

    def new_rule(self) -> NewRule:
        said = self.cleaned_data
        return NewRule(said["name"], said.get("rules"), said["target"], said["person"], said["team"])


def _accounts(text: str) -> list[object]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    domains = [line.lower() for line in lines if "." in line and " " not in line]
    names = [line for line in lines if line.lower() not in domains]
    asked: list[object] = []
    if domains:
        asked.append({"field": "company.domain", "is": domains})
    if names:
        asked.append({"field": "company.name", "is": names})
    return [_any(asked)] if asked else []


def _any(parts: list[Any]) -> object:
    return parts[0] if len(parts) == 1 else {"any": parts}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _apart(rules: Any) -> dict[str, str]:
    """A rule as the fields of the form; what they cannot say stays JSON."""
    found: dict[str, str] = {}
    rest = []
    for part in rules["all"] if set(rules) == {"all"} else [rules]:
        name, text = _field(part)
        if name and name not in found:
            found[name] = text
        else:
            rest.append(part)
    if rest:
        found["more"] = json.dumps(rest[0] if len(rest) == 1 else {"all": rest}, indent=1, ensure_ascii=False)
    return found


def _field(part: Any) -> tuple[str, str]:
    """The field of the form that asks for this, and what stands in it; nothing where there is none."""
    if set(part) == {"field", "is"} and part["field"] in _BY_NAME:
        return _BY_NAME[part["field"]], ", ".join(part["is"])
    either = part["any"] if set(part) == {"any"} else [part]
    if all(set(one) == {"field", "is"} and one["field"] in {"company.domain", "company.name"} for one in either):
        return "accounts", "\n".join(word for one in either for word in one["is"])
    if all(
        set(one) == {"seen", "within_days"} and set(one["seen"]) == {"kind", "path"} and one["within_days"] == LOOKED_AT
        for one in either
    ):
        return "product", ", ".join(one["seen"]["path"] for one in either)
    return "", ""


class TeamForm(PageForm):
    name = forms.CharField(max_length=80)
    members = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(), required=False, widget=CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, unit: BusinessUnit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choose(self.fields["members"], User.objects.filter(units=unit, is_active=True, role__in=WORKING_ROLES))


class WorkingTimeForm(PageForm):
    time_zone = forms.ChoiceField(label="Time zone", required=False)
    holidays_of = forms.CharField(
        label="Public holidays of",
        required=False,
        max_length=10,
        help_text="A country, or a part of one: NO, DE-BY. Clocks stand still on them.",
    )
    leads_a_week = forms.IntegerField(
        label="Leads a week", min_value=1, max_value=1000, initial=A_WEEK, help_text="Capacity: turns go by it."
    )
    most_a_day = forms.IntegerField(label="At most a day", required=False, min_value=0, max_value=1000)
    most_a_week = forms.IntegerField(label="At most a week", required=False, min_value=0, max_value=5000)

    def __init__(self, *args: Any, sets_capacity: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)
        zone.choices = [("", "the organisation's"), *time_zone_choices()]
        for number, day in enumerate(DAYS):
            self.fields[f"day_{number}"] = forms.CharField(
                label=day, required=False, max_length=100, widget=forms.TextInput(attrs={"placeholder": "off"})
            )
        for name in ("leads_a_week", "most_a_day", "most_a_week"):
            self.fields[name].disabled = not sets_capacity

    @staticmethod
    def what_is(given: WorkingTime | None) -> dict[str, Any]:
        given = given or WorkingTime()
        names = ("time_zone", "holidays_of", "leads_a_week", "most_a_day", "most_a_week")
        days = {f"day_{number}": hours for number, hours in enumerate(given.week)}
        return {name: getattr(given, name) for name in names} | days

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"day_{number}"] for number in range(len(DAYS))]

    def new_time(self) -> NewWorkingTime:
        said = self.cleaned_data
        return NewWorkingTime(
            said["time_zone"],
            tuple(said[f"day_{number}"] for number in range(len(DAYS))),
            said["holidays_of"].strip().upper(),
            said["leads_a_week"],
            said["most_a_day"],
            said["most_a_week"],
        )


def _date(label: str) -> forms.DateField:
    return forms.DateField(label=label, widget=DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class AbsenceForm(PageForm):
    first_on = _date("First day away")
    last_on = _date("Last day away")
    note = forms.CharField(required=False, max_length=120)


def _choose(field: forms.Field, found: Any) -> None:
    assert isinstance(field, forms.ModelChoiceField)
    field.queryset = found


def _hours(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=1, max_value=720)


def _minutes(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=600)


class TermsForm(PageForm):
    """What marketing and sales owe each other, in business hours of whoever owes it."""

    first_touch_hours = _hours("Sales: to the first call, mail or meeting after accepting")
    take_hours = _hours("Sales: to take a lead out of a queue")
    assign_hours = _hours("Sales: to find somebody for a lead nobody could take")
    dispute_hours = _hours("Sales: to settle a dispute")
    evidence_hours = _hours("Marketing: to complete what sales misses")
    rejection_hours = _hours("Marketing: to decide about a lead that came back")
    late_leads_go_back = forms.BooleanField(
        label="Leads that were not answered in time go back to the queue", required=False
    )
    explore_percent = forms.IntegerField(
        label="Explore: per cent of leads below the definition that go to sales by chance",
        min_value=0,
        max_value=SHARES[1],
        help_text=f"0 for none, or {SHARES[0]} to {SHARES[1]}. What becomes of them tells what the definition refuses. "
        "While it is on, salespeople see no verdicts and scores.",
    )
    explore_a_week = forms.IntegerField(label="Explore: at most so many a week", min_value=1, max_value=500)
    lead_minutes = _minutes("Minutes of sales a lead costs before any talk")
    call_minutes = _minutes("Minutes of sales a call costs")
    meeting_minutes = _minutes("Minutes of sales a meeting costs")
    sees = forms.ChoiceField(
        label="Figures of people are seen by",
        choices=HandOffTerms.Sees.choices,
        help_text="On the scorecards. The share of all together is seen by everybody.",
    )
    days_off = forms.CharField(
        label="Days the unit is closed",
        required=False,
        widget=Textarea(attrs={"rows": 3}),
        help_text="Beside public holidays, one per line: 2026-12-24 Christmas Eve.",
    )
    chat_webhook = forms.CharField(
        label="Incoming webhook of your chat",
        required=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Slack, Teams, Mattermost: new leads are told there. A secret, so it is not shown again; "
        "leave it empty to keep it.",
    )
    removes_webhook = forms.BooleanField(label="Take the webhook out", required=False)
    chat_may_be_private = forms.BooleanField(
        label="The webhook may lie in our own network",
        required=False,
        help_text="For a chat on your own servers. Otherwise only addresses in the public internet are asked.",
    )

    @staticmethod
    def what_is(terms: HandOffTerms, days_off: Iterable[DayOff]) -> dict[str, Any]:
        days = "\n".join(f"{one.on.isoformat()} {one.name}".strip() for one in days_off)
        return {name: getattr(terms, name) for name in NewTerms.__dataclass_fields__} | {"days_off": days}

    def clean_days_off(self) -> dict[date, str]:
        days = {}
        for line in self.cleaned_data["days_off"].splitlines():
            on, _, name = line.strip().partition(" ")
            if not on:
                continue
            try:
                days[date.fromisoformat(on)] = name.strip()
            except ValueError as error:
                raise forms.ValidationError(f"“{on}” is no date; write it like 2026-12-24.") from error
        return days

    def new_terms(self) -> NewTerms:
        return NewTerms(**{name: self.cleaned_data[name] for name in NewTerms.__dataclass_fields__})

    @property
    def webhook(self) -> str | None:
        """What becomes of the webhook: None keeps it."""
        if self.cleaned_data["removes_webhook"]:
            return ""
        return self.cleaned_data["chat_webhook"].strip() or None
