"""Identities: which person a browser, a user id or a mailbox belongs to. Links are only ever added."""

from datetime import datetime

from django.db import transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.roles import Permission
from loopline.lib.times import utc_now
from loopline.people.blocked import is_for_many
from loopline.people.claims import (
    Settled,
    add_claim,
    is_blocked,
    log_out,
    lone_people,
    newest_link,
    people_named,
    set_aside,
    settle,
    write_link,
)
from loopline.people.merge import merge_people
from loopline.people.models import IdentityClaim, IdentityConflict, IdentityLink, Merge, NotTheSame, Person
from loopline.people.phones import e164
from loopline.people.stitch import Answer, parse


def person_of(identity: str) -> Person | None:
    """The remaining person an identity belongs to; None when it belongs to no one."""
    link = newest_link(identity)
    return link.person.canonical if link and link.person else None


def identities_of(person: Person) -> list[IdentityLink]:
    """The links in force of a person and of those merged into it, oldest first."""
    ids = set(person.known_ids())
    named = IdentityLink.objects.filter(person__in=ids).values("identity")
    newest: dict[str, IdentityLink] = {}
    for link in IdentityLink.objects.filter(identity__in=named).order_by("pk"):
        newest[link.identity] = link
    return sorted((one for one in newest.values() if one.person_id in ids), key=lambda one: one.pk)


def unlinked_of(person: Person) -> list[IdentityLink]:
    """What the person came with that belongs to nobody, because others came with it too or its value is blocked."""
    claims = IdentityClaim.objects.filter(person__in=person.known_ids(), set_aside_at__isnull=True)
    links = (newest_link(one) for one in claims.values_list("identity", flat=True).distinct().order_by("identity"))
    return [one for one in links if one is not None and one.person is None]


def link_identity(identity: str, person: Person, evidence: str, by: Actor, at: datetime | None = None) -> Answer:
    """Say that `identity` is `person`, because of `evidence` (form, identify, alias, import, manual, self).

    The answer tells what came of it. A browser, a user id or a phone that names two people belongs to neither, and
    the two are kept for people to compare. Raises InvalidIdentityError, NotAllowedError.
    """
    by.require(Permission.EDIT_PEOPLE)
    kind, _ = parse(identity)
    with transaction.atomic():
        take_turn()
        person = Person.objects.select_related("merged_into").get(pk=person.pk).canonical
        _refuse_other_unit(person, by)
        if not kind.can_be_shared:
            return _link_for_good(identity, person, evidence, by, at)
        if is_for_many(person.email) or is_blocked(identity, *([f"email:{person.email}"] if person.email else [])):
            return Answer.REFUSED
        if not add_claim(identity, person=person, evidence=evidence, at=at):
            return Answer.KEEP if person_of(identity) == person else Answer.CONFLICT
        is_merged = identity.startswith("user:") and _join_lone(identity, by, at)
        settled = settle([identity], at)[identity]
        if is_merged:
            return Answer.MERGE
        return _told(identity, settled, person, evidence, by, at)


def link_to_user(identity: str, user_id: str, evidence: str, by: Actor, at: datetime | None = None) -> Answer:
    """Say that a browser, or another user id, is the same as a site's user id, whoever that is or will be."""
    by.require(Permission.EDIT_PEOPLE)
    user = f"user:{user_id}"
    parse(user)
    kind, _ = parse(identity)
    with transaction.atomic():
        take_turn()
        if not kind.can_be_shared or identity == user or is_blocked(identity) or is_blocked(user):
            return Answer.REFUSED
        before = person_of(identity)
        if not add_claim(identity, same_as=user, evidence=evidence, at=at):
            return Answer.KEEP if before else Answer.CONFLICT
        is_merged = identity.startswith("user:") and _join_lone(identity, by, at)
        settle([identity], at)
        person = person_of(identity)
        if person is not None and person != before:
            audit(by, "link_identity", person, at=at, identity=identity, evidence=evidence, same_as=user)
        _keep_conflicts(identity, evidence, by, at)
        return Answer.MERGE if is_merged else Answer.LINK if person else Answer.CONFLICT


