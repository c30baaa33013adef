"""Dashboards: for each role the figures, charts and tables that it looks at first, all of them from the reports.

A tile is a report with its options, and what of it is shown. Every tile leads to its report; one that cannot be worked
out says why and leaves the others alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from loopline.access.roles import Role
from loopline.attribution.shared_states import common_parts
from loopline.reports.address import as_before, options_said, read_address, usual_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.cost_gaps import beside_lines, rests_on_cost
from loopline.reports.metric import Metric, Unit
from loopline.reports.options import Books, OptionError
from loopline.reports.recent import Recent, answered, recent_moment
from loopline.reports.result import ReportResult
from loopline.reports.run import run_with_before
from loopline.reports.unusual import COST_WITHOUT_RATE, Unusual
from loopline.store.current import engine
from loopline.store.engine import StoreError
from loopline.web.report_pages import Opening, page_of
from loopline.web.report_words import KeyFigure, changes

ROWS = 6
PERIOD = "last_90_days"
"""Of tiles that say none, while the page's address says none."""
LATELY = {"today": 1, "7_days": 7}


@dataclass(frozen=True, slots=True)
class Tile:
    report: str
    title: str
    figures: tuple[str, ...] = ()
    """Key figures: metrics of the total, compared with the period before."""
    columns: tuple[str, ...] = ()
    """A table of the largest rows with these metrics."""
    has_chart: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    """Words of the report's address; those of the page go before them."""
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    key: str
    label: str
    question: str
    tiles: tuple[Tile, ...]


_LOOP = Tile("closed-loop", "The loop", ("cost_minor", "leads", "opportunities", "won", "revenue_minor", "romi"),
             is_wide=True)  # fmt: skip
_FORECAST = Tile("forecast", "What is likely to be won", has_chart=True, options={"period": "last_12_months"})
_QUALITY = Tile("coverage", "How far this can be trusted", columns=("known_rate",))
DASHBOARDS: dict[str, Dashboard] = {
    one.key: one
    for one in (
        Dashboard("marketing", "Marketing", "What brings buyers, at what cost, and what becomes of them?", (
            _LOOP,
            Tile("closed-loop", "Campaigns", columns=("cost_minor", "leads", "revenue_minor", "romi")),
            Tile("pipeline-created", "Pipeline created by channel", has_chart=True, options={"by": "channel"}),
            Tile("funnel", "Leads by month, and how many were won", has_chart=True,
                 options={"by": "month", "period": "last_12_months"}),
            Tile("content", "Read before the decision", columns=("content_decided", "content_win_rate"),
                 options={"period": "last_12_months"}),
        )),
        Dashboard("sales", "Sales", "What was handed over, how fast was the answer, and what will be won?", (
            Tile("speed-to-lead", "Leads handed over",
                 ("handed", "unanswered", "hours_to_answer", "hours_to_answer_slow", "converted_of_handed",
                  "won_of_handed"), is_wide=True),
            Tile("buyers", "By person", columns=("decided_won", "win_rate", "closed_minor"), options={"by": "person"}),
            _FORECAST,
            Tile("speed-to-lead", "Answers by person", columns=("handed", "hours_to_answer", "converted_of_handed"),
                 options={"by": "person"}),
            Tile("company-engagement", "Companies with most at stake", columns=("company_touches", "quiet_hours",
                 "at_stake_minor")),
        )),
        Dashboard("management", "Management", "Does the loop pay, and where does it go?", (
            _LOOP,
            _FORECAST,
            Tile("cohort-maturity", "How fast leads become revenue", has_chart=True,
                 options={"period": "last_12_months"}),
            Tile("buyers", "Who buys", has_chart=True, options={"by": "industry"}),
            Tile("cost-per-stage", "What one buyer costs at each stage", columns=("reached", "cost_per_stage_minor")),
        )),
        Dashboard("finance", "Finance", "What was spent, what was planned, and do the books say it all?", (
            Tile("plan-and-actual", "Plan and actual", ("planned_minor", "actual_minor", "left_minor", "used_rate"),
                 is_wide=True),
            Tile("plan-and-actual", "Campaigns", columns=("planned_minor", "actual_minor", "used_rate")),
            Tile("buyers", "Revenue by business unit", columns=("closed_minor", "mean_won_minor", "won_without_amount"),
                 options={"by": "unit"}),
            Tile("it-costs", "IT cost", columns=("it_minor", "unit_cost_minor", "events_collected")),
            _QUALITY,
        )),
    )
}  # fmt: skip
OF_ROLE = {
    Role.MARKETING: "marketing", Role.SALES: "sales", Role.SALES_MANAGER: "sales", Role.FINANCE: "finance",
    Role.ADMINISTRATOR: "management",
}  # fmt: skip

