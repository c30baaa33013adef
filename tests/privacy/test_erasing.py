"""A person is erased everywhere: nothing names them, nothing brings them back, and every total stays as it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.apps import apps
from django.db import connection

from loopline.access.actor import SYSTEM
from loopline.access.audit import first_broken_entry
from loopline.access.models import AuditEntry
from loopline.campaigns.models import Submission
from loopline.collect.archive import restore, tidy
from loopline.collect.balance import read_balance
from loopline.huddles.models import Huddle
from loopline.leads.models import Lead
from loopline.people.browser_uses import stretches_on
from loopline.people.models import IdentityLink, Person
from loopline.pipeline.models import Interaction, Opportunity
from loopline.privacy import steps
from loopline.privacy.asking import ask_erasure
from loopline.privacy.models import Erasure
from loopline.store.current import in_use
from loopline.store.engine import Engine
from loopline.store.library import TABLES
from loopline.sync.models import ExternalId, WaitingEvents
from tests.engines import empty_duckdb
from tests.privacy.buyer import BROWSER, EMAIL, NAME, SHARED, TOM, TRACES, USER, Installation, event, make_buyer
from tests.store.rows import written

pytestmark = pytest.mark.django_db
ON_ONE = pytest.mark.parametrize("engine_kind", ["duckdb"])
"""The store's part is the same on both engines, as the first test shows."""


@pytest.fixture
def house(engine: Engine, tmp_path: Path) -> Iterator[Installation]:
    one = Installation(tmp_path / "data", engine)
    yield one
    one.close()


def erase(house: Installation, person: Person) -> Erasure:
    erasure = ask_erasure(person, house.data, by=SYSTEM)
    with in_use(house.engine):
        steps.finish(erasure, house.tools)
    return erasure


def texts_in_records() -> str:
    """Everything that the records say."""
    rows = []
    for model in apps.get_models(include_auto_created=True):
        rows += [f"{model._meta.label} {row}" for row in model._default_manager.values()]
    return "\n".join(rows)


def texts_in_store(engine: Engine) -> str:
    return "\n".join(f"{key} {row}" for key in TABLES for row in engine.rows(f"SELECT {written(key)} FROM {key}"))


def named_in(text: str) -> list[str]:
    return [line[:300] for line in text.splitlines() if any(one.lower() in line.lower() for one in TRACES)]


def test_nothing_names_the_person_and_every_total_stays(house: Installation) -> None:
    person = make_buyer(house)
    before, moment = house.totals(), house.engine.horizon()
    assert (before["won"], before["revenue_minor"]) == (1, 100_000)
    states = list(Lead.objects.values_list("pk", "state"))
    facts = house.engine.rows("SELECT id, version, state, recorded_at FROM lead_facts ORDER BY id, version")
    assert named_in(texts_in_records())
    assert named_in(texts_in_store(house.engine))
    erasure = erase(house, person)
    house.settle()
    assert named_in(texts_in_records()) == []
    assert named_in(texts_in_store(house.engine)) == []
    assert house.totals() == before
    assert house.totals(moment) == before, "as of a moment before, too"
    assert list(Lead.objects.values_list("pk", "state")) == states
    now = house.engine.rows("SELECT id, version, state, recorded_at FROM lead_facts ORDER BY id, version")
    assert now == facts
    told = house.report()["balance"]
    assert (told["unattributed_minor"], told["credited_minor"]) == (100_000, 0)
    erasure.refresh_from_db()
    assert erasure.finished_at is not None
    assert erasure.traces == {}
    assert first_broken_entry() is None
    books = read_balance(house.state, house.inbox).total
    stored = house.engine.rows("SELECT count(*) AS n FROM events")[0]["n"]
    assert (books.stored, books.difference) == (stored, 0)
    assert books.reasons["erased"] == erasure.counts["events"] > 0
    assert not IdentityLink.objects.filter(identity=f"visitor:{BROWSER}").exists()
    _others_are_as_they_were(house)


def _others_are_as_they_were(house: Installation) -> None:
    paths = house.engine.rows("SELECT url_path FROM events WHERE visitor_id = $v", {"v": SHARED})
    assert [row["url_path"] for row in paths if row["url_path"]] == ["/his"]
    [uses] = stretches_on([f"visitor:{SHARED}"]).values()
    assert {one.use.person and one.use.person.email for one in uses} == {None, TOM}, "not all of it became his"
    assert WaitingEvents.objects.get().events == 1
    assert list(ExternalId.objects.values_list("object_type", flat=True)) == ["opportunity"]
    assert Opportunity.objects.get().name == "[erased]: pumps"
    assert Submission.objects.count() == 2
    assert Interaction.objects.get().reported_at is not None
    assert "[erased]" in Huddle.objects.get().minutes
    assert not (house.data / "imports" / "draft" / "0-a.csv").exists()
    assert (house.data / "imports" / "draft" / "1-b.csv").exists()
    assert AuditEntry.objects.filter(verb="finished_erasure").count() == 1


