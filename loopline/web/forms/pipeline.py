"""The forms of the pipeline's pages. They check the shape of what was typed; actions check whether it is allowed."""

from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, ExchangeRate, Organisation, User
from loopline.access.roles import Permission
from loopline.campaigns.models import Campaign
from loopline.lib.money import Money, parse_minor
from loopline.people.models import Company, Person
from loopline.pipeline.models import Interaction, Opportunity, OpportunityContact


def currencies(*more: str) -> list[str]:
    """The currencies this organisation has to do with: those of its units, its reports and its exchange rates."""
    units = BusinessUnit.objects.order_by().values_list("currency", flat=True)
    rates = ExchangeRate.objects.order_by().values_list("currency", flat=True).distinct()
    return sorted({Organisation.current().reporting_currency, *units, *rates, *(one for one in more if one)})


def typed_amount(amount_minor: int | None, currency: str) -> str:
    """An amount as it is typed into a field: `1234.50`."""
    return "" if amount_minor is None else str(Money(amount_minor, currency).major)


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _colleagues(unit_id: UUID) -> Any:
    """Active people who may work opportunities of a unit."""
    return User.objects.filter(is_active=True, units=unit_id).order_by("name")


class AmountForm(forms.Form):
    """A form with an amount and its currency. `cleaned_data["amount_minor"]` is None when nothing was typed."""

    amount = forms.CharField(
        required=False, max_length=24, widget=forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "12000.00"})
    )
    currency = forms.ChoiceField()

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [(one, one) for one in currencies(currency)]  # type: ignore[attr-defined]
        self.fields["currency"].initial = currency

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        text = cleaned.get("amount", "").replace(" ", "").replace("\u00a0", "")
        cleaned["amount_minor"] = None
        if text and "currency" in cleaned:
            try:
                cleaned["amount_minor"] = parse_minor(text, cleaned["currency"])
            except ValueError as error:
                self.add_error("amount", str(error))
        return cleaned


class ConvertForm(AmountForm):
    name = forms.CharField(max_length=200)
    expected_close_on = forms.DateField(required=False, label="Expected to close", widget=_day_input())
    primary_campaign = forms.ModelChoiceField(Campaign.objects.none(), required=False, empty_label="None")

    field_order: tuple[str, ...] = ("name", "amount", "currency", "expected_close_on", "primary_campaign")

    def __init__(self, *args: Any, unit_id: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._choices("primary_campaign", Campaign.objects.filter(unit=unit_id))

    def _choices(self, name: str, found: Any) -> None:
        self.fields[name].queryset = found  # type: ignore[attr-defined]


class NewOpportunityForm(AmountForm):
    """`unit` was chosen before; companies and people are those the actor may see."""

    name = forms.CharField(max_length=200)
    email = forms.EmailField(
        required=False, label="Primary contact", help_text="E-mail address. Somebody new becomes a person."
    )
    expected_close_on = forms.DateField(required=False, label="Expected to close", widget=_day_input())
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody yet")

    field_order = ("name", "amount", "currency", "expected_close_on", "email", "owner")

    def __init__(self, *args: Any, unit_id: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = _colleagues(unit_id)  # type: ignore[attr-defined]


class EditForm(ConvertForm):
    """What can be changed on an open opportunity."""

    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody")
    company = forms.ModelChoiceField(Company.objects.none(), required=False, empty_label="None")

    field_order = ("name", "amount", "currency", "expected_close_on", "owner", "company", "primary_campaign")

    def __init__(self, *args: Any, opportunity: Opportunity, **kwargs: Any) -> None:
        initial = {
            "name": opportunity.name,
            "amount": typed_amount(opportunity.amount_minor, opportunity.currency),
            "expected_close_on": opportunity.expected_close_on,
            "owner": opportunity.owner_id,
            "company": opportunity.company_id,
            "primary_campaign": opportunity.primary_campaign_id,
        }
        super().__init__(*args, currency=opportunity.currency, unit_id=opportunity.unit_id, initial=initial, **kwargs)
        self._choices("owner", _colleagues(opportunity.unit_id))
        people = Person.objects.filter(opportunity_roles__opportunity=opportunity)
        ids = {opportunity.company_id, *people.values_list("company", flat=True)}
        self._choices("company", Company.objects.filter(pk__in=[one for one in ids if one]))

    def changes(self) -> dict[str, Any]:
        """Only the fields that were changed on the page; the amount also when its currency was."""
        names = set(self.changed_data)
        if names & {"amount", "currency"}:
            names = names - {"amount"} | {"amount_minor", "currency"}
        return {name: self.cleaned_data[name] for name in names}


class WinForm(AmountForm):
    closed_on = forms.DateField(label="Closed on", widget=_day_input())

    field_order = ("amount", "currency", "closed_on")

    def __init__(self, *args: Any, opportunity: Opportunity, **kwargs: Any) -> None:
        amount = typed_amount(opportunity.amount_minor, opportunity.currency)
        initial = {"amount": amount, "closed_on": timezone.localdate()}
        super().__init__(*args, currency=opportunity.currency, initial=initial, prefix="win", **kwargs)
        # The currency of a sale is settled on its page; here the amount is only confirmed.
        self.fields["currency"].choices = [(opportunity.currency, opportunity.currency)]  # type: ignore[attr-defined]
        self.fields["currency"].widget = forms.HiddenInput()
        self.fields["amount"].label = f"Amount in {opportunity.currency}"
        self.fields["amount"].required = True


class LoseForm(forms.Form):
    reason = forms.ChoiceField(choices=[("", "Choose…"), *Opportunity.LossReason.choices])
    note = forms.CharField(required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))
    closed_on = forms.DateField(label="Closed on", widget=_day_input())

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"closed_on": timezone.localdate()}, prefix="lose")


