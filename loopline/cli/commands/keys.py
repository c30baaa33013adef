"""`loopline keys`: write keys, for whoever sends events."""

from argparse import ArgumentParser, Namespace

from loopline.cli.command import DONE, USED_WRONGLY, Command, CommandError
from loopline.cli.prepare import migrate, set_up
from loopline.collect.keys import KeyKind, KeyRefusedError, Keys, NewKey


def _configure(parser: ArgumentParser) -> None:
    below = parser.add_subparsers(dest="what", metavar="create|list|revoke")
    create = below.add_parser("create", help="create a key and print it, this once")
    create.add_argument("--name", required=True, help="what it is for, such as “web shop”")
    create.add_argument("--kind", required=True, choices=[kind.value for kind in KeyKind])
    create.add_argument("--unit", help="key of the business unit; may be left out where there is only one")
    create.add_argument("--origin", action="append", default=[], help="page that may send (browser keys); repeatable")
    create.add_argument(
        "--allow-automation", action="store_true", help="count browsers driven by programs as people (tests, demos)"
    )
    below.add_parser("list", help="list keys; their values are not stored")
    revoke = below.add_parser("revoke", help="refuse everything sent with a key from now on")
    revoke.add_argument("id")


def _run(given: Namespace) -> int:
    config = set_up()
    migrate()
    keys = Keys(config.data)
    try:
        if given.what == "create":
            return _create(keys, given)
        if given.what == "revoke":
            return _revoke(keys, given.id)
        if given.what == "list":
            return _list(keys)
    finally:
        keys.close()
    print("loopline keys: say create, list or revoke")
    return USED_WRONGLY


def _create(keys: Keys, given: Namespace) -> int:
    from loopline.access.models import BusinessUnit

    units = BusinessUnit.objects.filter(key=given.unit) if given.unit else BusinessUnit.objects.all()
    found = list(units[:2])
    if len(found) != 1:
        known = ", ".join(BusinessUnit.objects.values_list("key", flat=True)) or "none yet: run `loopline setup`"
        raise CommandError(f"name the business unit with --unit; there are: {known}")
    kind = KeyKind(given.kind)
    new = NewKey(given.name, kind, str(found[0].pk), tuple(given.origin), given.allow_automation)
    try:
        _, plain = keys.create(new)
    except KeyRefusedError as error:
        raise CommandError(str(error)) from error
    print(plain)
    return DONE


def _revoke(keys: Keys, key_id: str) -> int:
    if not keys.revoke(key_id):
        raise CommandError(f"there is no key in force with the id {key_id}; see `loopline keys list`")
    print("revoked")
    return DONE


def _list(keys: Keys) -> int:
    for key in keys.list():
        state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in force"
        used = f"last used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
        print(f"{key.id}  {key.hint}…  {key.kind.value:8} {state:20} {used:28} {key.name}")
    return DONE


COMMAND = Command(
    key="keys",
    summary="Create, list and revoke write keys",
    example="loopline keys create --name 'web shop' --kind server",
    run=_run,
    configure=_configure,
)
