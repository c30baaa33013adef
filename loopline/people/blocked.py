"""Values that sites send for nobody in particular. They name no one, whatever comes with them. Pure."""

from loopline.people.emails import is_role_address
from loopline.people.stitch import IdentityKind, parse

_NOT_AN_ID = """
null (null) none nil undefined nan n/a na unknown anonymous anon guest visitor not_authenticated notauthenticated
distinctid distinct_id userid user_id user id email test true false 0 -1 - [object] 00000000-0000-0000-0000-000000000000
"""
_NOT_AN_ADDRESS = """
test@test.com test@test.de test@example.com test@example.org test@test.test example@example.com user@example.com
name@example.com email@example.com you@example.com your@email.com email@email.com a@a.com aa@aa.com a@b.com a@b.c
asdf@asdf.com abc@abc.com foo@bar.com no@no.com none@none.com null@null.com na@na.com x@x.com xx@xx.com
noreply@example.com anonymous@example.com john@doe.com nobody@nowhere.com
"""
BLOCKED_IDS = frozenset([*_NOT_AN_ID.split(), "[object object]", "not authenticated"])
BLOCKED_ADDRESSES = frozenset(_NOT_AN_ADDRESS.split())


def is_blocked_by_itself(identity: str) -> bool:
    """Whether everyone's list blocks this identity. An installation adds its own (`models.BlockedIdentity`)."""
    kind, value = parse(identity)
    plain = value.strip().lower()
    if kind is IdentityKind.EMAIL:
        return plain in BLOCKED_ADDRESSES
    return kind.can_be_shared and (plain in BLOCKED_IDS or not plain.strip("0-. _"))


def is_for_many(email: str | None) -> bool:
    """Whether several people read what comes to this address, so that it never joins anything to itself."""
    return bool(email) and (is_role_address(str(email)) or str(email) in BLOCKED_ADDRESSES)
