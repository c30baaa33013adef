"""How long the models take from tables in no order: touchpoints and conversions, as a warehouse exports them.

    python -m benchmarks.attribution [--touchpoints 40000000] [--folder DIR] [--peers PYTHON] [--sizes N …] [--only …]

A quarter of the touchpoints are those of buyers, some twelve of them within the 90 days before each sale; the others
are everyone else's, ten a person. Reading and sorting the files is measured, making them is not. For identity stitching
touchpoints name one of two browsers of their person instead, and a third table says whose a browser is: all of buyers',
and those of a tenth of everyone else. `--sizes` shows how time grows. `--peers` is the interpreter of an environment
with `requirements/peers.txt`: files of the same kind, of a size at which they end.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import duckdb

from loopline.attribution.bootstrap import markov_interval
from loopline.attribution.cents import cents_by_channel, credits_of, weighing_of
from loopline.attribution.credit import markov, present
from loopline.attribution.files import read_walks
from loopline.attribution.model import MODELS, Deal
from loopline.attribution.tables import read_tables
from loopline.attribution.walks import Walks, in_threads
from loopline.attribution.weigh import Weighing

HEURISTICS = ("first_touch", "last_touch", "linear", "position_based", "time_decay")
SIZES = (1_000_000, 4_000_000, 10_000_000, 40_000_000, 100_000_000)
PEERS = (
    "mam_heuristics", "mam_heuristics_of_buyers", "mam_markov", "channelattribution_heuristics",
    "channelattribution_markov", "do_attribution_markov_from_paths",
)  # fmt: skip
PATIENCE_S = 240
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


STITCHED = """
COPY (
    SELECT person_id * 2 + touched_at_seconds % 2 AS identity, touched_at, channel
    FROM (SELECT *, CAST(epoch(touched_at) AS BIGINT) AS touched_at_seconds FROM '$folder/touchpoints.parquet')
) TO '$folder/anonymous.parquet';
COPY (
    SELECT person_id * 2 + browser AS identity, person_id
    FROM (
        SELECT range * 4 + 1 AS person_id FROM range($conversions)
        UNION ALL SELECT range * 40 + 2 AS person_id FROM range($others // 10)
    ), (SELECT unnest([0, 1]) AS browser) ORDER BY hash(identity)
) TO '$folder/identities.parquet';
"""
PATHS = """
COPY (
    SELECT path, count(converted_at) AS total_conversions, coalesce(sum(amount_minor), 0) AS total_conversion_value,
        count(*) - count(converted_at) AS total_null
    FROM (
        SELECT string_agg(channel, ' > ' ORDER BY touched_at, channel) AS path, any_value(converted_at) AS converted_at,
            any_value(amount_minor) AS amount_minor
        FROM '$folder/touchpoints.parquet' LEFT JOIN '$folder/conversions.parquet' USING (person_id)
        WHERE converted_at IS NULL OR (touched_at < converted_at AND touched_at >= converted_at - to_days(90))
        GROUP BY person_id
    ) GROUP BY path
) TO '$folder/paths.parquet';
"""


@dataclass(frozen=True, slots=True)
class Files:
    """Of so many touchpoints; made unless they are there already."""

    folder: Path
    count: int

    @property
    def conversions(self) -> int:
        return self.count // 80

    @property
    def tables(self) -> tuple[Path, Path]:
        return self._made(MAKE, "touchpoints"), self.folder / "conversions.parquet"

    @property
    def stitched(self) -> tuple[Path, Path, Path]:
        """The same with identities: touchpoints, conversions, identities."""
        _, conversions = self.tables
        return self._made(STITCHED, "anonymous"), conversions, self.folder / "identities.parquet"

    @property
    def paths(self) -> Path:
        """The same as paths, each once, as ChannelAttribution takes them."""
        return self._made(PATHS, "paths") if self.tables else Path()

    def _made(self, text: str, name: str) -> Path:
        file = self.folder / f"{name}.parquet"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            numbers = {
                "touchpoints": self.count,
                "conversions": self.conversions,
                "others": max(1, self.count * 3 // 40),
            }
            for key, value in (numbers | {"folder": self.folder}).items():
                text = text.replace(f"${key}", str(value))
            with duckdb.connect(config={"threads": 2}) as memory:
                memory.execute("SET TimeZone = 'UTC'")
                memory.execute(text)
        return file


def timed(name: str, work: Callable[[], T]) -> T:
    clock, cpu = time.perf_counter(), time.process_time()
    found = work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{name:<50}{time.perf_counter() - clock:8.2f} s {time.process_time() - cpu:8.2f} CPU s {peak:8,.0f} MB peak",
        flush=True,
    )
    return found


def heuristics(touchpoints: Path, conversions: Path, identities: Path | None = None) -> None:
    paths = read_tables(touchpoints, conversions, identities=identities, with_milestones=False)
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

    return sum(in_threads(paths.walks, dealt, "dealing out cents"))


def markov_of(touchpoints: Path, conversions: Path, identities: Path | None = None, *, order: int = 1) -> Walks:
    """With everyone else's paths; the walks, for what is measured with paths at hand."""
    walks = read_tables(touchpoints, conversions, identities=identities, with_everyone=True).walks
    markov(walks, order)
    return walks


def models(files: Files) -> None:
    stitched = files.stitched
    timed("five heuristics, whole cents by channel", lambda: heuristics(*files.tables))
    rows = timed("every ledger row of every model", lambda: ledger_rows(*files.tables))
    print(f"{'':<50}{rows:,} rows")
    walks = timed("markov of order 1, with everyone else's paths", lambda: markov_of(*files.tables))
    timed("200 draws of markov of order 1, paths at hand", lambda: markov_interval(walks, 1))
    timed("markov of order 2, with everyone else's paths", lambda: markov_of(*files.tables, order=2))
    timed("five heuristics, identities stitched", lambda: heuristics(*stitched))
    timed("markov of order 1, identities stitched", lambda: markov_of(*stitched))


def growth(folder: Path, sizes: Sequence[int]) -> None:
    """How time grows with size: a bar is the processors' time a touchpoint, so bars of one length mean “evenly”.

    Each size in a process of its own, because memory is measured by its peak.
    """
    for name in GROWING:
        print(f"\n{name:<24}{'clock':>10}{'CPU s':>10}{'peak':>12}{'ns a touchpoint':>18}")
        for size in sizes:
            given = ["--measure", name, "--folder", str(folder), "--sizes", str(size)]
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.attribution", *given], check=True, stdout=subprocess.PIPE, text=True
            )
            clock, cpu, peak = map(float, done.stdout.split())
            each = cpu / size * 1e9
            bar = "█" * round(each / 5)
            print(f"{size:>13,}{'':<11}{clock:>8.2f} s{cpu:>10.2f}{peak:>9,.0f} MB{each:>18.0f} {bar}", flush=True)


