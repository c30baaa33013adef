"""Huddles: the weekly meeting of marketing and sales, its lead run and its decisions."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from loopline.access.models import BusinessUnit, UnitScopedQuerySet, User
from loopline.campaigns.models import Campaign
from loopline.huddles.bounds import GUARD_RAIL, REVERSAL, Bound
from loopline.huddles.trial import OUTCOMES
from loopline.leads.models import DefinitionVersion, Lead
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now
from loopline.pipeline.models import Task


class HuddleSeries(models.Model):
    """A meeting that repeats: who comes, about whose leads, how often and for how long."""

    class Scope(models.TextChoices):
        UNIT = "unit", "the whole business unit"
        TEAM = "team", "a team"
        PARTNER = "partner", "a partner"

    class Cadence(models.IntegerChoices):
        WEEKLY = 1, "every week"
        FORTNIGHTLY = 2, "every two weeks"
        FOUR_WEEKLY = 4, "every four weeks"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="huddle_series")
    name = models.CharField(max_length=120)
    scope = models.CharField(max_length=8, choices=Scope.choices, default=Scope.UNIT)
    team = models.ManyToManyField(User, related_name="+", blank=True)
    """Whose leads it is about, where it is about a team."""
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """The partner's campaign, where it is about a partner: leads whose deals it brought."""
    roster = models.ManyToManyField(User, related_name="huddle_series")
    """Who is invited, gets the brief and the minutes."""
    cadence = models.PositiveSmallIntegerField(choices=Cadence.choices, default=Cadence.WEEKLY)
    begins_on = models.DateField()
    """Day of the first meeting; the weekday of all of them."""
    begins_at = models.TimeField()
    """In the organisation's time zone."""
    minutes = models.PositiveSmallIntegerField(default=30)
    sequence = models.PositiveIntegerField(default=0)
    """Grows with each change that calendars have to learn."""
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=utc_now)

    objects = UnitScopedQuerySet["HuddleSeries"].as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name_plural = "huddle series"

    def __str__(self) -> str:
        return self.name


