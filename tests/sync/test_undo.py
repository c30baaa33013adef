from collections.abc import Iterable
from pathlib import Path

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.facts.models import OutboxRow
from loopline.facts.outbox import Fact, record_facts
from loopline.leads.models import Lead, LeadTransition
from loopline.leads.watch import watch
from loopline.people.actions import Details, edit_person
from loopline.people.models import Company, CompanyKey, IdentityLink, Person
from loopline.pipeline.models import Opportunity, OpportunityContact, StageChange
from loopline.pipeline.tasks import NewTask, create_task
from loopline.reports.options import Books, Options
from loopline.reports.run import run_report
from loopline.store.engine import Engine
from loopline.sync.models import ExternalId, ImportedRecord, ImportRun
from loopline.sync.undo import UndoRefusedError, undo_import
from tests.make import make_person, make_unit, make_user
from tests.sync.house import DEAL_HEAD, DEALS, HEAD, LEADS, loaded, take_in

pytestmark = pytest.mark.django_db
ANA = "L1,2026-01-05,ana@halden.example,Ana Ruiz,Halden,fair\n"
BEA = "L2,2026-01-06,,Bea,,web\n"


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit()


def _counts() -> dict[str, int]:
    kinds = (Person, Company, Lead, Opportunity, IdentityLink, ExternalId)
    return {kind.__name__: kind._default_manager.count() for kind in kinds}


def test_undoing_takes_away_all_that_the_run_made(tmp_path: Path, unit: BusinessUnit) -> None:
    before = _counts()
    deals = DEAL_HEAD + "D1,L1,2026-02-01,,10\n"
    run = take_in(tmp_path, unit, LEADS + DEALS, leads=HEAD + ANA + BEA, deals=deals)
    undone = undo_import(run, by=SYSTEM)
    assert _counts() == before
    assert (undone.removed, undone.kept) == (6, 0)
    run.refresh_from_db()
    assert run.status == ImportRun.Status.UNDONE


def test_the_last_fact_of_all_that_went_says_so(tmp_path: Path, unit: BusinessUnit) -> None:
    deals = DEAL_HEAD + "D1,L1,2026-02-01,,10\n"
    run = take_in(tmp_path, unit, LEADS + DEALS, leads=HEAD + ANA + BEA, deals=deals)
    undo_import(run, by=SYSTEM)
    last = {(row.table, row.row_id): row.row["is_deleted"] for row in OutboxRow.objects.order_by("pk")}
    assert {table for table, _ in last} == {
        "person_facts", "company_facts", "identity_facts", "lead_facts", "opportunity_facts",
        "opportunity_contact_facts",
    }  # fmt: skip
    assert set(last.values()) == {True}


def test_what_was_there_before_is_set_back(tmp_path: Path, unit: BusinessUnit) -> None:
    take_in(tmp_path, unit, leads=HEAD + ANA)
    run = take_in(tmp_path, unit, leads=HEAD + ANA.replace("Ana Ruiz", "Ana Vega"))
    undone = undo_import(run, by=SYSTEM)
    assert (undone.removed, undone.restored, undone.kept) == (0, 1, 0)
    assert Person.objects.get().name == "Ana Ruiz"
    assert take_in(tmp_path, unit, leads=HEAD + ANA).counts == {"unchanged": 1}


def test_a_lead_of_an_earlier_run_goes_back_to_its_state(tmp_path: Path, unit: BusinessUnit) -> None:
    take_in(tmp_path, unit, leads=HEAD + ANA)
    run = take_in(tmp_path, unit, LEADS + DEALS, leads=HEAD, deals=DEAL_HEAD + "D1,L1,2026-02-01,,10\n")
    undo_import(run, by=SYSTEM)
    lead = Lead.objects.get()
    assert (lead.state, lead.converted_at) == (Lead.State.NEW, None)
    assert [one.to_state for one in lead.transitions.all()] == ["new", "converted", "new"]
    assert not Opportunity.objects.exists()