GROWING: dict[str, Callable[..., object]] = {"five heuristics": heuristics, "markov of order 1": markov_of}


def took(name: str, folder: Path, size: int) -> tuple[float, float, float]:
    """On the clock, of the processors (the better of two), and the peak of memory in MB."""
    work = GROWING[name]
    work(*Files(folder / "10000", 10_000).tables)  # loads the libraries
    files, times = Files(folder / f"{size}", size), []
    for _ in range(2):
        clock, cpu = time.perf_counter(), time.process_time()
        work(*files.tables)
        times.append((time.perf_counter() - clock, time.process_time() - cpu))
    return *min(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peers(python: str, files: Files) -> None:
    """Each peer in a process of its own, preparation included; after PATIENCE_S it is ended."""
    (touchpoints, conversions), paths = files.tables, files.paths
    print(f"\npeers on {files.count:,} touchpoints of the same kind, and Loopline on the same files:")
    timed("loopline: five heuristics", lambda: heuristics(touchpoints, conversions))
    timed("loopline: markov of order 1", lambda: markov_of(touchpoints, conversions))
    timed("loopline: markov of order 1, from paths", lambda: markov(read_walks(paths).walks))
    for what in PEERS:
        given = [paths] if what.endswith("_from_paths") else [touchpoints, conversions]
        print(asked(python, what, given), flush=True)


def asked(python: str, what: str, files: Sequence[Path]) -> str:
    script = str(Path(__file__).with_name("attribution_peers.py"))
    try:
        done = subprocess.run(
            [python, script, what, *map(str, files)], check=False, capture_output=True, text=True, timeout=PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        return f"{what}: not done after {PATIENCE_S} s"
    return done.stdout.strip() or f"{what}: {(done.stderr.strip().splitlines() or ['ended without a word'])[-1]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--touchpoints", type=int, default=40_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="sizes at which growth is measured")
    parser.add_argument("--peers", metavar="PYTHON", help="interpreter of an environment with requirements/peers.txt")
    parser.add_argument("--peer-size", type=int, default=4_000_000)
    parser.add_argument("--only", choices=["models", "growth", "peers"], help="default: all")
    parser.add_argument("--measure", choices=list(GROWING), help="print clock, CPU seconds and peak of one size only")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="loopline-bench-"))
    if given.measure:
        print(*took(given.measure, folder, given.sizes[0]))
        return
    files = Files(folder / f"{given.touchpoints}", given.touchpoints)
    heuristics(*Files(folder / "10000", 10_000).tables)  # loads the libraries
    if given.only in (None, "models"):
        print(f"{files.count:,} touchpoints, {files.conversions:,} conversions, {os.cpu_count()} cores, from the files")
        models(files)
    if given.only in (None, "growth"):
        growth(folder, given.sizes)
    if given.peers and given.only in (None, "peers"):
        peers(given.peers, Files(folder / f"{given.peer_size}", given.peer_size))


if __name__ == "__main__":
    main()
