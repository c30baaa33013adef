"""How often the whole server can be killed under load before something it promised is lost. The aim is never.

    python -m benchmarks.reliability [--kills 200]

`loopline serve` as it is installed, its helper killed with it, before it, or left to end by itself; one kill of five
comes before the server even answers. Four senders repeat what was not acknowledged. At the end the event store is
compared with what was acknowledged, and the collector's books are read.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import machine
from tests.collect.kills import Outcome, Served, kill_under_load
from tests.story.company import PASSWORD, Installation

SET_UP = (
    "setup", "--name", "Ada Berg", "--email", "ada@loopline.test", "--organisation", "Nordwind", "--unit", "Nordics",
    "--time-zone", "Europe/Oslo", "--currency", "EUR",
)  # fmt: skip


def installed(folder: Path) -> Served:
    """The whole server on an empty installation in `folder`."""
    made = Installation.new(folder)
    made.run(*SET_UP, LOOPLINE_SETUP_PASSWORD=PASSWORD)
    key = made.run("keys", "create", "--name", "kills", "--kind", "server").strip()
    command = (sys.executable, "-m", "loopline.cli.main", "serve")
    return Served(folder, int(made.url.rpartition(":")[2]), key, command, dict(made.environment))


def lines(outcome: Outcome) -> list[tuple[str, object]]:
    ready = sorted(outcome.ready_s)
    return [
        ("server killed", outcome.kills),
        ("helper killed", outcome.helper_kills),
        ("events acknowledged", f"{len(outcome.acknowledged):,}"),
        ("of these lost", len(outcome.lost)),
        ("stored twice", outcome.doubled),
        ("missing in the books", outcome.difference),
        ("ready again, median s", f"{statistics.median(ready):.2f}"),
        ("ready again, longest s", f"{ready[-1]:.2f}"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    chosen = parser.parse_args()

    def say(number: int) -> None:
        if number % 20 == 0:
            print(f"{number} kills", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="loopline-kills-") as folder:
        outcome = kill_under_load(installed(Path(folder)), chosen.kills, on_kill=say)
    print(machine())
    for label, value in lines(outcome):
        print(f"  {label:24} {value}")
    return 1 if outcome.lost or outcome.doubled or outcome.difference else 0


if __name__ == "__main__":
    sys.exit(main())
