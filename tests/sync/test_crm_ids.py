"""Ids that another system gives people and companies: the same id is the same record, two ids are two."""

import csv
from pathlib import Path

import pytest

from loopline.access.actor import SYSTEM
from loopline.access.models import BusinessUnit
from loopline.people.actions import person_of
from loopline.people.models import Company, CompanyKey, Person
from loopline.sync.importing import verdict_path
from loopline.sync.models import ImportRun
from loopline.sync.undo import undo_import
from tests.make import make_person, make_unit
from tests.sync.house import LEADS, take_in

pytestmark = pytest.mark.django_db
MAPPING = LEADS.replace('source = "source"', 'person_id = "contact"\ncompany_id = "account"')
HEAD = "id,date,mail,name,company,contact,account\n"
DAY = "2026-01-05"


@pytest.fixture
def unit() -> BusinessUnit:
    return make_unit()


def take(folder: Path, unit: BusinessUnit, *rows: str) -> ImportRun:
    return take_in(folder, unit, MAPPING, leads=HEAD + "".join(f"{row}\n" for row in rows))


def whys(folder: Path, run: ImportRun) -> list[str]:
    with verdict_path(folder, run).open(newline="") as file:
        return [row["why"] for row in csv.DictReader(file)]


def test_the_same_ids_are_the_same_records_whatever_changed(tmp_path: Path, unit: BusinessUnit) -> None:
    take(tmp_path, unit, f"L1,{DAY},ana@halden.example,Ana,Halden,P1,C1")
    take(tmp_path, unit, f"L2,{DAY},ana@newname.example,Ana Ruiz,Halden Group,P1,C1")
    [person], [company] = Person.objects.all(), Company.objects.all()
    assert (person.email, person.company) == ("ana@halden.example", company)
    assert (company.name, company.domain) == ("Halden Group", "halden.example")
    assert person_of("external:crm:person:P1") == person


def test_a_changed_row_of_the_same_lead_renames_its_company(tmp_path: Path, unit: BusinessUnit) -> None:
    take(tmp_path, unit, f"L1,{DAY},ana@halden.example,Ana,Halden,P1,C1")
    take(tmp_path, unit, f"L1,{DAY},ana@halden.example,Ana,Halden Group,P1,C1")
    assert [one.name for one in Company.objects.all()] == ["Halden Group"]


def test_two_ids_stay_two_although_they_share_domain_and_address(tmp_path: Path, unit: BusinessUnit) -> None:
    run = take(
        tmp_path, unit,
        f"L1,{DAY},ana@halden.example,Ana,Halden,P1,C1",
        f"L2,{DAY},bea@halden.example,Bea,Halden Services,P2,C2",
    )  # fmt: skip
    again = take(tmp_path, unit, f"L3,{DAY},ana@halden.example,Ana Two,Halden,P3,C1")
    assert {(one.name, one.domain) for one in Company.objects.all()} == {
        ("Halden", "halden.example"), ("Halden Services", None),
    }  # fmt: skip
    assert whys(tmp_path, run)[1] == "“Halden” is C1 of crm, so C2 became a company of its own"
    assert whys(tmp_path, again) == [
        "ana@halden.example belongs to Ana, who is P1 of crm; P3 became a person of its own, without the address"
    ]
    assert Person.objects.count() == 3


def test_an_id_whose_address_or_domain_belongs_to_others_says_so(tmp_path: Path, unit: BusinessUnit) -> None:
    make_person("tom@north.example", unit=unit, name="Tom", company_name="North")
    take(tmp_path, unit, f"L1,{DAY},ana@halden.example,Ana,Halden,P1,C1")
    run = take(tmp_path, unit, f"L2,{DAY},tom@north.example,Ana,Halden,P1,C1")
    [why] = whys(tmp_path, run)
    assert "P1 of crm is Ana, while tom@north.example belongs to Tom; the two stay two" in why
    assert "C1 of crm is “Halden”, while north.example belongs to “North”; the two stay two" in why
    assert Person.objects.remaining().count() == 2


def test_a_company_that_was_there_gets_the_id_and_loses_it_when_undone(tmp_path: Path, unit: BusinessUnit) -> None:
    make_person("tom@halden.example", unit=unit, company_name="Halden")
    run = take(tmp_path, unit, f"L1,{DAY},ana@halden.example,Ana,Halden,P1,C1", f"L2,{DAY},,Bea,,P2,C2")
    assert {(key.key, key.company.name) for key in CompanyKey.objects.all()} == {
        ("external:crm:C1", "Halden"), ("external:crm:C2", "C2"),
    }  # fmt: skip
    undone = undo_import(run, by=SYSTEM)
    assert undone.kept == 0
    assert not CompanyKey.objects.exists()
    assert [one.name for one in Company.objects.all()] == ["Halden"]
    assert person_of("external:crm:person:P1") is None


def test_ids_mean_something_within_their_unit_and_system_alone(tmp_path: Path, unit: BusinessUnit) -> None:
    other = make_unit()
    take(tmp_path / "a", unit, f"L1,{DAY},ana@halden.example,Ana,Halden,P1,C1")
    mapping = MAPPING.replace('"crm"', '"erp"')
    take_in(tmp_path / "b", other, mapping, leads=HEAD + f"L1,{DAY},bea@north.example,Bea,North,P1,C1\n")
    assert {one.name for one in Company.objects.all()} == {"Halden", "North"}
    run = take(tmp_path / "c", other, f"L9,{DAY},cid@south.example,Cid,South,P1,C1")
    assert "P1 of crm is somebody of another business unit" in whys(tmp_path / "c", run)[0]
    assert {one.name for one in Company.objects.all()} == {"Halden", "North", "South"}
    assert Person.objects.count() == 3
    ana = person_of("external:crm:person:P1")
    assert ana is not None
    assert ana.name == "Ana"