WALL: tuple[tuple[str, tuple[Tile, ...]], ...] = (
    ("Arrive", (
        Tile("closed-loop", "today", ("sessions",), options={"period": "today"}),
        Tile("closed-loop", "last 7 days", ("sessions", "people"), options={"period": "7_days"}),
    )),
    ("Hand over", (
        Tile("closed-loop", "today", ("leads",), options={"period": "today"}),
        Tile("speed-to-lead", "last 7 days", ("handed", "hours_to_answer", "unanswered"),
             options={"period": "7_days", "by": "unit"}),
    )),
    ("Win", (Tile("buyers", "this month", ("decided_won", "win_rate", "closed_minor"),
                  options={"period": "this_month", "by": "unit"}),)),
    ("Count", (Tile("closed-loop", "this month", ("cost_minor", "romi"), options={"period": "this_month"}),)),
    ("Learn", (Tile("funnel", "last 90 days", ("qualified_rate", "accepted_rate"),
                    options={"period": "last_90_days"}),)),
)  # fmt: skip
"""The wall screen: the stations of the loop, each with its figures."""


@dataclass(slots=True)
class Shown:
    """A tile with what it says now."""

    tile: Tile
    address: str
    said: Mapping[str, str]
    """Its options, by name."""
    query: str
    """Its options, as an address says them."""
    trouble: str = ""
    """Why it says nothing."""
    result: ReportResult | None = None
    figures: Sequence[KeyFigure] = ()
    columns: Sequence[Metric] = ()
    chart: Mapping[str, Any] | None = None
    period: str = ""
    minds: Sequence[Unusual] = ()
    """Unusual records behind its money that ask for somebody's hand, and that no tile before it told."""
    cost_gap: str = ""
    """What is unknown of the cost that its figures rest on, where no tile before it told so of the same period. Lines
    without a rate are left to `minds`, where those tell them."""
    place: str = ""
    """Name of its chart on the page."""
    opening: Opening | None = None
    """Where its figures open."""

    @property
    def metrics(self) -> list[Metric]:
        """What it shows in figures."""
        return [*(one.metric for one in self.figures), *self.columns]

    @property
    def rests_on_money(self) -> bool:
        """What it shows would be another figure with other amounts."""
        return self.tile.has_chart or any(one.unit is Unit.MONEY or one.key == "romi" for one in self.metrics)

    @property
    def incomplete_cost(self) -> str:
        """What is unknown of the cost that its figures rest on; "" where nothing is, or none does."""
        return self.result.totals.cost_note if self.result and any(map(rests_on_cost, self.metrics)) else ""

    @property
    def rows(self) -> list[Any]:
        return self.result.rows[:ROWS] if self.result else []


@contextmanager
def one_moment(*, now: bool = False) -> Iterator[Recent | None]:
    """The moment for all tiles that are worked out in the block, together; None where the store does not answer, which
    each tile then says itself."""
    try:
        moment = recent_moment(engine(), now=now)
    except StoreError:
        yield None
        return
    with engine().together(common_parts):
        yield moment
    answered(engine(), moment)


