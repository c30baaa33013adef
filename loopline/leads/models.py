"""Leads, their transitions, and the lead definition."""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q

from loopline.access.actor import Actor
from loopline.access.models import BusinessUnit, UnitScopedQuerySet, User
from loopline.access.roles import Permission
from loopline.leads.examples import Example, read_example
from loopline.lib.ids import uuid7
from loopline.lib.times import utc_now
from loopline.people.models import Person
from loopline.routing.models import Team
from loopline.rules.definition import Definition, read_definition


class DefinitionVersion(models.Model):
    """A version of the universal lead definition of a business unit; in force only when both sides signed it."""

    class Status(models.TextChoices):
        DRAFT = "draft"
        PROPOSED = "proposed"
        AGREED = "agreed"
        IN_FORCE = "in_force", "in force"
        SUPERSEDED = "superseded"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="definitions")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)
    rules = models.JSONField()
    """Definition as `rules.definition` reads it; a bare rule is one."""
    examples = models.JSONField(default=list, blank=True)
    """People who must pass and people who must not (`leads.examples`): its unit tests."""
    sentence = models.TextField()
    because = models.TextField(blank=True)
    """Why this version was proposed."""
    drafted_by_name = models.CharField(max_length=200, blank=True)
    marketing_signature = models.CharField(max_length=200, blank=True)
    marketing_signed_at = models.DateTimeField(null=True, blank=True)
    sales_signature = models.CharField(max_length=200, blank=True)
    sales_signed_at = models.DateTimeField(null=True, blank=True)
    in_force_from = models.DateTimeField(null=True, blank=True)
    shadow_from = models.DateTimeField(null=True, blank=True)
    """Agreed, and tried in the shadow from then until `in_force_from`: both judge new leads, none goes by this one."""
    review_on = models.DateField(null=True, blank=True)
    """When both sides want to look whether it worked."""
    created_at = models.DateTimeField(default=utc_now)

    objects = UnitScopedQuerySet["DefinitionVersion"].as_manager()

    class Meta:
        ordering: ClassVar = ["unit", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["unit", "number"], name="one_definition_number_a_unit"),
            models.UniqueConstraint(fields=["unit"], condition=Q(status="in_force"), name="one_definition_in_force"),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"

    @property
    def in_words(self) -> str:
        return f"definition v{self.number}"

    @property
    def definition(self) -> Definition:
        return read_definition(self.rules)

    @property
    def example_leads(self) -> list[Example]:
        return [read_example(one) for one in self.examples]

    @property
    def starts_later(self) -> bool:
        """Agreed, and it comes into force by itself at `in_force_from`."""
        return self.status == self.Status.AGREED and self.in_force_from is not None

    @property
    def signers(self) -> str:
        return ", ".join(name for name in (self.marketing_signature, self.sales_signature) if name)

    @property
    def tone(self) -> str:
        """How the status is shown: good, warn, accent or quiet."""
        tones: dict[str, str] = {"in_force": "good", "proposed": "warn", "agreed": "accent"}
        return tones.get(self.status, "quiet")

    @property
    def status_label(self) -> str:
        """The status in the middle of a sentence: `in force`."""
        return self.status.replace("_", " ")

    @property
    def is_signed_by_both(self) -> bool:
        return bool(self.marketing_signature and self.sales_signature)


