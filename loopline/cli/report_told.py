"""What `loopline report` prints or writes, as a table for people or as a file."""

import csv
import json
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from loopline.cli.command import CommandError
from loopline.reports.change.write import change_cells, change_lines
from loopline.reports.change.write_cause import cause_cells, cause_lines
from loopline.reports.files.export import FORMS, exported
from loopline.reports.files.series import series_cells, series_lines
from loopline.reports.files.write import table_lines, written_cells
from loopline.reports.options import OptionError
from loopline.reports.weekly.export import weekly_exported
from loopline.reports.weekly.figures import KEY as WEEKLY
from loopline.reports.weekly.file import weekly_cells
from loopline.reports.weekly.lines import as_table


def tell(result: Mapping[str, Any], given: Namespace) -> None:
    """Raises OptionError for a form that the answer does not have, and CommandError for a file that cannot be."""
    if given.sql:
        _say(str(result["sql"]), given.output)
    elif "causes" in result or "cause" in result:
        _tell_changes(result, given)
    elif given.key == WEEKLY and not given.frozen:
        _tell_weeks(result, given)
    elif given.output and given.format in FORMS:
        _put(exported(result, given.format, is_series=given.series), given.output)
    else:
        cells, lines = (series_cells, series_lines) if given.series else (_cells, table_lines)
        _say(_text(given.format, result, cells, lines), given.output)


def _cells(result: Mapping[str, Any]) -> Iterable[Sequence[str]]:
    return weekly_cells(as_table(result)) if result["report"] == WEEKLY else written_cells(result)


def _tell_changes(result: Mapping[str, Any], given: Namespace) -> None:
    """What changed, by cause or row by row in the figure asked for; or the records that one cause changed."""
    if "cause" in result:
        if given.format == "csv" and result["changed"] is None:
            raise OptionError(f"{result['not_told']} --format json holds the facts.", "cause")
        _say(_text(given.format, result, cause_cells, cause_lines), given.output)
    else:
        by_row = given.metric is not None
        cells, lines = partial(change_cells, by_row=by_row), partial(change_lines, by_row=by_row)
        _say(_text(given.format, result, cells, lines), given.output)


def _text(
    form: str,
    result: Mapping[str, Any],
    cells: Callable[[Mapping[str, Any]], Iterable[Sequence[str]]],
    lines: Callable[[Mapping[str, Any]], list[str]],
) -> str:
    """As JSON, as CSV of the cells, or the lines for people to read in a terminal."""
    if form == "json":
        return json.dumps(result, ensure_ascii=False, indent=1) + "\n"
    if form == "csv":
        to = StringIO()
        csv.writer(to, lineterminator="\n").writerows(cells(result))
        return to.getvalue()
    return "\n".join(lines(result)) + "\n"


def _tell_weeks(result: Mapping[str, Any], given: Namespace) -> None:
    """The weekly table has its own columns; `table` and `csv` are the same here."""
    for warning in result["warnings"]:
        print(f"! {warning}", file=sys.stderr)
    content = weekly_exported(result, "csv" if given.format == "table" else given.format)
    if not given.output:
        sys.stdout.write(content.decode())
        return
    _put(content, given.output)


def _say(text: str, output: str | None) -> None:
    """Printed, or written to `output`."""
    if output:
        _put(text.encode(), output)
    else:
        sys.stdout.write(text)


def _put(content: bytes, output: str) -> None:
    try:
        Path(output).write_bytes(content)
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror}") from error
    print(output)
