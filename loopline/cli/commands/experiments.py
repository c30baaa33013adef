"""`loopline experiments`: what random holdouts show, without a browser."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from loopline.cli.bridge import running_server
from loopline.cli.command import DONE, Command, CommandError
from loopline.cli.prepare import set_up_again
from loopline.store.engine import StoreError
from loopline.store.open import open_engine


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("code", metavar="CODE", nargs="?", default="", help="one experiment; left out: all of them")
    parser.add_argument("--format", choices=["text", "json"], default="text", help="json: all outcomes of all weeks")


def _run(given: Namespace) -> int:
    config = set_up_again()
    server = running_server(config)
    if server is not None:
        answer = server.ask("/internal/experiments", {"code": given.code})
        if not isinstance(answer, list):
            raise CommandError("the server did not answer with experiments; is it the same version of Loopline?")
    else:
        engine = open_engine(config)
        try:
            answer = _ask_here(engine, given.code)
        finally:
            engine.close()
    if given.code and not answer:
        raise CommandError(f"there is no experiment “{given.code}”; without a code all are listed")
    print(json.dumps(answer, ensure_ascii=False, indent=1) if given.format == "json" else "\n".join(_lines(answer)))
    return DONE


def _ask_here(engine: Any, code: str) -> Sequence[Mapping[str, Any]]:
    """Without a server the store is free to be opened here."""
    from loopline.experiments.telling import told_experiments
    from loopline.store.current import in_use

    try:
        with in_use(engine):
            return told_experiments(code)
    except StoreError as error:
        raise CommandError(str(error)) from error


def _lines(answer: Sequence[Mapping[str, Any]]) -> list[str]:
    if not answer:
        return ["There is no experiment yet. Plan one under Campaigns › Experiments."]
    lines = []
    for one in answer:
        lines.append(f"{one['code']}  {one['state']}  {one['name']}  ({one['campaign']}, {one['unit']})")
        shown = one["shown"]
        if shown is not None:
            arms = shown["subjects"]
            lines.append(f"  {arms.get('treated', 0):,} treated, {arms.get('holdout', 0):,} held out")
            lines.append(f"  {shown['verdict']}")
    return lines


COMMAND = Command(
    key="experiments",
    summary="Print what random holdouts of campaigns show",
    example="loopline experiments retargeting-autumn --format json",
    run=_run,
    configure=_configure,
)
