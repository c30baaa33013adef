"""Opportunities, contacts, refunds, interactions and tasks."""

from datetime import date, datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q, Sum

from loopline.access.models import BusinessUnit, ExchangeRate, Organisation, RateTable, UnitScopedQuerySet, User
from loopline.campaigns.models import Campaign
from loopline.leads.models import Lead
from loopline.lib.ids import uuid7
from loopline.lib.times import local_day, utc_now
from loopline.people.models import Company, Person


def business_day(moment: datetime) -> date:
    """The calendar day of a moment in the organisation's time zone."""
    return local_day(moment, Organisation.current().time_zone)


class OpportunityQuerySet(UnitScopedQuerySet["Opportunity"]):
    def open(self) -> "OpportunityQuerySet":
        return self.filter(outcome=Opportunity.Outcome.OPEN)


class Opportunity(models.Model):
    """A possible sale."""

    class Stage(models.TextChoices):
        QUALIFIED = "qualified"
        DISCOVERY = "discovery"
        PROPOSAL = "proposal"
        NEGOTIATION = "negotiation"

    class Outcome(models.TextChoices):
        OPEN = "open"
        WON = "won"
        LOST = "lost"

    class LossReason(models.TextChoices):
        COMPETITOR = "competitor"
        NO_DECISION = "no_decision", "no decision"
        PRICE = "price"
        TIMING = "timing"
        MISSING_FEATURE = "missing_feature", "missing feature"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="opportunities")
    name = models.CharField(max_length=200)
    lead = models.OneToOneField(Lead, on_delete=models.PROTECT, null=True, blank=True, related_name="opportunity")
    company = models.ForeignKey(Company, on_delete=models.SET_NULL, null=True, blank=True, related_name="opportunities")
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="opportunities")
    stage = models.CharField(max_length=24, choices=Stage.choices, default=Stage.QUALIFIED)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.OPEN)
    loss_reason = models.CharField(max_length=24, choices=LossReason.choices, blank=True)
    amount_minor = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    expected_close_on = models.DateField(null=True, blank=True)
    primary_campaign = models.ForeignKey(Campaign, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    needs_help = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=utc_now)
    stage_entered_at = models.DateTimeField(default=utc_now)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = OpportunityQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        verbose_name_plural = "opportunities"
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="open", closed_at__isnull=True) | (~Q(outcome="open") & Q(closed_at__isnull=False)),
                name="closed_has_a_date",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="won") | Q(amount_minor__isnull=False), name="won_has_an_amount"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.outcome == self.Outcome.OPEN

    @property
    def refunded_minor(self) -> int:
        return self.refunds.aggregate(total=Sum("amount_minor"))["total"] or 0

    def reporting_minor(self, refunded_minor: int, today: date, rates: RateTable | None = None) -> int | None:
        """Amount less refunds in the reporting currency: at the rate of the closing day, of `today` while open.

        None when there is no amount or no rate for that day; never 0 in their place. `rates`: for many at once.
        """
        if self.amount_minor is None:
            return None
        day = today if self.closed_at is None else business_day(self.closed_at)
        convert = rates.convert if rates else ExchangeRate.convert
        return convert(self.amount_minor - refunded_minor, self.currency, day)

    def time_in_stage(self, now: datetime) -> timedelta:
        """How long it has been where it is: in its stage while open, in its last stage until it was closed."""
        return (self.closed_at or now) - self.stage_entered_at


class OpportunityContact(models.Model):
    """A person's role in an opportunity."""

    class Role(models.TextChoices):
        DECISION_MAKER = "decision_maker", "decision maker"
        CHAMPION = "champion"
        USER = "user"
        FINANCE = "finance"
        OTHER = "other"

    opportunity = models.ForeignKey(Opportunity, on_delete=models.CASCADE, related_name="contacts")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="opportunity_roles")
    role = models.CharField(max_length=24, choices=Role.choices, default=Role.OTHER)
    is_primary = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["opportunity", "person"], name="one_role_a_person"),
            models.UniqueConstraint(fields=["opportunity"], condition=Q(is_primary=True), name="one_primary_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_display()}"


class StageChange(models.Model):
    """An opportunity moved. Append-only."""

    opportunity = models.ForeignKey(Opportunity, on_delete=models.CASCADE, related_name="stage_changes")
    from_stage = models.CharField(max_length=24, blank=True)
    to_stage = models.CharField(max_length=24)
    """A stage, `won`, `lost`, `reopened` or `refunded`."""
    reason = models.CharField(max_length=24, blank=True)
    """Of `Opportunity.LossReason`, when it was lost."""
    amount_minor = models.BigIntegerField(null=True, blank=True)
    """The amount it was won for, or that was given back."""
    note = models.TextField(blank=True)
    by_name = models.CharField(max_length=200)
    at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering: ClassVar = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.from_stage} → {self.to_stage}"


class Refund(models.Model):
    """Money given back on a won opportunity. Append-only; minor units of the opportunity's currency."""

    opportunity = models.ForeignKey(Opportunity, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    on = models.DateField()
    reason = models.CharField(max_length=200, blank=True)
    by_name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(amount_minor__gt=0), name="refund_is_positive")]

    def __str__(self) -> str:
        return f"{self.amount_minor} on {self.on}"


class Interaction(models.Model):
    """A call, mail, meeting or note of a salesperson with a person."""

    class Kind(models.TextChoices):
        CALL = "call"
        EMAIL = "email"
        MEETING = "meeting"
        NOTE = "note"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="interactions")
    opportunity = models.ForeignKey(
        Opportunity, on_delete=models.SET_NULL, null=True, blank=True, related_name="interactions"
    )
    kind = models.CharField(max_length=12, choices=Kind.choices)
    was_answered = models.BooleanField(default=True)
    summary = models.TextField(blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=utc_now)
    reported_at = models.DateTimeField(null=True, blank=True)
    """When it was put into the inbox as an event; NULL while that has to be done, or is not to be done."""

    objects = UnitScopedQuerySet["Interaction"].as_manager()

    class Meta:
        ordering: ClassVar = ["-at"]
        indexes = [
            models.Index(
                fields=["at"],
                name="interaction_to_report",
                condition=Q(reported_at__isnull=True, was_answered=True, kind__in=["call", "meeting"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} with {self.person}"

    @property
    def event_id(self) -> str:
        """Id of the event it is reported as: made from its own, so that reporting it again adds nothing."""
        return f"interaction-{self.pk}"


class Task(models.Model):
    """Something someone promised to do."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    title = models.CharField(max_length=200)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tasks")
    person = models.ForeignKey(Person, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks")
    opportunity = models.ForeignKey(Opportunity, on_delete=models.SET_NULL, null=True, blank=True, related_name="tasks")
    due_on = models.DateField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=utc_now)

    objects = UnitScopedQuerySet["Task"].as_manager()

    class Meta:
        ordering: ClassVar = ["due_on", "created_at"]

    def __str__(self) -> str:
        return self.title
