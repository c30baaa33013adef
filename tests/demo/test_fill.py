"""The demo company: the same each time, and the same as if every action had been taken one by one."""

import random
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from loopline.access.actor import SYSTEM
from loopline.access.books import books_for
from loopline.campaigns.forms import Sent
from loopline.campaigns.models import Campaign
from loopline.cli.commands.demo import end_of_year
from loopline.collect.inbox import Inbox
from loopline.collect.keys import Keys
from loopline.collect.loader import Loader
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.demo import world
from loopline.demo.events import fill_inbox, visit_requests
from loopline.demo.fill import _keys, fill
from loopline.demo.ground import Ground, Ids, lay_ground
from loopline.demo.leads import FOR_EVER
from loopline.demo.names import SUFFIX
from loopline.demo.people import shared_browsers
from loopline.demo.sales import primary_campaigns
from loopline.demo.simulate import Buyer, simulate
from loopline.facts.history import relay_history
from loopline.leads.actions import accept_lead, disqualify_lead, recycle_lead, reject_lead
from loopline.leads.capture import capture_submission
from loopline.leads.models import Lead
from loopline.people.actions import fill_in_company, link_identity
from loopline.people.models import Company, Person
from loopline.pipeline.actions import convert_lead, move_stage
from loopline.pipeline.closing import lose_opportunity, refund_opportunity, win_opportunity
from loopline.pipeline.interactions import Talk, log_interaction
from loopline.reports.dimension import NOTHING
from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.current import use_engine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine

UNTIL = datetime(2026, 11, 21, tzinfo=UTC)
SCALE = 0.01
TABLES = ("lead_facts", "opportunity_facts", "opportunity_contact_facts", "identity_facts", "person_facts",
          "company_facts", "consent_facts", "clock_facts")  # fmt: skip
MADE_UP = {"id", "version", "recorded_at", "definition_id", "company_id", "person_id", "lead_id", "opportunity_id",
           "owner_id", "unit_id", "canonical_id", "primary_campaign_id"}  # fmt: skip
"""Columns that hold ids and numbers given in the order of writing."""


def new_store(folder: Path) -> DuckDBEngine:
    engine = DuckDBEngine(folder / "events.duckdb")
    engine.migrate()
    return engine


