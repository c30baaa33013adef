"""Forms of the settings."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet

from loopline.access.actions import NewUnit, OrganisationDetails, has_days_in_the_books
from loopline.access.joining import Membership
from loopline.access.models import AuditEntry, BusinessUnit, Organisation, User
from loopline.access.roles import Role
from loopline.collect.keys import KeyChange, KeyKind, NewKey, WriteKey
from loopline.lib.times import day_start
from loopline.web.forms.base import PageForm
from loopline.web.forms.choices import currency_choices, time_zone_choices


class OrganisationForm(PageForm):
    name = forms.CharField(label="Name", max_length=200)
    time_zone = forms.ChoiceField(
        label="Time zone", choices=time_zone_choices, help_text="Days of reports begin and end at midnight there."
    )
    moves_days = forms.BooleanField(
        label="Change the time zone, though it moves days that were reported already",
        required=False,
        help_text="What happened near midnight then counts on the day before or after, also in reports as of an "
        "earlier moment. Nothing is lost, and the audit log keeps who changed it.",
    )
    reporting_currency = forms.ChoiceField(
        label="Reporting currency", choices=currency_choices, help_text="Reports convert other currencies into it."
    )
    own_hosts = forms.CharField(
        label="Own web sites",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One host per line, such as www.example.com. They are never counted as the origin of a visit.",
    )
    topics = forms.CharField(
        label="Topics of pages",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One per line: the beginning of a path = what these pages are about, such as /product/pumps = Pumps. "
        "Interests of people go by it; other pages go by the first part of their path.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_days_in_the_books():
            del self.fields["moves_days"]

    @classmethod
    def showing(cls, organisation: Organisation) -> "OrganisationForm":
        names = ("name", "time_zone", "reporting_currency")
        hosts = "\n".join(organisation.own_hosts)
        topics = "\n".join(f"{prefix} = {topic}" for prefix, topic in organisation.topics)
        shown = {name: getattr(organisation, name) for name in names}
        return cls(initial={**shown, "own_hosts": hosts, "topics": topics})

    def details(self) -> OrganisationDetails:
        given = self.cleaned_data
        hosts = tuple(dict.fromkeys(given["own_hosts"].lower().split()))
        lines = [line.partition("=") for line in given["topics"].splitlines() if line.strip()]
        return OrganisationDetails(
            given["name"],
            given["time_zone"],
            given["reporting_currency"],
            own_hosts=hosts,
            topics=tuple((prefix.strip(), topic.strip()) for prefix, _, topic in lines),
            moves_days=bool(given.get("moves_days")),
        )


class UnitForm(PageForm):
    name = forms.CharField(label="Name", max_length=200)
    currency = forms.ChoiceField(label="Currency", choices=currency_choices)
    accept_within_hours = forms.IntegerField(
        label="Hours to answer a lead",
        min_value=1,
        max_value=720,
        initial=4,
        help_text="How long a salesperson has to take or refuse a new lead.",
    )
    margin_percent = forms.IntegerField(
        label="Contribution margin, %",
        min_value=1,
        max_value=100,
        initial=100,
        help_text="Of each sale, the part that ROMI counts as gained.",
    )

    def new_unit(self) -> NewUnit:
        return NewUnit(**self.cleaned_data)


class UserForm(PageForm):
    name = forms.CharField(label="Name", max_length=200)
    role = forms.ChoiceField(label="Role", choices=[(role.value, role.label) for role in Role])
    units = forms.MultipleChoiceField(
        label="Business units",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Administrators see all units; finance does when none is chosen.",
    )
    takes_leads = forms.BooleanField(label="Takes new leads in turn", required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["units"]
        assert isinstance(choices, forms.MultipleChoiceField)
        choices.choices = [(str(unit.pk), unit.name) for unit in BusinessUnit.objects.all()]

    @staticmethod
    def what_is(user: User) -> dict[str, Any]:
        units = [str(unit.pk) for unit in user.units.all()]
        return {"name": user.name, "role": user.role, "units": units, "takes_leads": user.takes_leads}

    def membership(self) -> Membership:
        given = self.cleaned_data
        units = frozenset(UUID(one) for one in given["units"])
        return Membership(given["name"], Role(given["role"]), units, given["takes_leads"])


class InviteForm(UserForm):
    email = forms.EmailField(label="E-mail address")
    field_order = ("email", "name", "role", "units", "takes_leads")


class RateForm(PageForm):
    currency = forms.ChoiceField(label="Currency", choices=currency_choices, initial="USD")
    on = forms.DateField(
        label="From", initial=date.today, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    rate = forms.DecimalField(label="Rate", max_digits=20, decimal_places=10)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rate"].help_text = f"{Organisation.current().reporting_currency} for 1 of this currency."


class KeyChangeForm(PageForm):
    name = forms.CharField(label="Name", max_length=100, help_text="Where it is used, such as “web site”.")
    origins = forms.CharField(
        label="Pages that may send",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For browsers, one per line: https://www.example.com. Empty means any.",
    )
    networks = forms.CharField(
        label="Networks that may send",
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One per line: 203.0.113.7 or 203.0.113.0/24. Empty means any.",
    )
    max_events_per_s = forms.IntegerField(
        label="Most events a second",
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text="On average over ten seconds; senders above it must retry. Empty means no limit.",
    )

    @staticmethod
    def what_is(key: WriteKey) -> dict[str, Any]:
        limit = key.max_events_per_s or None
        lines = {"origins": "\n".join(sorted(key.origins)), "networks": "\n".join(key.networks)}
        return {"name": key.name, "max_events_per_s": limit, **lines}

    def _limits(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "name": given["name"],
            "origins": tuple(given["origins"].split()),
            "networks": tuple(given["networks"].split()),
            "max_events_per_s": given["max_events_per_s"] or 0,
        }

    def change(self) -> KeyChange:
        return KeyChange(**self._limits())


class KeyForm(KeyChangeForm):
    kind = forms.ChoiceField(label="Kind", choices=[(kind.value, kind.value.capitalize()) for kind in KeyKind])
    unit = forms.ChoiceField(label="Business unit")
    field_order = ("name", "kind", "unit", "origins", "networks", "max_events_per_s")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["unit"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(str(unit.pk), unit.name) for unit in BusinessUnit.objects.all()]

    def new_key(self) -> NewKey:
        given = self.cleaned_data
        return NewKey(kind=KeyKind(given["kind"]), unit_id=given["unit"], **self._limits())


class MendForm(PageForm):
    event = forms.CharField(
        label="The event, mended",
        strip=False,
        max_length=1 << 20,
        widget=forms.Textarea(attrs={"rows": 18, "class": "mono", "spellcheck": "false"}),
        help_text="JSON. It is checked before it is sent through, and keeps the time it first came.",
    )


class AuditFilterForm(PageForm):
    who = forms.CharField(label="Who", required=False)
    what = forms.CharField(label="What", required=False)
    since = forms.DateField(
        label="Since", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def chosen(self, entries: QuerySet[AuditEntry], time_zone: str) -> QuerySet[AuditEntry]:
        """Entries that fit; all of them for a form that is not valid, which shows its errors beside them."""
        given = self.cleaned_data if self.is_valid() else {}
        if given.get("who"):
            entries = entries.filter(actor_name__icontains=given["who"])
        if given.get("what"):
            entries = entries.filter(verb__icontains=given["what"])
        if given.get("since"):
            entries = entries.filter(at__gte=day_start(given["since"], time_zone))
        return entries
