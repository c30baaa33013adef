"""Buyers' leads, in bulk: what the actions of `leads.actions` would have left behind, moment by moment."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from loopline.access.actor import SYSTEM
from loopline.access.models import User
from loopline.demo import world
from loopline.demo.clocks import ClockBulk, write_clocks
from loopline.demo.ground import PURPOSE, Ground, Ids
from loopline.demo.routing import give_detail
from loopline.demo.simulate import PRICING_COUNTS, Buyer
from loopline.facts.outbox import Fact
from loopline.leads.capture import AFTER_THE_FORM
from loopline.leads.clock import due_at
from loopline.leads.definition import evaluate
from loopline.leads.fact_rows import lead_row
from loopline.leads.hand_off_models import Assignment
from loopline.leads.models import Lead, LeadTransition
from loopline.people.emails import domain_of, is_free_mail
from loopline.people.models import Person
from loopline.routing.bench import bench_of
from loopline.routing.calendar import Calendar, office_hours
from loopline.routing.decide import Decision, decide
from loopline.routing.rules import rules_of, ways
from loopline.rules.definition import Definition
from loopline.rules.explain import judge
from loopline.rules.facts import Facts, SentForm
from loopline.rules.measures import Measure
from loopline.rules.tree import Rule

State = Lead.State
FOR_EVER = {Lead.Reason.DUPLICATE, Lead.Reason.NOT_A_BUYER, Lead.Reason.NO_NEED, Lead.Reason.BAD_DATA}
"""Codes for which marketing disqualifies; for the others it tries again later."""


@dataclass
class LeadBulk:
    clocks: ClockBulk
    leads: dict[int, Lead] = field(default_factory=dict)
    """By the buyer's number."""
    transitions: list[LeadTransition] = field(default_factory=list)
    assignments: list[Assignment] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)

    def move(self, lead: Lead, to: str, at: datetime, by_name: str, *, reason: str = "", note: str = "") -> None:
        """The lead in its new state, with its history and its fact."""
        before, lead.state = lead.state, to
        self.transitions.append(
            LeadTransition(lead=lead, from_state=before, to_state=to, by_name=by_name, reason=reason, note=note, at=at)
        )
        self.record(lead, at)
        self.clocks.follow(lead, at)

    def record(self, lead: Lead, at: datetime) -> None:
        self.facts.append(Fact("lead_facts", str(lead.pk), lead_row(lead), at))


class Turns:
    """The routing rules, with who got how many lately remembered."""

    def __init__(self, ground: Ground) -> None:
        self._given: dict[UUID, list[datetime]] = defaultdict(list)
        self._benches = {key: bench_of(unit) for key, unit in ground.units.items()}
        self._rules = {key: rules_of(unit) for key, unit in ground.units.items()}
        self._names = {user.pk: user for user in ground.users.values()}

    def next(self, unit_key: str, facts: Facts, at: datetime) -> tuple[User, Decision]:
        def fits(rule: Rule) -> tuple[bool | None, str]:
            verdict = judge(rule, facts)
            return verdict.is_met, verdict.reason

        bench = self._benches[unit_key]
        decision = decide(ways(self._rules[unit_key], fits, bench, self._given, at))
        if decision.user_id is None:
            raise ValueError(f"the demo has nobody who takes leads in {unit_key}: {decision.because}")
        self._given[decision.user_id].append(at)
        return self._names[decision.user_id], decision

    def calendar(self, unit_key: str, owner: User | None) -> Calendar:
        found = next((one for one in self._benches[unit_key] if owner and one.user_id == owner.pk), None)
        return found.calendar if found else office_hours(world.TIME_ZONE)


def make_leads(
    buyers: Sequence[Buyer], people: dict[int, Person], ground: Ground, ids: Ids, until: datetime
) -> LeadBulk:
    """Leads of buyers in the order in which they asked, each up to sales' answer."""
    turns = Turns(ground)
    bulk = LeadBulk(ClockBulk(turns.calendar, ids))
    definitions = {key: version.definition for key, version in ground.definitions.items()}
    for buyer in buyers:
        lead = _new(buyer, people[buyer.number], ground, bulk, ids)
        definition = definitions[buyer.unit.key]
        facts = _facts(buyer, lead.person, definition, ground)
        judgement = evaluate(definition, facts)
        if judgement.is_met != buyer.qualifies:
            raise ValueError(f"the demo's year and its definition disagree about {buyer.email}")
        lead.definition, lead.evidence = ground.definitions[buyer.unit.key], judgement.evidence
        lead.scores = judgement.scores
        if not judgement.is_met:
            bulk.record(lead, lead.created_at)
            continue
        _hand_over(lead, buyer, facts, turns, bulk)
        _answer(lead, buyer, ground.users["mara@halden.example"].name, bulk)
    bulk.clocks.end_at(until)
    return bulk


