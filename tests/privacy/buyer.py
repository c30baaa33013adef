"""A buyer who left traces everywhere, beside a colleague who shares a browser with her."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from loopline.access.actor import SYSTEM
from loopline.access.books import books_for
from loopline.campaigns.models import Submission
from loopline.collect.inbox import Inbox
from loopline.collect.loader import Loader
from loopline.collect.reactor_feed import ReactorFeed
from loopline.collect.request import Request
from loopline.collect.state import State
from loopline.facts.relay import Relay
from loopline.huddles.actions import Said, close_huddle, dispose_lead, open_huddle
from loopline.leads.actions import accept_lead, ask_for_help
from loopline.leads.models import Lead
from loopline.leads.reactor import react_once
from loopline.people.actions import (
    Details,
    edit_person,
    link_identity,
    merge_people,
    person_of,
    record_consent,
    set_custom,
)
from loopline.people.models import Person, ReactorRefusal
from loopline.pipeline.actions import convert_lead
from loopline.pipeline.closing import win_opportunity
from loopline.pipeline.interactions import Talk, log_interaction
from loopline.pipeline.models import Opportunity
from loopline.pipeline.tasks import NewTask, create_task
from loopline.privacy.steps import Tools
from loopline.reports.answer import answered
from loopline.store.current import in_use
from loopline.store.engine import Engine
from loopline.sync.models import ExternalId, ImportedRecord, ImportRun, WaitingEvents
from tests.make import make_form, make_person, make_unit
from tests.make_leads import make_definition, make_handed_over_lead

EMAIL, SECOND, USER, NAME = "ines.okafor@halden.example", "iokafor@private.example", "u-4711-okafor", "Ines Okafor"
PHONE, BROWSER, SHARED = "+4791234567", "1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d", "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
TRACES = (EMAIL, SECOND, USER, NAME, "Okafor", PHONE, BROWSER, "Head of Reindeer", "walrus pumps")
"""What may be found nowhere afterwards."""
TOM = "tom.berg@halden.example"
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)


class Installation:
    """Collector, records and event store of one data folder, without a server."""

    def __init__(self, data: Path, engine: Engine) -> None:
        self.data, self.engine, self.unit = data, engine, make_unit("Halden")
        self.inbox, self.state = Inbox(data), State(data)
        self.loader = Loader(self.inbox, engine, self.state)
        self.tools = Tools(data, engine, self.inbox, self.state)

    def close(self) -> None:
        self.inbox.close()
        self.state.close()

    def send(self, *events: dict[str, Any]) -> None:
        """As a server's batch, which the collector took."""
        body = json.dumps({"batch": list(events)}).encode()
        at_us = int(datetime.now(UTC).timestamp() * 1e6)
        self.inbox.append_now([Request(len(events), at_us, "site", str(self.unit.pk), "server", "batch", body)])

    def settle(self) -> None:
        """Everything that waits reaches records and event store."""
        self.loader.load_all()
        with in_use(self.engine):
            react_once(ReactorFeed(self.state))
        Relay(self.engine).relay_all()

    def report(self, as_of: datetime | None = None) -> dict[str, Any]:
        """The closed loop over all of time."""
        words = {"from": "2020-01-01", "to": "2030-01-01", "by": "channel"}
        words |= {"as_of": as_of.isoformat()} if as_of else {}
        return answered("closed-loop", words, self.engine, books_for(SYSTEM))

    def totals(self, as_of: datetime | None = None) -> dict[str, Any]:
        told = self.report(as_of)
        assert told["balance"]["holds"]
        return {key: told["totals"].get(key) for key in ("leads", "converted", "opportunities", "won", "revenue_minor",
                                                         "cost_minor")}  # fmt: skip


def event(kind: str, number: str, hours: float, **said: Any) -> dict[str, Any]:
    at = (START + timedelta(hours=hours)).isoformat()
    return {"type": kind, "messageId": f"{number}-4d1f0c9e8b7a6f5e", "timestamp": at, **said}


def page(number: str, hours: float, visitor: str, path: str) -> dict[str, Any]:
    context = {"page": {"url": f"https://halden.example{path}"}, "consent": 2}
    return event("page", number, hours, anonymousId=visitor, context=context)


