"""Reports that count records: one question gives every record with its row, the columns say which of them count.

So a figure and what is behind it are the same question: what opens is what was counted.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from loopline.attribution.state import Part, question
from loopline.lib.times import from_micros
from loopline.reports.at_window import AskAtWindow, AtWindow
from loopline.reports.balance import number
from loopline.reports.dimension import NOTHING, OTHERS, TOTAL, Naming
from loopline.reports.metric import AddsUp, Metric, Number, Unit, whole
from loopline.reports.naming import Name, is_known_row, named
from loopline.reports.opened import FARTHEST, Item, Opened
from loopline.reports.options import Scope
from loopline.reports.over_time.counted import counted_sparks
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.report import Report, result_of
from loopline.reports.result import Check, ReportResult, Row
from loopline.store.engine import Engine, Value

Values = Mapping[str, Number]


def in_period(column: str) -> str:
    """SQL text: the moment lies in the period of the scope."""
    return f"epoch_us({column}) >= $from_us AND epoch_us({column}) < $to_us"


@dataclass(frozen=True, slots=True)
class Counted:
    """A column counted from records."""

    metric: Metric
    which: str = "TRUE"
    """SQL condition: which records count."""
    aggregate: str = "count(*)"
    """SQL aggregate over them; give a sum its 0 where nothing really means 0."""
    is_micro: bool = False
    """In micro-units: credited records."""

    @property
    def sql(self) -> str:
        """`coalesce(sum(x), 0)` is filtered inside, where the engine wants the filter."""
        inner, zero = self.aggregate, ""
        if inner.startswith("coalesce("):
            inner, zero = inner.removeprefix("coalesce(").removesuffix(", 0)"), ", 0)"
        told = f"{inner} FILTER (WHERE {self.which})"
        return f"coalesce({told}{zero}" if zero else told

    def added(self, known: Sequence[Number]) -> Number:
        """The sum of what is known, where all else is unknown; of nothing 0 only where nothing really means 0."""
        if known:
            return sum(one or 0 for one in known)
        return None if self.aggregate.startswith("sum(") else 0

    def number(self, value: object) -> Number:
        if value is None:
            return None
        if self.is_micro:
            return whole(number(value))
        return round(value, 4) if isinstance(value, float) else number(value)


@dataclass(frozen=True, slots=True)
class Told:
    """A column told from the counted ones of its row, and for the total from the totals."""

    metric: Metric
    of: Callable[[Values], Number]


@dataclass(frozen=True, slots=True)
class Records:
    """The question: `sql` gives `kind`, `record_id`, `at_us` (or NULL), `row_key`, and what the columns read."""

    sql: str
    parts: tuple[Part, ...]
    values: Mapping[str, Value] = field(default_factory=dict)
    once: str = ""
    """Each record once, with the same columns and no row, where records stand in several rows and that is told sooner
    than by looking through them all."""


@dataclass(frozen=True, slots=True)
class Counting:
    records: Callable[[Scope, Engine], Records]
    columns: tuple[Counted | Told, ...]
    head: Callable[[Scope], str]
    """What a row is."""
    naming: Callable[[Scope], Naming]
    without: str
    """Name of the row of records that say nothing."""
    ordered_by: str = ""
    """Rows by this metric, the largest first; "": by their key."""
    then_by: tuple[str, ...] = ()
    """Rows that are alike in it by these, one after the other."""
    names: Callable[[Scope], Mapping[str, Name]] = lambda _scope: {}
    """Names that the report gives itself."""
    overlaps: bool = False
    """A record stands in several rows, so that the total counts it once."""
    most: int = 200
    """So many rows at most; the others together are one."""
    check: Callable[[Scope, Engine], tuple[str, int]] | None = None
    """What is counted, and how many there are, told without the question of the rows."""
    checked: str = ""
    """The metric whose total the check must meet."""
    has_total: bool = True
    """The rows are parts of something; a sum over them means something."""
    over_time: str = ""
    """The metric that is also shown over time: a sum whose records are dated within the period."""
    cohorts: frozenset[str] = frozenset()
    """Kinds of rows that are times themselves; they are not cut again."""
    finish: Callable[[ReportResult, Scope, Engine], None] | None = None
    """Marks rows that are too young, and adds what a reader has to know."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return tuple(column.metric for column in self.columns)

    @property
    def opens(self) -> frozenset[str]:
        return frozenset(column.metric.key for column in self.columns if isinstance(column, Counted))

    def run(self, report: Report, scope: Scope, engine: Engine) -> ReportResult:
        asked = self.records(scope, engine)
        values = {**scope.params, **asked.values}
        found = {str(row["row_key"]): self._values(row) for row in engine.rows(self._rows_sql(asked), values)}
        total = found.pop(TOTAL, {})
        names = self._named(found.keys(), scope, engine)
        rows = [
            Row(key, names[key].label, names[key].note, key == NOTHING or key.startswith("~"), values)
            for key, values in found.items()
        ]
        rows.sort(key=self._place)
        totals = Row(TOTAL, "Total", values=dict(total))
        result = result_of(report, scope, self.head(scope), self._within_reason(rows), totals)
        result.has_total = self.has_total
        self._check(result, scope, engine)
        if self.finish:
            self.finish(result, scope, engine)
        return result

    def _named(self, keys: Collection[str], scope: Scope, engine: Engine) -> dict[str, Name]:
        names = named(self.naming(scope), keys, scope, engine) | {NOTHING: Name(self.without)}
        return names | dict(self.names(scope))

    def at_window(self, metric: str) -> AskAtWindow:
        """How `metric` is asked for alone, of each row there is, for `reports.windows`."""
        columns = tuple(one for one in self.columns if isinstance(one, Counted) and one.metric.key == metric)
        alone = replace(self, columns=columns, ordered_by="", then_by=())

        def ask(scope: Scope, engine: Engine) -> AtWindow:
            return alone._at_window(scope, engine)

        return ask

    def _at_window(self, scope: Scope, engine: Engine) -> AtWindow:
        asked, [metric] = self.records(scope, engine), self.metrics
        found = engine.rows(self._rows_sql(asked), {**scope.params, **asked.values})
        rows = {str(row["row_key"]): self._values(row)[metric.key] for row in found}
        total = rows.pop(TOTAL, 0)
        what, records = self.check(scope, engine) if self.check and metric.key == self.checked else ("", None)
        return AtWindow(metric, rows, self._named(rows.keys(), scope, engine), total, records, what)

    def open(self, row: str, metric: str, scope: Scope, engine: Engine) -> Opened:
        """The records that the figure counts. Raises KeyError for a metric that does not open."""
        column = next(one for one in self.columns if isinstance(one, Counted) and one.metric.key == metric)
        asked = self.records(scope, engine)
        values: dict[str, Value] = {**scope.params, **asked.values, "row": row}
        which = f"$row = '{TOTAL}' OR row_key = $row"
        if row == OTHERS:
            which, values["listed"] = "row_key NOT IN (SELECT unnest($listed))", self._listed(asked, values, engine)
        once, parts = self._once(asked)
        counted = once if row == TOTAL else "records"
        sql = f"""
            SELECT kind, record_id, min(at_us) AS at_us, {column.aggregate} AS adds FROM {counted}
            WHERE ({which}) AND ({column.which})
            GROUP BY kind, record_id ORDER BY adds DESC, record_id
        """
        rows = engine.rows(question(sql, *parts), values)
        items = [
            Item(str(one["kind"]), str(one["record_id"]), None if one["at_us"] is None else
                 from_micros(number(one["at_us"])), column.number(one["adds"]))
            for one in rows[:FARTHEST]
        ]  # fmt: skip
        is_known = bool(rows) or self._is_known(row, scope, engine)
        return Opened(column.metric, row, tuple(items), len(rows), self._sum(column, rows), is_known=is_known)

    def _is_known(self, row: str, scope: Scope, engine: Engine) -> bool:
        return row in self.names(scope) or is_known_row(self.naming(scope), row, scope, engine)

    def _listed(self, asked: Records, values: Mapping[str, Value], engine: Engine) -> list[str]:
        """The rows that are listed singly where one stands for all others."""
        found = engine.rows(self._rows_sql(asked), values)
        rows = [
            Row(key, key, is_rest=key == NOTHING or key.startswith("~"), values=self._values(row))
            for row in found if (key := str(row["row_key"])) != TOTAL
        ]  # fmt: skip
        return [row.key for row in sorted(rows, key=self._place)[: self.most]]

    def sparks(self, scope: Scope, engine: Engine) -> Sparks | None:
        """The metric `over_time` of each row over the period; None where that says nothing."""
        if not self.over_time or scope.options.by in self.cohorts:
            return None
        column = next(one for one in self.columns if isinstance(one, Counted) and one.metric.key == self.over_time)
        asked = self.records(scope, engine)
        parts = (*asked.parts, Part("records", asked.sql))
        return counted_sparks(column.metric, column.sql, parts, asked.values, scope, engine)

    def _sum(self, column: Counted, rows: list[dict[str, object]]) -> Number:
        if column.metric.adds_up is AddsUp.RATIO:
            return None
        return column.number(column.added([one["adds"] for one in rows if one["adds"] is not None]))  # type: ignore[misc]

    def _rows_sql(self, asked: Records) -> str:
        """Rows and total in one statement, so that the records are read once."""
        sums = ", ".join(f"{one.sql} AS {one.metric.key}" for one in self.columns if isinstance(one, Counted))
        once, parts = self._once(asked)
        return question(
            f"SELECT row_key, {sums} FROM records GROUP BY row_key "
            f"UNION ALL SELECT '{TOTAL}' AS row_key, {sums} FROM {once}",
            *parts,
        )

    def _once(self, asked: Records) -> tuple[str, list[Part]]:
        """The table that holds each record once, for the total, and the parts of the question that make it."""
        parts = [*asked.parts, Part("records", asked.sql)]
        if not self.overlaps:
            return "records", parts
        first = "QUALIFY row_number() OVER (PARTITION BY kind, record_id ORDER BY row_key) = 1"
        return "once", [*parts, Part("once", asked.once or f"SELECT * FROM records {first}")]

    def _values(self, row: Mapping[str, object]) -> dict[str, Number]:
        counted = {one.metric.key: one.number(row[one.metric.key]) for one in self.columns if isinstance(one, Counted)}
        return self._with_told(counted)

    def _with_told(self, counted: dict[str, Number]) -> dict[str, Number]:
        for one in self.columns:
            if isinstance(one, Told):
                counted[one.metric.key] = one.of(counted)
        return {metric.key: counted[metric.key] for metric in self.metrics}

    def _place(self, row: Row) -> tuple[bool, list[float], str]:
        by = (self.ordered_by, *self.then_by) if self.ordered_by else ()
        return row.is_rest, [-(row.values[key] or 0) for key in by], row.key

    def _within_reason(self, rows: list[Row]) -> list[Row]:
        """Beyond the largest rows one for all others; what does not add up is unknown there."""
        if len(rows) <= self.most:
            return rows
        rest = rows[self.most :]
        values: dict[str, Number] = {
            one.metric.key: one.added([value for row in rest if (value := row.values[one.metric.key]) is not None])
            if one.metric.adds_up is AddsUp.SUM
            else None
            for one in self.columns
            if isinstance(one, Counted)
        }
        others = Row(OTHERS, f"{len(rest):,} others", is_rest=True, values=self._with_told(values))
        return [*rows[: self.most], others]

    def _check(self, result: ReportResult, scope: Scope, engine: Engine) -> None:
        if self.check is None:
            return
        what, records = self.check(scope, engine)
        if self.overlaps:
            rows = result.totals.values[self.checked]
        else:
            rows = sum(row.values[self.checked] or 0 for row in result.rows)
        is_money = any(one.metric.key == self.checked and one.metric.unit is Unit.MONEY for one in self.columns)
        result.check = Check(what, records, round(rows or 0), scope.books.currency if is_money else "")
        if not result.check.holds:
            result.warnings.append(
                "The rows do not add up to the records; these figures must not be used. "
                "Tell whoever runs this installation."
            )


def share(part: str, of: str) -> Callable[[Values], Number]:
    """`part` in percent of `of`; undefined of nothing."""

    def told(values: Values) -> Number:
        whole_of, some = values[of], values[part]
        return None if not whole_of or some is None else round(100 * some / whole_of, 4)

    return told


def per(amount: str, count: str) -> Callable[[Values], Number]:
    """Money ÷ count in whole minor units; undefined without either."""

    def told(values: Values) -> Number:
        money, many = values[amount], values[count]
        return None if money is None or not many else round(money / many)

    return told
