"""DuckDB and ClickHouse side by side on the same events: the closed loop by several models, to the same cent.

    python -m benchmarks.engines [--events 1000000] [--runs 3] [--folder DIR]

The store of `benchmarks.reports` is read out of DuckDB and written into ClickHouse's own engine in this process (chDB).
Then both are asked the same; a run whose figures differ fails. Processor time is what counts.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.reports import BOOKS, YEAR, Size, fill, timed
from loopline.reports.catalogue import REPORTS
from loopline.reports.options import Options
from loopline.reports.run import settle
from loopline.store.clickhouse_engine import ClickHouseEngine
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

MODELS = ("first_touch", "linear", "time_decay", "w_shaped", "markov")
FIGURES = ("leads", "opportunities", "won", "revenue_minor", "cost_minor", "sessions")
ROWS = 500_000
LEARNT = datetime(2026, 2, 1, tzinfo=UTC)


def copied(path: Path, engine: Engine) -> int:
    """How many rows were written into the empty engine."""
    rows = 0
    with duckdb.connect(str(path), read_only=True) as store:
        store.execute("SET TimeZone = 'UTC'")
        for key, table in TABLES.items():
            columns = ", ".join(column.name for column in table.columns)
            for place, batch in enumerate(_parts(store, f"SELECT {columns} FROM {key}")):
                engine.write(Batch(f"{key}/{place}", {key: pa.Table.from_batches([batch])}))
                rows += batch.num_rows
    return rows


def _parts(store: duckdb.DuckDBPyConnection, sql: str) -> Iterator[pa.RecordBatch]:
    return iter(store.sql(sql).to_arrow_reader(ROWS))


def figures(options: Options, engine: Engine) -> dict[str, list[object]]:
    """By row what it earned and cost, worked out anew."""
    report = REPORTS["closed-loop"]
    result = report.run(report, settle(options, engine, BOOKS), engine)
    return {
        row.key: [round(value, 6) if isinstance(value, float) else value for value in map(row.values.get, FIGURES)]
        for row in (*result.rows, result.totals)
    }


def compared(options: Options, engines: dict[str, Engine], runs: int) -> None:
    took = {name: timed(lambda e=engine: figures(options, e), runs) for name, engine in engines.items()}  # type: ignore[misc]
    ours, theirs = (figures(options, engine) for engine in engines.values())
    if ours != theirs:
        raise SystemExit(
            f"{options.model} by {options.by} differs: {[key for key in ours if ours[key] != theirs.get(key)]}"
        )
    cells = "".join(f"{one.least:>12,.0f}{one.processors:>12,.0f}" for one in took.values())
    print(f"{f'{options.model} by {options.by}':<32}{cells}   {len(ours)} rows, the same", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="loopline-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"reports-{given.events}.duckdb"
    fill(path, Size(given.events, min(10_000, given.events // 1000)))
    clickhouse = ClickHouseEngine(f"chdb:///{tempfile.mkdtemp()}?database=engines", clock=lambda: LEARNT)
    clickhouse.migrate()
    store = DuckDBEngine(path)
    store.migrate()
    store.close()
    print(f"{copied(path, clickhouse):,} rows written; {os.cpu_count()} cores; milliseconds")
    engines: dict[str, Engine] = {"DuckDB": DuckDBEngine(path), "ClickHouse": clickhouse}
    print(f"{'':<32}{'DuckDB':>12}{'CPU':>12}{'ClickHouse':>12}{'CPU':>12}")
    for by in ("campaign", "channel"):
        for model in MODELS:
            compared(Options(first=YEAR["first"], last=YEAR["last"], by=by, model=model), engines, given.runs)
    for engine in engines.values():
        engine.close()


if __name__ == "__main__":
    main()
