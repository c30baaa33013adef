"""Who is who without the person: what others came with, too, goes on being theirs, and as before not the person's."""

from datetime import datetime

from django.db.models import Q

from loopline.people.claims import settle
from loopline.people.models import (
    BlockedIdentity,
    BrowserLogout,
    BrowserSighting,
    BrowserUse,
    IdentityClaim,
    IdentityConflict,
    IdentityLink,
    Merge,
    NotTheSame,
    Person,
)
from loopline.people.uses import SEVERAL
from loopline.privacy.traces import Traces


def wipe_identities(traces: Traces, at: datetime) -> None:
    """Inside a transaction that has its turn, before the person is without a name."""
    ids, own = traces.people, traces.own
    users = [one for one in own if one.startswith("user:")]
    _keep_apart(traces, users)
    IdentityClaim.objects.filter(Q(identity__in=own) | Q(same_as__in=users)).delete()
    browsers = [f"visitor:{one}" for one in traces.shared]
    IdentityClaim.objects.filter(person__in=ids).exclude(identity__in=browsers).delete()
    IdentityLink.objects.filter(Q(identity__in=own) | Q(person__in=ids)).delete()
    BrowserLogout.objects.filter(identity__in=own).delete()
    BrowserUse.objects.filter(identity__in=own).delete()
    BlockedIdentity.objects.filter(identity__in=own).delete()
    pair = Q(kept_with__in=ids) | Q(claimed_by__in=ids)
    IdentityConflict.objects.filter(pair | Q(identity__in=own)).delete()
    NotTheSame.objects.filter(Q(one__in=ids) | Q(other__in=ids)).delete()
    Merge.objects.filter(Q(remaining__in=ids) | Q(merged__in=ids)).delete()
    Person.objects.filter(pk__in=ids).update(erased_at=at)  # from here on nobody's where a browser is shared
    settle(traces.released, at)
    BrowserUse.objects.filter(person__in=ids).update(person=None, why=SEVERAL)


def _keep_apart(traces: Traces, users: list[str]) -> None:
    """On a browser that others used, too, it stays known when somebody without a name was there. Else the others would
    get those visits. What named the person there by a user id says so by the record without a name from now on."""
    for claim in IdentityClaim.objects.filter(
        same_as__in=users, identity__in=[f"visitor:{one}" for one in traces.shared]
    ):
        kept, _ = IdentityClaim.objects.get_or_create(
            identity=claim.identity, person_id=traces.people[0], same_as="", evidence=claim.evidence,
            may_be_said_again=False,
            defaults={"rule_version": claim.rule_version, "at": claim.at, "set_aside_at": claim.set_aside_at},
        )  # fmt: skip
        seen = claim.sightings.values_list("at", flat=True)
        BrowserSighting.objects.bulk_create([BrowserSighting(claim=kept, at=at) for at in seen], ignore_conflicts=True)