def test_a_person_who_was_there_before_stays_with_what_was_known(tmp_path: Path, unit: BusinessUnit) -> None:
    person = make_person("ana@halden.example", unit=unit)
    run = take_in(tmp_path, unit, leads=HEAD + ANA)
    assert watch().mended == 1, "a clock that Loopline itself began is no sign of work"
    undo_import(run, by=SYSTEM)
    person.refresh_from_db()
    assert person.name == ""
    assert not Lead.objects.exists()


def test_an_id_given_to_a_running_lead_is_taken_away_again(tmp_path: Path, unit: BusinessUnit) -> None:
    take_in(tmp_path, unit, leads=HEAD + ANA)
    run = take_in(tmp_path, unit, leads=HEAD + ANA.replace("L1", "L7"))
    assert run.counts == {"updated": 1}
    undo_import(run, by=SYSTEM)
    assert list(ExternalId.objects.values_list("external_id", flat=True)) == ["L1"]
    assert Lead.objects.count() == 1


def test_what_somebody_changed_since_stays(tmp_path: Path, unit: BusinessUnit) -> None:
    run = take_in(tmp_path, unit, leads=HEAD + ANA + BEA)
    edit_person(Person.objects.get(name="Bea"), Details(name="Bea Lund"), company=None, by=SYSTEM)
    undone = undo_import(run, by=SYSTEM)
    assert Person.objects.get().name == "Bea Lund"
    assert undone.kept == 1
    assert undone.reasons == {"somebody has worked with it since": 1}


def test_a_person_with_a_task_stays(tmp_path: Path, unit: BusinessUnit) -> None:
    run = take_in(tmp_path, unit, leads=HEAD + ANA)
    seller = make_user(Role.SALES, unit=unit)
    create_task(NewTask(unit=unit, title="Call", owner=seller, person=Person.objects.get()), by=seller.actor)
    undo_import(run, by=SYSTEM)
    assert Person.objects.count() == 1


def test_a_value_changed_since_is_not_set_back(tmp_path: Path, unit: BusinessUnit) -> None:
    take_in(tmp_path, unit, leads=HEAD + ANA)
    run = take_in(tmp_path, unit, leads=HEAD + ANA.replace("Ana Ruiz", "Ana Vega"))
    Person.objects.update(name="Ana by hand")
    undone = undo_import(run, by=SYSTEM)
    assert (undone.restored, undone.kept) == (0, 1)
    assert Person.objects.get().name == "Ana by hand"


def test_a_run_is_undone_once_and_only_by_those_who_may(tmp_path: Path, unit: BusinessUnit) -> None:
    run = take_in(tmp_path, unit, leads=HEAD + ANA)
    with pytest.raises(NotAllowedError):
        undo_import(run, by=make_user(Role.SALES, unit=unit).actor)
    undo_import(run, by=SYSTEM)
    with pytest.raises(UndoRefusedError, match="is undone"):
        undo_import(run, by=SYSTEM)


def test_after_undoing_the_same_file_can_be_taken_in_again(tmp_path: Path, unit: BusinessUnit) -> None:
    undo_import(take_in(tmp_path, unit, leads=HEAD + ANA), by=SYSTEM)
    assert take_in(tmp_path, unit, leads=HEAD + ANA).counts == {"created": 1}
    assert ImportedRecord.objects.filter(run__status=ImportRun.Status.DONE).exists()


def test_an_import_that_was_undone_counts_nowhere_and_as_of_before_it_does(
    engine: Engine, tmp_path: Path, unit: BusinessUnit
) -> None:
    books = Books(currency="EUR", zone="UTC", units={str(unit.pk): unit.name})
    run = take_in(tmp_path, unit, leads=HEAD + ANA + BEA)
    with loaded(engine, tmp_path):
        before = engine.horizon()
    undo_import(run, by=SYSTEM)
    with loaded(engine, tmp_path):
        now = run_report("closed-loop", Options(by="source"), engine, books)
        then = run_report("closed-loop", Options(by="source", as_of=before), engine, books)
    assert now.rows == []
    assert {row.key: (row.values["people"], row.values["leads"]) for row in then.rows} == {
        "fair": (1, 1),
        "web": (1, 1),
    }


