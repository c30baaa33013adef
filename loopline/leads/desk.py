"""Where the rules of a business unit send a lead. What takes long to read is read before any lead is locked."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Max

from loopline.access.models import BusinessUnit
from loopline.leads.judging import in_force_for
from loopline.leads.known import Behaviour, behaviour_of, facts_about
from loopline.leads.models import Lead
from loopline.routing.bench import Given, Member, bench_of
from loopline.routing.decide import Decision, decide
from loopline.routing.models import RoutingRule
from loopline.routing.rules import rules_of, ways
from loopline.routing.turns import RECENT
from loopline.rules.explain import judge
from loopline.rules.measures import Measure
from loopline.rules.tree import AnyOf, Rule, measures_of

MEANWHILE = timedelta(minutes=1)
"""Whoever waits for the lock was asked a moment before the leads that others handed over: those count, too."""


def behaviour_for(lead: Lead, at: datetime, measures: Sequence[Measure] | None = None) -> Behaviour:
    """What judging and routing the lead will ask the event store for; or only these measures."""
    if measures is None:
        version = in_force_for(lead)
        judged = version.definition.measures if version else ()
        measures = list(dict.fromkeys([*judged, *_measures_of(rules_of(lead.unit))]))
    return behaviour_of(lead.person, lead.unit, measures, at)


def _measures_of(rules: Sequence[RoutingRule]) -> Sequence[Measure]:
    trees = tuple(tree for rule in rules if (tree := rule.rule) is not None)
    return measures_of(AnyOf(trees)) if trees else ()


@dataclass(frozen=True, slots=True)
class Desk:
    """Rules and people of a business unit, and what one lead's person did. What is None is read when it is needed."""

    rules: Sequence[RoutingRule] | None = None
    bench: Sequence[Member] | None = None
    behaviour: Behaviour | None = None

    @classmethod
    def of(cls, unit: BusinessUnit) -> "Desk":
        """Rules and people, for many leads of the unit one after the other."""
        return cls(rules_of(unit), bench_of(unit))

    def knowing(self, behaviour: Behaviour) -> "Desk":
        return replace(self, behaviour=behaviour)

    @property
    def measures(self) -> Sequence[Measure]:
        return _measures_of(self.rules or ())

    def route(self, lead: Lead, unit: BusinessUnit, at: datetime) -> Decision:
        """Where the lead goes at `at`. Turns are counted now: others hand leads over too."""
        rules = self.rules if self.rules is not None else rules_of(unit)
        bench = self.bench if self.bench is not None else bench_of(unit)

        def fits(rule: Rule) -> tuple[bool | None, str]:
            facts = facts_about(lead.person, unit, measures_of(rule), at, lead=lead, behaviour=self.behaviour)
            verdict = judge(rule, facts)
            return verdict.is_met, verdict.reason

        given = handed_to([one.user_id for one in bench], at + MEANWHILE)
        counted_at = max([at, *(moments[-1] for moments in given.values())])
        return decide(ways(rules, fits, bench, given, counted_at))


def handed_to(users: Sequence[UUID], at: datetime) -> Given:
    """When leads were last handed to each of them: all of the last days, and the last one before."""
    given: dict[UUID, list[datetime]] = defaultdict(list)
    longer_ago = at - RECENT - timedelta(days=1)
    leads = Lead.objects.filter(owner__in=users, handed_over_at__lte=at).order_by("handed_over_at")
    before = leads.filter(handed_over_at__lte=longer_ago).order_by().values_list("owner")
    pairs = [*before.annotate(last=Max("handed_over_at"))]
    pairs += leads.filter(handed_over_at__gt=longer_ago).values_list("owner", "handed_over_at")
    for owner_id, moment in pairs:
        if owner_id is not None and moment is not None:
            given[owner_id].append(moment)
    return given
