"""A report asked for in words, answered as JSON: for the command line, with a server or without."""

from collections.abc import Mapping
from typing import Any

from loopline.reports.asked import moment_of, options_from
from loopline.reports.change.difference import Why
from loopline.reports.change.why import why_changed
from loopline.reports.comparable import COMPARABLE
from loopline.reports.options import Books, OptionError
from loopline.reports.questions import report_sql, weekly_sql
from loopline.reports.run import report_named, run_by_window, run_report, told_whole
from loopline.reports.weekly.figures import KEY as WEEKLY
from loopline.reports.weekly.table import weekly_table
from loopline.store.engine import Engine


def answered(key: str, words: Mapping[str, str], engine: Engine, books: Books) -> dict[str, Any]:
    """The report `key`; with `changed_since` what changed in it since then, with `windows` how much the lookback window
    matters to it, with `sql` the questions it asks. Raises OptionError and StoreError."""
    if words.get("changed_since"):
        return why_asked(key, words, engine, books).to_json()
    report = report_named(key, COMPARABLE)
    options = options_from(words, books, report.by or {}, report.usual_by)
    if words.get("windows"):
        return run_by_window(key, options, engine, books).result.to_json()
    if "sql" in words:
        is_weekly = key == WEEKLY
        return {"sql": weekly_sql(options, engine, books) if is_weekly else report_sql(key, options, engine, books)}
    if key == WEEKLY:
        return weekly_table(options, engine, books).to_json()
    return told_whole(run_report(key, options, engine, books), options, engine, books)


def why_asked(key: str, words: Mapping[str, str], engine: Engine, books: Books) -> Why:
    """What changed in the report `key` since `changed_since`, row by row in the figure `metric`.

    Raises OptionError and StoreError.
    """
    report = report_named(key, COMPARABLE)
    options = options_from(words, books, report.by or {}, report.usual_by)
    since = moment_of(words.get("changed_since", ""), books.zone, "since")
    if since is None:
        raise OptionError("Say since when, such as 2026-03-31.", "since")
    return why_changed(key, options, since, engine, books, metric=words.get("metric", ""))
