"""Why an identity is linked, or belongs to nobody, in words. Pure."""

from loopline.people import uses
from loopline.people.stitch import BLOCKED, HUB, HUB_ABOVE, LIFTED, SHARED, IdentityKind

_WHY = {
    (IdentityKind.VISITOR, "form"): "a form with this person's address was sent from it",
    (IdentityKind.VISITOR, "identify"): "this person was signed in on it",
    (IdentityKind.VISITOR, "alias"): "the site said that its visitor is this user",
    (IdentityKind.USER, "form"): "a form with this person's address was sent while signed in with it",
    (IdentityKind.USER, "identify"): "the site named it together with this person's address",
    (IdentityKind.USER, "alias"): "the site said that it is another name of the same user",
    (IdentityKind.USER, "self"): "the site named it, without an address so far",
    (IdentityKind.EMAIL, "form"): "it was typed into a form",
    (IdentityKind.EMAIL, "identify"): "the site named it",
    (IdentityKind.PHONE, "form"): "it was typed into a form with this person's address",
    (IdentityKind.PHONE, "typed"): "somebody here typed it",
    (IdentityKind.PHONE, "identify"): "the site named it together with this person",
}
_ANY = {
    "import": "an imported file says so",
    "manual": "somebody here said so",
    "self": "it is this record",
    SHARED: "it was used by more than one person",
    HUB: f"it was used by more than {HUB_ABOVE} people",
    BLOCKED: "its value names nobody",
    LIFTED: "somebody here let it start anew",
}


def why_linked(kind: IdentityKind, evidence: str) -> str:
    """The reason as the end of a sentence; evidence nobody has words for is given as it is."""
    return _WHY.get((kind, evidence)) or _ANY.get(evidence) or evidence


_USED = {
    uses.ALONE: "Nobody else was named between these logouts",
    uses.NAMED: "Named here: from half an hour before, until another one is named or somebody logs out",
    uses.BEFORE: "Before anybody was named",
    uses.BETWEEN: "Between two people, and not within half an hour of one of them alone",
    uses.SEVERAL: "More than one was named at one moment",
    uses.LOGGED_OUT: "After a logout, and nobody was named until the next one",
}


def why_used(why: str) -> str:
    """Why a stretch of a shared browser is somebody's or nobody's, as a sentence without its end."""
    return _USED.get(why, why)