class Huddle(models.Model):
    """One meeting. Its figures are frozen when it opens; closing it writes the minutes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="huddles")
    series = models.ForeignKey(HuddleSeries, on_delete=models.PROTECT, null=True, blank=True, related_name="huddles")
    """None: held once, about the whole unit."""
    minutes_available = models.PositiveSmallIntegerField(default=30)
    since = models.DateTimeField()
    """Leads handed over from here on are on the list: the opening of the last huddle."""
    opened_at = models.DateTimeField(default=utc_now)
    opened_by_name = models.CharField(max_length=200)
    snapshot = models.JSONField(default=dict)
    """The figures everybody looks at, as of `opened_at`."""
    card = models.CharField(max_length=24, default="wins")
    """What everybody looks at now, of `agenda.CARDS`."""
    card_since = models.DateTimeField(default=utc_now)
    tried = models.JSONField(default=dict)
    """Changes of the definition that were tried: {"now": the one everybody looks at, "answers": {key: answer}}, see
    `definition_desk.told`; or {"first": [keys that are tried in a moment]}, see `first_tries`."""
    revision = models.PositiveIntegerField(default=0)
    """Grows with everything that is said or done in it, so that a screen knows whether it is behind."""
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by_name = models.CharField(max_length=200, blank=True)
    minutes = models.TextField(blank=True)

    objects = UnitScopedQuerySet["Huddle"].as_manager()

    class Meta:
        ordering: ClassVar = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit"], condition=Q(closed_at__isnull=True, series__isnull=True), name="one_open_huddle"
            ),
            models.UniqueConstraint(
                fields=["series"], condition=Q(closed_at__isnull=True), name="one_open_huddle_a_series"
            ),
        ]

    def __str__(self) -> str:
        return f"Huddle of {self.opened_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class HuddleLead(models.Model):
    """A lead on the list of a huddle: what was known when it opened, and what both sides said."""

    class Disposition(models.TextChoices):
        GOOD = "good", "good lead"
        TOO_EARLY = "too_early", "too early"
        BELOW_DEFINITION = "below_definition", "below the definition"
        NEEDS_HELP = "needs_help", "needs help"
        NO_CONTACT = "no_contact", "no contact yet"
        ON_TRACK = "on_track", "on track"

    huddle = models.ForeignKey(Huddle, on_delete=models.CASCADE, related_name="leads")
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="huddle_entries")
    place = models.PositiveIntegerField()
    frozen = models.JSONField(default=dict)
    """state, owner, due_at, evidence, homework as they were when the huddle opened, and why it is talked about"""
    disposition = models.CharField(max_length=24, choices=Disposition.choices, blank=True)
    sales_note = models.TextField(blank=True)
    marketing_note = models.TextField(blank=True)
    disposed_by_name = models.CharField(max_length=200, blank=True)
    disposed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["place"]
        constraints = [models.UniqueConstraint(fields=["huddle", "lead"], name="a_lead_once_a_huddle")]

    def __str__(self) -> str:
        return f"{self.lead} in {self.huddle}"

    @property
    def is_exception(self) -> bool:
        """There is a reason to talk about it; the others are quiet."""
        return bool(self.frozen.get("why"))

    @property
    def is_older(self) -> bool:
        """Handed over before the last huddle: talked about, but no hand-over of this one."""
        return bool(self.frozen.get("is_older"))


class Homework(models.Model):
    """What a salesperson says about their leads before the meeting, through a link of their own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    series = models.ForeignKey(HuddleSeries, on_delete=models.CASCADE, related_name="homework")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    meeting_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(default=utc_now)
    answered_at = models.DateTimeField(null=True, blank=True)
    """When the last lead on it was answered."""

    class Meta:
        ordering: ClassVar = ["-meeting_at"]
        verbose_name_plural = "homework"
        constraints = [models.UniqueConstraint(fields=["series", "user", "meeting_at"], name="one_homework_a_meeting")]

    def __str__(self) -> str:
        return f"{self.user} for {self.meeting_at:%Y-%m-%d}"


class HomeworkAnswer(models.Model):
    """One lead of the homework; a later answer replaces the earlier one."""

    class Answer(models.TextChoices):
        ACCEPT = "accept", "accepted"
        REJECT = "reject", "sent back"
        STAGE = "stage", "moved on"
        HELP = "help", "needs help"
        GREAT = "great", "great lead"

    homework = models.ForeignKey(Homework, on_delete=models.CASCADE, related_name="answers")
    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="homework_answers")
    answer = models.CharField(max_length=8, choices=Answer.choices)
    line = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering: ClassVar = ["at"]
        constraints = [models.UniqueConstraint(fields=["homework", "lead"], name="one_answer_a_lead")]

    def __str__(self) -> str:
        return f"{self.lead}: {self.get_answer_display()}"


