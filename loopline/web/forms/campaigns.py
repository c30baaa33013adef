"""The forms of the campaign pages. They check the shape of what was typed; actions check whether it is allowed."""

from typing import Any

from django import forms
from django.utils import timezone

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, User
from loopline.campaigns.actions import ActivityPlan, CampaignPlan, CostEntry
from loopline.campaigns.links import LinkTags
from loopline.campaigns.models import Activity, Campaign, CostLine
from loopline.collect.channels import CHANNELS
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


class CostForm(AmountForm):
    kind = forms.ChoiceField(choices=CostLine.Kind.choices, initial=CostLine.Kind.ACTUAL)
    category = forms.ChoiceField(choices=CostLine.Category.choices)
    starts_on = forms.DateField(label="First day", widget=_day_input())
    ends_on = forms.DateField(
        required=False, label="Last day", widget=_day_input(), help_text="The cost is spread evenly over its days."
    )
    activity = forms.ModelChoiceField(Activity.objects.none(), required=False, empty_label="The whole campaign")
    note = forms.CharField(required=False, max_length=200)

    field_order = ("amount", "currency", "kind", "category", "starts_on", "ends_on", "activity", "note")

    def __init__(
        self, *args: Any, unit: BusinessUnit, campaign: Campaign | None, cost: CostLine | None = None, **kwargs: Any
    ) -> None:
        currency = cost.currency if cost else campaign.currency if campaign else unit.currency
        initial: dict[str, Any] = {"starts_on": timezone.localdate()}
        if cost is not None:
            names = ("kind", "category", "starts_on", "ends_on", "activity", "note")
            initial = {name: getattr(cost, name) for name in names}
            initial["amount"] = typed_amount(cost.amount_minor, cost.currency)
        super().__init__(*args, currency=currency, initial=initial, prefix="cost", **kwargs)
        self.fields["amount"].required = True
        self.fields["amount"].help_text = "0 says that it cost nothing."
        if campaign is None:
            del self.fields["activity"]
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
        )


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
