"""What an import does to the records, row by row."""

import csv
import json
from pathlib import Path

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry, BusinessUnit
from loopline.access.roles import Role
from loopline.facts.models import OutboxRow
from loopline.leads.models import Lead
from loopline.people.models import Company, IdentityLink, Person
from loopline.pipeline.models import Opportunity
from loopline.store.engine import Engine
from loopline.sync.importing import run_import, verdict_path
from loopline.sync.mapping import MappingError
from loopline.sync.models import ExternalId, ImportedRecord, ImportRun, WaitingEvents
from tests.make import make_person, make_unit, make_user
from tests.sync.house import DEAL_HEAD, DEALS, HEAD, LEADS, asked, loaded, take_in

pytestmark = pytest.mark.django_db
ANA = "L1,2026-01-05,Ana@Halden.example,Ana Ruiz,Halden,fair\n"


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit()


def verdicts(folder: Path, run: ImportRun) -> list[dict[str, str]]:
    with verdict_path(folder, run).open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_row_becomes_a_person_a_company_a_lead_and_a_first_contact(tmp_path: Path, unit: BusinessUnit) -> None:
    run = take_in(tmp_path, unit, leads=HEAD + ANA)
    person = Person.objects.get()
    assert (person.email, person.name) == ("ana@halden.example", "Ana Ruiz")
    assert person.company is not None
    assert (person.company.name, person.company.domain) == ("Halden", "halden.example")
    lead = Lead.objects.get()
    assert (lead.state, lead.origin, lead.unit) == ("new", "import leads.csv", unit)
    assert run.status == ImportRun.Status.DONE
    assert run.counts == {"created": 1}
    assert (tmp_path / "inbox.sqlite").exists()
    assert not WaitingEvents.objects.exists()


def test_the_same_file_twice_changes_nothing(tmp_path: Path, unit: BusinessUnit) -> None:
    take_in(tmp_path, unit, leads=HEAD + ANA)
    facts = OutboxRow.objects.count()
    again = take_in(tmp_path, unit, leads=HEAD + ANA)
    assert again.counts == {"unchanged": 1}
    assert OutboxRow.objects.count() == facts
    assert (Person.objects.count(), Lead.objects.count(), ExternalId.objects.count()) == (1, 1, 1)


def test_a_changed_row_replaces_what_the_records_say_and_keeps_the_first_contact(
    tmp_path: Path, unit: BusinessUnit
) -> None:
    take_in(tmp_path, unit, leads=HEAD + ANA)
    run = take_in(tmp_path, unit, leads=HEAD + ANA.replace("Ana Ruiz", "Ana Ruiz Vega").replace("fair", "web"))
    assert run.counts == {"updated": 1, "warnings": 1}
    [verdict] = verdicts(tmp_path, run)
    assert "changed: name" in verdict["why"]
    assert "source of the first contact changed; what was recorded first stays" in verdict["why"]
    assert Person.objects.get().name == "Ana Ruiz Vega"


def test_a_lead_without_an_address_is_known_by_the_other_systems_id(tmp_path: Path, unit: BusinessUnit) -> None:
    run = take_in(tmp_path, unit, leads=HEAD + "L1,2026-01-05,,,,\nL2,2026-01-05,,,,\n")
    assert run.counts == {"created": 2}
    assert set(Person.objects.values_list("email", flat=True)) == {None}
    identities = IdentityLink.objects.filter(identity__startswith="external:").values_list("identity", flat=True)
    assert set(identities) == {"external:crm:L1", "external:crm:L2"}


def test_two_rows_with_one_address_are_one_person(tmp_path: Path, unit: BusinessUnit) -> None:
    rows = ANA + "L2,2026-02-01,ana@halden.example,,,web\n"
    run = take_in(tmp_path, unit, leads=HEAD + rows)
    assert run.counts == {"created": 1, "updated": 1}
    assert (Person.objects.count(), Lead.objects.count(), ExternalId.objects.count()) == (1, 1, 2)
    assert "a running lead already" in verdicts(tmp_path, run)[1]["why"]


def test_the_same_id_twice_in_a_file_is_one_lead(tmp_path: Path, unit: BusinessUnit) -> None:
    run = take_in(tmp_path, unit, leads=HEAD + ANA + ANA + ANA.replace("Ana Ruiz", "Ana Vega"))
    assert run.counts == {"created": 1, "unchanged": 1, "updated": 1}
    assert Person.objects.get().name == "Ana Vega"


def test_what_is_known_of_a_person_stays_and_what_was_empty_is_filled(tmp_path: Path, unit: BusinessUnit) -> None:
    person = make_person("ana@halden.example", unit=unit, name="Ana R.")
    mapping = (
        LEADS
        + '[[file]]\nkind="leads"\n[file.columns]\nexternal_id="id"\nfirst_contact="date"\n'
        + 'phone="phone"\nemail="mail"\n'
    )
    run = take_in(
        tmp_path, unit, mapping, leads=HEAD + ANA, phones="id,date,phone,mail\nP1,2026-01-05,123,ana@halden.example\n"
    )
    person.refresh_from_db()
    assert (person.name, person.phone) == ("Ana R.", "123")
    assert run.counts["created"] == 1


