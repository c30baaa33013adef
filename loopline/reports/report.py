"""What a report is. Each lives in its own file in `reports/library/` and exports REPORT."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from loopline.attribution.model import Model
from loopline.reports.at_window import AskAtWindow
from loopline.reports.charts.specs import Chart
from loopline.reports.metric import Metric, Unit
from loopline.reports.opened import Opened
from loopline.reports.options import Scope
from loopline.reports.over_time.sparks import Sparks
from loopline.reports.result import ReportResult, Row
from loopline.store.engine import Engine

Run = Callable[["Report", Scope, Engine], ReportResult]
RunBoth = Callable[["Report", Scope, Scope, Engine], tuple[ReportResult, ReportResult] | None]
"""The scope before and the scope → both results; None where they have to be asked apart."""
Open = Callable[[str, str, Scope, Engine], Opened]
"""Row, metric → what is behind the figure."""


@dataclass(frozen=True, slots=True)
class Report:
    key: str
    label: str
    summary: str
    question: str
    """The question it answers, as its page prints it."""
    metrics: tuple[Metric, ...]
    """Its columns, in their order."""
    run: Run
    group: str = "Count"
    """Under which heading the library lists it."""
    by: Mapping[str, str] | None = None
    """What its rows can be, the usual one first: key → label. None: the report decides itself."""
    rests_on: frozenset[str] = frozenset()
    """Of which opportunities and costs its figures are made (`reports.unusual`); what is unusual there is told."""
    reads: frozenset[str] = frozenset()
    """Which of clock, model and lookback change its figures; `touchpoints`: which of them may earn does, too."""
    ignores: frozenset[str] = frozenset()
    """Options that it does not take, though others that read as much do."""
    shares_credit: bool = False
    """Its rows are shares of what was earned (`learnt.sharing_model`), so it takes no model whose rows overlap."""
    run_both: RunBoth | None = None
    """It for a period and the one before in one question, where that is quicker."""
    open: Open | None = None
    opens: frozenset[str] = frozenset()
    """The metrics whose figures `open` can open. Those with parts open into these without it."""
    opens_also: str = ""
    """How the keys of others begin that open, too: of columns that only the books know; "" where there are none."""
    opens_within: frozenset[str] = frozenset()
    """What `open` can open beside its columns: figures of the workings of others."""
    in_closed_loop: Callable[[str], Mapping[str, str]] | None = None
    """How the closed loop is asked for the same figure: there it opens down to touchpoints and people."""
    chart: Callable[[ReportResult], Chart] | None = None
    sparks: Callable[[Scope, Engine], Sparks | None] | None = None
    """One of its figures, row by row over the period; the points of a row add up to that figure."""
    has_course: bool = False
    """That comes with its rows (`ReportResult.over_time`), by the same question."""
    at_window: AskAtWindow | None = None
    """One of its figures under one lookback window, for how much the window matters (`reports.windows`)."""
    amounts: frozenset[str] = frozenset()
    """Rows whose counts are money, in major units."""
    only_in_files: frozenset[str] = frozenset()
    """Columns that the page leaves out: what shares are told from, where they are many."""
    usual_period: str = "last_12_months"
    leading: tuple[str, ...] = ()
    """Its key figures, the most telling first; phones keep the columns of the first three."""
    how: tuple[str, ...] = ()
    """How the figures are worked out, sentence by sentence, where their formulas do not say it all."""

    def opening(self, metrics: Iterable[Metric]) -> frozenset[str]:
        """Which of these columns open."""
        return frozenset(one.key for one in metrics if one.parts or self.may_open(one.key))

    def may_open(self, metric: str) -> bool:
        """Whether `open` can open it, whatever the figure is told from."""
        also = bool(self.opens_also) and metric.startswith(self.opens_also)
        return also or metric in self.opens or metric in self.opens_within

    def told_in(self, row: str, metric: Metric) -> Metric:
        """The metric with the unit that it has in this row."""
        is_amount = row in self.amounts and metric.unit is Unit.COUNT
        return replace(metric, unit=Unit.AMOUNT) if is_amount else metric

    def takes(self, model: Model) -> bool:
        """Whether it can be told by this model."""
        return not (self.shares_credit and model.overlaps)

    @property
    def usual_by(self) -> str:
        """What its rows usually are; "" where there is no choice."""
        return next(iter(self.by)) if self.by else ""


def _title(report: Report, by: str) -> str:
    """“Paths by length”, and “Paths” rather than “Paths by path”."""
    row = report.by[by].lower() if report.by else ""
    return report.label if not row or report.label.lower() == f"{row}s" else f"{report.label} by {row}"


def result_of(report: Report, scope: Scope, head: str, rows: list[Row], totals: Row) -> ReportResult:
    """What the report answers; options that it does not read are not said to have been used."""
    options = scope.options
    return ReportResult(
        report=report.key,
        title=_title(report, options.by),
        question=report.question,
        by=options.by,
        model=options.model if "model" in report.reads else "",
        clock=options.clock if "clock" in report.reads else "",
        first=scope.first,
        last=scope.last,
        as_of=scope.as_of,
        lookback_days=options.lookback_days if "lookback" in report.reads else None,
        metrics=[*report.metrics],
        rows=rows,
        totals=totals,
        currency=scope.books.currency,
        head=head,
        counts=options.counts if report.reads & {"model", "touchpoints"} else {},
    )
