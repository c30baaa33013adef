"""`loopline erase`: take a person out of everything, for good."""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from loopline.cli.bridge import Server, running_server
from loopline.cli.command import DONE, FAILED, Command, CommandError, UsedWronglyError
from loopline.cli.prepare import set_up_again
from loopline.lib.amounts import money_text
from loopline.lib.config import Config
from loopline.store.engine import StoreError
from loopline.store.open import open_engine

LOOK_AGAIN_S = 0.5
PATIENCE_S = 600
Told = TypeVar("Told")


class Desk(Protocol):
    """Where it is done: in the running server, or here."""

    def look(self, person: str) -> dict[str, Any]: ...

    def again(self) -> list[str]: ...

    def erase(self, person: str) -> dict[str, Any]:
        """The erasure when it is finished, or as far as it came."""


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("person", nargs="?", metavar="EMAIL|PERSON-ID", help="whom to erase")
    parser.add_argument("--yes", action="store_true", help="do not ask; without it nothing goes before you confirm")
    parser.add_argument(
        "--again", action="store_true", help="after a backup was restored: everybody who was erased since"
    )


def _run(given: Namespace) -> int:
    if bool(given.person) == given.again:
        raise UsedWronglyError("name one person, or say --again")
    if not given.yes and not sys.stdin.isatty():
        raise UsedWronglyError("nobody is there to confirm; say --yes")
    config = set_up_again()
    with _desk(config) as desk:
        people = desk.again() if given.again else [given.person]
        if not people:
            print("Nobody who was erased is back.")
        return max((_erase(desk, one, is_sure=given.yes) for one in people), default=DONE)


def _erase(desk: Desk, person: str, *, is_sure: bool) -> int:
    seen = desk.look(person)
    print(f"{seen['name']} ({seen['person']})")
    print(f"  goes:  {_counted(seen['goes'])}")
    print(f"  stays: {_counted(seen['stays'])}{_won(seen['won'])}, without a name")
    if not (is_sure or _is_confirmed(seen["confirm"])):
        print("Nothing was erased.")
        return FAILED
    done = desk.erase(seen["person"])
    if not done["is_finished"]:
        print(f"Written down, and not finished yet ({done['step']}): {done['trouble'] or 'it goes on by itself.'}")
        return FAILED
    print(f"Erased: {json.dumps(done['counts'])}. Backups hold the person until they are rotated.")
    return DONE


def _is_confirmed(wanted: str) -> bool:
    return input(f"Type “{wanted}” to erase for good: ").strip().lower() == wanted.lower()


def _counted(counts: list[list[Any]]) -> str:
    return ", ".join(f"{count:,} {words}" for words, count in counts)


def _won(sums: list[list[Any]]) -> str:
    told = ", ".join(money_text(amount, currency) for amount, currency in sums)
    return f", {told} won" if told else ""


@contextmanager
def _desk(config: Config) -> Iterator[Desk]:
    server = running_server(config)
    if server is not None:
        yield _AtServer(server)
        return
    engine = open_engine(config)
    try:
        yield _Here(config, engine)
    finally:
        engine.close()


class _AtServer:
    def __init__(self, server: Server) -> None:
        self._server = server

    def look(self, person: str) -> dict[str, Any]:
        return _object(self._server.ask("/internal/erase/preview", {"person": person}))

    def again(self) -> list[str]:
        found = self._server.ask("/internal/erase/preview", {"again": "1"})
        if not isinstance(found, list):
            raise _unexpected()
        return [str(one) for one in found]

    def erase(self, person: str) -> dict[str, Any]:
        told = _object(self._server.tell("/internal/erase", {"person": person}))
        ends = time.monotonic() + PATIENCE_S
        while not told["is_finished"] and time.monotonic() < ends:
            time.sleep(LOOK_AGAIN_S)
            told = _object(self._server.ask(f"/internal/erasures/{told['id']}"))
        return told


class _Here:
    """Without a server everything that waits is loaded first, so that nothing of the person comes later."""

    def __init__(self, config: Config, engine: Any) -> None:
        self._config, self._engine = config, engine

    def look(self, person: str) -> dict[str, Any]:
        from loopline.access.actor import SYSTEM
        from loopline.privacy.telling import looked_at

        return _in_words(lambda: looked_at(person, self._engine, SYSTEM))

    def again(self) -> list[str]:
        from loopline.privacy.telling import told_again

        return _in_words(lambda: told_again(self._config.data))

    def erase(self, person: str) -> dict[str, Any]:
        from loopline.access.actor import SYSTEM
        from loopline.privacy.alone import erase_alone

        return _in_words(lambda: erase_alone(person, self._config, self._engine, SYSTEM))


def _in_words(work: Callable[[], Told]) -> Told:
    from loopline.access.actor import NotAllowedError
    from loopline.privacy.asking import EraseError

    try:
        return work()
    except (EraseError, NotAllowedError, StoreError) as error:
        raise CommandError(str(error)) from error


def _object(answer: object) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise _unexpected()
    return answer


def _unexpected() -> CommandError:
    return CommandError("the server did not answer as expected; is it the same version of Loopline?")


COMMAND = Command(
    key="erase",
    summary="Erase a person everywhere; totals stay. What goes and what stays is shown and confirmed first",
    example="loopline erase ines@halden.example",
    run=_run,
    configure=_configure,
)
