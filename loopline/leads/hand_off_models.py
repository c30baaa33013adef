"""The hand-off beside the lead itself: its terms, assignments with their reasons, clocks and their pauses, disputes."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, UnitScopedQuerySet, User
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now
from loopline.routing.models import Team

TOLD_WITHIN = timedelta(hours=12)
"""An assignment nobody was told about for so long is old news: the page has it."""


class HandOffTerms(models.Model):
    """What marketing and sales of a business unit owe each other, in business hours. Hours to answer: on the unit."""

    class Sees(models.TextChoices):
        OWN = "own", "everybody their own figures only"
        TEAM = "team", "people those of their teams, managers all"
        MANAGERS = "managers", "people their own, managers all"

    unit = models.OneToOneField(BusinessUnit, on_delete=models.CASCADE, primary_key=True, related_name="terms")
    sees = models.CharField(max_length=8, choices=Sees.choices, default=Sees.MANAGERS)
    """Whose figures people see beside others' (`huddles.scorecard.visible_people`)."""
    assign_hours = models.PositiveIntegerField(default=4)
    """Sales: until a qualified lead that nobody could take has somebody."""
    take_hours = models.PositiveIntegerField(default=4)
    """Sales: until somebody takes a lead out of a queue."""
    first_touch_hours = models.PositiveIntegerField(default=8)
    """Sales: from the acceptance to the first call, mail or meeting."""
    dispute_hours = models.PositiveIntegerField(default=16)
    """Sales: to settle a rejection that marketing disputes."""
    evidence_hours = models.PositiveIntegerField(default=8)
    """Marketing: to complete what sales misses about a lead."""
    rejection_hours = models.PositiveIntegerField(default=16)
    """Marketing: to recycle, disqualify or dispute a lead that came back."""
    lead_minutes = models.PositiveIntegerField(default=15)
    """What a lead that sales has costs beside talks: to read it, look up its company and answer it."""
    call_minutes = models.PositiveIntegerField(default=20)
    meeting_minutes = models.PositiveIntegerField(default=60)
    """What a call that was answered, or a meeting, costs with what is done before and after it."""
    late_leads_go_back = models.BooleanField(default=False)
    """A lead whose clock for an answer ran out goes back to the queue."""
    explore_percent = models.PositiveSmallIntegerField(default=0)
    """Of the leads below the definition so many per cent go to sales by chance (`leads.explore`); 0: none."""
    explore_a_week = models.PositiveSmallIntegerField(default=5)
    """At most so many of them in seven days."""
    chat_webhook = models.CharField(max_length=1000, blank=True)
    """Address of an incoming webhook of Slack, Teams or the like. A secret: never shown whole, never logged."""
    chat_may_be_private = models.BooleanField(default=False)
    """The address may lie in a private network (an administrator said so)."""

    def __str__(self) -> str:
        return f"terms of {self.unit}"


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def to_tell(self, at: datetime, *, within: timedelta) -> "AssignmentQuerySet":
        """Those nobody was told about yet, not older than `within`, which are not put off for later."""
        return self.filter(told_at=None, at__gt=at - within).filter(Q(tell_after=None) | Q(tell_after__lte=at))


class Assignment(models.Model):
    """A lead went to somebody or into a queue: by which rule, who was considered, and why. Append-only."""

    lead = models.ForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="assignments")
    at = models.DateTimeField()
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    rule = models.CharField(max_length=80, blank=True)
    """Name of the routing rule at that moment; empty when a person decided."""
    sentence = models.TextField(blank=True)
    """What the rule asked for at that moment."""
    because = models.CharField(max_length=200)
    considered = models.JSONField(default=list)
    """[{"name", "recent", "capacity", "said"}]"""
    passed = models.JSONField(default=list)
    """[{"rule", "why"}] of the rules asked before."""
    by_name = models.CharField(max_length=200)
    told_at = models.DateTimeField(null=True, blank=True)
    """When the new owner's mail and the chat message were written down."""
    tell_after = models.DateTimeField(null=True, blank=True)
    """It could not be told and is tried again from then on; NULL: at once."""
    tell_attempts = models.PositiveIntegerField(default=0)
    tell_trouble = models.CharField(max_length=300, blank=True)
    """Why nobody could be told when it was tried last."""

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["at", "id"]
        indexes = [models.Index(fields=["at"], name="assignments_to_tell", condition=Q(told_at=None))]

    def __str__(self) -> str:
        return self.because