def _books() -> dict[str, list[dict[str, object]]]:
    kinds = (Person, Company, Lead, Opportunity, OpportunityContact, IdentityLink, CompanyKey, ExternalId)
    return {kind.__name__: list(kind._default_manager.order_by("pk").values()) for kind in kinds}


def _last_facts() -> dict[tuple[str, str], dict[str, object]]:
    return {(row.table, row.row_id): row.row for row in OutboxRow.objects.order_by("pk")}


def _history() -> list[tuple[str, str, str]]:
    moves = [*LeadTransition.objects.order_by("pk").values_list("from_state", "to_state", "note")]
    return [*moves, *StageChange.objects.order_by("pk").values_list("from_stage", "to_stage", "note")]


CAT = "L3,2026-01-07,cat@halden.example,Cat,Halden,web\n"
FIRST = {"leads": HEAD + ANA + BEA + CAT, "deals": DEAL_HEAD + "D1,L1,,,10\n"}
SECOND = {
    "leads": HEAD + ANA.replace("Ruiz", "Vega") + ANA.replace("Ana Ruiz", "Ana Soto") + BEA.replace("Bea", "Bea Lund")
    + CAT.replace("L3", "L9") + "L4,2026-01-08,dan@vik.example,Dan,Vik,fair\n",
    "deals": DEAL_HEAD + "D1,L1,,2026-02-03,12\nD2,L2,2026-02-01,,20\nD3,L4,2026-02-02,,30\n",
}  # fmt: skip
"""Names changed (one of them twice), a deal lost, leads converted, an id given to a lead, and records of its own."""


@pytest.mark.parametrize("together", [1, 3, 2_000])
def test_books_facts_and_history_are_as_before_however_many_rows_go_together(
    tmp_path: Path, unit: BusinessUnit, monkeypatch: pytest.MonkeyPatch, together: int
) -> None:
    take_in(tmp_path, unit, LEADS + DEALS, **FIRST)
    books, facts, history = _books(), _last_facts(), _history()
    run = take_in(tmp_path, unit, LEADS + DEALS, **SECOND)
    monkeypatch.setattr("loopline.sync.undo.CHUNK", together)
    undone = undo_import(run, by=SYSTEM)
    assert _books() == books
    assert undone.kept == 0
    now = _last_facts()
    assert {key: now[key] for key in facts} == facts
    assert all(row["is_deleted"] for key, row in now.items() if key not in facts)
    note = "the import was undone"
    assert sorted(move for move in _history() if move[2] == note) == [
        ("converted", "new", note), ("lost", "reopened", note),
    ]  # fmt: skip
    assert len(_history()) > len(history)
    assert AuditEntry.objects.get(verb="undo_import").detail == run.undo_counts


def test_an_undo_that_was_killed_half_way_goes_on_where_it_was(
    tmp_path: Path, unit: BusinessUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_in(tmp_path, unit, LEADS + DEALS, **FIRST)
    books = _books()
    run = take_in(tmp_path, unit, LEADS + DEALS, **SECOND)
    monkeypatch.setattr("loopline.sync.undo.CHUNK", 3)
    left = [3]

    def killed(facts: Iterable[Fact]) -> None:
        record_facts(facts)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    for place in ("undo", "undo_changes"):
        monkeypatch.setattr(f"loopline.sync.{place}.record_facts", killed)
    with pytest.raises(KeyboardInterrupt):
        undo_import(run, by=SYSTEM)
    assert _books() != books
    again = ImportRun.objects.get(pk=run.pk)
    assert again.status == ImportRun.Status.DONE
    undone = undo_import(again, by=SYSTEM)
    assert _books() == books
    assert (undone.removed, undone.kept) == (made_by(run), 0), "what was done before it was killed counts, once"


def made_by(run: ImportRun) -> int:
    kinds = ("person", "company", "lead", "opportunity")
    return ImportedRecord.objects.filter(run=run, is_created=True, object_type__in=kinds).count()
