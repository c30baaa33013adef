"""What ClickHouse spends on the questions of a closed loop before it reads a row, by processor time.

    python -m benchmarks.steps

The event store is empty, so all of it is thought: once in steps, as Loopline asks (`store/clickhouse_steps.py`), once
as one statement with parts that are computed once (`MATERIALIZED`, ClickHouse 26 and later), and once with plain parts.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date

import pyarrow as pa

from loopline.reports.options import Books, Options
from loopline.reports.run import run_report
from loopline.store.clickhouse_engine import ClickHouseEngine
from loopline.store.clickhouse_sql import names_in, translate
from loopline.store.engine import Value
from loopline.store.params import wanted

BOOKS = Books(currency="EUR", zone="Europe/Berlin")
PERIOD = Options(first=date(2026, 1, 1), last=date(2026, 6, 30))
TIMES = 3
Asked = tuple[str, Mapping[str, Value]]


class Listening(ClickHouseEngine):
    """Keeps what it is asked."""

    def __init__(self, url: str) -> None:
        self.asked: list[Asked] = []
        super().__init__(url)

    def query(self, sql: str, params: Mapping[str, Value] | None = None, *, timeout_s: float = 30) -> pa.Table:
        self.asked.append((sql, params or {}))
        return super().query(sql, params, timeout_s=timeout_s)


def one_statement(asked: Asked, *, is_kept: bool) -> tuple[str, dict[str, Value]]:
    """The same question with all its parts in it."""
    sql, params = asked
    values = wanted(params, names_in(sql))
    *parts, last = translate(sql, values)
    word = "AS MATERIALIZED" if is_kept else "AS"
    told = [f"{one.makes} {word} ({one.text.removeprefix(f'CREATE TEMPORARY TABLE {one.makes} AS ')})" for one in parts]
    rest = f", {last.text.removeprefix('WITH ')}" if last.text.startswith("WITH ") else f" {last.text}"
    setting = " SETTINGS enable_materialized_cte = 1" if is_kept else ""
    return f"WITH {', '.join(told)}{rest}{setting}", {key: one for key, one in values.items() if one is not None}


def seconds(act: Callable[[], object]) -> float:
    """Least processor time of some runs."""
    spent = []
    for _ in range(TIMES):
        began = time.process_time()
        act()
        spent.append(time.process_time() - began)
    return min(spent)


def main() -> None:
    engine = Listening(f"chdb:///{tempfile.mkdtemp()}?database=steps")
    engine.migrate()
    run_report("closed-loop", PERIOD, engine, BOOKS)
    long = max(engine.asked, key=lambda one: len(one[0]))
    in_steps = seconds(lambda: engine.query(*long))
    print("| asked | CPU s |\n|---|---:|")
    print(f"| in {len(translate(long[0], wanted(long[1], names_in(long[0]))))} steps | {in_steps:.2f} |")
    for word, is_kept in (("one statement, parts computed once", True), ("one statement, plain parts", False)):
        text, values = one_statement(long, is_kept=is_kept)
        spent = seconds(lambda text=text, values=values: engine._reader.query_arrow(text, parameters=values))
        print(f"| {word} | {spent:.2f} |")
    engine.close()


if __name__ == "__main__":
    main()