class Decision(models.Model):
    """What was decided, who does it until when, what it should change, and how that will be seen."""

    class Design(models.TextChoices):
        RANDOM = "random", "every second lead, at random"
        STAGGERED = "staggered", "some colleagues first"
        BEFORE_AFTER = "before_after", "before and after"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    huddle = models.ForeignKey(Huddle, on_delete=models.CASCADE, related_name="decisions")
    text = models.TextField()
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="decisions")
    definition = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """The version of the lead definition that it proposes."""
    due_on = models.DateField(null=True, blank=True)
    expected_effect = models.TextField(blank=True)
    guard_rail = models.TextField(blank=True)
    """What must not get worse meanwhile."""
    guard_outcome = models.CharField(max_length=24, blank=True)
    guard_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    """The guard-rail as a figure, of `trial.OUTCOMES`, and its bound (`bounds.Bound`); empty: words only."""
    reversal = models.TextField(blank=True)
    """When it is taken back."""
    reversal_outcome = models.CharField(max_length=24, blank=True)
    reversal_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    """The same for the condition of taking it back."""
    marketing_approval = models.CharField(max_length=200, blank=True)
    sales_approval = models.CharField(max_length=200, blank=True)
    """Who approved it for each side."""
    outcome = models.CharField(max_length=24, blank=True)
    """The figure it should change, of `trial.OUTCOMES`; empty: nothing is measured."""
    expected_points = models.IntegerField(null=True, blank=True)
    """By how many percentage points it should change."""
    design = models.CharField(max_length=12, choices=Design.choices, blank=True)
    treated = models.ManyToManyField(User, related_name="+", blank=True)
    """The teams that begin, where it is staggered; the others are what they are compared with."""
    control_unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """The control series of a before/after comparison."""
    starts_at = models.DateTimeField(null=True, blank=True)
    power = models.JSONField(default=dict)
    """What was known at adoption: {"baseline", "per_week", "weeks", "points"}, see `trial.power_at_adoption`."""
    task = models.OneToOneField(Task, on_delete=models.SET_NULL, null=True, blank=True, related_name="decision")
    """The owner's task, given when the huddle closes."""
    done_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=utc_now)

    objects = UnitScopedQuerySet["Decision"].as_manager()

    class Meta:
        ordering: ClassVar = ["created_at"]

    def __str__(self) -> str:
        return self.text

    @property
    def bounds(self) -> list[Bound]:
        """Guard-rail and condition for taking it back, as far as they are figures."""
        given = (
            (GUARD_RAIL, self.guard_outcome, self.guard_percent),
            (REVERSAL, self.reversal_outcome, self.reversal_percent),
        )
        return [
            Bound(kind, outcome, percent)
            for kind, outcome, percent in given
            if outcome in OUTCOMES and percent is not None
        ]

    @property
    def outcome_label(self) -> str:
        return OUTCOMES[self.outcome].label if self.outcome in OUTCOMES else ""

    @property
    def last_review(self) -> "Review | None":
        """What was seen when it was last looked at."""
        return next(iter(self.reviews.all()), None)

    @property
    def is_weak_evidence(self) -> bool:
        """Before and after: whatever else changed meanwhile is in the figure, too."""
        return self.design == self.Design.BEFORE_AFTER

    @property
    def weeks_to_show(self) -> int | None:
        """After how many weeks a change of the expected size would show, as known at adoption."""
        weeks = self.power.get("weeks_before_after" if self.is_weak_evidence else "weeks")
        return int(weeks) if weeks else None

    @property
    def is_approved(self) -> bool:
        """Both sides said yes."""
        return bool(self.marketing_approval and self.sales_approval)

    @property
    def is_done(self) -> bool:
        return self.done_at is not None or (self.task is not None and self.task.done_at is not None)


class Review(models.Model):
    """What a decision was seen to do, each time it was looked at. Append-only."""

    class Verdict(models.TextChoices):
        BETTER = "better"
        WORSE = "worse"
        NOT_SHOWN = "not_shown", "not shown"

    decision = models.ForeignKey(Decision, on_delete=models.CASCADE, related_name="reviews")
    at = models.DateTimeField(default=utc_now)
    treated_part = models.PositiveIntegerField()
    treated_whole = models.PositiveIntegerField()
    control_part = models.PositiveIntegerField()
    control_whole = models.PositiveIntegerField()
    effect = models.FloatField(null=True)
    """Difference in percentage points; NULL while too few can be judged."""
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    """The 95 % interval that holds however often it is looked at."""
    verdict = models.CharField(max_length=10, choices=Verdict.choices)
    bounds = models.JSONField(default=list)
    """Guard-rail and condition for taking it back as seen then: [`bounds.SeenBound`]."""

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.decision}: {self.get_verdict_display()}"
