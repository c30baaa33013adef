"""People and companies: found, made, filled in; each change with its audit entry and its facts."""

import pytest

from loopline.access.actor import SYSTEM, NotAllowedError
from loopline.access.models import AuditEntry
from loopline.access.roles import Role
from loopline.facts.models import OutboxRow
from loopline.people.actions import (
    Details,
    edit_person,
    fill_in,
    find_or_create_company,
    find_or_create_person,
    find_or_create_user,
    find_or_create_user_with,
    give_email,
    identities_of,
    link_identity,
    link_to_user,
    merge_people,
    person_of,
    record_consent,
    undo_merge,
    withdraw_identity,
)
from loopline.people.claims import write_link
from loopline.people.models import Company, IdentityConflict, Merge, Person
from loopline.people.stitch import Answer
from tests.make import make_person, make_unit, make_user

pytestmark = pytest.mark.django_db


def identity_facts() -> dict[str, str]:
    return {one.row_id: one.row["person_id"] for one in OutboxRow.objects.filter(table="identity_facts").order_by("id")}


def test_a_new_person_has_its_company_identities_facts_and_an_audit_entry() -> None:
    person = make_person(" Ines@Halden.NO ", name="Ines Okafor")
    assert (person.email, person.name) == ("ines@halden.no", "Ines Okafor")
    assert person.company is not None
    assert person.company.domain == "halden.no"
    assert identity_facts() == {f"person:{person.pk}": str(person.pk), "email:ines@halden.no": str(person.pk)}
    fact = OutboxRow.objects.get(table="person_facts").row
    assert fact["canonical_id"] == str(person.pk)
    assert fact["company_id"] == str(person.company_id)
    assert AuditEntry.objects.filter(verb="create_person", object_id=str(person.pk)).count() == 1


def test_the_same_address_is_the_same_person_whatever_its_spelling() -> None:
    unit = make_unit()
    first = make_person("ines@halden.no", unit=unit)
    assert make_person("INES@halden.no ", unit=make_unit()) == first
    assert Person.objects.get() == first
    assert first.unit == unit


def test_what_is_known_is_filled_in_and_never_overwritten() -> None:
    person = make_person("ines@halden.no", name="Ines Okafor")
    fill_in(person, Details(name="Someone else", phone="+47 1", country="no"), by=SYSTEM)
    person.refresh_from_db()
    assert (person.name, person.phone, person.country) == ("Ines Okafor", "+47 1", "NO")


def test_filling_in_nothing_new_writes_nothing() -> None:
    person = make_person("ines@halden.no", name="Ines")
    before = AuditEntry.objects.count(), OutboxRow.objects.count()
    fill_in(person, Details(name="Ines"), by=SYSTEM)
    assert (AuditEntry.objects.count(), OutboxRow.objects.count()) == before


def test_a_company_without_a_name_takes_the_first_one_it_is_given() -> None:
    person = make_person("ines@halden.no")
    assert person.company is not None
    assert person.company.name == "halden.no"
    make_person("tom@halden.no", company_name="Halden Foods")
    make_person("una@halden.no", company_name="Something else")
    assert Company.objects.get().name == "Halden Foods"


def test_a_free_mail_address_says_nothing_about_a_company() -> None:
    assert make_person("ines@gmail.com").company is None


def test_a_company_known_only_by_name_is_one_within_a_unit() -> None:
    unit = make_unit()
    one = find_or_create_company("a@gmail.com", "Halden Foods", unit=unit, by=SYSTEM)
    again = find_or_create_company(None, "halden foods", unit=unit, by=SYSTEM)
    elsewhere = find_or_create_company(None, "Halden Foods", unit=make_unit(), by=SYSTEM)
    assert one == again
    assert one != elsewhere


def test_a_user_of_another_unit_may_not_add_people_to_it() -> None:
    actor = make_user(Role.MARKETING, unit=make_unit()).actor
    with pytest.raises(NotAllowedError, match="may not add people"):
        find_or_create_person("ines@halden.no", unit=make_unit(), evidence="manual", by=actor)
    assert not Person.objects.exists()


def test_finance_may_not_add_people() -> None:
    with pytest.raises(NotAllowedError, match="Ask an administrator"):
        find_or_create_person("a@b.no", unit=make_unit(), evidence="manual", by=make_user(Role.FINANCE).actor)


def test_editing_sets_and_empties_fields_and_says_what_changed() -> None:
    unit = make_unit()
    person = make_person("ines@halden.no", name="Ines", unit=unit)
    edit_person(person, Details(job_title="Head of Operations"), company=None, by=make_user(unit=unit).actor)
    person.refresh_from_db()
    assert (person.name, person.job_title, person.company) == ("", "Head of Operations", None)
    assert AuditEntry.objects.get(verb="edit_person").detail["fields"] == ["name", "job_title"]


def test_consent_is_kept_with_its_text_and_becomes_a_fact() -> None:
    person = make_person()
    record_consent(person, "email", is_granted=True, text="I agree.", evidence="form demo", by=SYSTEM)
    record_consent(person, "email", is_granted=False, text="", evidence="preference page", by=SYSTEM)
    assert [one.is_granted for one in person.consents.all()] == [True, False]
    facts = OutboxRow.objects.filter(table="consent_facts", row_id=f"{person.pk}/email").order_by("id")
    assert [one.row["is_granted"] for one in facts] == [True, False]


def test_a_visitor_is_linked_once_and_its_history_belongs_to_the_person() -> None:
    person = make_person("ines@halden.no")
    assert link_identity("visitor:v1", person, "form", SYSTEM) is Answer.LINK
    assert link_identity("visitor:v1", person, "form", SYSTEM) is Answer.KEEP
    assert person_of("visitor:v1") == person
    assert [one.identity for one in identities_of(person)] == [f"person:{person.pk}", "email:ines@halden.no",
                                                              "visitor:v1"]  # fmt: skip


