"""What stands before the first visitor comes: the organisation, its people, its forms, its campaigns and costs."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction

from loopline.access.models import BusinessUnit, ExchangeRate, Organisation, User
from loopline.attribution.heard import ANSWER_KEY, CATEGORIES
from loopline.campaigns.fact_rows import activity_row, campaign_row, code_id, code_row, cost_row
from loopline.campaigns.form_fields import EMAIL_FIELD, FormField
from loopline.campaigns.models import Activity, Campaign, CampaignCode, CostLine, Form
from loopline.demo import world
from loopline.demo.routing import set_up_routing
from loopline.demo.simulate import PRICING_COUNTS, first_moment
from loopline.demo.spending import weeks_of
from loopline.demo.tokens import make_tokens
from loopline.facts.outbox import Fact, record_facts
from loopline.leads.definition_actions import (
    draft_definition,
    propose_definition,
    put_in_force,
    sign_definition,
)
from loopline.leads.examples import Act, Example
from loopline.leads.models import DefinitionVersion
from loopline.lib.ids import uuid7
from loopline.lib.money import deal_out

PURPOSE = "contact"

CONSENT_TEXT = "Halden may call or e-mail me about this request. I can withdraw this at any time."


@dataclass
class Ground:
    units: dict[str, BusinessUnit]
    users: dict[str, User]
    forms: dict[tuple[str, str], Form]
    """(unit key, slug of the simulation) → form"""
    definitions: dict[str, DefinitionVersion]
    """The lead definition in force, by unit key."""
    campaigns: dict[tuple[str, str], Campaign] = field(default_factory=dict)
    """(unit key, code) → campaign"""

    def salespeople(self, unit_key: str) -> list[User]:
        return [
            self.users[one.email] for one in world.COLLEAGUES if one.role.value == "sales" and unit_key in one.units
        ]


class Ids:
    """Ids that come out the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)

    def at(self, moment: datetime) -> UUID:
        return uuid7(round(moment.timestamp() * 1000), self._dice.randbytes(10))


@transaction.atomic
def lay_ground(until: datetime, ids: Ids, paces: Mapping[str, Mapping[date, float]] | None = None) -> Ground:
    """Organisation, units, rates, colleagues, forms, and the year's campaigns with their costs; what was spent on the
    codes of `paces` goes by the weights of its weeks (`spending.paces`)."""
    start = first_moment(until)
    Organisation.objects.update_or_create(
        pk=1,
        defaults={
            "name": world.ORGANISATION,
            "time_zone": world.TIME_ZONE,
            "reporting_currency": world.REPORTING_CURRENCY,
            "own_hosts": [world.SITE_HOST, "localhost", "127.0.0.1"],
        },
    )
    units = {
        unit.key: BusinessUnit.objects.create(id=ids.at(start), key=unit.key, name=unit.name, currency=unit.currency)
        for unit in world.UNITS
    }
    months = _months(start)
    ExchangeRate.objects.bulk_create(
        ExchangeRate(currency="USD", on=first, rate=Decimal(str(rate)))
        for first, rate in zip([start.date(), *months[1:]], world.USD_RATES, strict=True)
    )
    users = {one.email: _colleague(one, units, ids.at(start), start) for one in world.COLLEAGUES}
    set_up_routing(units, users, until)
    definitions = {key: _definition(unit, users, start) for key, unit in units.items()}
    ground = Ground(units, users, _forms(units, ids, start), definitions)
    for plan in world.PLANS:
        _campaign(plan, ground, ids, start, until, (paces or {}).get(plan.codes[0]))
    _it_costs(ground, ids, start, until)
    _bill_without_rate(ground, ids, until)
    make_tokens(users, until)
    return ground


