"""What `loopline report` prints or writes, as a table for people or as a file."""

import csv
import json
import sys
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

from loopline.cli.command import CommandError
from loopline.reports.change.write import change_cells, change_lines
from loopline.reports.change.write_cause import cause_cells, cause_lines
from loopline.reports.files.export import exported
from loopline.reports.files.series import series_cells, series_lines
from loopline.reports.files.write import table_lines, written_cells
from loopline.reports.options import OptionError
from loopline.reports.weekly.export import weekly_exported
from loopline.reports.weekly.figures import KEY as WEEKLY


def tell(result: Mapping[str, Any], given: Namespace) -> None:
    """Raises OptionError for a form that the answer does not have, and CommandError for a file that cannot be."""
    if given.sql:
        _tell_sql(str(result["sql"]), given.output)
    elif "causes" in result or "cause" in result:
        _tell_changes(result, given)
    elif given.key == WEEKLY:
        _tell_weeks(result, given)
    elif given.output:
        _write(result, given)
    elif given.format == "json":
        print(json.dumps(result, ensure_ascii=False, indent=1))
    elif given.format == "csv":
        _print_csv(result, is_series=given.series)
    else:
        print("\n".join(_lines(result, given)))


def _tell_sql(script: str, output: str | None) -> None:
    if output:
        _put(script.encode(), output)
    else:
        sys.stdout.write(script)


def _lines(result: Mapping[str, Any], given: Namespace) -> list[str]:
    """For people to read in a terminal."""
    return series_lines(result) if given.series else table_lines(result)


def _tell_changes(result: Mapping[str, Any], given: Namespace) -> None:
    """What changed, by cause or row by row in the figure asked for; or the records that one cause changed."""
    if "cause" in result:
        if given.format == "csv" and result["changed"] is None:
            raise OptionError(f"{result['not_told']} --format json holds the facts.", "cause")
        cells, lines = partial(cause_cells, result), partial(cause_lines, result)
    else:
        by_row = given.metric is not None
        cells, lines = partial(change_cells, result, by_row=by_row), partial(change_lines, result, by_row=by_row)
    if given.format == "json":
        text = json.dumps(result, ensure_ascii=False, indent=1) + "\n"
    elif given.format == "csv":
        to = StringIO()
        csv.writer(to, lineterminator="\n").writerows(cells())
        text = to.getvalue()
    else:
        text = "\n".join(lines()) + "\n"
    if given.output:
        _put(text.encode(), given.output)
    else:
        sys.stdout.write(text)


def _tell_weeks(result: Mapping[str, Any], given: Namespace) -> None:
    """The weekly table has its own columns; `table` and `csv` are the same here."""
    for warning in result["warnings"]:
        print(f"! {warning}", file=sys.stderr)
    content = weekly_exported(result, "csv" if given.format == "table" else given.format)
    if not given.output:
        sys.stdout.write(content.decode())
        return
    _put(content, given.output)


def _put(content: bytes, output: str) -> None:
    try:
        Path(output).write_bytes(content)
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror}") from error
    print(output)


def _write(result: Mapping[str, Any], given: Namespace) -> None:
    if given.format == "table":
        content = ("\n".join(_lines(result, given)) + "\n").encode()
    else:
        content = exported(result, given.format, is_series=given.series)
    _put(content, given.output)


def _print_csv(result: Mapping[str, Any], *, is_series: bool) -> None:
    write = csv.writer(sys.stdout, lineterminator="\n").writerow
    rows: Iterable[Sequence[str]] = series_cells(result) if is_series else written_cells(result)
    for row in rows:
        write(row)