def test_a_shared_browser_is_nobodys_and_two_people_stay_two() -> None:
    first, second = make_person("ines@halden.no"), make_person("tom@halden.no")
    link_identity("visitor:v1", first, "form", SYSTEM)
    assert link_identity("visitor:v1", second, "form", SYSTEM) is Answer.CONFLICT
    assert link_identity("visitor:v1", second, "form", SYSTEM) is Answer.CONFLICT
    assert person_of("visitor:v1") is None
    assert identity_facts()["visitor:v1"] == ""
    assert Person.objects.remaining().count() == 2
    conflict = IdentityConflict.objects.get()
    assert (conflict.kept_with, conflict.claimed_by) == (first, second)


def test_a_browser_two_people_used_is_theirs_while_they_are_one() -> None:
    first, second = make_person("ines@halden.no"), make_person("ines@gmail.com")
    for one in (first, second):
        link_identity("visitor:v1", one, "form", SYSTEM)
    merge = merge_people(first, second, by=SYSTEM)
    assert person_of("visitor:v1") == first
    undo_merge(merge, by=SYSTEM)
    assert person_of("visitor:v1") is None


def test_undoing_gives_a_user_id_back_to_the_person_it_was_alone() -> None:
    unit = make_unit()
    named = make_person("ines@halden.no", unit=unit)
    alone = find_or_create_user("42", unit=unit, by=SYSTEM)
    assert alone is not None
    assert find_or_create_user_with("42", "ines@halden.no", unit=unit, evidence="identify", by=SYSTEM) == named
    undo_merge(Merge.objects.get(), by=SYSTEM)
    assert person_of("user:42") == alone
    find_or_create_user_with("42", "ines@halden.no", unit=unit, evidence="identify", by=SYSTEM)
    assert person_of("user:42") == alone


def test_a_mailbox_that_several_people_read_joins_nothing_to_itself() -> None:
    mailbox = make_person("info@halden.no")
    assert link_identity("visitor:v1", mailbox, "form", SYSTEM) is Answer.REFUSED
    assert person_of("visitor:v1") is None


def test_what_an_import_linked_counts_when_somebody_else_claims_it() -> None:
    first, second = make_person("ines@halden.no"), make_person("tom@halden.no")
    write_link("visitor:v1", first.pk, "import")
    assert link_identity("visitor:v1", second, "form", SYSTEM) is Answer.CONFLICT
    assert person_of("visitor:v1") is None


def test_a_withdrawn_identity_belongs_to_no_one_and_can_be_linked_anew() -> None:
    first, second = make_person("ines@halden.no"), make_person("tom@halden.no")
    link_identity("visitor:v1", first, "form", SYSTEM)
    withdraw_identity("visitor:v1", by=SYSTEM)
    assert person_of("visitor:v1") is None
    assert identity_facts()["visitor:v1"] == ""
    assert link_identity("visitor:v1", second, "form", SYSTEM) is Answer.LINK
    assert person_of("visitor:v1") == second
    assert "visitor:v1" not in [one.identity for one in identities_of(first)]


def test_a_link_across_units_is_refused() -> None:
    person = make_person()
    with pytest.raises(NotAllowedError):
        link_identity("visitor:v1", person, "manual", make_user(unit=make_unit()).actor)


def known(unit_order: list[str]) -> set[tuple[str, str]]:
    """What is known after the three signals of one buyer arrived in some order."""
    unit = make_unit()
    for signal in unit_order:
        if signal == "form":
            person = find_or_create_person("ines@halden.no", unit=unit, evidence="form", by=SYSTEM)
            link_identity("visitor:v1", person, "form", SYSTEM)
        elif signal == "user":
            find_or_create_user("42", unit=unit, by=SYSTEM)
            link_to_user("visitor:v2", "42", "identify", SYSTEM)
        else:
            find_or_create_user_with("42", "ines@halden.no", unit=unit, evidence="identify", by=SYSTEM)
    people = {person_of(f"{one}") for one in ("visitor:v1", "visitor:v2", "user:42", "email:ines@halden.no")}
    return {(one.email, str(one.company)) for one in people if one and one.email}


@pytest.mark.parametrize(
    "order",
    [
        ["form", "user", "both"], ["form", "both", "user"], ["user", "form", "both"],
        ["user", "both", "form"], ["both", "form", "user"], ["both", "user", "form"],
    ],
)  # fmt: skip
def test_the_order_in_which_signals_of_one_buyer_arrive_does_not_matter(order: list[str]) -> None:
    assert known(order) == {("ines@halden.no", "halden.no")}
    assert Person.objects.remaining().count() == 1


def test_a_second_address_is_another_identity_of_the_same_person() -> None:
    unit = make_unit()
    person = find_or_create_user("42", unit=unit, by=SYSTEM)
    assert person is not None
    assert give_email(person, "ines@halden.no", evidence="identify", by=SYSTEM) is Answer.LINK
    assert give_email(person, "ines@gmail.com", evidence="identify", by=SYSTEM) is Answer.LINK
    person.refresh_from_db()
    assert person.email == "ines@halden.no"
    assert make_person("ines@gmail.com", unit=unit) == person


def test_an_address_of_someone_else_never_makes_two_named_people_one() -> None:
    person = make_person("ines@halden.no")
    make_person("tom@halden.no")
    assert give_email(person, "tom@halden.no", evidence="identify", by=SYSTEM) is Answer.CONFLICT
    assert Person.objects.remaining().count() == 2
