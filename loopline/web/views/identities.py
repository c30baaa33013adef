"""Identities that link nobody: hubs, which too many people came with, and values somebody put on the list."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from loopline.access.roles import Permission
from loopline.people.claims import people_named
from loopline.people.decisions import DecisionRefusedError, block_identity, hubs, lift_hub, unblock_identity
from loopline.people.emails import InvalidEmailError
from loopline.people.models import BlockedIdentity, IdentityLink, Person
from loopline.people.stitch import HUB_ABOVE, IdentityKind, parse
from loopline.web.access import PageRequest, allow

KINDS = (IdentityKind.USER, IdentityKind.VISITOR, IdentityKind.EMAIL, IdentityKind.PHONE)
_NAMES_SHOWN = 8


@allow(Permission.MERGE_PEOPLE)
def identities(request: PageRequest) -> HttpResponse:
    rows = [row for link in hubs() if (row := _row(request, link))]
    context = {
        "rows": rows,
        "most": HUB_ABOVE,
        "blocked": [(one, *parse(one.identity)) for one in BlockedIdentity.objects.all()],
        "kinds": KINDS,
        "can_block": request.actor.may(Permission.ADMINISTER),
    }
    return render(request, "people/identities.html", context)


@require_POST
@allow(Permission.MERGE_PEOPLE)
def identity_start_anew(request: PageRequest) -> HttpResponse:
    try:
        lift_hub(request.POST.get("identity", ""), by=request.actor)
    except DecisionRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "It starts anew: who comes with it from now on is linked by the same rules.")
    return redirect("identities")


@require_POST
@allow(Permission.ADMINISTER)
def identity_block(request: PageRequest) -> HttpResponse:
    kind = next((one for one in KINDS if one == request.POST.get("kind")), IdentityKind.USER)
    try:
        block_identity(kind, request.POST.get("value", ""), by=request.actor)
    except (DecisionRefusedError, InvalidEmailError) as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "From now on this value names nobody.")
    return redirect("identities")


@require_POST
@allow(Permission.ADMINISTER)
def identity_unblock(request: PageRequest, blocked_id: int) -> HttpResponse:
    unblock_identity(get_object_or_404(BlockedIdentity, pk=blocked_id), by=request.actor)
    messages.success(request, "This value may name someone again.")
    return redirect("identities")


def _row(request: PageRequest, link: IdentityLink) -> tuple[IdentityLink, list[Person], int, bool] | None:
    """The hub, some of its people, how many more there are, and whether the actor sees all; None when none is seen."""
    named = people_named(link.identity)
    seen = list(Person.objects.visible_to(request.actor).filter(pk__in=named).order_by("pk"))
    return (link, seen[:_NAMES_SHOWN], len(named) - len(seen[:_NAMES_SHOWN]), len(seen) == len(named)) if seen else None
