"""A collector with its loader in a process of its own, to be killed.

    python -m tests.collect.server_process FOLDER PORT [acknowledge-early | keep-duplicates]

The last word plants a bug that a test must find: senders are told “stored” before anything is on disk, or what is
sent again is stored again.
"""

import asyncio
import sys
import threading
from pathlib import Path

import uvicorn

from loopline.collect import steps
from loopline.collect.asgi import Collector
from loopline.collect.inbox import Inbox, Limits, Settle
from loopline.collect.keys import KeyKind, Keys, NewKey
from loopline.collect.loader import Loader, Pace
from loopline.collect.preparer_process import PreparerProcess
from loopline.collect.process import share_interpreter
from loopline.collect.request import Request
from loopline.collect.short_way import short_way
from loopline.collect.state import State
from loopline.collect.stretch import Preparer, PreparerHere
from loopline.store.duckdb_engine import DuckDBEngine


class LyingInbox(Inbox):
    """Says yes at once and stores half a second later."""

    def put(self, request: Request, settle: Settle) -> None:
        asyncio.get_running_loop().call_later(0.5, Inbox.put, self, request, lambda _failure: None)
        settle(None)


def without_duplicates_step() -> None:
    steps.STEPS = tuple(step for step in steps.STEPS if step[0] != "drop duplicates")


IDLE_S = 120
"""A sender that a busy machine held up for the usual 5 s would find its connection closed under its next request."""


def main(folder: Path, port: int, planted: str, *, min_free_bytes: int = 1) -> None:
    share_interpreter()
    inbox = (LyingInbox if planted == "acknowledge-early" else Inbox)(folder, Limits(min_free_bytes=min_free_bytes))
    keys, state = Keys(folder), State(folder)
    preparer: Preparer = PreparerProcess(folder)
    if planted == "keep-duplicates":
        without_duplicates_step()
        preparer = PreparerHere(inbox, state)
    keys.create(NewKey("server", KeyKind.SERVER, "unit-1"), plain="server-key")
    engine = DuckDBEngine(folder / "events.duckdb")
    engine.migrate()
    inbox.start()
    stop = threading.Event()
    pace = Pace(max_events=500, pause_s=0.02, retry_s=0.2)
    loader = Loader(inbox, engine, state, preparer=preparer, pace=pace)
    loading = threading.Thread(target=loader.run, args=(stop,))
    loading.start()
    collector = Collector(inbox, keys, state)
    uvicorn.run(
        collector, host="127.0.0.1", port=port, loop="uvloop", http=short_way(collector),
        log_level="error", access_log=False, lifespan="off", timeout_keep_alive=IDLE_S,
    )  # fmt: skip
    stop.set()
    loading.join()
    inbox.close()
    engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), "".join(sys.argv[3:]))
