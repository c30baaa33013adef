"""Who gets what: teams, working hours and capacity of people, and the ordered routing rules of a business unit."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from loopline.access.models import BusinessUnit, UnitScopedQuerySet, User
from loopline.lib.ids import uuid7
from loopline.routing.calendar import OFFICE_WEEK, hours_text
from loopline.routing.turns import A_WEEK
from loopline.rules.explain import to_sentence
from loopline.rules.read import read_rule
from loopline.rules.tree import Rule


def office_week() -> list[str]:
    return [hours_text(day) for day in OFFICE_WEEK]


class Team(models.Model):
    """Salespeople of a business unit who share a queue or take turns."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(max_length=80)
    members = models.ManyToManyField(User, related_name="teams", blank=True)

    objects = UnitScopedQuerySet["Team"].as_manager()

    class Meta:
        ordering: ClassVar = ["name"]
        constraints = [models.UniqueConstraint(fields=["unit", "name"], name="one_team_a_name")]

    def __str__(self) -> str:
        return self.name


class WorkingTime(models.Model):
    """When somebody works and how many leads they can take. Without a row: office hours and `A_WEEK`."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="working_time")
    time_zone = models.CharField(max_length=64, blank=True)
    """Empty: the organisation's."""
    week = models.JSONField(default=office_week)
    """Seven texts, Monday first, as `routing.calendar.read_hours` reads them."""
    holidays_of = models.CharField(max_length=10, blank=True)
    """Country (`NO`) or part of one (`DE-BY`) whose public holidays are free; empty: none."""
    leads_a_week = models.PositiveIntegerField(default=A_WEEK)
    """Capacity: turns and fairness go by it."""
    most_a_day = models.PositiveIntegerField(null=True, blank=True)
    most_a_week = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(leads_a_week__gte=1), name="capacity_is_not_zero")]

    def __str__(self) -> str:
        return f"working time of {self.user}"


class Absence(models.Model):
    """Somebody is out of office on these days, the first and the last included; no leads are handed to them."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="absences")
    first_on = models.DateField()
    last_on = models.DateField()
    note = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering: ClassVar = ["first_on"]
        constraints = [
            models.CheckConstraint(condition=Q(last_on__gte=models.F("first_on")), name="absence_ends_after_it_begins")
        ]

    def __str__(self) -> str:
        return f"{self.first_on} to {self.last_on}"


class DayOff(models.Model):
    """A day on which a business unit is closed, beside the public holidays."""

    unit = models.ForeignKey(BusinessUnit, on_delete=models.CASCADE, related_name="days_off")
    on = models.DateField()
    name = models.CharField(max_length=80, blank=True)

    objects = UnitScopedQuerySet["DayOff"].as_manager()

    class Meta:
        ordering: ClassVar = ["on"]
        constraints = [models.UniqueConstraint(fields=["unit", "on"], name="a_day_is_off_once")]

    def __str__(self) -> str:
        return f"{self.on} {self.name}"


class RoutingRule(models.Model):
    """Leads that fit `rules` go to the target. Rules are asked in their order; the catch-all comes last."""

    class Target(models.TextChoices):
        PERSON = "person", "one person"
        TURNS = "turns", "in turn, by capacity"
        QUEUE = "queue", "a queue that people take from"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    unit = models.ForeignKey(BusinessUnit, on_delete=models.PROTECT, related_name="routing_rules")
    place = models.PositiveIntegerField()
    name = models.CharField(max_length=80)
    rules = models.JSONField(null=True)
    """A rule tree of `loopline.rules`; NULL: the catch-all, which fits every lead."""
    target = models.CharField(max_length=8, choices=Target.choices, default=Target.TURNS)
    person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="routing_rules")
    """Who takes turns or shares the queue; NULL: everybody in the unit who takes leads."""

    objects = UnitScopedQuerySet["RoutingRule"].as_manager()

    class Meta:
        ordering: ClassVar = ["unit", "place"]
        constraints = [
            models.UniqueConstraint(fields=["unit"], condition=Q(rules__isnull=True), name="one_catch_all_a_unit"),
            models.CheckConstraint(
                condition=Q(target="person", person__isnull=False, team__isnull=True)
                | (~Q(target="person") & Q(person__isnull=True)),
                name="a_person_or_a_team",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def rule(self) -> Rule | None:
        return None if self.rules is None else read_rule(self.rules)

    @property
    def sentence(self) -> str:
        """`is in Norway`; of the catch-all `everyone else`."""
        rule = self.rule
        return "everyone else" if rule is None else to_sentence(rule)

    @property
    def target_words(self) -> str:
        """`to Ana` · `in turn among Nordics` · `into the queue of Nordics`"""
        if self.person is not None:
            return f"to {self.person.name}"
        whom = self.team.name if self.team else "everybody who takes leads"
        return f"in turn among {whom}" if self.target == self.Target.TURNS else f"into the queue of {whom}"
