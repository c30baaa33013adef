"""Identities: which person a browser, a user id or a mailbox belongs to. Links are only ever added."""

from datetime import datetime

from django.db import transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.roles import Permission
from loopline.facts.outbox import record_fact
from loopline.lib.times import utc_now
from loopline.people.fact_rows import identity_row
from loopline.people.merge import merge_people
from loopline.people.models import IdentityConflict, IdentityLink, Person
from loopline.people.stitch import RULE_VERSION, Answer, Known, decide, parse


def person_of(identity: str) -> Person | None:
    """The remaining person an identity belongs to; None when it belongs to no one."""
    link = IdentityLink.objects.filter(identity=identity).select_related("person__merged_into").order_by("-pk").first()
    return link.person.canonical if link and link.person else None


def identities_of(person: Person) -> list[IdentityLink]:
    """The links in force of a person and of those merged into it, oldest first."""
    ids = set(person.known_ids())
    named = IdentityLink.objects.filter(person__in=ids).values("identity")
    newest: dict[str, IdentityLink] = {}
    for link in IdentityLink.objects.filter(identity__in=named).order_by("pk"):
        newest[link.identity] = link
    return sorted((one for one in newest.values() if one.person_id in ids), key=lambda one: one.pk)


def link_identity(identity: str, person: Person, evidence: str, by: Actor, at: datetime | None = None) -> Answer:
    """Say that `identity` is `person`, because of `evidence` (form, identify, import, manual, self).

    The answer tells what came of it: a link; nothing new; a conflict, which leaves two people two and is kept for
    people to decide; or a merge. Raises InvalidIdentityError, NotAllowedError.
    """
    by.require(Permission.EDIT_PEOPLE)
    kind, _ = parse(identity)
    with transaction.atomic():
        take_turn()
        person = Person.objects.select_related("merged_into").get(pk=person.pk).canonical
        _refuse_other_unit(person, by)
        current = person_of(identity)
        belongs_to = Known(current.pk, bool(current.email)) if current else None
        answer = decide(kind, belongs_to, Known(person.pk, bool(person.email)))
        if answer is Answer.MERGE and not by.may(Permission.MERGE_PEOPLE):
            answer = Answer.CONFLICT
        if answer is Answer.LINK:
            write_link(identity, person, evidence, at)
            audit(by, "link_identity", person, at=at, identity=identity, evidence=evidence)
        elif answer is Answer.MERGE and current is not None:
            merge_people(person, current, by=by, at=at)
        elif answer is Answer.CONFLICT and current is not None:
            _keep_conflict(identity, current, person, evidence, by, at)
    return answer


def withdraw_identity(identity: str, *, by: Actor, at: datetime | None = None) -> None:
    """Say that `identity` belongs to no one any more; the history of the link stays. No link: nothing to do."""
    by.require(Permission.EDIT_PEOPLE)
    with transaction.atomic():
        take_turn()
        person = person_of(identity)
        if person is None:
            return
        _refuse_other_unit(person, by)
        write_link(identity, None, "manual", at)
        audit(by, "withdraw_identity", person, at=at, identity=identity)


def write_link(identity: str, person: Person | None, evidence: str, at: datetime | None = None) -> None:
    """The row and its fact, inside the transaction of an action that took its turn."""
    IdentityLink.objects.create(
        identity=identity, person=person, evidence=evidence, rule_version=RULE_VERSION, recorded_at=at or utc_now()
    )
    record_fact("identity_facts", identity, identity_row(person.pk if person else None, evidence), occurred_at=at)


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
    if not Person.objects.visible_to(by).filter(pk=person.pk).exists():
        raise NotAllowedError(f"{by.name} may not change people of another business unit.")
