"""Merging two people and undoing it: pointers, facts, identities; records stay where they are."""

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry
from loopline.access.roles import Role
from loopline.facts.models import OutboxRow
from loopline.leads.models import Lead
from loopline.people.actions import (
    Details,
    fill_in,
    find_or_create_user,
    identities_of,
    link_identity,
    merge_people,
    person_of,
    record_consent,
    undo_merge,
)
from loopline.people.merge import MergeRefusedError
from loopline.people.models import Merge, Person
from tests.make import make_person, make_unit, make_user

pytestmark = pytest.mark.django_db


def snapshot() -> list[dict[str, object]]:
    return list(Person.objects.order_by("pk").values())


def canonical_facts() -> dict[str, str]:
    rows = OutboxRow.objects.filter(table="person_facts").order_by("id")
    return {one.row_id: one.row["canonical_id"] for one in rows}


def test_a_merge_points_the_merged_person_and_its_followers_at_the_one_that_remains() -> None:
    a, b, c = make_person("a@halden.no"), make_person("b@halden.no"), make_person("c@halden.no")
    merge_people(b, c, by=SYSTEM)
    merge_people(a, b, by=SYSTEM)
    assert set(Person.objects.filter(merged_into=a)) == {b, c}
    assert canonical_facts() == {str(a.pk): str(a.pk), str(b.pk): str(a.pk), str(c.pk): str(a.pk)}
    assert set(a.known_ids()) == {a.pk, b.pk, c.pk}


def test_every_identity_of_both_leads_to_the_one_that_remains() -> None:
    a, b = make_person("a@halden.no"), make_person("b@halden.no")
    link_identity("visitor:v2", b, "form", SYSTEM)
    merge_people(a, b, by=SYSTEM)
    assert person_of("visitor:v2") == a
    assert person_of("email:b@halden.no") == a
    assert make_person("b@halden.no") == a
    assert {one.identity for one in identities_of(a)} >= {"email:a@halden.no", "email:b@halden.no", "visitor:v2"}


def test_undoing_restores_everything_exactly() -> None:
    unit = make_unit()
    a = make_person("a@gmail.com", unit=unit)
    b = make_person("b@halden.no", unit=unit, name="Ines Okafor")
    fill_in(b, Details(phone="+47 1", job_title="CFO"), by=SYSTEM)
    before, facts = snapshot(), canonical_facts()
    merge = merge_people(a, b, by=SYSTEM)
    a.refresh_from_db()
    assert (a.name, a.phone, a.company) == ("Ines Okafor", "+47 1", b.company)
    undo_merge(merge, by=SYSTEM)
    assert snapshot() == before
    assert canonical_facts() == facts
    assert person_of("email:b@halden.no") == b
    assert set(AuditEntry.objects.values_list("verb", flat=True)) >= {"merge_people", "undo_merge"}


def test_an_address_that_moved_comes_back_when_the_merge_is_undone() -> None:
    unit = make_unit()
    user, named = find_or_create_user("42", unit=unit, by=SYSTEM), make_person("b@halden.no", unit=unit)
    assert user is not None
    before = snapshot()
    merge = merge_people(user, named, by=SYSTEM)
    user.refresh_from_db()
    assert user.email == "b@halden.no"
    undo_merge(merge, by=SYSTEM)
    assert snapshot() == before


def test_undoing_the_first_of_two_merges_leaves_the_second() -> None:
    a, b, c = make_person("a@halden.no"), make_person("b@halden.no"), make_person("c@halden.no")
    first = merge_people(b, c, by=SYSTEM)
    merge_people(a, b, by=SYSTEM)
    undo_merge(first, by=SYSTEM)
    c.refresh_from_db()
    b.refresh_from_db()
    assert (b.merged_into, c.merged_into) == (a, None)


def test_undoing_the_second_of_two_merges_leaves_the_first() -> None:
    a, b, c = make_person("a@halden.no"), make_person("b@halden.no"), make_person("c@halden.no")
    merge_people(b, c, by=SYSTEM)
    second = merge_people(a, b, by=SYSTEM)
    undo_merge(second, by=SYSTEM)
    c.refresh_from_db()
    b.refresh_from_db()
    assert (b.merged_into, c.merged_into) == (None, b)
    assert canonical_facts()[str(c.pk)] == str(b.pk)


def test_what_was_edited_after_the_merge_stays_after_undoing() -> None:
    unit = make_unit()
    a, b = make_person("a@halden.no", unit=unit), make_person("b@halden.no", unit=unit, name="Ines")
    merge = merge_people(a, b, by=SYSTEM)
    Person.objects.filter(pk=a.pk).update(name="Ines Maria Okafor")
    undo_merge(merge, by=SYSTEM)
    a.refresh_from_db()
    assert a.name == "Ines Maria Okafor"


def test_running_leads_of_both_stay_theirs() -> None:
    unit = make_unit()
    a, b = make_person("a@halden.no", unit=unit), make_person("b@halden.no", unit=unit)
    lead_a, lead_b = Lead.objects.create(unit=unit, person=a), Lead.objects.create(unit=unit, person=b)
    merge = merge_people(a, b, by=SYSTEM)
    lead_b.refresh_from_db()
    assert lead_b.person == b
    assert set(Lead.objects.filter(person__in=a.known_ids())) == {lead_a, lead_b}
    assert merge.detail["holdings"]["leads"] == [str(lead_b.pk)]


def test_what_the_merged_person_holds_is_written_down() -> None:
    a, b = make_person("a@halden.no"), make_person("b@halden.no")
    record_consent(b, "email", is_granted=True, text="", evidence="form", by=SYSTEM)
    assert len(merge_people(a, b, by=SYSTEM).detail["holdings"]["consents"]) == 1


@pytest.mark.parametrize("case", ["itself", "merged already", "into a merged one"])
def test_merges_that_make_no_sense_are_refused_with_words(case: str) -> None:
    a, b, c = make_person("a@halden.no"), make_person("b@halden.no"), make_person("c@halden.no")
    merge_people(a, b, by=SYSTEM)
    pair = {"itself": (a, a), "merged already": (c, b), "into a merged one": (b, c)}[case]
    with pytest.raises(MergeRefusedError):
        merge_people(*pair, by=SYSTEM)
    assert Merge.objects.count() == 1


def test_a_merge_is_undone_once() -> None:
    merge = merge_people(make_person(), make_person(), by=SYSTEM)
    undo_merge(merge, by=SYSTEM)
    with pytest.raises(MergeRefusedError, match="already"):
        undo_merge(merge, by=SYSTEM)


def test_two_people_can_be_merged_again_after_undoing() -> None:
    a, b = make_person(), make_person()
    undo_merge(merge_people(a, b, by=SYSTEM), by=SYSTEM)
    merge_people(b, a, by=SYSTEM)
    a.refresh_from_db()
    assert a.merged_into == b


def test_only_those_who_may_merge_and_see_both() -> None:
    unit = make_unit()
    a, b, elsewhere = make_person(unit=unit), make_person(unit=unit), make_person()
    with pytest.raises(NotAllowedError):
        merge_people(a, b, by=make_user(Role.SALES, unit=unit).actor)
    marketing = make_user(Role.MARKETING, unit=unit).actor
    with pytest.raises(NotAllowedError, match="another business unit"):
        merge_people(a, elsewhere, by=marketing)
    merge_people(a, b, by=marketing)
