"""Campaigns, activities, codes, costs, links, forms and submissions."""

from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from django.db import models
from django.db.models import F, Q

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, UnitScopedQuerySet, User
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now
from loopline.people.models import Person


class Campaign(models.Model):
    """A plan with budget and targets."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        RUNNING = "running"
        DONE = "done"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="campaigns")
    name = models.CharField(max_length=200)
    channel = models.CharField(max_length=40)
    """One of the channel groups of `collect.channels`."""
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.RUNNING)
    objective = models.TextField(blank=True)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    budget_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    target_leads = models.PositiveIntegerField(null=True, blank=True)
    target_revenue_minor = models.BigIntegerField(null=True, blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=utc_now)

    objects = UnitScopedQuerySet["Campaign"].as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "name"], name="one_campaign_name_a_unit"),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(starts_on__isnull=True) | Q(ends_on__gte=F("starts_on")),
                name="campaign_ends_after_start",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Activity(models.Model):
    """One mailing, ad, event or post of a campaign."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="activities")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    on = models.DateField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["on", "name"]
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return self.name


class CampaignCode(models.Model):
    """A value of utm_campaign that belongs to a campaign. Can be mapped after the fact; history follows."""

    unit = models.ForeignKey(BusinessUnit, on_delete=models.CASCADE, related_name="+")
    code = models.CharField(max_length=200)
    """In lower case, trimmed."""
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="codes")
    activity = models.ForeignKey(Activity, on_delete=models.SET_NULL, null=True, blank=True, related_name="codes")

    objects = UnitScopedQuerySet["CampaignCode"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "code"], name="one_campaign_a_code")]

    def __str__(self) -> str:
        return self.code


class CostLine(models.Model):
    """A dated amount of a campaign or activity. An explicit 0 is a cost of zero. NULL campaign: not allocated."""

    class Kind(models.TextChoices):
        PLANNED = "planned"
        COMMITTED = "committed"
        ACTUAL = "actual"

    class Category(models.TextChoices):
        MEDIA = "media"
        TOOLS = "tools"
        PEOPLE = "people"
        CONTENT = "content"
        EVENTS = "events"
        IT = "it", "IT use"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="costs")
    activity = models.ForeignKey(Activity, on_delete=models.SET_NULL, null=True, blank=True, related_name="costs")
    kind = models.CharField(max_length=20, choices=Kind.choices, default=Kind.ACTUAL)
    category = models.CharField(max_length=20, choices=Category.choices, default=Category.MEDIA)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    starts_on = models.DateField()
    ends_on = models.DateField()
    note = models.CharField(max_length=200, blank=True)
    platform = models.CharField(max_length=40, blank=True)
    """The ad platform that told it, as utm_source names it; empty for all other costs."""
    claimed_micro = models.BigIntegerField(null=True, blank=True)
    """Conversions that the platform claims for itself, in millionths: platforms count in parts. Never part of a sum."""
    claimed_minor = models.BigIntegerField(null=True, blank=True)
    """The value that it claims for them, in minor units of `currency`. Never part of a sum."""
    created_at = models.DateTimeField(default=utc_now)

    objects = UnitScopedQuerySet["CostLine"].as_manager()

    class Meta:
        ordering: ClassVar = ["starts_on", "id"]
        constraints = [models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="cost_ends_after_start")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor} {self.currency} from {self.starts_on}"


class TrackedLink(models.Model):
    """An address with campaign values, made by the link builder."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="links")
    activity = models.ForeignKey(Activity, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    url = models.URLField(max_length=2000)
    """The whole address, with its utm values."""
    short_code = models.CharField(max_length=16, unique=True, null=True, blank=True)
    """What stands behind /l/ in its short address; links made before there were short ones have none."""
    note = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=utc_now)

    def __str__(self) -> str:
        return self.url

    @property
    def is_for_mail(self) -> bool:
        """Made to stand in a mail: its medium is email."""
        return "email" in parse_qs(urlsplit(self.url).query).get("utm_medium", [])


class Form(models.Model):
    """A hosted form at `/f/<slug>`, also to embed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="forms")
    slug = models.SlugField(unique=True)
    title = models.CharField(max_length=200)
    introduction = models.TextField(blank=True)
    fields = models.JSONField(default=list)
    """[{"key", "label", "kind": text|email|tel|textarea|select, "is_required", "choices"}]; `email` is always there."""
    consent_text = models.TextField(blank=True)
    """Shown beside the consent box; empty = no box."""
    thanks_text = models.TextField(blank=True)
    redirect_url = models.URLField(max_length=2000, blank=True)
    campaign = models.ForeignKey(Campaign, on_delete=models.SET_NULL, null=True, blank=True, related_name="forms")
    creates_lead = models.BooleanField(default=True)
    is_live = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=utc_now)

    objects = UnitScopedQuerySet["Form"].as_manager()

    class Meta:
        ordering: ClassVar = ["title"]

    def __str__(self) -> str:
        return self.title


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, actor: Actor) -> "SubmissionQuerySet":
        return self if actor.sees_all_units else self.filter(form__unit__in=actor.unit_ids)

    def waiting_to_be_reported(self) -> "SubmissionQuerySet":
        """Captured, but their event has not gone to the collector."""
        return self.filter(reported_at__isnull=True, person__isnull=False, verdict=Submission.Verdict.GENUINE)


class Submission(models.Model):
    """What someone sent through a form, as sent, with the consent text they saw."""

    class Verdict(models.TextChoices):
        GENUINE = "genuine"
        SPAM = "spam"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="submissions")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="submissions")
    visitor_id = models.CharField(max_length=200, blank=True)
    event_id = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict)
    consent_text = models.TextField(blank=True)
    is_consent_given = models.BooleanField(default=False)
    verdict = models.CharField(max_length=20, choices=Verdict.choices, default=Verdict.GENUINE)
    verdict_reason = models.CharField(max_length=200, blank=True)
    landing = models.JSONField(default=dict)
    """Where it was sent from: page address, referrer, campaign values, session."""
    network = models.CharField(max_length=32, blank=True)
    """Keyed hash of the sender's network, to count submissions by; the address itself is not kept."""
    dedup_key = models.CharField(max_length=64, unique=True, null=True, blank=True)
    """The same for the same press of the button, so that a double click is one submission."""
    at = models.DateTimeField(default=utc_now)
    reported_at = models.DateTimeField(null=True, blank=True)
    """When its event went to the collector; waiting ones are reported again."""

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-at"]
        indexes = [
            models.Index(fields=["at"], name="submission_waiting", condition=Q(reported_at__isnull=True)),
            models.Index(fields=["network", "at"], name="submission_network"),
        ]

    def __str__(self) -> str:
        return f"{self.form} at {self.at:%Y-%m-%d %H:%M}"