class LeadQuerySet(UnitScopedQuerySet["Lead"]):
    def visible_to(self, actor: Actor) -> "LeadQuerySet":
        return self if actor.sees_all_units else self.filter(unit__in=actor.unit_ids)

    def owned_by(self, actor: Actor) -> "LeadQuerySet":
        """Leads of this user; none for an actor who is no user."""
        return self.none() if actor.id == "system" else self.filter(owner=UUID(actor.id))

    def waiting_for_sales(self) -> "LeadQuerySet":
        """Handed over and not answered, the shortest clock first."""
        return self.filter(state=Lead.State.HANDED_OVER).order_by("due_at")

    def in_queue_of(self, actor: Actor) -> "LeadQuerySet":
        """Leads in queues that this user may take from, the shortest clock first."""
        if not actor.may(Permission.WORK_LEADS) or actor.id == "system":
            return self.none()
        pooled = self.visible_to(actor).filter(state=Lead.State.HANDED_OVER, is_pooled=True).order_by("due_at")
        if actor.may(Permission.ASSIGN_LEADS):
            return pooled
        return pooled.filter(Q(team__isnull=True) | Q(team__in=Team.objects.filter(members=UUID(actor.id))))

    def without_salesperson(self) -> "LeadQuerySet":
        """Qualified, but nobody was there to take them; the oldest first."""
        return self.filter(state=Lead.State.MARKETING_QUALIFIED).order_by("qualified_at")

    def open(self) -> "LeadQuerySet":
        return self.exclude(state__in=[Lead.State.CONVERTED, Lead.State.DISQUALIFIED])

    def running(self) -> "LeadQuerySet":
        """Episodes that have not ended; a person has at most one a unit."""
        return self.filter(state__in=RUNNING)


class Lead(models.Model):
    """One qualification episode of one person for one business unit."""

    class State(models.TextChoices):
        NEW = "new", "new"
        MARKETING_QUALIFIED = "marketing_qualified", "marketing qualified"
        HANDED_OVER = "handed_over", "handed over"
        ACCEPTED = "accepted", "accepted"
        REJECTED = "rejected", "sent back"
        RECYCLED = "recycled", "recycled"
        DISQUALIFIED = "disqualified", "disqualified"
        CONVERTED = "converted", "converted"

    class Reason(models.TextChoices):
        BELOW_DEFINITION = "below_definition", "below definition"
        DUPLICATE = "duplicate", "duplicate"
        BAD_DATA = "bad_data", "bad data"
        UNREACHABLE = "unreachable", "unreachable"
        NO_NEED = "no_need", "no need"
        TIMING = "timing", "timing, with a date"
        NO_BUDGET = "no_budget", "no budget or authority"
        NOT_A_BUYER = "not_a_buyer", "competitor, job seeker or spam"
        NOT_SERVED = "not_served", "not served"
        NO_DECISION = "no_decision", "no decision"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="leads")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="leads")
    state = models.CharField(max_length=24, choices=State.choices, default=State.NEW)
    origin = models.CharField(max_length=200, blank=True)
    """What made it a lead, in words: `form “Ask for a demo”`, `import leads.csv`."""
    message = models.TextField(blank=True)
    """What the person wrote, if anything."""
    custom = models.JSONField(default=dict, blank=True)
    """Fields of the organisation's own making (`people.custom`): what a form or an import said beside ours."""
    definition = models.ForeignKey(DefinitionVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    evidence = models.JSONField(default=list)
    """Verdict of each clause when it was judged: [{"clause", "is_met", "reason", "part"}]; never rewritten."""
    scores = models.JSONField(default=list, blank=True)
    """Its scores when it was judged: [{"name", "value", "level", "cap", "reason"}]; never rewritten."""
    explored_per_mille = models.PositiveSmallIntegerField(null=True, blank=True)
    """The chance in thousandths with which it went to sales below the definition; NULL: never drawn for."""
    is_explored = models.BooleanField(default=False)
    """It went to sales by that chance. Not told to salespeople."""
    owner = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="leads")
    assigned_because = models.CharField(max_length=200, blank=True)
    is_pooled = models.BooleanField(default=False)
    """Handed over to a queue: nobody has it until somebody takes it."""
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="leads")
    """Whose queue or turns it came through; NULL: everybody in the unit who takes leads."""
    reason = models.CharField(max_length=24, choices=Reason.choices, blank=True)
    reason_note = models.TextField(blank=True)
    reason_detail = models.JSONField(default=dict)
    """What the reason asks for, as `leads.reasons` checks it: {"clause": …}, {"field": "phone"}, {"attempts": 4}."""
    created_at = models.DateTimeField(default=utc_now)
    qualified_at = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    """When the clock for an answer runs out."""
    is_paused = models.BooleanField(default=False)
    """The clock for an answer stands still."""
    accepted_at = models.DateTimeField(null=True, blank=True)
    rejected_at = models.DateTimeField(null=True, blank=True)
    converted_at = models.DateTimeField(null=True, blank=True)
    return_on = models.DateField(null=True, blank=True)
    """When a recycled or too early lead should be looked at again."""
    returns_when = models.CharField(max_length=40, blank=True)
    """What brings a recycled lead back before that: a key of `leads.returns.TRIGGERS`."""
    returned_as = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="came_from")
    """The lead that the same person became when they came back."""
    first_touch_at = models.DateTimeField(null=True, blank=True)
    """When sales first called, wrote or met after the hand-over."""
    help_asked_at = models.DateTimeField(null=True, blank=True)
    help_note = models.TextField(blank=True)
    """What the owner needs help with; shown to managers and in the huddle."""

    objects = LeadQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "person"],
                condition=~Q(state__in=["converted", "disqualified", "rejected", "recycled"]),
                name="one_running_lead_a_person",
            ),
            models.CheckConstraint(
                condition=~Q(state="handed_over")
                | (Q(owner__isnull=False, is_pooled=False) | Q(owner__isnull=True, is_pooled=True))
                & Q(due_at__isnull=False),
                name="handed_over_has_owner_and_clock",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(accepted_at__gte=F("created_at")),
                name="accepted_after_created",
            ),
        ]
        indexes = [models.Index(fields=["state", "due_at"], name="lead_queue")]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_state_display()})"

    @property
    def state_label(self) -> str:
        """The state in the middle of a sentence: `handed over`."""
        return self.get_state_display()

    @property
    def tone(self) -> str:
        """How the state is shown: good, warn, bad, accent or quiet."""
        return _TONES.get(self.state, "quiet")

    @property
    def missing(self) -> str:
        """What keeps it below the definition, in words; empty when nothing does."""
        return "; ".join(str(one["reason"]) for one in self.evidence if one["is_met"] is not True)

    def time_left(self, now: datetime) -> timedelta | None:
        """Time until the clock runs out; negative when it has; None when no clock runs."""
        return None if self.due_at is None or self.state != self.State.HANDED_OVER else self.due_at - now