def said(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """What the facts say, ids left out, as sorted rows. Of versions learned at once only the last is seen."""
    content = {}
    for table in TABLES:
        last = "row_number() OVER (PARTITION BY id, recorded_at ORDER BY version DESC) = 1"
        # What nobody stopped is written down by the watch over clocks, which no action is.
        done = "WHERE stopped_at IS NOT NULL" if table == "clock_facts" else ""
        rows = engine.rows(f"SELECT * FROM {table} {done} QUALIFY {last}")
        content[table] = sorted(
            tuple(str(value) for name, value in sorted(row.items()) if name not in MADE_UP) for row in rows
        )
    return content


def histories(engine: Engine) -> list[list[tuple[object, object, object]]]:
    """Each lead's states in the order of their versions."""
    by_lead = defaultdict(list)
    for row in engine.rows("SELECT id, state, reason, occurred_at FROM lead_facts ORDER BY version"):
        by_lead[row["id"]].append((row["state"], row["reason"], row["occurred_at"]))
    return sorted(by_lead.values(), key=str)


def records() -> dict[str, list[tuple[object, ...]]]:
    leads = Lead.objects.values_list(
        "person__email", "state", "origin", "message", "owner__email", "assigned_because", "due_at", "evidence"
    )
    people = Person.objects.values_list("email", "name", "job_title", "country", "company__domain", "unit__key")
    return {"leads": sorted(map(tuple, leads), key=str), "people": sorted(map(tuple, people), key=str)}


def test_the_same_seed_gives_the_same_year() -> None:
    assert simulate(UNTIL, scale=SCALE) == simulate(UNTIL, scale=SCALE)
    assert simulate(UNTIL, scale=SCALE) != simulate(UNTIL, scale=SCALE, seed=8)


def test_a_buyer_a_company_and_their_unit_are_of_one_country() -> None:
    homes: dict[str, set[str]] = defaultdict(set)
    for buyer in simulate(UNTIL, scale=0.1).buyers:
        assert buyer.country in buyer.unit.countries
        homes[buyer.company.name].add(buyer.country)
    assert {len(countries) for countries in homes.values()} == {1}


def test_leads_come_evenly_over_the_year() -> None:
    """No month has a spike: a story about the last week would be one about how the year was simulated."""
    year = simulate(UNTIL, scale=0.3)
    by_month = Counter((UNTIL - buyer.asked_at).days * 12 // 365 for buyer in year.buyers)
    months = [by_month[ago] for ago in range(12)]
    assert min(months) > 0.6 * sum(months) / 12
    assert max(months) < 1.4 * sum(months) / 12
    last_week = sum(1 for buyer in year.buyers if (UNTIL - buyer.asked_at).days < 7)
    assert last_week < 1.5 * len(year.buyers) / 52


@pytest.mark.parametrize("until", [UNTIL, datetime(2026, 11, 22, 7, tzinfo=UTC)], ids=["midnight", "Sunday morning"])
def test_the_company_is_alive_up_to_the_last_hour(until: datetime) -> None:
    """Somebody asked in the last hours, and some of what was won this week was looked at in the week before."""
    year = simulate(until, scale=0.3)
    visits = defaultdict(list)
    for visit in year.visits:
        visits[visit.visitor].append(visit.at)
    assert max(visit.left_at for visit in year.visits) < until
    assert sum(until - visit.at < timedelta(hours=1) for visit in year.visits) > 2
    assert any(until - buyer.asked_at < timedelta(hours=8) for buyer in year.buyers)
    won = [(one.visitor, one.sale.closed_at) for one in year.buyers if one.sale and one.sale.outcome == "won"]
    seen = [
        at for visitor, at in won if at and any(timedelta() < at - seen < timedelta(days=7) for seen in visits[visitor])
    ]
    assert 0.3 < len(seen) / len(won) < 0.7
    assert any(until - at < timedelta(days=7) for at in seen)


def test_a_given_day_is_the_last_and_today_ends_with_the_last_quarter_of_an_hour() -> None:
    now = datetime(2026, 11, 22, 14, 31, tzinfo=UTC)
    assert end_of_year(None, now) == now.replace(minute=30)
    assert end_of_year(date(2026, 11, 20), now) == UNTIL
    assert end_of_year(now.date(), now) == now.replace(minute=30)


def test_deals_are_about_different_products() -> None:
    products = Counter(buyer.sale.product for buyer in simulate(UNTIL, scale=0.1).buyers if buyer.sale)
    assert set(products) == set(world.PRODUCTS)
    assert max(products.values()) < sum(products.values()) / 2


@pytest.mark.django_db(transaction=True)
def test_campaigns_earned_most_of_the_revenue(tmp_path: Path) -> None:
    """What no campaign brought (direct visits, search, sales talks) is a good part, not the most."""
    engine = new_store(tmp_path)
    fill(engine, tmp_path, UNTIL, scale=0.06, progress=lambda _text: None)
    for model in ("linear", "first_touch"):
        asked = Options(first=UNTIL.date() - timedelta(days=365), last=UNTIL.date(), by="campaign", model=model)
        result = run_report("closed-loop", asked, engine, books_for(SYSTEM))
        revenue = {row.key: row.values["revenue_minor"] or 0 for row in result.rows}
        assert 0.15 < revenue[NOTHING] / sum(revenue.values()) < 0.4, "of a few of the sales, so chance has its part"
    noted = run_report("closed-loop", replace(asked, model="primary_campaign"), engine, books_for(SYSTEM)).dealt
    assert noted.credited_minor > noted.unattributed_minor, "sales noted what brought most of them"


@pytest.mark.django_db(transaction=True)
def test_two_fills_say_the_same_and_what_the_actions_leave(tmp_path: Path) -> None:
    first, second = new_store(tmp_path / "first"), new_store(tmp_path / "second")
    fill(first, tmp_path / "first", UNTIL, scale=SCALE, progress=lambda _text: None)
    bulk_records = records()
    call_command("flush", interactive=False, verbosity=0)
    fill(second, tmp_path / "second", UNTIL, scale=SCALE, progress=lambda _text: None)
    say_the_same(first, second)
    call_command("flush", interactive=False, verbosity=0)

    one_by_one = new_store(tmp_path / "actions")
    use_engine(one_by_one)
    try:
        take_every_action(one_by_one, tmp_path / "actions")
    finally:
        use_engine(None)

    assert records()["people"] == bulk_records["people"]
    for by_action, in_one_go in zip(records()["leads"], bulk_records["leads"], strict=True):
        assert by_action == in_one_go, f"{by_action}\n{in_one_go}"
    assert histories(one_by_one) == histories(first)
    by_actions, by_bulk = said(one_by_one), said(first)
    for table in TABLES:
        assert by_actions[table] == by_bulk[table], table


def say_the_same(first: Engine, second: Engine) -> None:
    question = (
        "SELECT event_id, occurred_at, recorded_at, identity, channel, utm_campaign, touch_kind, session_id, unit_id,"
        " country, region, network_company"
        " FROM events ORDER BY event_id"
    )
    assert first.query(question).num_rows > 1_000
    assert first.query(question).equals(second.query(question))
    costs = "SELECT id, amount_minor, reporting_minor, recorded_at FROM cost_facts ORDER BY id"
    assert first.query(costs).equals(second.query(costs))
    assert said(first) == said(second)


def take_every_action(engine: Engine, folder: Path) -> None:
    """The same year, each deed through its action at its time."""
    year = simulate(UNTIL, scale=SCALE)
    ground = lay_ground(UNTIL, Ids(7))
    units = {key: str(unit.pk) for key, unit in ground.units.items()}
    fill_inbox(folder, visit_requests(year.visits, dict.fromkeys(units, "key"), units))
    inbox, state = Inbox(folder), State(folder)
    own = Settings(own_hosts=frozenset({world.SITE_HOST}))
    Loader(inbox, engine, state, settings=lambda: own, is_history=True).load_all()
    relay_history(engine)
    for buyer in year.buyers:
        ask(buyer, ground)
    for first, buyer in shared_browsers(year.buyers):
        person = Person.objects.get(email=buyer.email)
        link_identity(f"visitor:{first.visitor}", person, "identify", SYSTEM, buyer.asked_at)
    campaigns = primary_campaigns(year, ground.campaigns)
    for buyer in year.buyers:
        work(buyer, ground, campaigns.get(buyer.number))
    relay_history(engine)
    inbox.close()
    state.close()


def ask(buyer: Buyer, ground: Ground) -> None:
    """The form is sent. What the form does not ask for is known to the simulation and filled in beside it."""
    company = f"{buyer.company.name} {SUFFIX[buyer.country]}"
    typed = {"email": buyer.email, "name": buyer.name, "company": company, "job_title": buyer.job_title,
             "phone": buyer.phone, "country": buyer.country, "message": buyer.message}  # fmt: skip
    form = ground.forms[buyer.unit.key, buyer.form]
    sent = Sent(
        is_consent_given=True,
        visitor_id=buyer.visitor,
        session_id=buyer.session,
        page_url=f"https://{world.SITE_HOST}{buyer.page}",
        event_id=f"reported-{buyer.number}",
    )
    captured = capture_submission(form, typed, sent=sent, at=buyer.asked_at)
    assert captured.lead is not None
    known = {"industry": buyer.company.industry, "employees": buyer.company.employees, "country": buyer.country}
    fill_in_company(captured.lead.person.company, known, by=SYSTEM, at=buyer.asked_at)


def work(buyer: Buyer, ground: Ground, campaign: Campaign | None) -> None:
    lead = Lead.objects.select_related("owner").get(person__email=buyer.email)
    if lead.owner is None:
        return
    owner, manager = lead.owner.actor, ground.users["henrik@halden.example"].actor
    if buyer.rejected_at:
        reject_lead(lead, buyer.reason, by=owner, at=buyer.rejected_at)
    if buyer.settled_at:
        end = disqualify_lead if buyer.reason in FOR_EVER else recycle_lead
        end(lead, buyer.reason, by=ground.users["mara@halden.example"].actor, at=buyer.settled_at)
    if buyer.accepted_at:
        accept_lead(lead, by=owner, at=buyer.accepted_at)
    for at, was_answered in buyer.calls:
        log_interaction(Talk(lead.unit, lead.person, "call", was_answered=was_answered, happened_at=at), by=owner)
    if buyer.recycled_at:
        recycle_lead(lead, buyer.reason, by=owner, at=buyer.recycled_at)
    sale = buyer.sale
    if sale is None or buyer.converted_at is None:
        return
    company = Company.objects.get(people__email=buyer.email)
    opportunity = convert_lead(
        lead,
        name=f"{company.name} · {sale.product}",
        amount_minor=sale.amount_minor,
        currency=lead.unit.currency,
        expected_close_on=(buyer.converted_at + timedelta(days=60)).date(),
        primary_campaign=campaign,
        by=owner,
        at=buyer.converted_at,
    )
    for stage, at in sale.steps[1:]:
        move_stage(opportunity, stage, by=owner, at=at)
    if sale.closed_at and sale.outcome == "won":
        win_opportunity(opportunity, by=owner, at=sale.closed_at)
    elif sale.closed_at:
        lose_opportunity(opportunity, sale.loss_reason, by=owner, at=sale.closed_at)
    if sale.refunded_at:
        day = sale.refunded_at.date()
        refund_opportunity(opportunity, sale.refund_minor, on=day, reason="", by=manager, at=sale.refunded_at)


def test_dice_are_seeded_not_shared() -> None:
    """The simulation must not depend on who else draws random numbers."""
    random.seed(1)
    first = simulate(UNTIL, scale=SCALE)
    random.seed(2)
    assert simulate(UNTIL, scale=SCALE) == first


def test_the_site_of_the_demo_is_connected(tmp_path: Path) -> None:
    _keys(tmp_path, {unit.key: f"id-of-{unit.key}" for unit in world.UNITS})
    keys = Keys(tmp_path)
    assert [one.name for one in keys.list() if one.last_used_at is None] == []
    assert len(keys.list()) == len(world.UNITS)
    keys.close()
