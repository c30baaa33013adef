"""`loopline report`: the figures of the report pages, on the command line."""

import csv
import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from loopline.attribution.conversions import PEOPLE
from loopline.attribution.touchpoints import EARNING_KINDS
from loopline.cli.bridge import running_server
from loopline.cli.command import DONE, USED_WRONGLY, Command, CommandError
from loopline.cli.prepare import set_up_again
from loopline.lib.config import Config, read_config
from loopline.reports.answer import answered
from loopline.reports.catalogue import REPORTS
from loopline.reports.change.write import change_cells, change_lines
from loopline.reports.files.export import FORMS, exported
from loopline.reports.files.series import series_cells, series_lines
from loopline.reports.files.write import table_lines, written_cells
from loopline.reports.options import DIRECTS, HUMANS, OptionError
from loopline.reports.weekly.export import weekly_exported
from loopline.reports.weekly.table import KEY as WEEKLY
from loopline.store.engine import StoreError
from loopline.store.open import open_engine

BINARY = ("xlsx", "parquet")
OPTIONS = (
    "from", "to", "as_of", "model", "clock", "by", "unit", "lookback", "half_life", "order", "conversion", "people",
    "kinds", "direct", "humans", "changed_since", "frozen", "against", "windows", "sql",
)  # fmt: skip


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("key", metavar="KEY", help=f"which report: {', '.join([*REPORTS, WEEKLY])}")
    parser.add_argument("--from", metavar="D", help="first day, such as 2026-01-01 (default: the first of the books)")
    parser.add_argument("--to", metavar="D", help="last day, included (default: the last of the books)")
    parser.add_argument("--as-of", metavar="T", help="what the books said then, a day or a moment (default: now)")
    parser.add_argument(
        "--changed-since", metavar="T", help="instead: what changed since then, split into what arrived in between"
    )
    parser.add_argument("--model", metavar="M", help="attribution model, such as linear (default) or first_touch")
    parser.add_argument("--clock", choices=["period", "cohort"], help="by closing date (default) or by touchpoint date")
    parser.add_argument("--by", metavar="DIMENSION", help="campaign (default), channel, landing_page, business_unit, …")
    parser.add_argument("--unit", metavar="UNIT", help="only this business unit, by name or id (default: all)")
    parser.add_argument("--lookback", metavar="DAYS", help="days before the conversion, or none (default 90)")
    parser.add_argument("--half-life", metavar="DAYS", help="of time_decay (default 7)")
    parser.add_argument("--conversion", metavar="C", help="only lead, qualified, opportunity or won (default: all)")
    parser.add_argument("--people", choices=list(PEOPLE), help="whose touchpoints may earn (default contacts)")
    parser.add_argument("--kinds", metavar="K,K", help=f"touchpoints that may earn, of {','.join(EARNING_KINDS)}")
    parser.add_argument("--direct", choices=list(DIRECTS), help="does the channel Direct earn? (default count)")
    parser.add_argument("--humans", choices=list(HUMANS), help="whether machines may earn too (default only)")
    parser.add_argument("--order", metavar="K", help="of the Markov chain: 1 (default), 2 or 3")
    parser.add_argument("--frozen", metavar="ID", help="a frozen run, as it was; other options do not matter then")
    parser.add_argument("--series", action="store_true", help="what the rows show over time, a line each and period")
    parser.add_argument(
        "--windows", action="store_const", const="yes", help="instead: how much the lookback window matters"
    )
    parser.add_argument(
        "--sql", action="store_const", const="yes", help="instead: what it asks the event store, as SQL with its values"
    )
    parser.add_argument(
        "--against", metavar="ID", help="with --frozen: what changed between it and this other run, or now"
    )
    parser.add_argument("--format", choices=["table", *FORMS], default="table")
    parser.add_argument("--output", metavar="FILE", help="write there instead of printing; XLSX and Parquet need it")


def _run(given: Namespace) -> int:
    if given.format in BINARY and not given.output:
        print(f"{given.format} is no text to print: add --output report.{given.format}", file=sys.stderr)
        return USED_WRONGLY
    if given.series and (given.key == WEEKLY or given.changed_since or given.against):
        print("--series is of reports with rows: the weekly table and what changed have none", file=sys.stderr)
        return USED_WRONGLY
    if given.windows and (given.key == WEEKLY or given.changed_since or given.frozen or given.series):
        print("--windows is of a report as it is now: leave out --series, --changed-since, --frozen", file=sys.stderr)
        return USED_WRONGLY
    if given.sql and (given.series or given.changed_since or given.frozen or given.windows or given.format != "table"):
        print(
            "--sql is what a report asks, as SQL: leave out --series, --windows, --changed-since, --frozen, --format",
            file=sys.stderr,
        )
        return USED_WRONGLY
    if given.against and not given.frozen:
        print("--against says what to compare a frozen run with: add --frozen ID", file=sys.stderr)
        return USED_WRONGLY
    result = _ask(read_config(), given)
    try:
        _tell(result, given)
    except OptionError as error:
        raise CommandError(str(error)) from error
    return DONE


def _tell(result: Mapping[str, Any], given: Namespace) -> None:
    if given.sql:
        _tell_sql(str(result["sql"]), given.output)
    elif given.key == WEEKLY and "causes" not in result:
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
    if given.series:
        return series_lines(result)
    return change_lines(result) if "causes" in result else table_lines(result)


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
    if "causes" in result and given.format != "json":
        raise CommandError("what changed is written as json; print it as a table or csv without --output")
    if given.format == "table":
        content = ("\n".join(_lines(result, given)) + "\n").encode()
    else:
        content = exported(result, given.format, is_series=given.series)
    _put(content, given.output)


def _ask(config: Config, given: Namespace) -> Mapping[str, Any]:
    words = {name: str(value) for name in OPTIONS if (value := getattr(given, name)) is not None}
    server = running_server(config)
    if server is not None:
        answer = server.ask("/internal/report", {"key": given.key, **words})
        if not isinstance(answer, dict):
            raise CommandError("the server did not answer with a report; is it the same version of Loopline?")
        return answer
    return _ask_the_store(config, given.key, words)


def _ask_the_store(config: Config, key: str, words: Mapping[str, str]) -> Mapping[str, Any]:
    """Without a server the store is free to be opened here."""
    set_up_again()
    from loopline.access.actor import SYSTEM  # models, which need Django to be set up first
    from loopline.access.books import books_for
    from loopline.reporting.comparing import frozen_answer

    books = books_for(SYSTEM)
    try:
        engine = open_engine(config)
        try:
            if "frozen" in words:
                return frozen_answer(key, words["frozen"], words.get("against", ""), SYSTEM, engine, books)
            return answered(key, words, engine, books)
        finally:
            engine.close()
    except (OptionError, StoreError) as error:
        raise CommandError(str(error)) from error


def _print_csv(result: Mapping[str, Any], *, is_series: bool) -> None:
    write = csv.writer(sys.stdout, lineterminator="\n").writerow
    table = change_cells if "causes" in result else written_cells
    rows: Iterable[Sequence[str]] = series_cells(result) if is_series else table(result)
    for row in rows:
        write(row)


COMMAND = Command(
    key="report",
    summary="Print a report: what was spent, and what it earned",
    example="loopline report closed-loop --from 2026-01-01 --to 2026-03-31 --by channel --format json",
    run=_run,
    configure=_configure,
)
