from uuid import UUID

import pytest

from loopline.people.models import IdentityLink
from loopline.people.stitch import Answer, IdentityKind, InvalidIdentityError, Known, decide, parse, root

A, B = Known(UUID(int=1), True), Known(UUID(int=2), True)
NO_EMAIL = Known(UUID(int=3), False)


@pytest.mark.parametrize(
    ("kind", "belongs_to", "asked", "answer"),
    [
        (IdentityKind.VISITOR, None, A, Answer.LINK),
        (IdentityKind.VISITOR, A, A, Answer.KEEP),
        (IdentityKind.VISITOR, B, A, Answer.CONFLICT),
        (IdentityKind.VISITOR, NO_EMAIL, A, Answer.CONFLICT),
        (IdentityKind.USER, None, A, Answer.LINK),
        (IdentityKind.USER, B, A, Answer.CONFLICT),
        (IdentityKind.USER, NO_EMAIL, A, Answer.MERGE),
        (IdentityKind.USER, A, NO_EMAIL, Answer.CONFLICT),
        (IdentityKind.EMAIL, B, A, Answer.CONFLICT),
        (IdentityKind.EXTERNAL, None, A, Answer.LINK),
        (IdentityKind.EXTERNAL, NO_EMAIL, A, Answer.CONFLICT),
    ],
)
def test_who_gets_an_identity(kind: IdentityKind, belongs_to: Known | None, asked: Known, answer: Answer) -> None:
    assert decide(kind, belongs_to, asked) is answer


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
