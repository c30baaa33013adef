"""How long the models take from two tables in no order: touchpoints and conversions, as a warehouse exports them.

    python -m benchmarks.attribution [--touchpoints 40000000] [--conversions 500000] [--folder DIR] [--peers PYTHON]

A quarter of the touchpoints are those of buyers, some twelve of them within the 90 days before each sale; the others
are everyone else's, ten a person. Reading and sorting the files is measured, making them is not. `--peers` is the
interpreter of an environment with `requirements/peers.txt`: files of the same kind, of a size at which they end.
"""

import argparse
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import duckdb

from loopline.attribution.bootstrap import markov_interval
from loopline.attribution.cents import cents_by_channel, credits_of, weighing_of
from loopline.attribution.credit import markov, present
from loopline.attribution.model import MODELS, Deal
from loopline.attribution.tables import read_tables
from loopline.attribution.walks import in_threads
from loopline.attribution.weigh import Weighing

HEURISTICS = ("first_touch", "last_touch", "linear", "position_based", "time_decay")
PEER_SIZE = 4_000_000
T = TypeVar("T")

MAKE = """
CREATE TEMP MACRO scatter(n) AS CAST(hash(n) >> 1 AS BIGINT);
COPY (
    SELECT range * 4 + 1 AS person_id,
        TIMESTAMPTZ '2025-04-01' + to_seconds(scatter(range * 3) % 23500000) AS converted_at,
        converted_at - to_days(30) AS lead_created_at, converted_at - to_days(10) AS opportunity_created_at,
        100 + scatter(range * 11) % 10000000 AS amount_minor
    FROM range($conversions) ORDER BY scatter(range)
) TO '$folder/conversions.parquet';
COPY (
    SELECT CASE WHEN n % 4 = 0 THEN (scatter(n) % $conversions) * 4 + 1 ELSE (scatter(n) % $others) * 4 + 2 END
            AS person_id,
        CASE WHEN n % 20 < 12 AND n % 4 = 0
            THEN TIMESTAMPTZ '2025-04-01' + to_seconds(scatter((scatter(n) % $conversions) * 3) % 23500000)
                - to_seconds(1 + scatter(n * 7 + 1) % 7775999)
            ELSE TIMESTAMPTZ '2025-01-01' + to_seconds(scatter(n * 7 + 1) % 31536000) END AS touched_at,
        'channel ' || (scatter(n * 13 + 5) % 12) AS channel
    FROM (SELECT range AS n FROM range($touchpoints))
) TO '$folder/touchpoints.parquet';
"""


def make(folder: Path, touchpoints: int, conversions: int) -> tuple[Path, Path]:
    """The two files, unless they are there already."""
    files = folder / "touchpoints.parquet", folder / "conversions.parquet"
    if not all(file.exists() for file in files):
        folder.mkdir(parents=True, exist_ok=True)
        text = MAKE.replace("$touchpoints", str(touchpoints)).replace("$conversions", str(conversions))
        text = text.replace("$others", str(max(1, touchpoints * 3 // 40))).replace("$folder", str(folder))
        with duckdb.connect(config={"threads": 2}) as memory:
            memory.execute("SET TimeZone = 'UTC'")
            memory.execute(text)
    return files


def timed(name: str, work: Callable[[], T]) -> T:
    clock, cpu = time.perf_counter(), time.process_time()
    found = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:<58}{time.perf_counter() - clock:8.2f} s {time.process_time() - cpu:8.2f} CPU s {peak:8,.0f} MB peak",
        flush=True,
    )
    return found


def heuristics(touchpoints: Path, conversions: Path) -> None:
    paths = read_tables(touchpoints, conversions, with_milestones=False)
    for key, cents in cents_by_channel(paths, Weighing([MODELS[key] for key in HEURISTICS])).items():
        if cents.sum() != paths.amounts.sum():
            raise SystemExit(f"{key} does not balance")


def ledger_rows(touchpoints: Path, conversions: Path) -> int:
    """Every row of every model: the credit of each touchpoint, and of influenced of each channel on each path."""
    paths = read_tables(touchpoints, conversions)
    weighing = weighing_of(paths, [model for model in MODELS.values() if model.deal is Deal.BY_WEIGHT])

    def dealt(blocks: Sequence[slice]) -> int:
        rows = 0
        for block, (walks, credit) in zip(blocks, credits_of(paths, weighing, blocks), strict=True):
            amounts = paths.amounts[block]
            for key, cents in credit.items():
                rows += len(cents)
                if cents.sum() != amounts.sum():
                    raise SystemExit(f"{key} does not balance")
            rows += len(amounts[present(walks)[0]])
        return rows

    return sum(in_threads(paths.walks, dealt))


def run(touchpoints: Path, conversions: Path) -> None:
    timed("five heuristics, whole cents by channel, from the files", lambda: heuristics(touchpoints, conversions))
    rows = timed("every ledger row of every model, from the files", lambda: ledger_rows(touchpoints, conversions))
    print(f"{'':<58}{rows:,} rows")
    for order in (1, 2):
        timed(
            f"markov of order {order}, with everyone else's paths, from the files",
            lambda order=order: markov(  # type: ignore[misc]
                read_tables(touchpoints, conversions, with_everyone=True).walks, order
            ),
        )
    walks = read_tables(touchpoints, conversions, with_everyone=True).walks
    timed("200 draws of markov of order 1, paths at hand", lambda: markov_interval(walks, 1))


def peers(python: str, folder: Path) -> None:
    """Each peer in a process of its own, on smaller files of the same kind; after a minute it is ended."""
    touchpoints, conversions = make(folder / f"peers-{PEER_SIZE}", PEER_SIZE, PEER_SIZE // 80)
    print(f"\npeers on {PEER_SIZE:,} touchpoints of the same kind, preparation included; Loopline on the same files:")
    timed("loopline: five heuristics", lambda: heuristics(touchpoints, conversions))
    timed(
        "loopline: markov of order 1", lambda: markov(read_tables(touchpoints, conversions, with_everyone=True).walks)
    )
    script = str(Path(__file__).with_name("attribution_peers.py"))
    for what in ("mam_heuristics", "mam_markov", "channelattribution_heuristics", "channelattribution_markov"):
        try:
            done = subprocess.run(
                [python, script, what, str(touchpoints), str(conversions)],
                check=False, capture_output=True, text=True, timeout=60,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            print(f"{what}: not done after 60 s")
            continue
        print(done.stdout.strip() or f"{what}: {(done.stderr.strip().splitlines() or ['ended without a word'])[-1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--touchpoints", type=int, default=40_000_000)
    parser.add_argument("--conversions", type=int, default=0, help="default: one in eighty touchpoints")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter of an environment with requirements/peers.txt")
    given = parser.parse_args()
    conversions = given.conversions or given.touchpoints // 80
    folder = given.folder or Path(tempfile.mkdtemp(prefix="loopline-bench-"))
    files = make(folder / f"{given.touchpoints}", given.touchpoints, conversions)
    print(f"{given.touchpoints:,} touchpoints, {conversions:,} conversions, {os.cpu_count()} cores")
    heuristics(*make(folder / "warm-up", 10_000, 125))  # loads the libraries
    run(*files)
    if given.peers:
        peers(given.peers, folder)


if __name__ == "__main__":
    main()