def withdraw_identity(identity: str, *, by: Actor, at: datetime | None = None) -> None:
    """Say that `identity` belongs to no one any more; the history of the link stays. No link: nothing to do."""
    by.require(Permission.EDIT_PEOPLE)
    with transaction.atomic():
        take_turn()
        person = person_of(identity)
        if person is None:
            return
        _refuse_other_unit(person, by)
        add_claim(identity, person=person, evidence="manual", at=at)
        set_aside([identity], at=at)
        write_link(identity, None, "manual", at)
        audit(by, "withdraw_identity", person, at=at, identity=identity)


def note_logout(browser: str, *, by: Actor, at: datetime) -> None:
    """Somebody logged out on `browser` at `at`. It matters once the browser names a second person."""
    by.require(Permission.EDIT_PEOPLE)
    parse(browser)
    with transaction.atomic():
        take_turn()
        if not is_blocked(browser):
            log_out(browser, at)


def link_phone(person: Person, phone: str, country: str, evidence: str, by: Actor, at: datetime | None = None) -> None:
    """The person's number, when it was given with its country. Two people with one number are suggested, not merged."""
    if number := e164(phone, country):
        link_identity(f"phone:{number}", person, evidence, by, at)


def forget_phone(person: Person, number: str, at: datetime | None = None) -> None:
    """The number is no longer that person's. Inside the transaction of an action that took its turn."""
    identity = f"phone:{number}"
    set_aside([identity], person.known_ids(), may_be_said_again=True, at=at)
    if person_of(identity) == person.canonical:
        write_link(identity, None, "typed", at)
    settle([identity], at)


def _link_for_good(identity: str, person: Person, evidence: str, by: Actor, at: datetime | None) -> Answer:
    """An address, a record or an imported id stays with the person it named first."""
    current = person_of(identity)
    if current is None:
        write_link(identity, person.pk, evidence, at)
        audit(by, "link_identity", person, at=at, identity=identity, evidence=evidence)
        return Answer.LINK
    if current == person:
        return Answer.KEEP
    _keep_conflict(identity, current, person, evidence, by, at)
    return Answer.CONFLICT


def _told(identity: str, settled: Settled, person: Person, evidence: str, by: Actor, at: datetime | None) -> Answer:
    if settled.now != person.pk:
        _keep_conflicts(identity, evidence, by, at)
        return Answer.CONFLICT
    if settled.before == person.pk:
        return Answer.KEEP
    audit(by, "link_identity", person, at=at, identity=identity, evidence=evidence)
    return Answer.LINK


def _join_lone(user: str, by: Actor, at: datetime | None) -> bool:
    """Whoever was known by these user ids alone turns out to be the one person they name now."""
    lone = lone_people(user)
    named = people_named(user)
    others = named - {one.pk for one in lone}
    if len(others) > 1 or not lone or (not others and len(lone) < 2):
        return False
    if not by.may(Permission.MERGE_PEOPLE):
        return False
    remaining = Person.objects.get(pk=next(iter(others))) if others else lone[0]
    joined = [one for one in lone if one != remaining and not _said_not_the_same(remaining, one)]
    for one in joined:
        remaining.refresh_from_db()
        merge_people(remaining, one, by=by, at=at)
    return bool(joined)


def _said_not_the_same(remaining: Person, other: Person) -> bool:
    pair = sorted([remaining.pk, other.pk])
    undone = Merge.objects.filter(merged=other, undone_at__isnull=False, remaining__in=remaining.known_ids())
    return undone.exists() or NotTheSame.objects.filter(one=pair[0], other=pair[1]).exists()


def _keep_conflicts(identity: str, evidence: str, by: Actor, at: datetime | None) -> None:
    """Everyone this identity names stays apart from the first one of them, for people to compare."""
    people = sorted(people_named(identity))
    if len(people) > 1:
        first, *rest = Person.objects.filter(pk__in=people).order_by("pk")
        for other in rest:
            _keep_conflict(identity, first, other, evidence, by, at)


def _keep_conflict(
    identity: str, current: Person, person: Person, evidence: str, by: Actor, at: datetime | None
) -> None:
    _, is_new = IdentityConflict.objects.get_or_create(
        identity=identity,
        claimed_by=person,
        defaults={"kept_with": current, "evidence": evidence, "at": at or utc_now()},
    )
    if is_new:
        audit(by, "keep_identity", current, at=at, identity=identity, claimed_by=person.pk, evidence=evidence)


def _refuse_other_unit(person: Person, by: Actor) -> None:
    if not person.is_visible_to(by):
        raise NotAllowedError(f"{by.name} may not change people of another business unit.")
