"""Is the work spread fairly? Each person's share of leads against their share of the capacity, with limits of chance.

With n leads and a fair share p, the leads of one person lie within n·p ± 1.96·√(n·p·(1−p)) in 95 of 100 cases where
the rules hand out at random by capacity; turns stay well inside. Whoever is outside got clearly more or fewer, for a
reason: a rule, an absence, reassignments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

_Z = 1.96
FEWEST = 10
"""With fewer leads than this in all, nothing is said about anybody."""


@dataclass(frozen=True, slots=True)
class Share:
    name: str
    capacity: float
    """Leads this person could take in the time: capacity a week × weeks there."""
    leads: int
    value_minor: int | None = None


@dataclass(frozen=True, slots=True)
class FairShare:
    share: Share
    expected: float
    low: float
    high: float
    lead_percent: float | None
    value_percent: float | None
    capacity_percent: float
    verdict: str
    """`more than the fair share`, `fewer than the fair share`, `fair`, `too few to say`."""

    @property
    def tone(self) -> str:
        return {"fair": "good", "too few to say": "quiet"}.get(self.verdict, "warn")


def fair_shares(shares: Sequence[Share]) -> list[FairShare]:
    """In the order given. Those without capacity are expected to have none."""
    leads, capacity = sum(one.leads for one in shares), sum(one.capacity for one in shares)
    value = sum(one.value_minor or 0 for one in shares)
    found = []
    for one in shares:
        part = one.capacity / capacity if capacity else 0.0
        expected, spread = leads * part, _Z * sqrt(leads * part * (1 - part))
        found.append(
            FairShare(
                one, expected, max(0.0, expected - spread), expected + spread,
                100 * one.leads / leads if leads else None,
                100 * (one.value_minor or 0) / value if value else None,
                100 * part,
                _verdict(one.leads, expected - spread, expected + spread, leads),
            )
        )  # fmt: skip
    return found


def _verdict(leads: int, low: float, high: float, total: int) -> str:
    if total < FEWEST:
        return "too few to say"
    return "more than the fair share" if leads > high else "fewer than the fair share" if leads < low else "fair"
