"""`loopline keys`: write keys, for whoever sends events."""

from argparse import ArgumentParser, Namespace

from loopline.cli.command import DONE, Command, CommandError, UsedWronglyError
from loopline.cli.prepare import migrate, set_up
from loopline.collect.keys import KeyChange, KeyKind, Keys, NewKey, WriteKey


def _configure(parser: ArgumentParser) -> None:
    below = parser.add_subparsers(dest="what", metavar="create|list|change|revoke")
    create = below.add_parser("create", help="create a key and print it, this once")
    create.add_argument("--name", required=True, help="what it is for, such as “web shop”")
    create.add_argument("--kind", required=True, choices=[kind.value for kind in KeyKind])
    create.add_argument("--unit", help="key of the business unit; may be left out where there is only one")
    _add_limits(create, origins=[], networks=[], limit=0)
    create.add_argument(
        "--allow-automation", action="store_true", help="count browsers driven by programs as people (tests, demos)"
    )
    below.add_parser("list", help="list keys; their values are not stored")
    change = below.add_parser("change", help="change what a key allows; what is not named stays")
    change.add_argument("id")
    change.add_argument("--name")
    _add_limits(change, origins=None, networks=None, limit=None)
    revoke = below.add_parser("revoke", help="refuse everything sent with a key from now on")
    revoke.add_argument("id")


def _add_limits(
    parser: ArgumentParser, *, origins: list[str] | None, networks: list[str] | None, limit: int | None
) -> None:
    parser.add_argument(
        "--origin", action="append", default=origins, help="page that may send (browser keys); repeatable, '' for any"
    )
    parser.add_argument(
        "--network", action="append", default=networks, help="address or network that may send; repeatable, '' for any"
    )
    parser.add_argument("--limit", type=int, default=limit, metavar="N", help="most events a second; 0 for no limit")


def _run(given: Namespace) -> int:
    if given.what is None:
        raise UsedWronglyError("say create, list, change or revoke")
    config = set_up()
    migrate()
    keys = Keys(config.data)
    try:
        if given.what == "create":
            return _create(keys, given)
        if given.what == "revoke":
            return _revoke(keys, given.id)
        if given.what == "change":
            return _change(keys, given)
        return _list(keys)
    finally:
        keys.close()


def _create(keys: Keys, given: Namespace) -> int:
    from django.core.exceptions import ValidationError

    from loopline.access.actor import SYSTEM  # models, which need Django to be set up first
    from loopline.access.models import BusinessUnit
    from loopline.access.write_keys import create_write_key

    units = BusinessUnit.objects.filter(key=given.unit) if given.unit else BusinessUnit.objects.all()
    found = list(units[:2])
    if len(found) != 1:
        known = ", ".join(BusinessUnit.objects.values_list("key", flat=True)) or "none yet: run `loopline setup`"
        raise CommandError(f"name the business unit with --unit; there are: {known}")
    kind = KeyKind(given.kind)
    new = NewKey(
        given.name,
        kind,
        str(found[0].pk),
        _said(given.origin),
        given.allow_automation,
        _said(given.network),
        given.limit,
    )
    try:
        print(create_write_key(keys, new, by=SYSTEM))
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    return DONE


def _change(keys: Keys, given: Namespace) -> int:
    from django.core.exceptions import ValidationError

    from loopline.access.actor import SYSTEM
    from loopline.access.write_keys import change_write_key

    key = _in_force(keys, given.id)
    change = KeyChange(
        name=key.name if given.name is None else given.name,
        origins=tuple(key.origins) if given.origin is None else _said(given.origin),
        networks=key.networks if given.network is None else _said(given.network),
        max_events_per_s=key.max_events_per_s if given.limit is None else given.limit,
    )
    try:
        change_write_key(keys, key, change, by=SYSTEM)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    print("changed")
    return DONE


def _said(texts: list[str]) -> tuple[str, ...]:
    return tuple(one for one in texts if one)


def _revoke(keys: Keys, key_id: str) -> int:
    from loopline.access.actor import SYSTEM
    from loopline.access.write_keys import revoke_write_key

    revoke_write_key(keys, _in_force(keys, key_id), by=SYSTEM)
    print("revoked")
    return DONE


def _in_force(keys: Keys, key_id: str) -> WriteKey:
    key = next((one for one in keys.list() if one.id == key_id and one.revoked_at is None), None)
    if key is None:
        raise CommandError(f"there is no key in force with the id {key_id}; see `loopline keys list`")
    return key


def _list(keys: Keys) -> int:
    for key in keys.list():
        state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "in force"
        used = f"last used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
        bounds = [*sorted(key.origins), *key.networks]
        if key.max_events_per_s:
            bounds.append(f"{key.max_events_per_s} events/s")
        only = f"  ({', '.join(bounds)})" if bounds else ""
        print(f"{key.id}  {key.hint}…  {key.kind.value:8} {state:20} {used:28} {key.name}{only}")
    return DONE


COMMAND = Command(
    key="keys",
    summary="Create, list, change and revoke write keys",
    example="loopline keys create --name 'web shop' --kind server",
    run=_run,
    configure=_configure,
)