_TONES: dict[str, str] = {
    Lead.State.HANDED_OVER: "warn",
    Lead.State.ACCEPTED: "accent",
    Lead.State.CONVERTED: "good",
    Lead.State.REJECTED: "bad",
}
RUNNING = [Lead.State.NEW, Lead.State.MARKETING_QUALIFIED, Lead.State.HANDED_OVER, Lead.State.ACCEPTED]


class LeadTransition(models.Model):
    """A lead went from one state to another. Append-only."""

    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="transitions")
    from_state = models.CharField(max_length=24, blank=True)
    to_state = models.CharField(max_length=24)
    by_name = models.CharField(max_length=200)
    reason = models.CharField(max_length=24, blank=True)
    note = models.TextField(blank=True)
    is_note = models.BooleanField(default=False)
    """Something was said or happened, and the state stayed."""
    at = models.DateTimeField(default=utc_now)

    class Meta:
        ordering: ClassVar = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.from_state} → {self.to_state}"

    @property
    def label(self) -> str:
        """`Handed over`; `Note` where the state stayed."""
        if self.is_note or (self.from_state == self.to_state and self.to_state != Lead.State.HANDED_OVER):
            return "Note"
        return "Sent back" if self.to_state == Lead.State.REJECTED else self.to_state.replace("_", " ").capitalize()


# Django finds the models of this part in this module.
from loopline.leads.fitted_models import FittedScore  # noqa: E402, F401
from loopline.leads.hand_off_models import Assignment, ChatMessage, Clock, ClockPause, Dispute, HandOffTerms  # noqa: E402, F401
