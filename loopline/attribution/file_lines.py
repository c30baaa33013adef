"""Lines of a file that somebody exported: which one is to blame, as an editor shows it, and what is raised then."""

import csv
import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from loopline.lib.progress import followed

DELIMITERS = (";", "\t", "|", ",")
LINE = "Line"
"""What a line of a text is called; one of a Parquet file is a row."""
USUAL_LINE, LONGEST_LINE = 2**21, 2**26
"""Bytes. A path of a million touchpoints is one line."""
PACKED = b"\x1f\x8b"
"""How a file of gzip begins."""


class FileError(ValueError):
    """The file cannot be read as paths or touchpoints; the message says where and what to do."""


class FailedError(RuntimeError):
    """The file could not be read, and may be well: nothing says that it is to blame. There was no memory, for
    instance, or somebody else may read it only."""


class NothingInWindowError(FileError):
    """No touchpoint lies before a conversion and within the lookback window."""


@contextmanager
def following(memory: duckdb.DuckDBPyConnection, what: str) -> Iterator[None]:
    """Who looks on is told how far each question is that is asked meanwhile."""
    memory.execute("SET enable_progress_bar = true; SET enable_progress_bar_print = false; SET progress_bar_time = 0")

    def share() -> float | None:
        percent = memory.query_progress()
        return percent / 100 if percent >= 0 else None

    with followed(what, share):
        yield


def first_lines(memory: duckdb.DuckDBPyConnection, lines: str, conditions: Sequence[str]) -> Sequence[int | None]:
    """Of each condition the first line to which it applies. One look through the file answers all of them."""
    if not conditions:
        return ()
    asked = ", ".join(f"min(line) FILTER (WHERE {one})" for one in conditions)
    [found] = memory.execute(f"SELECT {asked} FROM {lines}").fetchall()
    return found


def where(path: Path, word: str, line: int, *, counts_empty: bool = False) -> str:
    """Where in a text the line begins that the engine counts as this one: a quoted cell may go over several, and it
    passes over empty lines, but where it stumbled (`counts_empty`). In a Parquet file it is the row."""
    if word != LINE:
        return f"{word} {line}"
    ended, counted = 0, 0
    with path.open("rb") as file:
        is_packed = file.read(2) == PACKED
    csv.field_size_limit(LONGEST_LINE)
    with (gzip.open if is_packed else open)(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as text:
        lines = csv.reader(text, delimiter=delimiter_of(text.readline(USUAL_LINE)))
        with suppress(csv.Error):  # a cell that is too long, or never closed: it begins where the one before ended
            for cells in lines:
                counted += bool(cells) or counts_empty
                if counted == line - 1:
                    break
                ended = lines.line_num
    return f"{word} {ended + 2}"


def delimiter_of(first: str) -> str:
    return max(DELIMITERS, key=first.count)
