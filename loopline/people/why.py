"""Why an identity is linked, or belongs to nobody, in words. Pure."""

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
