"""`loopline replay`: events that were set aside, sent through the inbox again."""

import json
from argparse import ArgumentParser, Namespace

from loopline.cli.command import DONE, Command, UsedWronglyError
from loopline.cli.prepare import set_up_again
from loopline.collect.log import Log
from loopline.collect.quarantine import Quarantine
from loopline.collect.state import State


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("ids", nargs="*", type=int, metavar="ID", help="numbers of events; none: show what waits")
    parser.add_argument("--all", action="store_true", help="everything that waits")
    parser.add_argument("--reason", default="", help="show only events set aside for this reason")
    parser.add_argument("--limit", type=int, default=50, help="how many to show (default 50)")


def _run(given: Namespace) -> int:
    if given.ids and given.all:
        raise UsedWronglyError("name events or say --all, not both")
    folder = set_up_again().data
    state = State(folder)
    log = Log(folder)
    try:
        quarantine = Quarantine(state, log)
        if given.ids or given.all:
            count = quarantine.replay(given.ids or None)
            print(f"{count} events sent through the inbox again; what is still wrong comes back with a new number")
            return DONE
        return _show(quarantine, given)
    finally:
        state.close()


def _show(quarantine: Quarantine, given: Namespace) -> int:
    for one in quarantine.waiting(reason=given.reason, limit=given.limit):
        shown = {
            "id": one.id,
            "reason": one.reason,
            "detail": one.detail,
            "step": one.step,
            "at": one.quarantined_at.isoformat(),
            "event": one.raw.decode("utf-8", "backslashreplace"),
        }
        print(json.dumps(shown, ensure_ascii=False))
    return DONE


COMMAND = Command(
    key="replay",
    summary="Show events that were set aside with the reason, and send them through again",
    example="loopline replay --all",
    run=_run,
    configure=_configure,
)
