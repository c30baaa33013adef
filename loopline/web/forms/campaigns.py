"""The forms of the campaign pages. They check the shape of what was typed; actions check whether it is allowed."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, User
from loopline.attribution.conversions import MICRO_UNITS
from loopline.campaigns.actions import ActivityPlan, CampaignPlan, Claim, CostEntry
from loopline.campaigns.links import LinkTags
from loopline.campaigns.models import Activity, Campaign, CostLine
from loopline.collect.channels import CHANNELS
from loopline.lib.money import parse_minor
from loopline.web.forms.pipeline import AmountForm, typed_amount

_KINDS = ("mailing", "ad", "event", "webinar", "post", "content", "call campaign", "direct mail", "other")


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class CampaignForm(AmountForm):
    """A plan. `amount` is the budget; empty means that none was set."""

    name = forms.CharField(max_length=200, help_text="As people here call it, such as “Spring webinar series”.")
    channel = forms.ChoiceField(choices=[("", "Choose…"), *((one, one) for one in CHANNELS)])
    objective = forms.CharField(
        required=False, max_length=2_000, label="What it is for", widget=forms.Textarea(attrs={"rows": 2})
    )
    starts_on = forms.DateField(required=False, label="First day", widget=_day_input())
    ends_on = forms.DateField(required=False, label="Last day", widget=_day_input())
    target_leads = forms.IntegerField(required=False, min_value=0, max_value=10**9, label="Target: leads")
    status = forms.ChoiceField(choices=Campaign.Status.choices, initial=Campaign.Status.RUNNING)
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody")

    field_order: tuple[str, ...] = (
        "name", "channel", "objective", "starts_on", "ends_on", "amount", "currency", "target_leads", "status", "owner",
    )  # fmt: skip

    def __init__(self, *args: Any, unit: BusinessUnit, campaign: Campaign | None = None, **kwargs: Any) -> None:
        currency = campaign.currency if campaign else unit.currency
        initial = _plan_of(campaign) if campaign else {}
        super().__init__(*args, currency=currency, initial=initial | kwargs.pop("initial", {}), **kwargs)
        self._campaign = campaign
        self.fields["amount"].label = "Budget"
        self.fields["owner"].queryset = User.objects.filter(is_active=True, units=unit)  # type: ignore[attr-defined]

    @property
    def plan(self) -> CampaignPlan:
        said = self.cleaned_data
        return CampaignPlan(
            name=said["name"],
            channel=said["channel"],
            currency=said["currency"],
            status=said["status"],
            objective=said["objective"],
            starts_on=said["starts_on"],
            ends_on=said["ends_on"],
            budget_minor=said["amount_minor"],
            target_leads=said["target_leads"],
            target_revenue_minor=self._campaign.target_revenue_minor if self._campaign else None,
            owner=said["owner"],
        )


def _plan_of(campaign: Campaign) -> dict[str, Any]:
    names = ("name", "channel", "objective", "starts_on", "ends_on", "target_leads", "status")
    return {name: getattr(campaign, name) for name in names} | {
        "amount": typed_amount(campaign.budget_minor, campaign.currency),
        "owner": campaign.owner_id,
    }


class NewCampaignForm(CampaignForm):
    unit = forms.ModelChoiceField(BusinessUnit.objects.none(), empty_label=None, label="Business unit")

    field_order = ("unit", *CampaignForm.field_order)

    def __init__(self, *args: Any, actor: Actor, unit: BusinessUnit, **kwargs: Any) -> None:
        super().__init__(*args, unit=unit, initial={"unit": unit.pk}, **kwargs)
        units = BusinessUnit.objects.visible_to(actor)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        everyone = User.objects.visible_to(actor).filter(is_active=True)
        self.fields["owner"].queryset = everyone  # type: ignore[attr-defined]
        if len(units) == 1:
            self.fields["unit"].widget = forms.HiddenInput()


class ActivityForm(forms.Form):
    name = forms.CharField(max_length=200)
    kind = forms.ChoiceField(choices=[(one, one.capitalize()) for one in _KINDS])
    on = forms.DateField(required=False, label="On", widget=_day_input())

    def __init__(self, data: Any = None, *, activity: Activity | None = None) -> None:
        known = {"name": activity.name, "kind": activity.kind, "on": activity.on} if activity else {}
        super().__init__(data, initial=known, prefix="activity")
        if activity is not None and activity.kind not in _KINDS:
            kinds = [(activity.kind, activity.kind.capitalize()), *((one, one.capitalize()) for one in _KINDS)]
            self.fields["kind"].choices = kinds  # type: ignore[attr-defined]

    @property
    def plan(self) -> ActivityPlan:
        return ActivityPlan(**self.cleaned_data)


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=200,
        label="Code",
        widget=forms.TextInput(attrs={"placeholder": "spring_2026", "autocapitalize": "none"}),
        help_text="The value of utm_campaign. Past visits with it count, too.",
    )
    move = forms.BooleanField(required=False, widget=forms.HiddenInput())


_OF_PLATFORM = ("platform", "claimed", "claimed_value")


class CostForm(AmountForm):
    kind = forms.ChoiceField(choices=CostLine.Kind.choices, initial=CostLine.Kind.ACTUAL)
    category = forms.ChoiceField(choices=CostLine.Category.choices)
    starts_on = forms.DateField(label="First day", widget=_day_input())
    ends_on = forms.DateField(
        required=False, label="Last day", widget=_day_input(), help_text="The cost is spread evenly over its days."
    )
    activity = forms.ModelChoiceField(Activity.objects.none(), required=False, empty_label="The whole campaign")
    note = forms.CharField(required=False, max_length=200)
    platform = forms.CharField(
        required=False, max_length=40, label="Ad platform",
        help_text="Only where one told this cost: as utm_source names it, such as google.",
    )  # fmt: skip
    claimed = forms.DecimalField(
        required=False, min_value=0, max_value=10**9, max_digits=16, decimal_places=6, label="Conversions it claims",
        help_text="Shown beside the credit, never in it. Empty: it says nothing, which is not 0.",
    )  # fmt: skip
    claimed_value = forms.CharField(
        required=False, max_length=24, label="Value it gives them", help_text="In the currency above.",
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )  # fmt: skip

    field_order = (
        "amount", "currency", "kind", "category", "starts_on", "ends_on", "activity", "note", "platform", "claimed",
        "claimed_value",
    )  # fmt: skip

    def __init__(
        self, *args: Any, unit: BusinessUnit, campaign: Campaign | None, cost: CostLine | None = None, **kwargs: Any
    ) -> None:
        currency = cost.currency if cost else campaign.currency if campaign else unit.currency
        initial: dict[str, Any] = {"starts_on": timezone.localdate()}
        if cost is not None:
            names = ("kind", "category", "starts_on", "ends_on", "activity", "note")
            initial = {name: getattr(cost, name) for name in names}
            initial["amount"] = typed_amount(cost.amount_minor, cost.currency)
            initial["platform"] = cost.platform
            initial["claimed"] = None if cost.claimed_micro is None else _plain(cost.claimed_micro)
            initial["claimed_value"] = typed_amount(cost.claimed_minor, cost.currency)
        super().__init__(*args, currency=currency, initial=initial, prefix="cost", **kwargs)
        self.fields["amount"].required = True
        self.fields["amount"].help_text = "Enter 0 if it was free."
        if campaign is None:  # and what a platform told has a campaign
            for name in ("activity", *_OF_PLATFORM):
                del self.fields[name]
        else:
            self.fields["activity"].queryset = campaign.activities.all()  # type: ignore[attr-defined]

    @property
    def entry(self) -> CostEntry:
        said = self.cleaned_data
        return CostEntry(
            amount_minor=said["amount_minor"],
            currency=said["currency"],
            starts_on=said["starts_on"],
            ends_on=said["ends_on"] or said["starts_on"],
            kind=said["kind"],
            category=said["category"],
            activity=said.get("activity"),
            note=said["note"],
            claim=self._claim,
        )

    @property
    def _claim(self) -> Claim | None:
        """None where the form says nothing of it, such as a page from before there was the question."""
        if not any(self.add_prefix(name) in self.data for name in _OF_PLATFORM):
            return None
        said = self.cleaned_data
        claimed = said.get("claimed")
        micro = None if claimed is None else int(claimed * MICRO_UNITS)
        return Claim(said.get("platform", ""), micro, said.get("claimed_minor"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        cleaned["claimed_minor"] = None
        text = cleaned.get("claimed_value", "").replace(" ", "").replace("\u00a0", "")
        if text and "currency" in cleaned:
            try:
                cleaned["claimed_minor"] = parse_minor(text, cleaned["currency"])
            except ValueError as error:
                self.add_error("claimed_value", str(error))
        return cleaned


def _plain(micro: int) -> str:
    """As it is typed: without a point where it is whole."""
    return f"{Decimal(micro) / MICRO_UNITS:f}"


class LinkForm(forms.Form):
    url = forms.CharField(
        max_length=2_000,
        label="Address of the page",
        widget=forms.URLInput(attrs={"placeholder": "https://www.example.com/offer"}),
    )
    source = forms.CharField(max_length=100, help_text="Where the link stands, such as google or newsletter.")
    medium = forms.CharField(max_length=100, help_text="What it is, such as cpc, email or social.")
    code = forms.CharField(max_length=200, label="Campaign code")
    content = forms.CharField(required=False, max_length=200, help_text="Tells two links of one mailing apart.")
    activity = forms.ModelChoiceField(Activity.objects.none(), required=False, empty_label="The whole campaign")

    def __init__(self, data: Any = None, *, campaign: Campaign, codes: list[str]) -> None:
        super().__init__(data, prefix="link", initial={"code": codes[0] if codes else ""})
        self.fields["activity"].queryset = campaign.activities.all()  # type: ignore[attr-defined]

    @property
    def tags(self) -> LinkTags:
        said = self.cleaned_data
        return LinkTags(source=said["source"], medium=said["medium"], campaign=said["code"], content=said["content"])
