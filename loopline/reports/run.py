"""Run a report: settle every option, ask the event store, and hand back figures that can be asked for again."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache

from loopline.attribution.model import MODELS
from loopline.attribution.own_model import own_models
from loopline.attribution.shared_states import common_parts
from loopline.lib.times import local_day
from loopline.reports.beginning import first_day_of_books
from loopline.reports.catalogue import REPORTS
from loopline.reports.dimension import DIMENSIONS, OTHERS, TOTAL
from loopline.reports.kept import kept_or
from loopline.reports.opened import MOST, Opened
from loopline.reports.option_words import as_read
from loopline.reports.options import Books, OptionError, Options, Scope
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.report import Report
from loopline.reports.result import ReportResult
from loopline.reports.unusual import Listed, list_unusual, unusual
from loopline.reports.warn import deleted_rows
from loopline.reports.windows import ByWindow, by_window
from loopline.store.engine import Engine

FIRST = slice(MOST)


def run_report(key: str, options: Options, engine: Engine, books: Books) -> ReportResult:
    """The report `key` as asked. Raises OptionError for an option that cannot be used and StoreError when the event
    store does not answer; never an empty report instead."""
    return run_report_of(report_named(key), options, engine, books)


def run_report_of(report: Report, options: Options, engine: Engine, books: Books) -> ReportResult:
    """The same of any report, also of one that is not of the library."""
    scope = settle_for(report, options, engine, books)
    with engine.together(common_parts):
        return kept_or(
            engine, report.key, scope, lambda: _minded(report, report.run(report, scope, engine), scope, engine)
        )


def _minded(report: Report, result: ReportResult, scope: Scope, engine: Engine) -> ReportResult:
    """With the unusual records that its figures rest on, and what was deleted of its rows."""
    result.warnings += deleted_rows(result.rows, result.head)
    result.unusual = unusual(report.rests_on, scope, engine)
    return result


def shows_over_time(report: Report) -> bool:
    """Whether its rows can show one of their figures over the period."""
    return report.sparks is not None or report.has_course


def row_sparks(result: ReportResult, options: Options, engine: Engine, books: Books) -> Sparks | None:
    """One figure of each row of the result over its period; None where the report has none. Raises StoreError."""
    report = REPORTS.get(result.report)
    if report is None or report.sparks is None or result.is_empty:
        return result.over_time
    same = replace(options, first=result.first, last=result.last, as_of=result.as_of)
    scope, ask = settle_for(report, same, engine, books), report.sparks
    found = kept_or(engine, f"{report.key} over time", scope, lambda: ask(scope, engine))
    return found.listed({row.key for row in result.rows}) if found else None


def told_whole(result: ReportResult, options: Options, engine: Engine, books: Books) -> dict[str, object]:
    """The JSON of the result with what its rows show over time."""
    found, told = row_sparks(result, options, engine, books), result.to_json()
    return found.told(told) if found else told


def run_by_window(key: str, options: Options, engine: Engine, books: Books) -> ByWindow:
    """How much the lookback window matters to the report: a column a window.

    Raises OptionError for a report that says nothing by window too, and StoreError.
    """
    report = report_named(key)
    if report.at_window is None:
        able = ", ".join(one.key for one in REPORTS.values() if one.at_window)
        raise OptionError(f"“{report.label}” is not told by lookback window. These are: {able}.", "windows")
    scope, ask = settle_for(report, options, engine, books), report.at_window
    with engine.together(common_parts):
        return kept_or(engine, (key, "by window"), scope, lambda: by_window(report, scope, engine, ask))


def run_with_before(
    key: str, options: Options, before: Options | None, engine: Engine, books: Books
) -> tuple[ReportResult, ReportResult | None]:
    """The report, and its figures for the period `before` as of the same moment: None where none are asked for, or the
    books begin within it. What a reader has to know of them is told of the report only. Raises as `run_report` does."""
    with engine.together(common_parts):
        return _with_before(report_named(key), options, before, engine, books)


def _with_before(
    report: Report, options: Options, before: Options | None, engine: Engine, books: Books
) -> tuple[ReportResult, ReportResult | None]:
    scope = settle_for(report, options, engine, books)
    earlier = _before(report, scope, before, engine)
    ask_both = cache(lambda: report.run_both(report, earlier, scope, engine) if report.run_both and earlier else None)

    def ask(one: Scope) -> ReportResult:
        both = ask_both()
        return both[one is scope] if both else report.run(report, one, engine)

    result = kept_or(engine, report.key, scope, lambda: _minded(report, ask(scope), scope, engine))
    if earlier is None:
        return result, None
    try:
        return result, kept_or(engine, (report.key, "before"), earlier, lambda: ask(earlier))
    except OptionError:
        return result, None  # a model that learns may find too little there; there is nothing to compare with then


def _before(report: Report, scope: Scope, options: Options | None, engine: Engine) -> Scope | None:
    if options is None or options.first is None:
        return None
    asked = replace(options, as_of=scope.as_of)
    if settle_for(report, replace(asked, first=None, last=None), engine, scope.books).first > options.first:
        return None
    return settle_for(report, asked, engine, scope.books)


def open_figure(
    key: str, row: str, metric: str, options: Options, engine: Engine, books: Books, listed: slice = FIRST
) -> Opened:
    """What is behind the figure `metric` of `row` (`~total` for the total), with those items that are to be `listed`.

    Raises OptionError and StoreError.
    """
    return open_figure_of(report_named(key), row, metric, options, engine, books, listed)


def open_figure_of(
    report: Report, row: str, metric: str, options: Options, engine: Engine, books: Books, listed: slice = FIRST
) -> Opened:
    """The same of any report, also of one that is not of the library."""
    if report.open and report.may_open(metric):
        opened = report.open(row, metric, settle_for(report, options, engine, books), engine)
        if not opened.is_known:
            check_row(report, row, options, engine, books)
        return replace(opened, items=opened.items[listed])
    result = run_report_of(report, options, engine, books)
    columns = {one.key: one for one in result.metrics}
    if metric not in columns or not columns[metric].parts:
        opens = ", ".join(sorted(report.opening(result.metrics)))
        raise OptionError(f"There is nothing to open behind “{metric}”. Open one of: {opens}.", "metric")
    if row != TOTAL and all(one.key != row for one in result.rows):
        open_figure_of(report, row, _counted(report, result)[0], options, engine, books)  # refuses what is no row
    parts = tuple(columns[part] for part in columns[metric].parts)
    return Opened(columns[metric], row, (), 0, result.figure(row, metric), parts)


def check_row(report: Report, row: str, options: Options, engine: Engine, books: Books) -> None:
    """For a row that names no record. Raises OptionError where the report has it neither as it is asked nor over all
    days, so that what never was is no 0; and StoreError."""
    for asked in (options, replace(options, first=None, last=None)):
        if _has_row(report, row, asked, engine, books):
            return
    words = f"There is no row “{row[:60]}” in “{report.label}”, on whatever days. Open a row that the report shows."
    raise OptionError(words, "row")


def _has_row(report: Report, row: str, options: Options, engine: Engine, books: Books) -> bool:
    result = run_report_of(report, options, engine, books)
    keys = {one.key for one in result.rows}
    if row in keys or OTHERS not in keys or report.open is None:
        return row in keys
    scope = settle_for(report, options, engine, books)  # it may be one of those that are not listed
    return any(report.open(row, metric, scope, engine).count for metric in _counted(report, result))


def _counted(report: Report, result: ReportResult) -> list[str]:
    """Those columns that records are behind."""
    return [one.key for one in result.metrics if report.may_open(one.key)]


def dated(options: Options, engine: Engine) -> Options:
    """The same options as of a moment by name, so that whatever else is asked with them is of the same moment."""
    return replace(options, as_of=_moment(options, engine))


def unusual_records(key: str, kind: str, options: Options, engine: Engine, books: Books) -> tuple[Listed | None, Scope]:
    """The unusual records of one kind behind a report, None where there are none. Raises OptionError and StoreError."""
    report = report_named(key)
    scope = settle_for(report, options, engine, books)
    return list_unusual(kind, report.rests_on, scope, engine), scope


def report_named(key: str, among: Mapping[str, Report] = REPORTS) -> Report:
    """Raises OptionError when there is none."""
    if key not in among:
        raise OptionError(f"There is no report “{key}”. Choose one of: {', '.join(among)}.", "key")
    return among[key]


def settle_for(report: Report, options: Options, engine: Engine, books: Books) -> Scope:
    """Settled, without the options that the report does not read, whatever its address says."""
    options = as_read(report, options)
    if report.by is None:
        return settle(replace(options, by=""), engine, books, by={})
    return settle(options, engine, books, by=report.by)


def settle(options: Options, engine: Engine, books: Books, *, by: Mapping[str, object] = DIMENSIONS) -> Scope:
    """The options with their defaults: as of the store's horizon, from the first day of the books to that day."""
    options.check(books, by)
    as_of = _moment(options, engine)
    last = options.last or local_day(as_of, books.zone)
    first = options.first or min(first_day_of_books(engine, as_of, books.zone) or last, last)
    models = MODELS | own_models(engine, {"as_of": as_of})
    options.check_model(models)
    return Scope(options=options, books=books, first=first, last=max(first, last), as_of=as_of, models=models)


def _moment(options: Options, engine: Engine) -> datetime:
    horizon = engine.horizon()
    return min(options.as_of or horizon, horizon)
