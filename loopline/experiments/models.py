"""Experiments: a campaign that is kept from a random part of those it is for, and who was assigned to which arm."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from loopline.access.models import BusinessUnit, UnitScopedQuerySet
from loopline.campaigns.models import Campaign
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now
from loopline.reports.experiments.lift import HOLDOUT, TREATED
from loopline.reports.experiments.outcomes import OUTCOMES


class ExperimentQuerySet(UnitScopedQuerySet["Experiment"]):
    def of_campaign(self, campaign: Campaign) -> "ExperimentQuerySet":
        return self.filter(campaign=campaign)

    def not_over(self) -> "ExperimentQuerySet":
        """Running, or stopped and still counting."""
        return self.filter(state__in=(Experiment.State.RUNNING, Experiment.State.STOPPED))


class Experiment(models.Model):
    """A random holdout of a campaign. What it is cannot be changed once somebody may have been assigned."""

    class State(models.TextChoices):
        DRAFT = "draft"
        RUNNING = "running"
        STOPPED = "stopped"
        """Nobody is assigned any more; what those assigned do still counts."""
        CONCLUDED = "concluded"

    class SubjectKind(models.TextChoices):
        PERSON = "person", "People"
        VISITOR = "visitor", "Visitors (browsers)"
        COMPANY = "company", "Companies"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="experiments")
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="experiments")
    code = models.SlugField(max_length=60)
    """What sites and mailing tools call it."""
    name = models.CharField(max_length=200)
    hypothesis = models.TextField(blank=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.DRAFT)
    subject_kind = models.CharField(max_length=20, choices=SubjectKind.choices, default=SubjectKind.PERSON)
    outcome = models.CharField(
        max_length=20, choices=[(one.key, one.label) for one in OUTCOMES.values()], default="lead"
    )
    """What it is decided by; the others are shown beside it."""
    holdout_percent = models.PositiveSmallIntegerField(default=20)
    planned_subjects = models.PositiveIntegerField()
    weeks = models.PositiveSmallIntegerField(default=8)
    salt = models.CharField(max_length=64)
    """Secret, random, of this experiment alone: it decides the arms, and nobody can work them out or choose them."""
    base = models.JSONField(default=dict)
    """The base rates it was planned with (`reports.experiments.base_rates`), fixed at the start."""
    result = models.JSONField(null=True, blank=True)
    """What it had shown when it was concluded."""
    created_at = models.DateTimeField(default=utc_now)
    started_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    """As planned at the start."""
    stopped_at = models.DateTimeField(null=True, blank=True)
    concluded_at = models.DateTimeField(null=True, blank=True)

    objects = ExperimentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "code"], name="one_experiment_a_code"),
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(state__in=("running", "stopped")), name="one_experiment_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(holdout_percent__gte=1, holdout_percent__lte=90), name="holdout_is_a_part"
            ),
            models.CheckConstraint(condition=Q(state="draft") | Q(started_at__isnull=False), name="begun_has_a_start"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def holdout_share(self) -> float:
        return self.holdout_percent / 100

    @property
    def is_draft(self) -> bool:
        return self.state == Experiment.State.DRAFT

    @property
    def is_running(self) -> bool:
        return self.state == Experiment.State.RUNNING

    @property
    def is_concluded(self) -> bool:
        return self.state == Experiment.State.CONCLUDED

    @property
    def outcome_label(self) -> str:
        return OUTCOMES[self.outcome].label


class Assignment(models.Model):
    """Which arm a subject was assigned to. It stays, whatever becomes of the person's records."""

    class Arm(models.TextChoices):
        TREATED = TREATED
        HOLDOUT = HOLDOUT

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="assignments")
    subject = models.CharField(max_length=300)
    """`person:<id>`, `visitor:<id>` or `company:<id>`"""
    arm = models.CharField(max_length=10, choices=Arm.choices)
    assigned_at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering: ClassVar = ["id"]
        constraints = [models.UniqueConstraint(fields=["experiment", "subject"], name="one_arm_a_subject")]

    def __str__(self) -> str:
        return f"{self.subject}: {self.arm}"
