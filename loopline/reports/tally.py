"""The figures of the closed loop per row, gathered from the answers of the event store.

Each side is summed before they meet: answers about credit, visits and cost with the same row keys, put together here.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from loopline.reports import closed_loop_sql as sql
from loopline.reports.balance import Sums, number
from loopline.reports.cost_gaps import NO_LINE, CostGap, gap_of_all
from loopline.reports.dimension import DIMENSIONS, NOTHING, OTHER_UNITS, UNATTRIBUTED, UNMAPPED, Dimension
from loopline.reports.figures import Figures
from loopline.reports.learnt import learnt_model
from loopline.reports.metric import whole
from loopline.reports.options import Scope
from loopline.reports.over_time.slices import beginnings, slices
from loopline.reports.periods import Period
from loopline.reports.result import Balance, Counted
from loopline.reports.ripeness import window_us
from loopline.store.both import both
from loopline.store.engine import Engine
from loopline.store.engine import Row as Found

_FIELDS = {"lead": "leads", "qualified": "qualified", "opportunity": "opportunities", "won": "won"}
"""Where the credit of each kind of conversion counts."""


def tally_of(
    scope: Scope,
    engine: Engine,
    *,
    periods: Sequence[Period] = (),
) -> "Tally":
    """Everything the scope asks for.

    `periods`: slices of the scope's period to tell the revenue of each row by, as well.
    """
    dimension, tally = DIMENSIONS[scope.options.by], Tally(scope, len(periods))
    params = {**scope.params, "window_us": window_us(scope)}

    def credit() -> tuple[list[Found], list[Found]]:
        model, learnt = learnt_model(scope, engine, *scope.options.kinds)
        question = sql.credit(dimension, model, scope.options, slices=max(len(periods), 1))
        found = engine.rows(question, {**params, **learnt, **beginnings(periods, scope)})
        if not model.overlaps:
            return found, []
        return found, engine.rows(sql.credit_once(dimension, model, scope.options), {**params, **learnt})

    (credited, once), visits = both(engine, credit, lambda: engine.rows(sql.visits(dimension), params))
    tally.take_credit(credited)
    tally.take_once(once)
    tally.take_visits(visits)
    tally.take_cost(engine.rows(sql.cost(dimension), params))
    return tally


def tallies_of(before: Scope, scope: Scope, engine: Engine) -> tuple["Tally", "Tally"]:
    """Both, where `scope` begins on the day after `before` and nothing else differs, for little more than one of them.

    On the period clock only, and for models that neither learn from a period nor overlap.
    """
    dimension, together = DIMENSIONS[scope.options.by], replace(scope, first=before.first)
    earlier, later = slices(before)[1], slices(scope)[1]
    second, count = len(earlier), len(earlier) + len(later)
    params = {**together.params, **beginnings([*earlier, *later], scope)}
    credited, visits = both(
        engine,
        lambda: engine.rows(sql.credit(dimension, scope.model, scope.options, slices=count, second=second), params),
        lambda: engine.rows(sql.visits(dimension, second=second), params),
    )
    sides = Tally(before, len(earlier)), Tally(scope, len(later))
    for tally, is_later in zip(sides, (False, True), strict=True):
        tally.take_credit(_of_half(credited, second, is_later))
        tally.take_visits(_of_half(visits, second, is_later))
        tally.take_cost(engine.rows(sql.cost(dimension), tally.scope.params))
    return sides


def _of_half(found: Iterable[Found], second: int, is_later: bool) -> Iterator[Found]:
    """Rows of one of two periods, `place` counted from its own beginning."""
    for row in found:
        place = number(row["place"])
        if (place >= second) is is_later:
            yield row | {"place": place - second * is_later}


class Tally:
    """Figures per row, gathered from the answers."""

    def __init__(self, scope: Scope, count: int = 0) -> None:
        self.scope = scope
        self.points: dict[str, list[int]] = defaultdict(lambda: [0] * max(count, 1))
        """Row → revenue of each slice."""
        self.overlaps = scope.model.overlaps
        self.figures: dict[str, Figures] = defaultdict(Figures)
        self.total = Figures()
        self.earned_after: dict[int, int] = {}
        """As `reports.ripeness` reads it; on the cohort clock only."""
        self.machine_sessions = 0
        self.credited = self.credited_outside = 0
        self.records_credited = self.records_unattributed = 0
        self.reasons: dict[str, int] = {}
        self.allocated = self.unallocated = 0
        self.gaps: dict[str, CostGap] = defaultdict(CostGap)
        """What is unknown of the cost of each row."""
        self.came: set[str] = set()
        """Rows that people came by in the period."""

    def take_visits(self, found: Iterable[Found]) -> None:
        for row in found:
            amount = number(row["amount"])
            match row["section"]:
                case "visits":
                    self.came.add(str(row["row_key"]))
                    self.figures[str(row["row_key"])].sessions = amount
                    self.total.sessions += amount
                case "machine_visits":
                    self.machine_sessions = amount
                case "visitors":
                    self.figures[str(row["row_key"])].people = amount
                case "everyone":
                    self.total.people = amount

    def take_credit(self, found: Iterable[Found]) -> None:
        for row in found:
            match row["section"]:
                case "earned_after":
                    self.earned_after[int(str(row["row_key"]))] = number(row["amount"])
                case "credit" if self.overlaps:
                    self._credit_row(str(row["row_key"]), row)
                case "credit":
                    self._credit_row(str(row["row_key"]), row)
                    self._credit(self.total, row)
                    self._count_credit(row)
                case _:
                    self._count_unattributed(row)

    def take_once(self, found: Iterable[Found]) -> None:
        """The total where rows overlap: the rows are never summed."""
        for row in found:
            self._credit(self.total, row)
            self._count_credit(row)

    def _credit_row(self, key: str, row: Found) -> None:
        self._credit(self.figures[key], row)
        if row["kind"] == "revenue" and (amount := number(row["amount"])):
            self.points[key][number(row["place"])] += amount

    def _credit(self, figures: Figures, row: Found) -> None:
        amount, kind = number(row["amount"]), str(row["kind"])
        if kind == "revenue":
            figures.revenue_minor += amount
            figures.contribution += amount * self.scope.books.margins.get(str(row["unit_id"]), 100)
        else:
            setattr(figures, _FIELDS[kind], getattr(figures, _FIELDS[kind]) + amount)
            figures.converted += number(row["converted"])

    def _count_credit(self, row: Found) -> None:
        if row["kind"] == "revenue":
            self.credited += number(row["amount"]) + number(row["outside"])
            self.credited_outside += number(row["outside"])
        elif row["kind"] == self.scope.options.conversion:
            self.records_credited += number(row["amount"]) + number(row["outside"])

    def _count_unattributed(self, row: Found) -> None:
        """A conversion without touchpoints has no touchpoint date, so no cohort holds it: there it only balances."""
        if row["kind"] == "revenue":
            reason = str(row["row_key"])
            self.reasons[reason] = self.reasons.get(reason, 0) + number(row["amount"])
        elif row["kind"] == self.scope.options.conversion:
            self.records_unattributed += number(row["amount"])
        if self.scope.options.clock == "period":
            self._credit_row(UNATTRIBUTED, row)
            self._credit(self.total, row)

    def take_cost(self, found: Iterable[Found]) -> None:
        for row in found:
            key = str(row["row_key"])
            without_rate = number(row["without_rate"])
            known = number(row["cost_minor"]) if number(row["lines"]) > without_rate else None
            self.figures[key or UNATTRIBUTED].add_cost(known)
            self.total.add_cost(known)
            self.gaps[key or UNATTRIBUTED].lines += without_rate
            if key:
                self.allocated += known or 0
            else:
                self.unallocated += known or 0

    def balance(self, sums: Sums) -> Balance:
        return Balance(
            currency=self.scope.books.currency,
            revenue_minor=sums.revenue_minor,
            credited_minor=self.credited,
            unattributed_minor=sum(self.reasons.values()),
            cost_minor=sums.cost_minor,
            allocated_minor=self.allocated,
            unallocated_minor=self.unallocated,
            credited_outside_minor=self.credited_outside,
            unattributed_reasons=self.reasons,
            counted=None
            if sums.records is None
            else Counted(
                self.scope.options.conversion,
                sums.records,
                whole(self.records_credited),
                whole(self.records_unattributed),
            ),
        )

    def take_unbooked(self, found: Iterable[Found]) -> None:
        """What `reports.cost_gaps` says of campaigns."""
        for row in found:
            self.gaps[str(row["row_key"]) or UNATTRIBUTED].campaigns += number(row["campaigns"])

    @property
    def gap(self) -> CostGap:
        """What is unknown of all cost together."""
        return gap_of_all(self.gaps)

    def cost_note(self, key: str, dimension: Dimension) -> str:
        """Why the cost of a row is incomplete; "" when it is not, or when no cost can be expected there."""
        gap = self.gaps.get(key, CostGap())
        if dimension.key not in {"campaign", "activity"} or key == UNATTRIBUTED:
            return gap.words
        is_value = key not in {NOTHING, UNMAPPED, OTHER_UNITS}
        if is_value and not gap.lines and key in self.came and self.figures[key].cost_minor is None:
            return NO_LINE
        return CostGap(gap.lines).words