def shown(
    tiles: Sequence[Tile], query: Mapping[str, str], books: Books, today: date, moment: Recent | None = None
) -> list[Shown]:
    """Every tile with the options of the page's address before its own; as of `moment` where the address does not say.

    Tiles of different reports are worked out at the same time, those that ask the same one after the other: the second
    is there then.
    """
    found = [_empty(tile, f"tile-{place}", query, today) for place, tile in enumerate(tiles)]
    alike = those_alike(tiles)
    _at_once([partial(_fill, [found[place] for place in places], books, today, moment) for places in alike])
    _tell_once(found)
    return found


def those_alike(tiles: Sequence[Tile]) -> list[list[int]]:
    """Places of the tiles that ask a report for the same."""
    by_report: dict[tuple[str, str], list[int]] = {}
    for place, tile in enumerate(tiles):
        by_report.setdefault((tile.report, urlencode(tile.options)), []).append(place)
    return list(by_report.values())


def _at_once(works: Sequence[Callable[[], None]]) -> None:
    """Where there is no event store each tile says so."""
    try:
        store = engine()
    except StoreError:
        for work in works:
            work()
    else:
        store.at_once(works)


def _tell_once(tiles: Iterable[Shown]) -> None:
    """Say of unusual records and of unknown cost only once, for the first tile that has them in its period. Of lines
    without a rate it is those records that say how much they are, and what to do."""
    told: set[tuple[str, str]] = set()
    for one in tiles:
        unusual = one.result.unusual if one.result and one.rests_on_money else []
        one.minds = [mind for mind in unusual if mind.asks and (one.period, mind.key) not in told]
        told |= {(one.period, mind.key) for mind in unusual}
        gap = one.incomplete_cost
        if (one.period, COST_WITHOUT_RATE) in told:
            gap = beside_lines(gap)
        one.cost_gap = "" if (one.period, gap) in told else gap
        told.add((one.period, gap))


def _empty(tile: Tile, place: str, query: Mapping[str, str], today: date) -> Shown:
    said = _named_days({"period": PERIOD, **tile.options, **options_said(query)}, today)
    address = f"{page_of(tile.report)}?{urlencode(said)}" if said else page_of(tile.report)
    return Shown(tile, address, said=said, query=urlencode(said), place=place)


def _named_days(said: Mapping[str, str], today: date) -> dict[str, str]:
    """A report's address has no word for today or this week; it names the days. Half a day compares with nothing."""
    days = LATELY.get(said["period"])
    if days is None:
        return dict(said)
    first = today - timedelta(days=days - 1)
    named = {"period": "custom", "from": first.isoformat(), "to": today.isoformat()}
    return {**said, **named, **({"compare": "none"} if days == 1 else {})}


def _fill(alike: Sequence[Shown], books: Books, today: date, moment: Recent | None) -> None:
    for one in alike:
        try:
            _work_out(one, books, today, moment)
        except (OptionError, StoreError) as error:
            one.trouble = str(error)


def _work_out(found: Shown, books: Books, today: date, moment: Recent | None) -> None:
    tile, report = found.tile, REPORTS[found.tile.report]
    asked = read_address(found.said, books, today, usual_of(report))
    asked = replace(asked, options=replace(asked.options, as_of=asked.options.as_of or (moment.at if moment else None)))
    earlier = {"as_of": moment.at.isoformat()} if moment and not moment.is_now else {}
    found.opening = Opening(report, earlier | dict(found.said))
    found.period = asked.period.label if asked.period else "all there is"
    before = as_before(asked) if tile.figures else None
    result, result_before = run_with_before(report.key, asked.options, before, engine(), books)
    found.result = result
    by_key = {metric.key: metric for metric in result.metrics}
    found.columns = [by_key[key] for key in tile.columns if key in by_key]
    if tile.has_chart and report.chart and not result.is_empty:
        found.chart = report.chart(result)
    if tile.figures:
        found.figures = changes([by_key[key] for key in tile.figures if key in by_key], result, result_before)
