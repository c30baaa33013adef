"""What campaigns were planned to cost and did cost, from their cost lines, in the reporting currency."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from loopline.access.models import Organisation
from loopline.campaigns.costs import in_reporting_currency
from loopline.campaigns.models import CostLine


@dataclass(slots=True)
class Spend:
    """Sums per kind in minor units; a kind without any line is missing, not zero."""

    sums: dict[str, int] = field(default_factory=dict)
    without_rate: set[str] = field(default_factory=set)
    """Currencies of lines that are left out because no rate is known."""

    @property
    def planned_minor(self) -> int | None:
        return self.sums.get(CostLine.Kind.PLANNED.value)

    @property
    def committed_minor(self) -> int | None:
        return self.sums.get(CostLine.Kind.COMMITTED.value)

    @property
    def actual_minor(self) -> int | None:
        return self.sums.get(CostLine.Kind.ACTUAL.value)

    def add(self, kind: str, amount_minor: int | None, currency: str) -> None:
        if amount_minor is None:
            self.without_rate.add(currency)
        else:
            self.sums[kind] = self.sums.get(kind, 0) + amount_minor


def spend_of(costs: Iterable[CostLine]) -> dict[UUID | None, Spend]:
    """campaign id → its sums; None: costs that no campaign carries."""
    found: dict[UUID | None, Spend] = {}
    reporting = Organisation.current().reporting_currency
    for cost in costs:
        amount = cost.amount_minor if cost.currency == reporting else in_reporting_currency(cost)
        found.setdefault(cost.campaign_id, Spend()).add(str(cost.kind), amount, cost.currency)
    return found
