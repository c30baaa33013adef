"""Each promise about who is who, through the real entry: HTTP into the collector, the reactor, the relay, the pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from loopline.access.models import BusinessUnit
from loopline.access.roles import Role
from loopline.attribution.state import KNOWN_IDENTITIES, question, theirs
from loopline.collect.keys import KeyKind, NewKey
from loopline.facts.relay import Relay
from loopline.leads.reactor import react_once
from loopline.people.actions import person_of
from loopline.people.models import Company, Merge, Person, ReactorRefusal
from loopline.people.stitch import HUB_ABOVE
from loopline.store.current import use_engine
from tests.collect.station import CHROME, Station, serving
from tests.make import make_unit, signed_in_as

pytestmark = pytest.mark.django_db

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
INES, TOM = "ines@halden.no", "tom@halden.no"
Event = dict[str, Any]


class World:
    """A collector whose events reach the records and whose facts reach the event store."""

    def __init__(self, station: Station, unit: BusinessUnit) -> None:
        self.station, self.unit = station, unit
        station.keys.create(NewKey("people", KeyKind.SERVER, str(unit.pk)), plain="people-key")
        self._ids = count(1)

    def event(self, kind: str, minute: float, visitor: str = "v1", **said: Any) -> Event:
        at = (START + timedelta(minutes=minute)).isoformat()
        page = {"url": f"https://halden.no/{minute:g}"}
        context = {"userAgent": CHROME, "page": page}
        number = next(self._ids)
        return {"type": kind, "messageId": f"m{number}", "anonymousId": visitor, "timestamp": at, "context": context,
                "properties": page, **said}  # fmt: skip

    def page(self, minute: float, visitor: str = "v1", **said: Any) -> Event:
        return self.event("page", minute, visitor, **said)

    def identify(self, minute: float, email: str = "", visitor: str = "v1", **said: Any) -> Event:
        return self.event("identify", minute, visitor, traits={"email": email} if email else {}, **said)

    def happens(self, *events: Event) -> None:
        self.station.send(*events, key="people-key")
        self.station.loader.load_all()
        while react_once(self.station.feed):
            pass
        assert not ReactorRefusal.objects.exists()
        self.told()

    def told(self) -> None:
        Relay(self.station.engine).relay_all()

    def whose(self) -> dict[str, str]:
        """Each page view by its minute, and the address of its person as every report joins it."""
        sql = question(
            f"""SELECT e.url_path AS path, k.person_id AS person_id
            FROM events AS e LEFT JOIN known_identities AS k ON {theirs("e", "k")}
            WHERE e.kind = 'page' ORDER BY e.occurred_at""",
            KNOWN_IDENTITIES,
        )
        rows = self.station.engine.rows(sql, {"as_of": self.station.engine.horizon()})
        names = {str(one.pk): str(one.email) for one in Person.objects.all()}
        return {str(row["path"])[1:]: names.get(str(row["person_id"] or ""), "") for row in rows}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    station = Station(tmp_path)
    with serving(station.collector) as station.url:
        use_engine(station.engine)
        yield World(station, make_unit("Nordics"))
        use_engine(None)
    station.close()


@pytest.fixture
def client(world: World) -> Client:
    return signed_in_as(Role.MARKETING, world.unit)


def test_visits_before_a_person_was_known_are_theirs(world: World) -> None:
    world.happens(world.page(0), world.page(4000), world.identify(4010, INES), world.page(9000))
    assert world.whose() == {"0": INES, "4000": INES, "9000": INES}


def two_on_one_browser(world: World) -> list[Event]:
    """Long before; Ines; between; Tom; an event named Signed Out; afterwards."""
    return [
        world.page(0), world.page(4000), world.identify(4010, INES), world.page(4020), world.page(6000),
        world.page(8000), world.identify(8010, TOM), world.page(9000),
        world.event("track", 9500, event="Signed Out"), world.page(9999),
    ]  # fmt: skip


TOLD_APART = {"0": "", "4000": INES, "4020": INES, "6000": "", "8000": TOM, "9000": TOM, "9999": ""}


def test_two_on_one_device_stay_two_and_what_cannot_be_told_stays_anonymous(world: World) -> None:
    world.happens(*two_on_one_browser(world))
    assert world.whose() == TOLD_APART
    assert Person.objects.remaining().count() == 2


def test_events_that_arrive_late_and_twice_tell_the_same(world: World) -> None:
    events = two_on_one_browser(world)
    world.happens(*events[5:])
    world.happens(*events[3:5], *events[6:7])
    world.happens(*events[:3][::-1])
    world.happens(*events)
    assert world.whose() == TOLD_APART


def test_a_new_visitor_id_after_a_logout_keeps_two_apart(world: World) -> None:
    world.happens(
        world.page(0), world.identify(1, INES), world.page(100, "v2"), world.identify(101, TOM, "v2"), world.page(999)
    )
    assert world.whose() == {"0": INES, "100": TOM, "999": INES}


def test_a_user_id_that_names_two_merges_nobody(world: World) -> None:
    world.happens(world.identify(0, INES, userId="42"), world.identify(5000, TOM, "v2", userId="42"))
    assert {one.email for one in Person.objects.remaining()} == {INES, TOM}
    assert person_of("user:42") is None


@pytest.mark.parametrize("address", ["info@halden.no", "test@example.com", "null"])
def test_role_addresses_and_values_for_nobody_join_nobody(world: World, address: str) -> None:
    world.happens(
        world.identify(0, address, userId="null"), world.page(10), world.identify(20, INES), world.page(30),
        world.identify(40, address, "v2", userId="null"), world.page(50, "v2"),
    )  # fmt: skip
    assert world.whose() == {"10": INES, "30": INES, "50": ""}
    assert person_of("user:null") is None


def test_free_mail_makes_no_company_and_joins_nobody(world: World) -> None:
    world.happens(world.identify(0, "ines@gmail.com"), world.identify(0, "tom@gmail.com", "v2"))
    assert Person.objects.remaining().count() == 2
    assert not Company.objects.exists()


def test_a_hub_links_nobody_and_is_shown(world: World, client: Client) -> None:
    people = [f"buyer{number}@halden.no" for number in range(HUB_ABOVE + 1)]
    world.happens(*(world.identify(100 * number, one, userId="all") for number, one in enumerate(people)))
    world.happens(world.page(5000))
    assert world.whose() == {"5000": ""}
    assert person_of("user:all") is None
    shown = client.get("/people/identities/").content.decode()
    assert "all" in shown
    assert "v1" in shown


def test_links_say_why_and_a_suggestion_stays_one(world: World, client: Client) -> None:
    world.happens(world.identify(0, INES), world.identify(5000, TOM))
    ines = Person.objects.get(email=INES)
    shown = client.get(f"/people/{ines.pk}/").content.decode()
    assert "The site named it" in shown
    assert "it was used by more than one person" in shown
    assert "both used one browser" in shown
    assert "Between two people" in shown
    assert Person.objects.remaining().count() == 2


def test_merging_and_undoing_it_are_one_click_and_history_follows(world: World, client: Client) -> None:
    world.happens(*two_on_one_browser(world))
    ines, tom = Person.objects.get(email=INES), Person.objects.get(email=TOM)
    client.post(f"/people/{ines.pk}/merge/", {"with": str(tom.pk)})
    world.told()
    assert set(world.whose().values()) == {INES}
    client.post(f"/people/merges/{Merge.objects.get().pk}/undo/")
    world.told()
    assert world.whose() == TOLD_APART


def test_companies_by_domain_and_by_group_call(world: World) -> None:
    world.happens(
        world.identify(0, INES, userId="1"),
        world.event("group", 1, userId="1", groupId="g-17", traits={"name": "Halden Foods"}),
        world.identify(2, "una@gmail.com", "v2", userId="2"),
        world.event("group", 3, "v2", userId="2", groupId="g-17", traits={}),
    )
    [company] = Company.objects.all()
    assert (company.name, company.domain) == ("Halden Foods", "halden.no")
    assert company.people.count() == 2