@ON_ONE
def test_who_comes_back_is_a_new_person(house: Installation) -> None:
    person = make_buyer(house)
    erase(house, person)
    house.send(event("identify", "new", 100, userId=USER, traits={"email": EMAIL, "name": NAME}))
    house.settle()
    again = Person.objects.get(email=EMAIL)
    assert again.pk != person.pk
    assert IdentityLink.objects.get(identity=f"email:{EMAIL}").person_id == again.pk
    assert not again.leads.exists()


@ON_ONE
def test_signals_that_waited_bring_nobody_back(house: Installation) -> None:
    person = make_buyer(house)
    house.send(event("identify", "late", 100, userId=USER, traits={"email": EMAIL, "name": NAME}))
    house.loader.load_all()  # and the reactor has not heard of it
    erase(house, person)
    house.settle()
    assert not Person.objects.filter(email=EMAIL).exists()


@ON_ONE
def test_it_waits_for_events_that_had_arrived_and_ends_an_open_lead(house: Installation) -> None:
    person = make_buyer(house)
    lead = Lead.objects.create(unit=house.unit, person=person, state="accepted", message="x")
    house.send(event("track", "late", 100, userId=USER, event="Opened"))
    erasure = ask_erasure(person, house.data, by=SYSTEM)
    with pytest.raises(steps.NotYetError, match="still being loaded"):
        steps.finish(erasure, house.tools)
    assert Person.objects.get(pk=person.pk).email == EMAIL
    with in_use(house.engine):
        assert steps.finish_all(house.data, house.engine) == 0
        house.settle()
        assert steps.finish_all(house.data, house.engine) == 1
    lead.refresh_from_db()
    assert (lead.state, lead.message, lead.clocks.running().count()) == ("disqualified", "", 0)


class Killed(BaseException):
    """Stands for a process that ends between two statements."""


PLACES = ("find_events", "erase_from_store", "erase_from_log", "erase_from_archive", "erase_from_state",
          "remove_uploads", "note_finished", "wipe_records")  # fmt: skip


@ON_ONE
def test_killed_between_any_two_steps_it_ends_the_same(house: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    person = make_buyer(house)
    tidy(house.inbox, house.state, datetime.now(UTC) + timedelta(days=2))
    before = house.totals()
    erasure = ask_erasure(person, house.data, by=SYSTEM)
    kills = _kill_before_and_after(monkeypatch)
    deaths = 0
    with in_use(house.engine):
        while erasure.finished_at is None:
            try:
                steps.finish(erasure, house.tools)
            except Killed:
                deaths += 1
            erasure.refresh_from_db()
    assert (deaths, kills) == (2 * len(PLACES), set())
    house.settle()
    assert named_in(texts_in_records() + texts_in_store(house.engine)) == []
    assert house.totals() == before
    books = read_balance(house.state, house.inbox).total
    stored = house.engine.rows("SELECT count(*) AS n FROM events")[0]["n"]
    assert (books.stored, books.difference, books.reasons["erased"]) == (stored, 0, erasure.counts["events"])


def _kill_before_and_after(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """Each part of each step ends once before it begins and once after it is done."""
    left = {(name, when) for name in PLACES for when in ("before", "after")}

    def deadly(name: str, work: Any) -> Any:
        def done(*given: Any, **named: Any) -> Any:
            if (name, "before") in left:
                left.discard((name, "before"))
                raise Killed
            answer = work(*given, **named)
            if (name, "after") in left:
                left.discard((name, "after"))
                raise Killed
            return answer

        return done

    for name in PLACES:
        monkeypatch.setattr(steps, name, deadly(name, getattr(steps, name)))
    return left


@ON_ONE
@pytest.mark.django_db(transaction=True)
def test_no_byte_is_left_and_building_anew_brings_nobody_back(house: Installation, tmp_path: Path) -> None:
    person = make_buyer(house)
    tidy(house.inbox, house.state, datetime.now(UTC) + timedelta(days=2))
    records = Path(str(connection.settings_dict["NAME"]))

    def files() -> list[Path]:
        store = tmp_path.glob("events.duckdb*")
        return [*house.data.rglob("*"), *store, *records.parent.glob(f"{records.name}*")]

    assert _holding(files())
    erase(house, person)
    assert _holding(files()) == []
    house.engine.close()
    assert _holding(files()) == []
    anew = Installation(tmp_path / "anew", empty_duckdb(tmp_path / "anew.duckdb"))
    try:
        (anew.data / "archive").mkdir()
        for day in (house.data / "archive").iterdir():
            (anew.data / "archive" / day.name).write_bytes(day.read_bytes())
        assert restore(anew.inbox)
        anew.settle()
        assert named_in(texts_in_store(anew.engine)) == []
        assert not Person.objects.filter(email=EMAIL).exists()
        assert anew.engine.rows("SELECT count(*) AS n FROM events")[0]["n"] == 3
        assert read_balance(anew.state, anew.inbox).total.difference == 0
    finally:
        anew.close()
        anew.engine.close()


def _holding(files: list[Path]) -> list[tuple[str, str]]:
    """Files that hold a trace, as it is or in an archived day, which is compressed."""
    found = []
    for path in files:
        if not path.is_file():
            continue
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content += str(pq.read_table(path).to_pylist()).encode()
        text = content.lower()
        found += [(path.name, one) for one in TRACES if one.lower().encode() in text]
    return found