def test_bad_rows_are_refused_with_their_line_and_the_rest_goes_on(tmp_path: Path, unit: BusinessUnit) -> None:
    rows = "L1,2026-01-05,not an address,,,\nL2,yesterday,,,,\n,2026-01-05,,,,\nL4,2026\nL5,2026-01-05,,,,\n"
    run = take_in(tmp_path, unit, leads=HEAD + rows)
    assert run.counts == {"refused": 4, "created": 1}
    told = {int(one["line"]): (one["external_id"], one["why"]) for one in verdicts(tmp_path, run) if one["why"]}
    assert told[2][0] == "L1"
    assert "not an e-mail address" in told[2][1]
    assert "first_contact" in told[3][1]
    assert told[4][1] == "it has no external_id"
    assert "2 of 6 columns" in told[5][1]


def test_formulas_and_markup_are_text_and_the_verdicts_hold_no_commands(tmp_path: Path, unit: BusinessUnit) -> None:
    row = '"=cmd|\'/c calc\'!A1",2026-01-05,,<script>alert(1)</script>,,"=HYPERLINK(""x"")"\n'
    run = take_in(tmp_path, unit, leads=HEAD + row)
    assert Person.objects.get().name == "<script>alert(1)</script>"
    assert verdicts(tmp_path, run)[0]["external_id"].startswith("'=")


def test_missing_columns_stop_the_import_before_anything_is_written(tmp_path: Path, unit: BusinessUnit) -> None:
    with pytest.raises(MappingError, match="lacks “date”"):
        take_in(tmp_path, unit, leads="id,day,mail,name,company,source\n")
    assert not ImportRun.objects.exists()


def test_a_deal_converts_its_lead_and_is_won_on_its_day(tmp_path: Path, unit: BusinessUnit) -> None:
    deals = DEAL_HEAD + "D1,L1,2026-02-01T10:00:00Z,,1200.50\n"
    run = take_in(tmp_path, unit, LEADS + DEALS, leads=HEAD + ANA, deals=deals)
    assert run.counts == {"created": 2}
    opportunity = Opportunity.objects.get()
    assert (opportunity.outcome, opportunity.amount_minor, opportunity.currency) == ("won", 120_050, "EUR")
    assert opportunity.lead is not None
    assert opportunity.lead.state == Lead.State.CONVERTED
    assert opportunity.company == Company.objects.get()
    assert opportunity.contacts.get().is_primary
    assert [change.to_stage for change in opportunity.stage_changes.all()] == ["qualified", "won"]


def test_a_deal_of_an_unknown_lead_is_warned_of_and_kept(tmp_path: Path, unit: BusinessUnit) -> None:
    run = take_in(tmp_path, unit, LEADS + DEALS, leads=HEAD, deals=DEAL_HEAD + "D1,L9,2026-02-01,,0\n")
    assert run.counts == {"created": 1, "warnings": 1}
    assert Opportunity.objects.get().amount_minor == 0
    assert "no lead “L9” of crm is known" in verdicts(tmp_path, run)[0]["why"]


def test_a_deal_before_its_first_contact_is_warned_of_and_kept_as_told(tmp_path: Path, unit: BusinessUnit) -> None:
    deals = DEAL_HEAD + "D1,L1,2026-01-02,,10\n"
    run = take_in(tmp_path, unit, LEADS + DEALS, leads=HEAD + ANA, deals=deals)
    assert run.counts == {"created": 2, "warnings": 1}
    closed_at = Opportunity.objects.get().closed_at
    assert closed_at is not None
    assert closed_at.isoformat() == "2026-01-02T00:00:00+00:00"


def test_an_open_deal_that_was_won_in_the_next_file_is_won(tmp_path: Path, unit: BusinessUnit) -> None:
    take_in(tmp_path, unit, LEADS + DEALS, leads=HEAD + ANA, deals=DEAL_HEAD + "D1,L1,,,10\n")
    run = take_in(tmp_path, unit, LEADS + DEALS, leads=HEAD + ANA, deals=DEAL_HEAD + "D1,L1,2026-03-01,,12\n")
    assert run.counts == {"unchanged": 1, "updated": 1}
    opportunity = Opportunity.objects.get()
    assert (opportunity.outcome, opportunity.amount_minor) == ("won", 1_200)
    assert opportunity.stage_changes.filter(to_stage="won").count() == 1


def test_a_missing_rate_is_said_once_for_the_whole_run(tmp_path: Path, unit: BusinessUnit) -> None:
    mapping = LEADS + DEALS + '[file.defaults]\ncurrency = "BRL"\n'
    deals = DEAL_HEAD + "D1,L1,2026-02-01,,10\nD2,L2,2026-02-02,,20\n"
    run = take_in(tmp_path, unit, mapping, leads=HEAD, deals=deals)
    assert len(run.notices) == 1
    assert "no exchange rate for BRL" in run.notices[0]
    facts = OutboxRow.objects.filter(table="opportunity_facts")
    assert {fact.row["reporting_minor"] for fact in facts} == {None}