def write_leads(bulk: LeadBulk) -> None:
    Lead.objects.bulk_create(bulk.leads.values(), batch_size=500)
    LeadTransition.objects.bulk_create(bulk.transitions, batch_size=1_000)
    Assignment.objects.bulk_create(bulk.assignments, batch_size=1_000)
    write_clocks(bulk.clocks)


def _new(buyer: Buyer, person: Person, ground: Ground, bulk: LeadBulk, ids: Ids) -> Lead:
    form, created_at = ground.forms[buyer.unit.key, buyer.form], _created_at(buyer)
    lead = Lead(
        id=ids.at(created_at),
        unit=ground.units[buyer.unit.key],
        person=person,
        origin=f"form “{form.title}”",
        message=buyer.message,
        created_at=created_at,
    )
    bulk.leads[buyer.number] = lead
    bulk.transitions.append(
        LeadTransition(lead=lead, to_state=State.NEW, by_name=SYSTEM.name, note=lead.origin, at=created_at)
    )
    bulk.record(lead, created_at)
    bulk.clocks.follow(lead, created_at)
    return lead


def _created_at(buyer: Buyer) -> datetime:
    return buyer.asked_at + AFTER_THE_FORM


def _facts(buyer: Buyer, person: Person, definition: Definition, ground: Ground) -> Facts:
    """What `leads.known` would have found when the form was sent. The only behaviour asked for is the price list."""
    domain, company = domain_of(buyer.email), person.company
    return Facts(
        at=_created_at(buyer),
        fields={
            "person.business_email": None if is_free_mail(domain) else domain,
            "person.country": person.country,
            "person.job_title": person.job_title or None,
            "company.known": company.name if company else None,
            "company.employees": company.employees if company else None,
        },
        consents={PURPOSE: True},
        forms=[SentForm(ground.forms[buyer.unit.key, buyer.form].slug, buyer.asked_at)],
        behaviour={measure: _measured(buyer, measure) for measure in definition.measures},
    )


def _measured(buyer: Buyer, measure: Measure) -> float:
    """Forms sent (this one), or views of the price list; a view may fade."""
    if measure.events.kind == "form":
        return 1
    within = PRICING_COUNTS if measure.within_days is None else timedelta(days=measure.within_days)
    ages = [buyer.asked_at - at for at in buyer.pricing_reads if at > buyer.asked_at - within]
    if measure.half_life_days is None:
        return len(ages)
    return round(sum(float(0.5 ** (age / timedelta(days=measure.half_life_days))) for age in ages), 6)


def _hand_over(lead: Lead, buyer: Buyer, facts: Facts, turns: Turns, bulk: LeadBulk) -> None:
    at, unit = lead.created_at, buyer.unit.key
    lead.qualified_at = at
    bulk.move(lead, State.MARKETING_QUALIFIED, at, SYSTEM.name)
    lead.owner, decision = turns.next(unit, facts, at)
    lead.team_id, lead.assigned_because = decision.team_id, decision.because
    lead.handed_over_at = at
    lead.due_at = due_at(at, timedelta(hours=lead.unit.accept_within_hours), turns.calendar(unit, lead.owner))
    bulk.move(lead, State.HANDED_OVER, at, SYSTEM.name, note=lead.assigned_because)
    bulk.assignments.append(
        Assignment(
            lead=lead, at=at, owner=lead.owner, team_id=lead.team_id, rule=decision.rule, sentence=decision.sentence,
            because=decision.because, considered=decision.considered, passed=decision.passed, by_name=SYSTEM.name,
            told_at=at,
        )
    )  # fmt: skip


def _answer(lead: Lead, buyer: Buyer, marketing: str, bulk: LeadBulk) -> None:
    owner = lead.owner.name if lead.owner else ""
    if buyer.rejected_at is not None:
        lead.reason, lead.rejected_at = buyer.reason, buyer.rejected_at
        give_detail(lead, buyer.number)
        bulk.move(lead, State.REJECTED, buyer.rejected_at, owner, reason=buyer.reason)
        if buyer.settled_at is not None:
            ended = State.DISQUALIFIED if buyer.reason in FOR_EVER else State.RECYCLED
            bulk.move(lead, ended, buyer.settled_at, marketing, reason=buyer.reason)
    elif buyer.accepted_at is not None:
        lead.accepted_at = buyer.accepted_at
        bulk.move(lead, State.ACCEPTED, buyer.accepted_at, owner)
        lead.first_touch_at = min((at for at, _ in buyer.calls), default=None)
        if lead.first_touch_at is not None:
            bulk.clocks.stop(lead, max(lead.first_touch_at, buyer.accepted_at))
    if buyer.recycled_at is not None:
        lead.reason = buyer.reason
        give_detail(lead, buyer.number)
        bulk.move(lead, State.RECYCLED, buyer.recycled_at, owner, reason=buyer.reason)
    if buyer.converted_at is not None:
        lead.converted_at = buyer.converted_at
        bulk.move(lead, State.CONVERTED, buyer.converted_at, owner)