def put_off(assignment_id: int, trouble: str, at: datetime) -> None:
    """Nobody could be told now: try again in 1, 2, 4, … minutes, within an hour at most."""
    attempts = Assignment.objects.values_list("tell_attempts", flat=True).get(pk=assignment_id) + 1
    Assignment.objects.filter(pk=assignment_id).update(
        tell_attempts=attempts, tell_trouble=trouble[:300],
        tell_after=at + min(timedelta(minutes=2 ** (attempts - 1)), timedelta(hours=1)),
    )  # fmt: skip


class ChatMessage(models.Model):
    """One message to the chat of a business unit. It is claimed before it is sent, so that it goes out once."""

    key = models.CharField(max_length=100, unique=True)
    """What it is about: the same key is never sent twice."""
    unit = models.ForeignKey(BusinessUnit, on_delete=models.CASCADE, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(default=utc_now)
    not_before = models.DateTimeField(default=utc_now)
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)
    """What went wrong last; never the address."""

    class Meta:
        ordering: ClassVar = ["created_at"]
        indexes = [models.Index(fields=["not_before"], name="chats_to_send", condition=Q(claimed_at=None))]

    def __str__(self) -> str:
        return self.key


class ClockQuerySet(UnitScopedQuerySet["Clock"]):
    def visible_to(self, actor: Actor) -> "ClockQuerySet":
        return self if actor.sees_all_units else self.filter(unit__in=actor.unit_ids)

    def running(self) -> "ClockQuerySet":
        return self.filter(stopped_at__isnull=True)

    def ticking(self) -> "ClockQuerySet":
        """Running and not paused."""
        return self.running().filter(paused_at__isnull=True)


class Clock(models.Model):
    """Something one side owes for a lead, with the moment by which it is due."""

    class Side(models.TextChoices):
        MARKETING = "marketing"
        SALES = "sales"

    class Kind(models.TextChoices):
        RIPEN = "ripen", "pass the definition, or decide about it"
        ASSIGN = "assign", "find somebody who takes it"
        TAKE = "take", "take it out of the queue"
        ANSWER = "answer", "accept it or send it back"
        FIRST_TOUCH = "first_touch", "call, write or meet for the first time"
        EVIDENCE = "evidence", "complete what sales misses"
        REJECTION = "rejection", "recycle, disqualify or dispute what came back"
        DISPUTE = "dispute", "settle the dispute"
        RETURN = "return", "bring it back on its date"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="+")
    lead = models.ForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="clocks")
    side = models.CharField(max_length=10, choices=Side.choices)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    """In whose working hours it runs; NULL: office hours."""
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    """The moment it ran out before it was stopped."""

    objects = ClockQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["due_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "kind"], condition=Q(stopped_at__isnull=True), name="one_running_clock_a_kind"
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="clocks_to_breach", condition=Q(stopped_at=None, breached_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.side}: {self.get_kind_display()}"

    @property
    def is_late(self) -> bool:
        return self.breached_at is not None

    def is_over(self, now: datetime) -> bool:
        return self.paused_at is None and self.due_at < (self.stopped_at or now)


class ClockPause(models.Model):
    """A clock stood still, and why."""

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="pauses")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200)
    by_name = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["from_at"]
        constraints = [
            models.UniqueConstraint(fields=["clock"], condition=Q(until_at__isnull=True), name="one_open_pause_a_clock")
        ]

    def __str__(self) -> str:
        return self.reason


class Dispute(models.Model):
    """Marketing does not agree with a rejection; sales management settles it."""

    class Resolution(models.TextChoices):
        UPHELD = "upheld", "the rejection stands"
        OVERTURNED = "overturned", "sales takes it back"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lead = models.ForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="disputes")
    reason = models.CharField(max_length=24)
    """Code of the rejection that is disputed."""
    because = models.TextField()
    opened_by_name = models.CharField(max_length=200)
    opened_at = models.DateTimeField(default=utc_now)
    resolution = models.CharField(max_length=12, choices=Resolution.choices, blank=True)
    resolution_note = models.TextField(blank=True)
    resolved_by_name = models.CharField(max_length=200, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["lead"], condition=Q(resolved_at__isnull=True), name="one_open_dispute")
        ]

    def __str__(self) -> str:
        return self.because
