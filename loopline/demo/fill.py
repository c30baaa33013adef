"""Fill an empty installation with the demo company.

Events go through a real inbox, the steps and the loader. Records are written in bulk, with the facts that the actions
would have recorded; `tests/demo` holds the two together. The audit log begins after the fill: nobody did these things.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

from django.db import transaction

from loopline.collect.addresses import forget_addresses
from loopline.collect.inbox import Inbox
from loopline.collect.keys import KeyKind, Keys, NewKey
from loopline.collect.loader import Loader
from loopline.collect.request import Request
from loopline.collect.settings import Settings
from loopline.collect.state import State
from loopline.demo import world
from loopline.demo.events import call_requests, fill_inbox, form_requests, visit_requests
from loopline.demo.experiments import hold_out, measure
from loopline.demo.ground import Ground, Ids, lay_ground
from loopline.demo.kept import keep_reports
from loopline.demo.leads import make_leads, write_leads
from loopline.demo.mails import TRACKED_FOR, mail_requests, make_links
from loopline.demo.meetings import hold_huddles
from loopline.demo.own_models import agree_on_a_model
from loopline.demo.people import make_people, share_browsers, write_people
from loopline.demo.places import write_places
from loopline.demo.proposal import fit_first_score, propose_change
from loopline.demo.routing import talk
from loopline.demo.sales import SalesBulk, make_sales, primary_campaigns, write_sales
from loopline.demo.simulate import Year, simulate
from loopline.demo.spending import paces
from loopline.facts.history import relay_history
from loopline.facts.outbox import record_facts
from loopline.leads.models import Lead
from loopline.store.current import in_use
from loopline.store.engine import Engine

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Filled:
    events: int
    leads: int
    won: int


def key_of(unit_key: str) -> str:
    """The browser key of a unit's demo site: a public name, not a secret."""
    return f"demo-{unit_key}"


def fill(
    engine: Engine, folder: Path, until: datetime, *, seed: int = 7, scale: float = 1.0, progress: Progress = print
) -> Filled:
    """Write the demo company's year up to `until` into empty records, an empty inbox and an empty event store."""
    progress("Simulating a year of visits, leads and sales")
    year = simulate(until, seed=seed, scale=scale)
    progress("Writing people, leads and opportunities")
    with transaction.atomic():
        records = _records(year, folder, Ids(seed))
    progress("Writing their facts")
    relay_history(engine)
    progress("Collecting the visits")
    events = fill_inbox(folder, records.requests)
    progress(f"Loading {events:,} events through the collector's steps")
    _load(engine, folder, write_places(folder, round(until.timestamp())))
    progress("Holding the huddles")
    with in_use(engine), transaction.atomic():
        hold_huddles(records.ground, records.leads, until)
        propose_change(records.ground, until)
        fit_first_score(records.ground, until)
        talk(records.leads, records.ground.users, until)
        measure()
        keep_reports(records.ground, engine, until)
    won = sum(one.outcome == "won" for one in records.sales.opportunities)
    return Filled(events, len(year.buyers), won)


@dataclass(frozen=True, slots=True)
class _Records:
    ground: Ground
    leads: list[Lead]
    sales: SalesBulk
    requests: list[Request]


def _records(year: Year, folder: Path, ids: Ids) -> _Records:
    ground = lay_ground(year.until, ids, paces(year))
    people = make_people(year.buyers, ground, ids)
    leads = make_leads(year.buyers, people.people, ground, ids, year.until)
    sales = make_sales(year.buyers, leads.leads, primary_campaigns(year, ground.campaigns), ids)
    write_people(people)
    write_leads(leads)
    write_sales(sales)
    agree_on_a_model(year.until)
    record_facts(chain(people.facts, leads.facts, leads.clocks.facts, sales.facts))
    share_browsers(year.buyers, people)
    tracked_from = year.until - TRACKED_FOR
    links = make_links(ground, ids, tracked_from)
    unit_ids = {key: str(unit.pk) for key, unit in ground.units.items()}
    requests = chain(
        visit_requests(year.visits, _keys(folder, unit_ids), unit_ids),
        form_requests(people.submissions),
        call_requests(sales.calls),
        mail_requests(year.visits, links, tracked_from),
    )
    record_facts(hold_out(year, ground, ids))
    return _Records(ground, list(leads.leads.values()), sales, list(requests))


def _keys(folder: Path, unit_ids: dict[str, str]) -> dict[str, str]:
    """A browser key for each unit, known by its fixed value and in use: the site is connected; → its id."""
    keys = Keys(folder)
    try:
        made = {
            unit.key: keys.create(
                NewKey(f"Site of {unit.name}", KeyKind.BROWSER, unit_ids[unit.key], allow_automation=True),
                plain=key_of(unit.key),
            )[0]
            for unit in world.UNITS
        }
        for unit in world.UNITS:
            keys.lookup(key_of(unit.key))
        return made
    finally:
        keys.close()


def _load(engine: Engine, folder: Path, places: Path) -> None:
    inbox, state = Inbox(folder), State(folder)
    settings = Settings(own_hosts=frozenset({world.SITE_HOST}), places=(str(places),))
    try:
        Loader(inbox, engine, state, settings=lambda: settings, is_history=True).load_all()
        forget_addresses(inbox, state.position(), settings)
    finally:
        inbox.close()
        state.close()
