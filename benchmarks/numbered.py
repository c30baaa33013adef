"""What the numbers beside events cost: made for a store of before, and with each batch that is written.

    python -m benchmarks.numbered [--events 10000000] [--written 1000000] [--folder DIR]

The store is that of `benchmarks.reports` (kept with --folder). Its numbers are taken away and made anew, as a first
start does it. Then its first events are written again into empty stores, with the numbers and without, in turn.
"""

import argparse
import os
import platform
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.reports import HORIZON, Size, fill
from loopline.lib.memory import usual_store_memory
from loopline.store import duckdb_tables
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.duckdb_tables import migrate
from loopline.store.engine import Batch
from loopline.store.library import TABLES

EVENTS = TABLES["events"]
IN_A_BATCH = 20_000
ROUNDS = 3


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processors."""
    clock, processors = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processors


def upgrade(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        for number in EVENTS.numbers:
            connection.execute(f"ALTER TABLE events DROP COLUMN {number.name}")
    before = path.stat().st_size
    with duckdb.connect(str(path), config={"memory_limit": usual_store_memory(), "threads": 2}) as connection:
        clock, processors = spent(lambda: migrate(connection, HORIZON))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"made for all events: {clock:.1f} s, {processors:.1f} CPU s; most memory of the process {most:,.0f} MB")
    print(f"file: {before / 1e6:,.0f} MB before, {path.stat().st_size / 1e6:,.0f} MB after")


def first_events(path: Path, count: int) -> pa.Table:
    names = [column.name for column in EVENTS.columns if column.name != "recorded_at"]
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.execute(f"SELECT {', '.join(names)} FROM events LIMIT {count}").to_arrow_table()
    return found.cast(pa.schema([EVENTS.arrow_schema.field(name) for name in names]))


def writing(rows: pa.Table) -> float:
    """Microseconds of the processors an event."""
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder:
        engine = DuckDBEngine(Path(folder) / "events.duckdb")
        engine.migrate()

        def write() -> None:
            for start in range(0, rows.num_rows, IN_A_BATCH):
                engine.write(Batch(str(start), {"events": rows.slice(start, IN_A_BATCH)}))

        _clock, processors = spent(write)
        engine.close()
    return processors * 1e6 / rows.num_rows


def written(rows: pa.Table) -> None:
    numbers, best = duckdb_tables.numbers_of, {"with": float("inf"), "without": float("inf")}
    for _round in range(ROUNDS):
        for name in best:
            duckdb_tables.numbers_of = numbers if name == "with" else lambda _table: ""
            best[name] = min(best[name], writing(rows))
    duckdb_tables.numbers_of = numbers
    print(f"written: {best['with']:.1f} CPU µs an event, {best['without']:.1f} without numbers (least of {ROUNDS})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--written", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, DuckDB {duckdb.__version__}, 2 threads")
    with tempfile.TemporaryDirectory(prefix="loopline-bench-") as temporary:
        path = (given.folder or Path(temporary)) / f"reports-{given.events}.duckdb"
        path.parent.mkdir(parents=True, exist_ok=True)
        fill(path, Size(given.events, min(10_000, given.events // 1000)))
        upgrade(path)
        written(first_events(path, given.written))


if __name__ == "__main__":
    main()