class RefundForm(AmountForm):
    on = forms.DateField(label="On", widget=_day_input())
    reason = forms.CharField(required=False, max_length=200)

    field_order = ("amount", "currency", "on", "reason")

    def __init__(self, *args: Any, opportunity: Opportunity, left_minor: int, **kwargs: Any) -> None:
        initial = {"on": timezone.localdate()}
        super().__init__(*args, currency=opportunity.currency, initial=initial, prefix="refund", **kwargs)
        self.fields["currency"].choices = [(opportunity.currency, opportunity.currency)]  # type: ignore[attr-defined]
        self.fields["currency"].widget = forms.HiddenInput()
        self.fields["amount"].label = f"Amount in {opportunity.currency}"
        self.fields["amount"].help_text = f"At most {typed_amount(left_minor, opportunity.currency)}"
        self.fields["amount"].required = True


class ContactForm(forms.Form):
    email = forms.EmailField(label="E-mail address", help_text="Somebody new becomes a person.")
    name = forms.CharField(required=False, max_length=200)
    role = forms.ChoiceField(choices=OpportunityContact.Role.choices, initial=OpportunityContact.Role.OTHER)
    is_primary = forms.BooleanField(required=False, label="Primary contact")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, prefix="contact")


class InteractionForm(forms.Form):
    kind = forms.ChoiceField(choices=Interaction.Kind.choices, initial=Interaction.Kind.CALL, widget=forms.RadioSelect)
    person = forms.ModelChoiceField(Person.objects.none(), empty_label=None)
    was_answered = forms.BooleanField(required=False, initial=True, label="Answered, or took place")
    happened_at = forms.DateTimeField(
        required=False,
        label="When",
        help_text="Empty: now",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    summary = forms.CharField(
        required=False,
        max_length=10_000,
        label="What was said",
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "What was said"}),
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = people  # type: ignore[attr-defined]
        self.fields["person"].initial = people.first()
        if people.count() == 1:
            self.fields["person"].widget = forms.HiddenInput()


class TaskForm(forms.Form):
    title = forms.CharField(max_length=200, label="What is to be done")
    due_on = forms.DateField(required=False, label="Due", widget=_day_input())
    owner = forms.ModelChoiceField(User.objects.none(), empty_label=None, label="Who")

    def __init__(self, *args: Any, actor: Actor, unit: BusinessUnit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        everyone = User.objects.filter(is_active=True).filter(pk=actor.id) | _colleagues(unit.pk)
        mine = User.objects.filter(pk=actor.id)
        self.fields["owner"].queryset = everyone.distinct() if actor.may(Permission.ASSIGN_LEADS) else mine  # type: ignore[attr-defined]
        self.fields["owner"].initial = actor.id


def day_in_a_month(today: date) -> date:
    """The last day of next month: when a sale is expected to close while nobody knows better."""
    month = today.month + 2
    first_after = date(today.year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
    return date.fromordinal(first_after.toordinal() - 1)
