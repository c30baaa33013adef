"""What was said about identities, and the links that follow from all of it.

A claim says that an identity is a person, or is the same as a user id. User ids that are the same form a class. Who
an identity names is worked out from all its claims, so that it does not matter which came first; a link is written
only when the answer has changed. All of it happens inside the transaction of an action that took its turn.
"""

from collections.abc import Iterable
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


def is_blocked(identity: str) -> bool:
    return is_blocked_by_itself(identity) or BlockedIdentity.objects.filter(identity=identity).exists()


def newest_link(identity: str) -> IdentityLink | None:
    links = IdentityLink.objects.filter(identity=identity).select_related("person__merged_into")
    return links.order_by("-pk").first()


def write_link(identity: str, person: Person | None, evidence: str, at: datetime | None = None) -> None:
    """The row and its fact, inside the transaction of an action that took its turn."""
    IdentityLink.objects.create(
        identity=identity, person=person, evidence=evidence, rule_version=RULE_VERSION, recorded_at=at or utc_now()
    )
    record_fact("identity_facts", identity, identity_row(person.pk if person else None, evidence), occurred_at=at)


def add_claim(
    identity: str, *, person: Person | None = None, same_as: str = "", evidence: str, at: datetime | None
) -> bool:
    """Keep what was said; False when it had been said before. A link made by an import or the demo counts as said."""
    if not IdentityClaim.objects.filter(identity=identity).exists():
        link = newest_link(identity)
        if link is not None and link.person is not None and link.person != person:
            _keep(identity, link.person, "", link.evidence, link.recorded_at)
    is_new = _keep(identity, person, same_as, evidence, at or utc_now())
    if not is_new and is_shared_browser(identity):
        settle_uses(identity, _sightings(identity), at)
    return is_new


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
    if identity.startswith("user:"):
        return _people_of_users(identity)
    claims = list(_counting().filter(identity=identity).select_related("person"))
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


def settle(identities: Iterable[str], at: datetime | None = None) -> None:
    """Write the links that what was said now asks for, for these and for what is known only through them."""
    for identity in sorted(_with_those_behind(set(identities))):
        _settle_one(identity, at)


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


def _settle_one(identity: str, at: datetime | None) -> None:
    people = people_named(identity)
    nobody = BLOCKED if is_blocked(identity) else why_nobody(people)
    link = newest_link(identity)
    if nobody and (link is None or link.person is not None or link.evidence != nobody):
        write_link(identity, None, nobody, at)
    if identity.startswith("visitor:"):
        # After the link was withdrawn and before it is given: whoever reads in between finds nobody, never two.
        settle_uses(identity, _sightings(identity) if nobody == SHARED else [], at)
    if nobody:
        return
    if not people:
        if link is not None and link.person is None and link.evidence in {SHARED, HUB, BLOCKED}:
            write_link(identity, None, LIFTED, at)
        return
    [person_id] = people
    if link is None or link.person is None or link.person.canonical_id != person_id:
        write_link(identity, Person.objects.get(pk=person_id), _evidence(identity), at)


def _evidence(identity: str) -> str:
    """The reason that weighs most, the earliest of those."""
    named = user_class(identity) if identity.startswith("user:") else {identity}
    claims = list(_counting().filter(identity__in=named).order_by("pk"))
    own = [one for one in claims if one.identity == identity and (one.person_id or len(named) == 1)] or claims
    return max(own, key=lambda one: (weight(one.evidence), -one.pk)).evidence if own else "self"


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
        person = next(iter(named)) if len(named) == 1 else None
        found += [Sighting(one.at, person) for one in claim.sightings.all()]
    return found


def _keep(identity: str, person: Person | None, same_as: str, evidence: str, at: datetime) -> bool:
    """Keep what was said, once; and each moment at which it was said of a browser."""
    claim, is_new = IdentityClaim.objects.get_or_create(
        identity=identity, person=person, same_as=same_as, evidence=evidence, may_be_said_again=False,
        defaults={"rule_version": RULE_VERSION, "at": at},
    )  # fmt: skip
    if identity.startswith("visitor:"):
        BrowserSighting.objects.bulk_create([BrowserSighting(claim=claim, at=at)], ignore_conflicts=True)
    return is_new
