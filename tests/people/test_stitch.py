import pytest

from loopline.people.blocked import is_blocked_by_itself, is_for_many
from loopline.people.models import IdentityLink
from loopline.people.stitch import (
    HUB_ABOVE,
    IdentityKind,
    InvalidIdentityError,
    heaviest,
    is_certain,
    parse,
    root,
    why_nobody,
)


@pytest.mark.parametrize(("people", "why"), [(0, ""), (1, ""), (2, "shared"), (HUB_ABOVE, "shared"),
                                             (HUB_ABOVE + 1, "hub")])  # fmt: skip
def test_what_names_more_than_one_is_nobodys(people: int, why: str) -> None:
    assert why_nobody(range(people)) == why


@pytest.mark.parametrize(
    ("said", "people"),
    [
        ([], set()),
        ([("self", "a")], {"a"}),
        ([("self", "a"), ("form", "b")], {"b"}),
        ([("form", "b"), ("identify", "c")], {"c"}),
        ([("identify", "c"), ("import", "d")], {"c", "d"}),
        ([("identify", "c"), ("manual", "e")], {"e"}),
    ],
)
def test_of_what_was_said_of_a_user_id_the_weightiest_counts(said: list[tuple[str, str]], people: set[str]) -> None:
    assert heaviest(said) == people


@pytest.mark.parametrize(
    ("identity", "is_blocked"),
    [
        ("user:null", True), ("user: NULL ", True), ("user:0", True), ("user:[object Object]", True),
        ("user:00000000-0000-0000-0000-000000000000", True), ("visitor:undefined", True), ("user:--", True),
        ("email:test@example.com", True), ("user:42", False), ("user:nullbarrier", False), ("visitor:v1", False),
        ("email:null@halden.no", False), ("person:null", False),
    ],
)  # fmt: skip
def test_values_that_sites_send_for_nobody_are_blocked(identity: str, is_blocked: bool) -> None:
    assert is_blocked_by_itself(identity) is is_blocked


def test_addresses_of_a_function_are_for_many() -> None:
    assert is_for_many("info@halden.no")
    assert is_for_many("test@example.com")
    assert not is_for_many("ines@halden.no")
    assert not is_for_many(None)


def test_a_form_makes_a_link_likely_and_a_sign_in_makes_it_certain() -> None:
    assert not is_certain(IdentityKind.VISITOR, "form")
    assert is_certain(IdentityKind.VISITOR, "identify")
    assert is_certain(IdentityKind.EMAIL, "form")


@pytest.mark.parametrize("text", ["", "visitor", "visitor:", ":1", "cookie:1", "visitor:" + "x" * 300])
def test_what_is_no_identity_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentityError):
        parse(text)


def test_an_identity_may_hold_colons() -> None:
    assert parse("user:crm:42") == (IdentityKind.USER, "crm:42")


def test_an_imported_id_is_an_identity_with_words_for_people() -> None:
    assert parse("external:crm:L1") == (IdentityKind.EXTERNAL, "crm:L1")
    assert IdentityLink(identity="external:crm:L1").words == "Id in another system"


def test_every_kind_of_identity_has_words() -> None:
    assert all(IdentityLink(identity=f"{kind}:1").words for kind in IdentityKind)


def test_the_remaining_person_is_found_over_any_number_of_merges() -> None:
    assert root("a", {"a": "b", "b": "c"}) == "c"
    assert root("c", {"a": "b", "b": "c"}) == "c"


def test_merges_in_a_circle_are_an_error() -> None:
    with pytest.raises(ValueError, match="circle"):
        root("a", {"a": "b", "b": "a"})
