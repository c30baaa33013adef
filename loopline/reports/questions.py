"""The SQL of a report: what it asks the event store, in its order, with all values, to be asked again by anyone."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

from loopline.reports.options import Books, Options
from loopline.reports.run import run_report, told_whole
from loopline.reports.weekly.table import weekly_table
from loopline.store.engine import Engine, Value
from loopline.store.only_read import OnlyRead
from loopline.store.written_out import written_out

_PACKAGE = Path(__file__).parents[1]
_PASSES_ON = {"store", "reports/questions.py"}
"""Where a question only goes through."""


@dataclass(frozen=True, slots=True)
class Question:
    sql: str
    """One statement of DuckDB, without parameters."""
    asked_by: str
    """The module that reads the answer, such as `loopline/reports/tally.py`."""


class _Heard(OnlyRead):
    """Notes every question on its way. Nothing kept for another engine is taken for its answer, so all are asked."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.questions: list[Question] = []

    def asked(self, sql: str, params: Mapping[str, Value]) -> tuple[str, Mapping[str, Value]]:
        self.questions.append(Question(dedent(written_out(sql, params)).strip(), _asker()))
        return sql, params

    def at_once(self, works: Sequence[Callable[[], None]]) -> None:
        """One after the other: a file of the same questions in the same order each time."""
        for work in works:
            work()


def _asker() -> str:
    """The module of Loopline that asks, above those that only pass on."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_PACKAGE):
            within = path.relative_to(_PACKAGE)
            if within.parts[0] not in _PASSES_ON and within.as_posix() not in _PASSES_ON:
                return f"{_PACKAGE.name}/{within.as_posix()}"
        frame = frame.f_back
    return _PACKAGE.name


def report_sql(key: str, options: Options, engine: Engine, books: Books) -> str:
    """What the report `key` asks, as a file of SQL. Raises OptionError and StoreError, as the report does."""
    return _script(engine, lambda heard: told_whole(run_report(key, options, heard, books), options, heard, books))


def weekly_sql(options: Options, engine: Engine, books: Books) -> str:
    """The same of the weekly table."""
    return _script(engine, lambda heard: weekly_table(options, heard, books).to_json())


def _script(engine: Engine, ask: Callable[[Engine], Mapping[str, Any]]) -> str:
    heard = _Heard(engine)
    told = ask(heard)
    count = len(heard.questions)
    said = [f"{name} {told[name]}" for name in ("model", "clock", "by") if told.get(name)]
    about = [
        f"{told['title']}, {told['from']} to {told['to']}, as of {told['as_of']}" + "".join(f", {one}" for one in said),
        "",
        f"The {count} questions that this report asks of the event store, in their order, with the values of this run.",
        "Their tables: docs/reference/event-store.md. To ask a copy of events.duckdb, or while Loopline is stopped:",
        "",
        f"    duckdb -readonly events.duckdb < {told['report']}.sql",
        "",
        "What becomes of an answer (cents dealt out, rates, names) stands in the module that asks, told above each.",
    ]
    lines = ["--" if not line else f"-- {line}" for line in about]
    for number, one in enumerate(heard.questions, start=1):
        lines += ["", f"-- {number} of {count}, asked by {one.asked_by}", f"{one.sql};"]
    return "\n".join(lines) + "\n"
