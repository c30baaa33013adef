"""`loopline tokens`: access tokens of the API, for whoever runs the server."""

from argparse import ArgumentParser, Namespace

from loopline.access.scopes import Scope
from loopline.cli.command import DONE, Command, CommandError, UsedWronglyError
from loopline.cli.prepare import set_up_again

USUAL = (Scope.METRICS_READ.value, Scope.REPORTS_READ.value)


def _configure(parser: ArgumentParser) -> None:
    below = parser.add_subparsers(dest="what", metavar="create|list|revoke")
    create = below.add_parser("create", help="make a token for somebody and print it, this once")
    create.add_argument("--user", required=True, metavar="EMAIL", help="whose it is: it sees what this person sees")
    create.add_argument("--name", required=True, help="the program that uses it, such as “weekly spreadsheet”")
    create.add_argument(
        "--scope", action="append", choices=[one.value for one in Scope],
        help=f"what it may read; repeatable (default: {', '.join(USUAL)})",
    )  # fmt: skip
    create.add_argument("--days", type=int, default=90, help="how long it lasts, at most 365 (default: 90)")
    below.add_parser("list", help="list tokens; their values are not stored")
    revoke = below.add_parser("revoke", help="let nobody in with a token from now on")
    revoke.add_argument("id")


def _run(given: Namespace) -> int:
    if given.what is None:
        raise UsedWronglyError("say create, list or revoke")
    set_up_again()
    return {"create": _create, "list": _list, "revoke": _revoke}[given.what](given)


def _create(given: Namespace) -> int:
    from django.core.exceptions import ValidationError  # Django has to be set up first

    from loopline.access.access_tokens import NewToken, create_access_token
    from loopline.access.actor import SYSTEM
    from loopline.access.models import User

    user = User.objects.filter(email=given.user.strip().lower()).first()
    if user is None:
        raise CommandError(f"there is no user {given.user}; see Settings › Users")
    new = NewToken(given.name, frozenset(Scope(one) for one in given.scope or USUAL), given.days)
    try:
        _, plain = create_access_token(user, new, by=SYSTEM)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    print(plain)
    return DONE


def _list(_given: Namespace) -> int:
    from loopline.access.models import AccessToken

    for token in AccessToken.objects.select_related("user"):
        state = f"until {token.expires_at:%Y-%m-%d}" if token.is_in_force else token.state.value
        used = f"last used {token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never used"
        what = f"{token.user.email}: {token.name} ({' '.join(token.scopes)})"
        print(f"{token.pk}  {token.hint}…  {state:20} {used:28} {what}")
    return DONE


def _revoke(given: Namespace) -> int:
    from loopline.access.access_tokens import revoke_access_token
    from loopline.access.actor import SYSTEM
    from loopline.access.models import AccessToken
    from loopline.lib.ids import uuids_in
    from loopline.lib.times import utc_now

    in_force = AccessToken.objects.in_force(utc_now()).select_related("user")
    found = in_force.filter(pk__in=uuids_in([given.id])).first()
    if found is None:
        raise CommandError(f"there is no token in force with the id {given.id}; see `loopline tokens list`")
    revoke_access_token(found, by=SYSTEM)
    print("revoked")
    return DONE


COMMAND = Command(
    key="tokens",
    summary="Make, list and revoke access tokens of the API",
    example="loopline tokens create --user ada@example.com --name 'weekly spreadsheet' --scope reports:read",
    run=_run,
    configure=_configure,
)
