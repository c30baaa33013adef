"""What was said about identities, and the links that follow from all of it.

A claim says that an identity is a person, or is the same as a user id. User ids that are the same form a class. Who
an identity names is worked out from all its claims, so that it does not matter which came first; a link is written
only when the answer has changed. All of it happens inside the transaction of an action that took its turn.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from loopline.facts.outbox import record_fact
from loopline.lib.times import utc_now
from loopline.people.blocked import is_blocked_by_itself
from loopline.people.browser_uses import is_shared_browser, settle_uses
from loopline.people.fact_rows import identity_row
from loopline.people.models import (
    BlockedIdentity,
    BrowserLogout,
    BrowserSighting,
    IdentityClaim,
    IdentityLink,
    Person,
)
from loopline.people.stitch import BLOCKED, HUB, LIFTED, RULE_VERSION, SHARED, Weight, heaviest, weight, why_nobody
from loopline.people.uses import Sighting


def is_blocked(*identities: str) -> bool:
    """Whether any of these names nobody in particular."""
    return (
        any(is_blocked_by_itself(one) for one in identities)
        or BlockedIdentity.objects.filter(identity__in=identities).exists()
    )


def newest_link(identity: str) -> IdentityLink | None:
    links = IdentityLink.objects.filter(identity=identity).select_related("person__merged_into")
    return links.order_by("-pk").first()


def write_link(identity: str, person_id: UUID | None, evidence: str, at: datetime | None = None) -> None:
    """The row and its fact, inside the transaction of an action that took its turn."""
    IdentityLink.objects.create(
        identity=identity, person_id=person_id, evidence=evidence, rule_version=RULE_VERSION,
        recorded_at=at or utc_now(),
    )  # fmt: skip
    record_fact("identity_facts", identity, identity_row(person_id, evidence), occurred_at=at)


def add_claim(
    identity: str, *, person: Person | None = None, same_as: str = "", evidence: str, at: datetime | None
) -> bool:
    """Keep what was said; False when it had been said before."""
    for one in filter(None, (identity, same_as)):
        _count_link(one, person)
    is_new = _keep(identity, person, same_as, evidence, at or utc_now())
    if not is_new and is_shared_browser(identity):
        settle_uses(identity, _sightings(identity), at)
    return is_new


def _count_link(identity: str, person: Person | None) -> None:
    """A link made by an import or the demo counts as said. One that follows from claims does not: it would weigh more
    than they do, and come of the order they arrived in."""
    if IdentityClaim.objects.filter(Q(identity=identity) | Q(same_as=identity)).exists():
        return
    link = newest_link(identity)
    if link is not None and link.person is not None and link.person != person:
        _keep(identity, link.person, "", link.evidence, link.recorded_at)


def user_class(user: str) -> set[str]:
    """All user ids that were said to be the same as this one, with itself."""
    found, new = {user}, {user}
    while new:
        pairs = _counting().filter(Q(identity__in=new) | Q(same_as__in=new), identity__startswith="user:")
        said = pairs.exclude(same_as="").values_list("identity", "same_as")
        new = {one for pair in said for one in pair} - found
        found |= new
    return found


def people_named(identity: str) -> set[UUID]:
    """Ids of the people that remain whom everything said about this identity names."""
    return _people_of_users(identity) if identity.startswith("user:") else _people_in(_said_of(identity))


def _said_of(identity: str) -> list[IdentityClaim]:
    """What counts of what was said, oldest first."""
    return list(_counting().filter(identity=identity).select_related("person").order_by("pk"))


def _people_in(claims: list[IdentityClaim]) -> set[UUID]:
    """Whom claims about a browser or a phone name."""
    decided = {one.person.canonical_id for one in claims if one.person and weight(one.evidence) is Weight.DECIDED}
    if decided:
        return decided
    people = {one.person.canonical_id for one in claims if one.person}
    for user in {one.same_as for one in claims if one.same_as}:
        people |= _people_of_users(user)
    return people


def lone_people(user: str) -> list[Person]:
    """People without an address that were made for these user ids alone and still stand, oldest first."""
    claims = _counting().filter(identity__in=user_class(user), evidence="self", person__isnull=False)
    found = {one.person.canonical for one in claims.select_related("person__merged_into") if one.person}
    return sorted((one for one in found if not one.email), key=lambda one: one.pk)


@dataclass(frozen=True, slots=True)
class Settled:
    """Whose an identity was and is: the person that remains, or nobody."""

    before: UUID | None
    now: UUID | None


def settle(identities: Iterable[str], at: datetime | None = None) -> dict[str, Settled]:
    """Write the links that what was said now asks for, for these and for what is known only through them."""
    return {one: _settle_one(one, at) for one in sorted(_with_those_behind(set(identities)))}


def settle_people(people: Iterable[UUID], at: datetime | None = None) -> None:
    """The same for every identity that names one of these people: two of them became one, or two again."""
    settle(set(_counting().filter(person__in=list(people)).values_list("identity", flat=True)), at)


def set_aside(
    identities: Iterable[str],
    people: Iterable[UUID] | None = None,
    *,
    may_be_said_again: bool = False,
    at: datetime | None = None,
) -> None:
    """What was said so far about these identities (and `people`, when given) counts no more."""
    claims = _counting().filter(identity__in=list(identities))
    claims = claims if people is None else claims.filter(person__in=list(people))
    claims.update(set_aside_at=at or utc_now(), may_be_said_again=may_be_said_again)


def log_out(identity: str, at: datetime) -> None:
    """Somebody logged out on this browser. Inside the transaction of an action that took its turn."""
    _, is_new = BrowserLogout.objects.get_or_create(identity=identity, at=at)
    if is_new:
        settle([identity], at)


def _settle_one(identity: str, at: datetime | None) -> Settled:
    is_user = identity.startswith("user:")
    said = [] if is_user else _said_of(identity)
    people = _people_of_users(identity) if is_user else _people_in(said)
    nobody = BLOCKED if is_blocked(identity) else why_nobody(people)
    link = newest_link(identity)
    before = link.person.canonical_id if link and link.person else None
    if nobody and (link is None or before or link.evidence != nobody):
        write_link(identity, None, nobody, at)
    if identity.startswith("visitor:"):
        # After the link was withdrawn and before it is given: whoever reads in between finds nobody, never two.
        settle_uses(identity, _sightings(identity) if nobody == SHARED else [], at)
    if nobody:
        return Settled(before, None)
    if not people:
        if link is not None and before is None and link.evidence in {SHARED, HUB, BLOCKED}:
            write_link(identity, None, LIFTED, at)
        return Settled(before, before)
    [person_id] = people
    if before != person_id:
        write_link(identity, person_id, _evidence_of_user(identity) if is_user else _heaviest_reason(said), at)
    return Settled(before, person_id)


def _evidence_of_user(user: str) -> str:
    named = user_class(user)
    claims = list(_counting().filter(identity__in=named).order_by("pk"))
    own = [one for one in claims if one.identity == user and (one.person_id or len(named) == 1)]
    return _heaviest_reason(own or claims)


def _heaviest_reason(claims: list[IdentityClaim]) -> str:
    """The reason that weighs most, the earliest of those."""
    return max(claims, key=lambda one: (weight(one.evidence), -one.pk)).evidence if claims else "self"


def _people_of_users(user: str) -> set[UUID]:
    claims = _counting().filter(identity__in=user_class(user), person__isnull=False).select_related("person")
    return heaviest([(one.evidence, one.person.canonical_id) for one in claims if one.person])


def _with_those_behind(identities: set[str]) -> set[str]:
    users = {other for one in identities if one.startswith("user:") for other in user_class(one)}
    behind = _counting().filter(same_as__in=users).values_list("identity", flat=True) if users else []
    return identities | users | set(behind)


def _counting() -> QuerySet[IdentityClaim]:
    return IdentityClaim.objects.filter(set_aside_at__isnull=True)


def _sightings(identity: str) -> list[Sighting]:
    """Who was named on a browser when, by what still counts."""
    found = []
    for claim in _counting().filter(identity=identity).select_related("person").prefetch_related("sightings"):
        named = {claim.person.canonical_id} if claim.person else _people_of_users(claim.same_as)
        is_gone = claim.person is not None and claim.person.erased_at is not None
        person = next(iter(named)) if len(named) == 1 and not is_gone else None
        found += [Sighting(one.at, person) for one in claim.sightings.all()]
    return found


def _keep(identity: str, person: Person | None, same_as: str, evidence: str, at: datetime) -> bool:
    """Keep what was said, once; and each moment at which it was said of a browser."""
    said = {"identity": identity, "person": person, "same_as": same_as, "evidence": evidence}
    # Whoever is here has the turn: nobody else says the same meanwhile.
    claim = IdentityClaim.objects.filter(**said, may_be_said_again=False).first()
    is_new = claim is None
    if claim is None:
        claim = IdentityClaim.objects.create(**said, rule_version=RULE_VERSION, at=at)
    if identity.startswith("visitor:"):
        BrowserSighting.objects.bulk_create([BrowserSighting(claim=claim, at=at)], ignore_conflicts=True)
    return is_new