def test_only_those_who_may_import_into_the_unit_can(tmp_path: Path, unit: BusinessUnit) -> None:
    files = asked(tmp_path, unit, LEADS, leads=HEAD + ANA)
    for stranger in (make_user(Role.SALES, unit=unit), make_user(Role.MARKETING, unit=make_unit())):
        with pytest.raises(NotAllowedError):
            run_import(files, by=stranger.actor)
    assert run_import(files, by=make_user(Role.MARKETING, unit=unit).actor).counts == {"created": 1}


def test_the_audit_log_holds_the_run_and_its_counts(tmp_path: Path, unit: BusinessUnit) -> None:
    run = take_in(tmp_path, unit, leads=HEAD + ANA)
    started, finished = AuditEntry.objects.filter(object_id=str(run.pk))
    assert (started.verb, finished.verb) == ("start_import", "finish_import")
    assert started.detail["files"][0]["name"] == "leads.csv"
    assert finished.detail["counts"] == {"created": 1}


def test_touchpoints_that_could_not_be_sent_wait_for_the_next_import(tmp_path: Path, unit: BusinessUnit) -> None:
    take_in(tmp_path, unit, leads=HEAD + ANA)
    run = ImportRun.objects.get()
    touch = dict.fromkeys(("source", "medium", "campaign", "channel", "landing_path"), "")
    body = json.dumps([["e1", "First contact", str(unit.pk), "p1", "crm", touch | {"at": "2026-01-01T00:00:00+00:00"}]])
    WaitingEvents.objects.create(run=run, events=1, body=body)
    run_import(asked(tmp_path, unit, LEADS, leads=HEAD), by=SYSTEM)
    assert not WaitingEvents.objects.exists()


def test_touchpoints_of_a_run_that_was_killed_after_sending_them_count_once(
    tmp_path: Path, unit: BusinessUnit, engine: Engine
) -> None:
    run = take_in(tmp_path, unit, leads=HEAD + ANA)
    lead, person = Lead.objects.get(), Person.objects.get()
    touch = ExternalId.objects.get().touch
    left = [[f"import:{lead.pk}:L1", "First contact", str(unit.pk), str(person.pk), "crm", touch]]
    WaitingEvents.objects.create(run=run, events=1, body=json.dumps(left))
    take_in(tmp_path, unit, leads=HEAD + ANA)
    with loaded(engine, tmp_path):
        rows = engine.rows("SELECT event_id FROM events", {})
    assert [row["event_id"] for row in rows] == [f"import:{lead.pk}:L1"]


def test_a_chunk_of_more_rows_than_a_statement_holds_comes_in_whole_and_in_order(
    tmp_path: Path, unit: BusinessUnit
) -> None:
    rows = [f"L{row},2026-01-05,p{row}@firm{row}.example,Person {row},,fair\n" for row in range(123)]
    assert take_in(tmp_path, unit, leads=HEAD + "".join(rows)).counts == {"created": 123}
    people = Person.objects.order_by("created_at", "pk")
    assert {one.email for one in people} == {f"p{row}@firm{row}.example" for row in range(123)}
    facts = OutboxRow.objects.filter(table="person_facts").order_by("pk").values_list("row_id", flat=True)
    lines = ImportedRecord.objects.filter(object_type="person").order_by("line").values_list("object_id", flat=True)
    assert list(facts) == list(lines)
    assert ExternalId.objects.count() == Lead.objects.count() == 123


def test_the_same_id_in_another_unit_changes_nothing_there(tmp_path: Path, unit: BusinessUnit) -> None:
    deal = DEAL_HEAD + "D1,L1,2026-02-01,,100\n"
    take_in(tmp_path, unit, LEADS + DEALS, leads=HEAD + ANA, deals=deal)
    other = make_unit()
    stranger = make_user(Role.MARKETING, unit=other).actor
    run = take_in(
        tmp_path / "other", other, LEADS + DEALS, by=stranger,
        leads=HEAD + ANA.replace("Ana Ruiz", "Eve"), deals=deal.replace("100", "999999"),
    )  # fmt: skip
    assert run.counts == {"refused": 2}
    assert all("another business unit" in one["why"] for one in verdicts(tmp_path / "other", run))
    assert Person.objects.get().name == "Ana Ruiz"
    assert Opportunity.objects.get().amount_minor == 10_000


def test_a_deal_does_not_take_the_lead_of_another_unit(tmp_path: Path, unit: BusinessUnit) -> None:
    take_in(tmp_path, unit, LEADS, leads=HEAD + ANA)
    other = make_unit()
    run = take_in(tmp_path / "other", other, LEADS + DEALS, leads=HEAD, deals=DEAL_HEAD + "D1,L1,2026-02-01,,100\n")
    assert "no lead" in verdicts(tmp_path / "other", run)[0]["why"]
    assert Opportunity.objects.get().lead is None
    assert Lead.objects.get().state == "new"
