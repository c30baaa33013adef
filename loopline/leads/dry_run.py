"""A dry run of routing rules: who would have got the leads of the last 90 days, and what that would have meant.

The leads are taken in their order. People, teams, capacities and absences are those of today; what is asked of a lead
is judged on what its records say now and on behaviour up to its hand-over. Who got it in fact is the first assignment.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from loopline.access.models import BusinessUnit
from loopline.leads.hand_off_models import Assignment
from loopline.leads.known import Behaviour, behaviour_of, facts_about
from loopline.leads.models import Lead
from loopline.routing.bench import bench_of
from loopline.routing.decide import Decision, decide
from loopline.routing.models import RoutingRule
from loopline.routing.rules import ways
from loopline.routing.turns import A_WEEK
from loopline.rules.explain import judge
from loopline.rules.facts import Facts
from loopline.rules.measures import Measure
from loopline.rules.tree import AnyOf, Rule, measures_of

LOOKS_BACK = timedelta(days=90)
MOST_LEADS = 2_000
QUEUE = "a queue"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Replayed:
    lead: Lead
    before: str
    """Who got it in fact: a name, a queue, nobody."""
    after: str
    rule: str
    because: str

    @property
    def is_moved(self) -> bool:
        return self.before != self.after


@dataclass(slots=True)
class Load:
    """One person's leads in the time looked at."""

    name: str
    capacity: int
    before: int = 0
    after: int = 0
    weeks: float = LOOKS_BACK.days / 7

    @property
    def is_person(self) -> bool:
        return self.name not in {QUEUE, NOBODY}

    @property
    def before_percent(self) -> int:
        """Part of the capacity that was used."""
        return round(100 * self.before / (self.capacity * self.weeks))

    @property
    def after_percent(self) -> int:
        return round(100 * self.after / (self.capacity * self.weeks))


@dataclass(frozen=True, slots=True)
class DryRun:
    leads: list[Replayed]
    loads: list[Load]
    by_rule: list[tuple[str, int]]
    """Rule → leads that would go by it, in the order of the rules."""
    left_out: int = 0
    """Older leads beyond the most that are looked at."""
    unknown: int = 0
    """Leads of which a rule asked what the event store could not tell: judged as if nothing were known."""
    unknown_because: str = ""

    @property
    def moved(self) -> list[Replayed]:
        return [one for one in self.leads if one.is_moved]


@dataclass(slots=True)
class _Tally:
    loads: dict[str, Load] = field(default_factory=dict)

    def of(self, name: str) -> Load:
        return self.loads.setdefault(name, Load(name, A_WEEK))


def dry_run(unit: BusinessUnit, rules: Sequence[RoutingRule], at: datetime) -> DryRun:
    """What these rules, in this order, would have done. Where they ask for behaviour in vain, it says for how many."""
    handed = Lead.objects.filter(unit=unit, handed_over_at__gt=at - LOOKS_BACK, handed_over_at__lte=at).select_related(
        "person__company", "person__merged_into", "owner"
    )
    count = handed.count()
    leads = list(reversed(handed.order_by("-handed_over_at")[:MOST_LEADS]))
    firsts = _firsts(leads)
    moments = {lead.pk: firsts[lead.pk].at if lead.pk in firsts else lead.handed_over_at or at for lead in leads}
    leads.sort(key=lambda lead: moments[lead.pk])
    bench, given, tally = bench_of(unit), defaultdict[UUID, list[datetime]](list), _Tally()
    for one in bench:
        if one.takes_leads:
            tally.loads[one.name] = Load(one.name, one.capacity)
    names = {one.user_id: one.name for one in bench}
    found, by_rule = [], dict.fromkeys([rule.name for rule in rules], 0)
    store = _Store(measures_of(AnyOf(tuple(tree for rule in rules if (tree := rule.rule) is not None))))
    for lead in leads:
        moment = moments[lead.pk]
        decision = decide(ways(rules, _Fits(lead, unit, store, moment), bench, given, moment))
        if decision.user_id is not None:
            given[decision.user_id].append(moment)
        before, after = _got(lead, firsts.get(lead.pk)), _gets(decision, names)
        tally.of(before).before += 1
        tally.of(after).after += 1
        if decision.rule:
            by_rule[decision.rule] = by_rule.get(decision.rule, 0) + 1
        found.append(Replayed(lead, before, after, decision.rule, decision.because))
    loads = sorted(tally.loads.values(), key=lambda load: (load.name in {QUEUE, NOBODY}, load.name))
    return DryRun(found[::-1], loads, list(by_rule.items()), count - len(leads), store.unanswered, store.trouble)


def _firsts(leads: Sequence[Lead]) -> dict[UUID, Assignment]:
    """The first assignment of each lead."""
    found: dict[UUID, Assignment] = {}
    for one in Assignment.objects.filter(lead__in=leads).select_related("owner").order_by("-at", "-id"):
        found[one.lead_id] = one
    return found


@dataclass(slots=True)
class _Store:
    """The event store, as far as the rules ask it. Once it did not answer it is asked no more: each lead would wait."""

    measures: list[Measure]
    unanswered: int = 0
    trouble: str = ""

    def behaviour(self, lead: Lead, unit: BusinessUnit, at: datetime) -> Behaviour:
        if self.trouble:
            found = Behaviour(frozenset(self.measures), None, self.trouble)
        else:
            found = behaviour_of(lead.person, unit, self.measures, at)
        if found.measured is None:
            self.unanswered += 1
            self.trouble = found.missing_because
        return found


@dataclass(slots=True)
class _Fits:
    """Judges one lead by several rules; what is known about it is looked up once for all of them."""

    lead: Lead
    unit: BusinessUnit
    store: _Store
    at: datetime
    facts: Facts | None = None

    def __call__(self, rule: Rule) -> tuple[bool | None, str]:
        if self.facts is None:
            behaviour = self.store.behaviour(self.lead, self.unit, self.at)
            self.facts = facts_about(
                self.lead.person, self.unit, self.store.measures, self.at, lead=self.lead, behaviour=behaviour
            )
        verdict = judge(rule, self.facts)
        return verdict.is_met, verdict.reason


def _got(lead: Lead, first: Assignment | None) -> str:
    if first is None:
        return lead.owner.name if lead.owner else QUEUE
    return first.owner.name if first.owner else QUEUE


def _gets(decision: Decision, names: dict[UUID, str]) -> str:
    if decision.is_pooled:
        return QUEUE
    return names.get(decision.user_id, NOBODY) if decision.user_id else NOBODY