def send_events(house: Installation) -> None:
    traits = {"email": EMAIL, "name": NAME, "phone": PHONE, "job_title": "Head of Reindeer", "company": "Halden"}
    house.send(
        page("p1", 1, BROWSER, "/walrus?utm_source=google&utm_medium=cpc"),
        event("identify", "i1", 2, anonymousId=BROWSER, userId=USER, traits=traits),
        page("s1", 3, SHARED, "/hers"),
        event("identify", "i2", 3.1, anonymousId=SHARED, userId=USER, traits=traits),
        page("s2", 60, SHARED, "/his"),
        event("identify", "i3", 60.1, anonymousId=SHARED, userId="tom", traits={"email": TOM, "name": "Tom Berg"}),
        event("track", "t1", 70, userId=USER, event="Opened", properties={"about": "walrus pumps"}),
        event("track", "t2", 71, userId="tom", event="Opened"),
        event("nonsense", "q1", 72, userId=USER),
    )
    house.settle()


def make_buyer(house: Installation) -> Person:
    """Through the real actions where there are some."""
    send_events(house)
    with in_use(house.engine):
        _work_with(house, person := person_of(f"email:{EMAIL}") or make_person())
    house.settle()
    return person


def _work_with(house: Installation, person: Person) -> None:
    unit = house.unit
    other = make_person(SECOND, unit=unit, name=NAME)
    merge_people(person, other, by=SYSTEM)
    make_definition(unit)
    set_custom(person, {"favourite": "walrus pumps"}, by=SYSTEM)
    record_consent(person, "email", is_granted=True, text="You may write", evidence="form", by=SYSTEM)
    lead, owner = make_handed_over_lead(unit)
    Lead.objects.filter(pk=lead.pk).update(
        person=person, message="Call me about walrus pumps", custom={"wish": "walrus pumps"}, origin=f"list of {NAME}"
    )
    lead.refresh_from_db()
    ask_for_help(lead, "Okafor does not pick up", by=owner.actor)
    huddle = open_huddle(unit, by=SYSTEM, at=datetime.now(UTC) + timedelta(seconds=1))
    entry = huddle.leads.get(lead=lead)
    dispose_lead(entry, Said("good", "Okafor wants walrus pumps", "as we thought of Okafor"), by=SYSTEM)
    close_huddle(huddle, by=SYSTEM)
    accept_lead(lead, by=owner.actor)
    deal = convert_lead(
        lead, name="Okafor: pumps", amount_minor=100_000, currency="EUR", expected_close_on=None, by=owner.actor
    )
    win_opportunity(deal, by=owner.actor)
    log_interaction(Talk(unit, person, "call", f"{NAME} likes walrus pumps"), by=owner.actor)
    create_task(NewTask(unit, f"Write to {NAME}", owner, person=person), by=owner.actor)
    _beside(house, person, lead, deal)


def _beside(house: Installation, person: Person, lead: Lead, deal: Opportunity) -> None:
    """What imports, forms and signals keep."""
    form, run = make_form(unit=house.unit), ImportRun.objects.create(unit=house.unit, file_name="a.csv", by_name="x")
    Submission.objects.create(form=form, person=person, visitor_id=BROWSER, data={"email": EMAIL, "name": NAME})
    Submission.objects.create(form=form, verdict="spam", data={"email": EMAIL.upper(), "name": NAME})
    before = {"name": ["", NAME]}
    ImportedRecord.objects.create(run=run, line=1, object_type="person", object_id=str(person.pk), is_created=False,
                                  before=before)  # fmt: skip
    for kind, found in (("person", person.pk), ("lead", lead.pk), ("opportunity", deal.pk)):
        ExternalId.objects.create(system="crm", external_id=f"{kind}-9", object_type=kind, object_id=str(found))
    waiting = {"batch": [{"type": "track", "userId": USER}, {"type": "track", "userId": "tom"}]}
    WaitingEvents.objects.create(run=run, events=2, body=json.dumps(waiting))
    ReactorRefusal.objects.create(reactor="records", seq=1, kind="identify", event_id="r1", reason="?",
                                  signal={"user_id": USER, "traits": {"name": NAME}})  # fmt: skip
    edit_person(person, Details(name=NAME, job_title="Head of Reindeer", phone=PHONE, country="NO"),
                company=person.company, by=SYSTEM)  # fmt: skip
    link_identity("user:tom", make_person(TOM), "manual", SYSTEM)
    folder = house.data / "imports" / "draft"
    folder.mkdir(parents=True)
    (folder / "0-a.csv").write_text(f"name,email\n{NAME},{EMAIL}\n")
    (folder / "1-b.csv").write_text("name,email\nTom,tom@x.example\n")
