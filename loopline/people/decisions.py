"""What people decide about identities: hubs that start anew, values that name nobody, two who are not the same."""

from django.db import transaction

from loopline.access.actor import Actor, NotAllowedError
from loopline.access.audit import audit, take_turn
from loopline.access.roles import Permission
from loopline.people.claims import newest_link, people_named, set_aside, settle
from loopline.people.emails import normalise
from loopline.people.models import BlockedIdentity, IdentityLink, NotTheSame, Person
from loopline.people.stitch import HUB, IdentityKind, InvalidIdentityError, parse


class DecisionRefusedError(ValueError):
    """This cannot be decided; the message says why, in words fit to show."""


def hubs() -> list[IdentityLink]:
    """The newest link of every identity that names so many people that it links no more."""
    was = IdentityLink.objects.filter(evidence=HUB).values_list("identity", flat=True).distinct()
    links = [newest_link(identity) for identity in was.order_by("identity")]
    return [one for one in links if one is not None and one.evidence == HUB]


def lift_hub(identity: str, *, by: Actor) -> None:
    """What was said about a hub so far counts no more; it links again by what is said from now on.

    Raises DecisionRefusedError when it is none, NotAllowedError when it names someone the actor may not see.
    """
    by.require(Permission.MERGE_PEOPLE)
    with transaction.atomic():
        take_turn()
        link = newest_link(identity)
        if link is None or link.evidence != HUB:
            raise DecisionRefusedError("This is no hub any more.")
        people = people_named(identity)
        if Person.objects.visible_to(by).filter(pk__in=people).count() < len(people):
            raise NotAllowedError(f"{by.name} may not decide about people of another business unit.")
        set_aside([identity], may_be_said_again=True)
        settle([identity])
        audit(by, "lift_hub", link, identity=identity, people=len(people))


def block_identity(kind: IdentityKind, value: str, *, by: Actor) -> None:
    """From now on this value names nobody; a link it has is withdrawn. An address stays a record of its own.

    Raises DecisionRefusedError, InvalidEmailError.
    """
    by.require(Permission.ADMINISTER)
    value = normalise(value) if kind is IdentityKind.EMAIL else value.strip()
    identity = f"{kind}:{value}"
    try:
        parse(identity)
    except InvalidIdentityError as error:
        raise DecisionRefusedError("Say which value names nobody; it may be 290 characters long.") from error
    with transaction.atomic():
        take_turn()
        blocked, is_new = BlockedIdentity.objects.get_or_create(identity=identity, defaults={"by_name": by.name})
        if not is_new:
            raise DecisionRefusedError("This value is on the list already.")
        if kind.can_be_shared and newest_link(identity) is not None:
            settle([identity])
        audit(by, "block_identity", blocked, identity=identity)


def unblock_identity(blocked: BlockedIdentity, *, by: Actor) -> None:
    """The value may name someone again, by what was said before it was blocked and from now on."""
    by.require(Permission.ADMINISTER)
    with transaction.atomic():
        take_turn()
        audit(by, "unblock_identity", blocked, identity=blocked.identity)
        blocked.delete()
        if parse(blocked.identity)[0].can_be_shared:
            settle([blocked.identity])


def say_not_the_same(person: Person, other: Person, *, by: Actor) -> None:
    """Two who look alike are two: they are not suggested again and never merge by themselves."""
    by.require(Permission.MERGE_PEOPLE)
    with transaction.atomic():
        take_turn()
        ids = {person.canonical_id, other.canonical_id}
        if Person.objects.visible_to(by).filter(pk__in=ids).count() < 2:
            raise NotAllowedError(f"{by.name} may not decide about people of another business unit.")
        one, another = sorted(ids)
        _, is_new = NotTheSame.objects.get_or_create(one_id=one, other_id=another, defaults={"by_name": by.name})
        if is_new:
            audit(by, "say_not_the_same", person, other=other.canonical_id)
