"""The additive figures of one row, from which every metric is told."""

from dataclasses import dataclass


@dataclass(slots=True)
class Figures:
    """Counts of credited records are in micro-units (a million is one record), money in reporting minor units."""

    sessions: int = 0
    people: int = 0
    leads: int = 0
    qualified: int = 0
    converted: int = 0
    opportunities: int = 0
    won: int = 0
    revenue_minor: int = 0
    contribution: int = 0
    """Revenue times contribution margin in percent, summed: a hundredth of it is money."""
    cost_minor: int | None = None
    """None: no cost is known, which is not the same as a cost of zero."""
    has_visits: bool = True
    """False where visits cannot belong: the unattributed, unallocated rest."""
    has_own_cost: bool = True
    """False where the cost is what no row could have: it did not bring what stands beside it."""

    @property
    def spent_minor(self) -> int | None:
        """The cost that brought the other figures of the row; None where that is unknown."""
        return self.cost_minor if self.has_own_cost else None

    def add_cost(self, cost_minor: int | None) -> None:
        if cost_minor is not None:
            self.cost_minor = (self.cost_minor or 0) + cost_minor
