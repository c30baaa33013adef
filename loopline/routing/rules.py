"""The ordered rules of a business unit as ways a lead can go."""

from collections.abc import Callable, Sequence
from datetime import datetime

from loopline.access.models import BusinessUnit
from loopline.routing.bench import Given, Member, in_turn
from loopline.routing.decide import Way
from loopline.routing.models import RoutingRule
from loopline.rules.tree import Rule

EVERYBODY = "Everybody in turn"
Fits = Callable[[Rule], tuple[bool | None, str]]
"""Whether a lead fits a rule (None: not known), and why."""


def rules_of(unit: BusinessUnit) -> list[RoutingRule]:
    """In the order in which they are asked; the catch-all is always there and last."""
    stored = list(RoutingRule.objects.filter(unit=unit).select_related("person", "team").order_by("place", "pk"))
    catch_all = [one for one in stored if one.rules is None]
    return [one for one in stored if one.rules is not None] + (catch_all or [everybody(unit)])


def everybody(unit: BusinessUnit) -> RoutingRule:
    """The catch-all of a unit that did not say another: everybody who takes leads, in turn."""
    return RoutingRule(unit=unit, place=0, name=EVERYBODY, rules=None, target=RoutingRule.Target.TURNS)


def ways(rules: Sequence[RoutingRule], fits: Fits, bench: Sequence[Member], given: Given, at: datetime) -> list[Way]:
    return [_way(rule, fits, bench, given, at) for rule in rules]


def _way(rule: RoutingRule, fits: Fits, bench: Sequence[Member], given: Given, at: datetime) -> Way:
    tree = rule.rule
    return Way(
        rule.name,
        rule.sentence,
        rule.target,
        fits=lambda: (True, "") if tree is None else fits(tree),
        candidates=lambda: in_turn(bench, given, at, person_id=rule.person_id, team_id=rule.team_id),
        team_id=rule.team_id,
        team_name=rule.team.name if rule.team else "",
    )