def _months(start: datetime) -> list[date]:
    """The first days of the thirteen months that a year touches from `start` on."""
    return [date(start.year + (start.month - 1 + n) // 12, (start.month - 1 + n) % 12 + 1, 1) for n in range(13)]


def _colleague(one: world.Colleague, units: dict[str, BusinessUnit], key: UUID, at: datetime) -> User:
    user = User.objects.create(
        id=key,
        email=one.email,
        name=one.name,
        role=one.role,
        password=make_password(None),  # none matches: demo people sign in with one click, in demo mode only
        takes_leads=one.role.value == "sales",
        is_demo=True,
        created_at=at,
    )
    user.units.set([units[key] for key in one.units])
    return user


def _definition(unit: BusinessUnit, users: dict[str, User], at: datetime) -> DefinitionVersion:
    """The first definition, drafted and signed for marketing by one and for sales by the other."""
    marketing, sales = users["mara@halden.example"].actor, users["henrik@halden.example"].actor
    rules = _rules(unit.key)
    version = draft_definition(unit, rules, examples=EXAMPLES, because="Where we begin.", by=marketing, at=at)
    propose_definition(version, by=marketing, at=at)
    sign_definition(version, "marketing", by=marketing, at=at)
    sign_definition(version, "sales", by=sales, at=at)
    put_in_force(version, by=sales, at=at)
    return version


def _rules(unit_key: str) -> dict[str, object]:
    demo = form_slug("demo", unit_key)
    asked: dict[str, object] = {"form": [demo], "within_days": 90}
    read_prices: dict[str, object] = {
        "count": {"kind": "page", "path": "/pricing"}, "at_least": 1, "within_days": PRICING_COUNTS.days,
    }  # fmt: skip
    return {
        "evidence": {
            "who": {"field": "person.business_email"},
            "company": {"field": "company.known"},
            "need": {"any": [asked, read_prices]},
            "consent": {"consent": [PURPOSE]},
        },
        "scores": {"fit": FIT, "interest": INTEREST},
    }


FIT: dict[str, object] = {
    "levels": {"A": 80, "B": 50, "C": 25, "D": 0},
    "points": [
        {"points": 25, "when": {"field": "company.employees", "at_least": 50}},
        {"points": 25, "when": {"field": "company.employees", "at_least": 250}},
        {"points": 25, "when": {"field": "person.job_title", "contains": ["head", "director", "manager", "lead"]}},
        {"points": 10, "when": {"field": "person.business_email"}},
    ],
}
"""Whether we are what they need, from A to D: the size of the company and what the person decides."""

INTEREST: dict[str, object] = {
    "levels": {"1": 60, "2": 40, "3": 20, "4": 0},
    "points": [
        {"points": 30, "each": {"kind": "form"}, "within_days": 90, "up_to": 60},
        {
            "points": 15, "each": {"kind": "page", "path": "/pricing"}, "within_days": 90, "half_life_days": 14,
            "up_to": 45,
        },
        {"points": -20, "when": {"field": "person.job_title", "contains": ["student", "intern"]}},
    ],
}  # fmt: skip
"""How interested somebody is, from 1 (talk today) to 4. Shown beside the verdict; it decides nothing yet."""

EXAMPLES = (
    Example(
        "Head of energy at a food maker who read the prices", True, "What we built this for",
        {"person.email": "known", "person.business_email": "known", "person.job_title": "Head of energy",
         "company.known": "A food maker", "company.employees": 400},
        {PURPOSE: True}, (), (Act("page", path="/pricing", days_ago=2),),
    ),
    Example(
        "Student with a free address who wants a paper", False, "Students write theses about us every spring",
        {"person.email": "known", "person.job_title": "Student"}, {PURPOSE: True}, (("white-paper", 1.0),),
    ),
    Example(
        "Someone who read the prices and agreed to nothing", False, "We may not call them",
        {"person.email": "known", "person.business_email": "known", "company.known": "A brewery"}, {}, (),
        (Act("page", path="/pricing", days_ago=1, times=3),),
    ),
)  # fmt: skip


def form_slug(slug: str, unit_key: str) -> str:
    """Slugs are unique over all units: the first unit has the plain ones."""
    return slug if unit_key == world.UNITS[0].key else f"{slug}-{unit_key}"


def _forms(units: dict[str, BusinessUnit], ids: Ids, at: datetime) -> dict[tuple[str, str], Form]:
    forms = {}
    for unit in world.UNITS:
        for slug, title, _, _ in world.FORMS:
            forms[unit.key, slug] = Form.objects.create(
                id=ids.at(at),
                unit=units[unit.key],
                slug=form_slug(slug, unit.key),
                title=title,
                introduction="We answer within half a working day." if slug == "demo" else "",
                fields=[field.as_json for field in _fields(unit, has_message=slug == "demo")],
                consent_text=CONSENT_TEXT,
                thanks_text="Thank you. A colleague who knows your field will write to you.",
                created_at=at,
            )
    return forms


def _fields(unit: world.Unit, *, has_message: bool) -> list[FormField]:
    fields = [
        EMAIL_FIELD,
        FormField("name", "Name", is_required=True),
        FormField("company", "Company", is_required=True),
        FormField("job_title", "What you do"),
        FormField("phone", "Phone", "tel"),
        FormField("country", "Country", "select", choices=tuple(dict.fromkeys(unit.countries))),
    ]
    heard = FormField(ANSWER_KEY, "How did you hear about us?", "select", choices=tuple(CATEGORIES.values()))
    return [*fields, FormField("message", "What is it about?", "textarea"), heard] if has_message else fields


def _campaign(
    plan: world.Plan, ground: Ground, ids: Ids, start: datetime, until: datetime, pace: Mapping[date, float] | None
) -> None:
    unit = ground.units[plan.unit]
    total = plan.once_minor or plan.monthly_minor * 12
    campaign = Campaign.objects.create(
        id=ids.at(start),
        unit=unit,
        name=plan.name,
        channel=plan.channel,
        currency=unit.currency,
        starts_on=start.date(),
        budget_minor=round(total * 1.1, -4),
        owner=ground.users["mara@halden.example"],
        created_at=start,
    )
    facts = [Fact("campaign_facts", str(campaign.pk), campaign_row(campaign), start)]
    activity = _activity(plan, campaign, ids, start)
    if activity:
        facts.append(Fact("activity_facts", str(activity.pk), activity_row(activity), start))
    for text in plan.codes:
        code = CampaignCode.objects.create(unit=unit, code=text, campaign=campaign, activity=activity)
        facts.append(Fact("campaign_code_facts", code_id(unit.pk, text), code_row(code), start))
        ground.campaigns[plan.unit, text] = campaign
    costs = _costs(plan, campaign, activity, ids, start, until)
    lines = _at_a_pace(costs, pace, ids, until) if pace else costs
    for cost in CostLine.objects.bulk_create(_with_claims(lines, plan)):
        facts.append(Fact("cost_facts", str(cost.pk), cost_row(cost, ExchangeRate.convert), cost.created_at))
    record_facts(facts)


def _activity(plan: world.Plan, campaign: Campaign, ids: Ids, start: datetime) -> Activity | None:
    if plan.activity is None:
        return None
    name, kind = plan.activity
    on = _months(start)[plan.once_month] if plan.once_minor else None
    return Activity.objects.create(id=ids.at(start), campaign=campaign, name=name, kind=kind, on=on)


def _costs(
    plan: world.Plan, campaign: Campaign, activity: Activity | None, ids: Ids, start: datetime, until: datetime
) -> list[CostLine]:
    """One actual line a month, or the one of the month in which the single cost fell; and what was planned."""
    lines = []
    for number, first in enumerate(_months(start)):
        begins = max(first, start.date())
        ends = min(_end_of_month(first), until.date() - timedelta(days=1))
        days = (ends - begins).days + 1
        amount = plan.monthly_minor * days // _end_of_month(first).day
        if number == plan.once_month:
            amount += plan.once_minor
        if amount == 0 or days < 1:
            continue
        drift = 1 + ((number * 7) % 5 - 2) / 20
        learned_at = min(until, _midnight(ends) + timedelta(days=2))
        for kind, sum_minor, known_at in (("planned", amount, start), ("actual", round(amount * drift), learned_at)):
            lines.append(
                CostLine(
                    id=ids.at(known_at),
                    unit=campaign.unit,
                    campaign=campaign,
                    activity=activity,
                    kind=kind,
                    category=plan.category,
                    amount_minor=sum_minor,
                    currency=campaign.currency,
                    starts_on=begins,
                    ends_on=ends,
                    created_at=known_at,
                )
            )
    return lines


def _with_claims(lines: list[CostLine], plan: world.Plan) -> list[CostLine]:
    """What the ad platform tells beside its cost: it claims more than the loop can find, as platforms do."""
    if platform := world.PLATFORMS.get(plan.channel):
        for line in lines:
            if line.kind == CostLine.Kind.ACTUAL:
                hundredths = 100 * line.amount_minor // platform.cost_of_a_claim_minor
                line.platform, line.claimed_micro = platform.name, hundredths * 10_000
                line.claimed_minor = hundredths * platform.worth_of_a_claim_minor // 100
    return lines


def _at_a_pace(lines: list[CostLine], pace: Mapping[date, float], ids: Ids, until: datetime) -> list[CostLine]:
    """The planned lines as they are; in place of the actual ones a line a week, together the same amount."""
    actual, planned = ([one for one in lines if (one.kind == "actual") == is_actual] for is_actual in (True, False))
    weeks = weeks_of(actual[0].starts_on, actual[-1].ends_on)
    weights = [pace[begins - timedelta(days=begins.weekday())] * ((ends - begins).days + 1) for begins, ends in weeks]
    amounts = deal_out(sum(one.amount_minor for one in actual), weights)
    like = actual[0]
    for (begins, ends), amount in zip(weeks, amounts, strict=True):
        known_at = min(until, _midnight(ends) + timedelta(days=2))
        planned.append(
            CostLine(
                id=ids.at(known_at), unit=like.unit, campaign=like.campaign, activity=like.activity, kind=like.kind,
                category=like.category, amount_minor=amount, currency=like.currency, starts_on=begins, ends_on=ends,
                created_at=known_at,
            )
        )  # fmt: skip
    return planned


def _it_costs(ground: Ground, ids: Ids, start: datetime, until: datetime) -> None:
    """What each unit pays a month for tools and computing: costs of the unit, of no campaign."""
    facts = []
    for unit_plan in world.UNITS:
        unit, amount = ground.units[unit_plan.key], world.IT_MONTHLY_MINOR[unit_plan.key]
        for first in _months(start):
            ends = _end_of_month(first)
            if first < start.date() or ends >= until.date():
                continue
            known_at = _midnight(ends)
            cost = CostLine.objects.create(
                id=ids.at(known_at), unit=unit, campaign=None, category=CostLine.Category.IT, amount_minor=amount,
                currency=unit.currency, starts_on=first, ends_on=ends, note="Tools and computing", created_at=known_at,
            )  # fmt: skip
            facts.append(Fact("cost_facts", str(cost.pk), cost_row(cost, ExchangeRate.convert), known_at))
    record_facts(facts)


def _bill_without_rate(ground: Ground, ids: Ids, until: datetime) -> None:
    """A bill in francs, for which nobody has entered a rate: reports tell of it until finance does."""
    at = until - timedelta(days=world.FRANC_BILL_DAYS)
    campaign = ground.campaigns["europe", "lyon_fair"]
    cost = CostLine.objects.create(
        id=ids.at(at), unit=campaign.unit, campaign=campaign, category=CostLine.Category.EVENTS,
        amount_minor=world.FRANC_BILL_MINOR, currency="CHF", starts_on=at.date(), ends_on=at.date(),
        note="Return freight by Geneva", created_at=at,
    )  # fmt: skip
    record_facts([Fact("cost_facts", str(cost.pk), cost_row(cost, ExchangeRate.convert), at)])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(tzinfo=UTC))


def _end_of_month(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
