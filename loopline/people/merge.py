"""Two people become one, and can become two again.

Nothing is moved: the merged person and all its followers point at the one that remains (never a chain), their
records and identities keep their own person, and whoever reads follows the pointer, in the records and in the event
store (`person_facts.canonical_id`). So undoing is taking the pointer away. What happened in between stays with the
person that remained.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import ManyToOneRel

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.roles import Permission
from loopline.facts.outbox import record_fact
from loopline.lib.times import utc_now
from loopline.people.claims import set_aside, settle, settle_people
from loopline.people.fact_rows import person_row
from loopline.people.models import IdentityConflict, IdentityLink, Merge, Person
from loopline.people.stitch import root

_FILLED = ("name", "job_title", "phone", "country", "language", "company_id")


class MergeRefusedError(ValueError):
    """These two cannot be merged, or this merge cannot be undone; the message says why."""


def holdings(person: Person) -> dict[str, list[str]]:
    """Ids of the records kept under this person, by kind: `{"leads": […], "consents": […]}`."""
    found: dict[str, list[str]] = {}
    for relation in Person._meta.related_objects:
        related = relation.related_model
        if not isinstance(relation, ManyToOneRel) or related in {Person, Merge, IdentityConflict}:
            continue
        rows = related._default_manager.filter(**{relation.field.name: person}).values_list("pk", flat=True)
        ids = [str(one) for one in rows.order_by("pk")]
        if ids:
            name = str(related._meta.verbose_name_plural)
            found[name] = found.get(name, []) + ids
    return found


def merge_people(remaining: Person, merged: Person, *, by: Actor, at: datetime | None = None) -> Merge:
    """Make `merged` one with `remaining`, whose empty fields it fills. Raises MergeRefusedError, NotAllowedError."""
    by.require(Permission.MERGE_PEOPLE)
    with transaction.atomic():
        take_turn()
        rows = {one.pk: one for one in Person.objects.select_for_update().filter(pk__in=[remaining.pk, merged.pk])}
        if len(rows) < 2:
            raise MergeRefusedError("Pick two different people; one cannot be merged with itself.")
        remaining, merged = rows[remaining.pk], rows[merged.pk]
        _refuse_unless_both_stand_alone(remaining, merged, by)
        merge = Merge(remaining=remaining, merged=merged, by_name=by.name, at=at or utc_now())
        merge.detail = {"holdings": holdings(merged), "filled": _fill(remaining, merged)}
        followers = list(Person.objects.filter(merged_into=merged))
        _point(merged, remaining, merge.at)
        for follower in followers:
            _point(follower, remaining, merge.at)
        merge.save(force_insert=True)
        _report([remaining], merge.at)
        settle_people(remaining.known_ids(), merge.at)
        audit(by, "merge_people", remaining, at=at, merge=merge.pk, merged=merged.pk, detail=merge.detail)
    return merge


def undo_merge(merge: Merge, *, by: Actor, at: datetime | None = None) -> None:
    """Make two people of one again. Other merges stand. Raises MergeRefusedError when it is undone already."""
    by.require(Permission.MERGE_PEOPLE)
    with transaction.atomic():
        take_turn()
        merge = Merge.objects.select_for_update().select_related("merged", "remaining").get(pk=merge.pk)
        if merge.undone_at is not None:
            raise MergeRefusedError("This merge was undone already.")
        _refuse_other_units([merge.remaining, merge.merged], by)
        merge.undone_at, merge.undone_by_name = at or utc_now(), by.name
        merge.save(update_fields=["undone_at", "undone_by_name"])
        together = merge.merged.known_ids()
        _empty_again(merge)
        _point_anew(merge.merged.canonical_id, merge.undone_at)
        _report([merge.remaining], merge.undone_at)
        _part_identities(merge, together, merge.undone_at)
        audit(by, "undo_merge", merge.remaining, at=at, merge=merge.pk, merged=merge.merged.pk)


def _refuse_unless_both_stand_alone(remaining: Person, merged: Person, by: Actor) -> None:
    for one in (remaining, merged):
        if one.merged_into is not None:
            raise MergeRefusedError(f"{one} was merged into {one.merged_into} already; merge that one instead.")
    _refuse_other_units([remaining, merged], by)


def _refuse_other_units(people: list[Person], by: Actor) -> None:
    ids = {one.pk for one in people}
    if Person.objects.visible_to(by).filter(pk__in=ids).count() < len(ids):
        raise NotAllowedError(f"{by.name} may not merge people of another business unit.")


def _fill(remaining: Person, merged: Person) -> dict[str, object]:
    """Fill what `remaining` lacks; returns what was filled. An e-mail address moves, for it is unique."""
    filled: dict[str, object] = {}
    for name in _FILLED:
        if not getattr(remaining, name) and getattr(merged, name):
            setattr(remaining, name, getattr(merged, name))
            filled[name] = getattr(merged, name)
    if not remaining.email and merged.email:
        filled["email"] = merged.email
        merged.email = None
        merged.save(update_fields=["email"])
        remaining.email = str(filled["email"])
    remaining.save()
    return {name: str(value) for name, value in filled.items()}


def _empty_again(merge: Merge) -> None:
    """Take out what the merge filled in, unless someone has changed it since."""
    remaining, merged = merge.remaining, merge.merged
    for name, value in merge.detail.get("filled", {}).items():
        if str(getattr(remaining, name) or "") == value:
            setattr(remaining, name, None if name in {"email", "company_id"} else "")
    remaining.save()
    email = merge.detail.get("filled", {}).get("email")
    if email and not Person.objects.filter(email=email).exists():
        merged.email = email
        merged.save(update_fields=["email"])


def _point_anew(top: UUID, at: datetime) -> None:
    """Let everyone who pointed at `top` point where the merges that still stand say."""
    people = {one.pk: one for one in Person.objects.filter(merged_into=top)}
    standing = Merge.objects.filter(merged__in=people, undone_at__isnull=True)
    parents = dict(standing.values_list("merged_id", "remaining_id"))
    for person in people.values():
        target = root(person.pk, parents)
        if target != top:
            _point(person, None if target == person.pk else Person.objects.get(pk=target), at)


def _part_identities(merge: Merge, together: list[UUID], at: datetime) -> None:
    """What names both is nobody's again. A user id whose person has no address of its own goes back to that person.

    It came to the other one by what the site said; undoing says that this was wrong, so that counts no more.
    """
    merged = Person.objects.get(pk=merge.merged_id)
    if not merged.email:
        own = IdentityLink.objects.filter(person=merged, identity__startswith="user:").values("identity")
        identities = set(own.values_list("identity", flat=True))
        set_aside(identities, set(together) - {merged.pk}, at=at)
        settle(identities, at)
    settle_people(together, at)


def _point(person: Person, remaining: Person | None, at: datetime) -> None:
    person.merged_into = remaining
    person.save(update_fields=["merged_into"])
    _report([person], at)


def _report(people: Iterable[Person], at: datetime) -> None:
    for person in people:
        record_fact("person_facts", str(person.pk), person_row(person), occurred_at=at)
