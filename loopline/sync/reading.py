"""Rows of a CSV file, one after the other, in flat memory. A broken row is handed on with its reason, never lost,
and never takes its neighbours with it: after a quote that is not closed, reading goes on with the next line.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from loopline.sync.shape import Shape, on_bad_bytes

LONGEST_ROW = 1 << 20
"""Characters of one row, with the lines inside its quotes."""
MOST_LINES = 1_000
"""Lines of one row: beyond, a quote was opened and never closed."""

csv.field_size_limit(LONGEST_ROW)


class SourceRow(NamedTuple):
    line: int
    """Physical line on which the row begins, from 1."""
    values: list[str]
    problem: str = ""
    """Why the row cannot be used; empty when it can."""
    bytes_read: int = 0


def read_rows(path: Path, shape: Shape) -> Iterator[SourceRow]:
    """Every row after the header, blank lines left out. Bytes that are not text become a refused row, not an end."""
    with path.open("rb") as file:
        with io.TextIOWrapper(file, encoding=shape.encoding, errors=on_bad_bytes(shape.encoding), newline="") as text:
            for _ in range(shape.header_lines):
                text.readline()
            for number, values, problem in _records(_Lines(text, shape.header_lines), shape):
                yield SourceRow(number, values, problem, file.tell())


class _Lines:
    """Physical lines with their numbers; lines can be put back."""

    def __init__(self, text: io.TextIOWrapper, read_already: int) -> None:
        self._text = text
        self._number = read_already
        self._back: deque[tuple[int, str]] = deque()

    def next(self) -> tuple[int, str]:
        """Number and text of the next line; the text is empty at the end."""
        if self._back:
            return self._back.popleft()
        line = self._text.readline(LONGEST_ROW + 1)
        self._number += 1
        return self._number, line

    def put_back(self, lines: list[tuple[int, str]]) -> None:
        self._back.extendleft(reversed(lines))


def _records(lines: _Lines, shape: Shape) -> Iterator[tuple[int, list[str], str]]:
    width = len(shape.header)
    marks = "\ufffd" if on_bad_bytes(shape.encoding) == "replace" else _ESCAPED
    while True:
        number, line = lines.next()
        if not line:
            return
        if not line.strip():
            continue
        values, problem = _one_record(number, line, lines, shape.separator)
        if not problem:
            problem = _misfit(values, width, marks)
        yield number, values, problem


def _one_record(number: int, line: str, lines: _Lines, separator: str) -> tuple[list[str], str]:
    """The values of the record that begins with `line`, taking further lines while a quote is open."""
    if '"' not in line:
        return line.rstrip("\r\n").split(separator), ""
    taken: list[tuple[int, str]] = []
    buffer = [line]
    size = len(line)
    while True:
        values, problem = _parse("".join(buffer), separator)
        if problem != _OPEN:
            if problem:
                lines.put_back(taken)
            return values, problem
        while True:
            following = lines.next()
            if following[1]:
                taken.append(following)
                buffer.append(following[1])
                size += len(following[1])
            if not following[1] or size > LONGEST_ROW or len(buffer) > MOST_LINES:
                lines.put_back(taken)
                return [], f"a quote opened on line {number} is never closed"
            if '"' in following[1]:
                break  # only a line with a quote can close one


_OPEN = "open"
_ESCAPED = "".join(map(chr, range(0xDC80, 0xDD00)))
"""What bytes that are no text become."""


def _parse(text: str, separator: str) -> tuple[list[str], str]:
    try:
        return next(csv.reader([text], delimiter=separator, strict=True)), ""
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return [], _OPEN
        return [], f"the quotes of this row do not fit together ({error})"
    except StopIteration:
        return [], _OPEN


def _misfit(values: list[str], width: int, marks: str) -> str:
    if len(values) < width:
        return f"it has {len(values)} of {width} columns: it may have been cut off"
    if len(values) > width:
        return f"it has {len(values)} values for {width} columns: a value with the separator in it needs quotes"
    for value in values:
        if "\0" in value:
            return "it holds a NUL character: the file is damaged or in another encoding"
        if not value.isascii() and any(one in marks for one in value):
            return "it holds bytes that are not text in the encoding of the file"
    return ""
