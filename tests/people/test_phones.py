import pytest

from loopline.access.actor import SYSTEM
from loopline.people.actions import Details, edit_person, link_phone, person_of
from loopline.people.models import Person
from loopline.people.phones import e164
from tests.make import make_person, make_unit


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("020 7946 0018", "GB", "+442079460018"),
        ("+44 (0)20 7946 0018", "", "+442079460018"),
        ("0044 20 7946 0018", "DE", "+442079460018"),
        ("912 34 567", "no", "+4791234567"),
        ("06 1 234 5678", "HU", "+3612345678"),
        ("06 6982 0000", "IT", "+390669820000"),
        ("(415) 555-0132", "US", "+14155550132"),
        ("1-415-555-0132", "US", "+14155550132"),
        ("912 34 567", "", ""),
        ("912 34 567", "XX", ""),
        ("1", "NO", ""),
        ("+0 123 456 789", "", ""),
        ("+47 912 34 567 ext. 3", "", ""),
        ("+123456789012345678", "", ""),
        ("٩١٢٣٤٥٦٧", "NO", ""),
        ("call me", "NO", ""),
        ("", "NO", ""),
    ],
)
def test_a_number_has_one_spelling_when_its_country_is_known(text: str, country: str, number: str) -> None:
    assert e164(text, country) == number


@pytest.mark.django_db
def test_a_number_belongs_to_one_person_and_makes_no_two_people_one() -> None:
    first, second = make_person("ines@halden.no"), make_person("ines@gmail.com")
    link_phone(first, "912 34 567", "NO", "form", SYSTEM)
    assert person_of("phone:+4791234567") == first
    link_phone(second, "+47 912 34 567", "", "form", SYSTEM)
    assert person_of("phone:+4791234567") is None
    assert Person.objects.remaining().count() == 2


@pytest.mark.django_db
def test_a_number_that_is_corrected_goes_back_to_who_has_it() -> None:
    unit = make_unit()
    first, second = make_person("ines@halden.no", unit=unit), make_person("tom@halden.no", unit=unit)
    link_phone(first, "912 34 567", "NO", "form", SYSTEM)
    edit_person(second, Details(phone="912 34 567", country="NO"), company=None, by=SYSTEM)
    assert person_of("phone:+4791234567") is None
    edit_person(second, Details(phone="912 34 568", country="NO"), company=None, by=SYSTEM)
    assert person_of("phone:+4791234567") == first
    assert person_of("phone:+4791234568") == second
    edit_person(second, Details(), company=None, by=SYSTEM)
    assert person_of("phone:+4791234568") is None
    edit_person(second, Details(phone="912 34 568", country="NO"), company=None, by=SYSTEM)
    assert person_of("phone:+4791234568") == second
