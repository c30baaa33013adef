"""Who may be the same person: shown with the reason and left to people, who say yes or no once."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from loopline.access.actor import Actor
from loopline.people.claims import newest_link
from loopline.people.models import IdentityConflict, NotTheSame, Person
from loopline.people.stitch import HUB, IdentityKind, parse

_MOST = 20
_WORDS = {
    IdentityKind.VISITOR: "both used one browser",
    IdentityKind.USER: "both came with one user id",
    IdentityKind.PHONE: "both gave the same phone number",
    IdentityKind.EMAIL: "both came with one address",
    IdentityKind.EXTERNAL: "both came with one id of another system",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    other: Person
    reasons: tuple[str, ...]


def suggestions_for(person: Person, by: Actor) -> list[Suggestion]:
    """People the actor may see who may be this one, most reasons first; without those somebody said are not."""
    ids = person.known_ids()
    reasons: dict[UUID, list[str]] = {}
    for other_id, reason in [*_sharing(ids), *_of_the_same_name(person, by)]:
        said = reasons.setdefault(other_id, [])
        if reason not in said:
            said.append(reason)
    visible = Person.objects.visible_to(by).filter(pk__in=reasons).select_related("merged_into", "company")
    found: dict[Person, list[str]] = {}
    for other in visible:
        found.setdefault(other.canonical, []).extend(reasons[other.pk])
    apart = _said_apart(person.canonical_id)
    kept = [
        Suggestion(one, tuple(said)) for one, said in found.items()
        if one.pk not in {*ids, *apart} and one.erased_at is None
    ]  # fmt: skip
    return sorted(kept, key=lambda one: (-len(one.reasons), one.other.pk))[:_MOST]


def _sharing(ids: list[UUID]) -> Iterable[tuple[UUID, str]]:
    """Those who came with one of the person's identities. A hub says nothing: too many came with it."""
    conflicts = IdentityConflict.objects.filter(Q(kept_with__in=ids) | Q(claimed_by__in=ids)).order_by("at", "pk")
    for one in conflicts:
        link = newest_link(one.identity)
        if link is None or link.evidence != HUB:
            other = one.claimed_by_id if one.kept_with_id in ids else one.kept_with_id
            yield other, _WORDS.get(parse(one.identity)[0], "both came with one identity")


def _of_the_same_name(person: Person, by: Actor) -> Iterable[tuple[UUID, str]]:
    if not person.company_id or " " not in person.name:
        return
    alike = Person.objects.visible_to(by).remaining().exclude(pk=person.pk)
    for pk in alike.filter(company=person.company_id, name__iexact=person.name).values_list("pk", flat=True)[:_MOST]:
        yield pk, "the same name at the same company"


def _said_apart(person_id: UUID) -> set[UUID]:
    pairs = NotTheSame.objects.filter(Q(one=person_id) | Q(other=person_id)).values_list("one", "other")
    return {pk for pair in pairs for pk in pair} - {person_id}
