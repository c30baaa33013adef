"""A program that opens a damaged inbox and is killed before its n-th call, for many n, and opens it again each time.

    python -m tests.collect.killed_mending DAMAGED SCRATCH MOST

Each try is a fork that ends by `os._exit`, which to the files is what a SIGKILL is. Prints a JSON line a try: before
which call it ended (none: it came to its end), and what the inbox says when it is opened again.
"""

import json
import os
import shutil
import sys
from itertools import count
from pathlib import Path
from typing import Any

from loopline.collect.log import Log

MENDS = ("damage.py", "mending.py", "log.py", "whole_blocks.py")
KILLED = 9


def killed_before(place: int, folder: Path) -> bool:
    """Open the inbox in a fork that dies before its call number `place`; False when it had fewer calls."""
    child = os.fork()
    if not child:
        calls = count(1)

        def die(frame: Any, event: str, _: object) -> None:
            if event == "c_call" and frame.f_code.co_filename.endswith(MENDS) and next(calls) == place:
                os._exit(KILLED)

        sys.setprofile(die)
        Log(folder)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED


def told(folder: Path) -> dict[str, Any]:
    log = Log(folder)
    try:
        return {
            "id": log.id,
            "last_seq": log.last_seq(),
            "blocks": [[block.seq, block.events] for block in log.read(0, 1 << 60)],
            "lost": [damage.lost for damage in log.damages()],
        }
    finally:
        log.close()


def main(damaged: Path, scratch: Path, most: int) -> None:
    calls = next(number for number in count(1) if not killed_before(number * 16, fresh(damaged, scratch))) * 16
    for place in range(1, calls, max(1, calls // most)):
        folder = fresh(damaged, scratch)
        was_killed = killed_before(place, folder)
        print(json.dumps({"killed_before": place if was_killed else None, **told(folder)}), flush=True)


def fresh(damaged: Path, scratch: Path) -> Path:
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.copytree(damaged, scratch)
    return scratch


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
