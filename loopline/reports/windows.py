"""How much the lookback window matters: one figure of each row under several windows, side by side, as a report.

Each window is a column of its own, asked for by the question of the report itself, so each adds up to the same records.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from loopline.attribution.disagreement import FAR_APART, MATERIAL, apart
from loopline.lib.percent import percent_figure
from loopline.reports.at_window import AskAtWindow, AtWindow
from loopline.reports.dimension import OTHERS, TOTAL
from loopline.reports.metric import AddsUp, Metric, Number, Unit, ratio_of
from loopline.reports.naming import Name
from loopline.reports.options import OptionError, Scope
from loopline.reports.report import Report, result_of
from loopline.reports.result import Check, ReportResult, Row
from loopline.store.engine import Engine

WINDOWS: tuple[int | None, ...] = (7, 30, 90, None)
PREFIX = "window_"
"""Before the key of a window, in the key of its column: `window_30`, `window_none`."""
APART = ratio_of(
    "windows_apart",
    "Difference",
    "(largest − smallest) ÷ largest of the windows",
    dated="as the figure",
    is_neutral=True,
)
MOST_TOLD = 3
"""So many rows at most are told to lie far apart, the largest first."""


@dataclass(frozen=True, slots=True)
class ByWindow:
    metric: Metric
    """The figure of the report that is told under each window."""
    result: ReportResult

    @property
    def columns(self) -> list[tuple[str, Metric]]:
        """Each window as an address says it, and its column."""
        return [(one.key.removeprefix(PREFIX), one) for one in self.result.metrics if one.key.startswith(PREFIX)]

    def shortened(self, most: int) -> "ByWindow":
        """The `most` largest rows, all others as one, then what went to no row: the columns still add up."""
        result = self.result
        rows = [row for row in result.rows if not row.is_rest]
        rest = [row for row in result.rows if row.is_rest]
        if len(rows) <= most + 1:
            return self
        others = rows[most:]
        adds_up = self.metric.adds_up is AddsUp.SUM
        values = {
            one.key: _sum([row.values[one.key] for row in others]) if adds_up else None for _, one in self.columns
        }
        together = Row(OTHERS, f"{len(others):,} others", is_rest=True, values={**values, APART.key: None})
        return replace(self, result=replace(result, rows=[*rows[:most], together, *rest]))


def key_of(days: int | None) -> str:
    """The window as an address says it."""
    return "none" if days is None else str(days)


def words_of(days: int | None) -> str:
    return "No window" if days is None else f"{days} day{'' if days == 1 else 's'}"


def windows_of(scope: Scope) -> list[int | None]:
    """The usual ones and the one that was asked for, the shortest first."""
    asked = {*WINDOWS, scope.options.lookback_days}
    return [*sorted(days for days in asked if days is not None), None]


def by_window(report: Report, scope: Scope, engine: Engine, ask: AskAtWindow) -> ByWindow:
    """The figure of `ask` under each window. Raises OptionError where no window can answer, and StoreError.

    A window that leaves the model too little to learn from is a column that says nothing, and a warning says why.
    """
    found: dict[str, AtWindow] = {}
    refused: dict[str, OptionError] = {}
    for days in windows_of(scope):
        try:
            found[key_of(days)] = ask(replace(scope, options=replace(scope.options, lookback_days=days)), engine)
        except OptionError as error:
            refused[words_of(days)] = error
    if not found:
        raise next(iter(refused.values()))
    metric = next(iter(found.values())).metric
    return ByWindow(metric, _told(report, scope, metric, found, refused))


def _told(
    report: Report, scope: Scope, metric: Metric, found: Mapping[str, AtWindow], refused: Mapping[str, OptionError]
) -> ReportResult:
    windows = windows_of(scope)
    names = {key: name for one in found.values() for key, name in one.names.items()}
    rows = [_row(key, names[key], found, windows) for key in {key for one in found.values() for key in one.rows}]
    rows.sort(key=lambda row: (row.is_rest, -_largest(row), row.label, row.key))
    totals = Row(TOTAL, "Total", values=_values({key: one.total for key, one in found.items()}, windows))
    totals.values[APART.key] = None
    result = result_of(report, scope, report.by[scope.options.by] if report.by else "Row", rows, totals)
    result.title = f"{result.title}: {metric.label.lower()} by lookback window"
    result.question = "How much does the lookback window matter?"
    columns = [_column(metric, days) for days in windows]
    result.metrics = [*columns, replace(APART, parts=tuple(column.key for column in columns))]
    result.has_total = all(one.total is not None for one in found.values())
    result.check = _check(found, metric, scope)
    result.warnings = [*(f"{words}: {error}" for words, error in refused.items()), *_far_apart(rows, totals, windows)]
    return result


def _column(metric: Metric, days: int | None) -> Metric:
    words = words_of(days)
    window = "no lookback window" if days is None else f"a lookback window of {words}"
    return replace(
        metric, key=f"{PREFIX}{key_of(days)}", label=f"{metric.label}, {words[0].lower()}{words[1:]}", short=words,
        formula=f"{metric.formula}; with {window}", parts=(),
    )  # fmt: skip


def _row(key: str, name: Name, found: Mapping[str, AtWindow], windows: list[int | None]) -> Row:
    values = _values({window: one.rows.get(key, 0) for window, one in found.items()}, windows)
    known = [float(value) for value in values.values() if value is not None]
    far = apart(known)
    values[APART.key] = None if far is None else round(far, 4)
    return Row(key, name.label, name.note, is_rest=not key or key.startswith("~"), values=values)


def _values(by_key: Mapping[str, Number], windows: list[int | None]) -> dict[str, Number]:
    return {f"{PREFIX}{key_of(days)}": by_key.get(key_of(days)) for days in windows}


def _figures(row: Row) -> list[float]:
    return [float(value) for key, value in row.values.items() if key != APART.key and value is not None]


def _largest(row: Row) -> float:
    return max(_figures(row), default=0.0)


def _check(found: Mapping[str, AtWindow], metric: Metric, scope: Scope) -> Check | None:
    """The window whose total is furthest from the records: when it meets them, all do."""
    told = [(one.total, one.records) for one in found.values() if one.total is not None and one.records is not None]
    if not told:
        return None
    total, records = max(told, key=lambda one: abs(one[0] - one[1]))
    what = next(iter(found.values())).records_are
    currency = scope.books.currency if metric.unit is Unit.MONEY else ""
    return Check(f"{what}, with every window", records, round(total), currency)


def _far_apart(rows: list[Row], totals: Row, windows: list[int | None]) -> list[str]:
    """Rows that matter and depend on the window, in words: the shortest window that answered beside the longest."""
    keys = [key for days in windows if totals.values[key := f"{PREFIX}{key_of(days)}"]]
    if len(keys) < 2:
        return []
    words = {f"{PREFIX}{key_of(days)}": words_of(days).lower() for days in windows}
    short, long = keys[0], keys[-1]
    told = []
    for row in (one for one in rows if not one.is_rest):
        first, last = (100 * float(row.values[key] or 0) / float(totals.values[key] or 1) for key in (short, long))
        if (row.values[APART.key] or 0) >= FAR_APART and max(first, last) >= 100 * MATERIAL:
            parts = [f"{percent_figure(one)}\u00a0%" for one in (first, last)]
            told.append(
                f"{row.label}: {parts[0]} of the total with {words[short]}, {parts[1]} with {words[long]}. "
                + ("It comes early: a short window hides it." if last > first else "Others came before it: a long "
                   "window shares with them.")
            )  # fmt: skip
    return told[:MOST_TOLD]


def _sum(numbers: list[Number]) -> Number:
    told = [one for one in numbers if one is not None]
    return round(sum(told), 6) if told else None
