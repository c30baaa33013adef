"""What ad platforms claim of a campaign: conversions and value that each counts for itself.

It stands on the cost line that the platform told, beside the credit and never in it, and is never added up over
platforms: several claim the same buyer.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from loopline.access.models import RateTable
from loopline.attribution.conversions import MICRO_UNITS
from loopline.campaigns.models import CostLine
from loopline.campaigns.refusal import CampaignRefusedError

LONGEST_PLATFORM = 40
MOST_CLAIMED_MICRO = 10**9 * MICRO_UNITS


@dataclass(frozen=True, slots=True)
class Claim:
    """What a platform says of a cost line. The value is in minor units of the line's currency; None: it says nothing,
    which is not 0. Without a platform there is no claim."""

    platform: str = ""
    """As utm_source names it."""
    conversions_micro: int | None = None
    value_minor: int | None = None

    @property
    def named(self) -> str:
        return self.platform.strip().lower()


def check_claim(claim: Claim, kind: str) -> None:
    """Raises CampaignRefusedError for what no platform can claim."""
    told = [one for one in (claim.conversions_micro, claim.value_minor) if one is not None]
    if told and not claim.named:
        raise CampaignRefusedError("Name the ad platform that claims this, as utm_source names it, such as google.")
    if claim.named and kind != CostLine.Kind.ACTUAL:
        raise CampaignRefusedError("An ad platform tells of actual cost only; leave it out of what is planned.")
    if not claim.named.isprintable():
        raise CampaignRefusedError("The name of the ad platform has characters that cannot be seen; type it anew.")
    if len(claim.named) > LONGEST_PLATFORM:
        raise CampaignRefusedError(f"The name of the ad platform has more than {LONGEST_PLATFORM} characters.")
    if any(one < 0 for one in told):
        raise CampaignRefusedError("A platform claims 0 or more; leave empty what it says nothing of.")
    if (claim.conversions_micro or 0) > MOST_CLAIMED_MICRO:
        raise CampaignRefusedError("More than a thousand million conversions on one line; check the number.")


@dataclass(slots=True)
class Claimed:
    """All that one platform told of a campaign, in the reporting currency; None where it says nothing."""

    platform: str
    spent_minor: int | None = None
    conversions_micro: int | None = None
    value_minor: int | None = None
    without_rate: set[str] = field(default_factory=set)
    """Currencies of lines whose money is left out, because no rate is known."""

    @property
    def conversions(self) -> float | None:
        return None if self.conversions_micro is None else self.conversions_micro / MICRO_UNITS

    def take(self, cost: CostLine, rates: RateTable) -> None:
        self.conversions_micro = _with(self.conversions_micro, cost.claimed_micro)
        spent = rates.convert(cost.amount_minor, cost.currency, cost.starts_on)
        if spent is None:
            self.without_rate.add(cost.currency)
            return
        self.spent_minor = _with(self.spent_minor, spent)
        if cost.claimed_minor is not None:
            worth = rates.convert(cost.claimed_minor, cost.currency, cost.starts_on)
            self.value_minor = _with(self.value_minor, worth)


def claims_of(costs: Iterable[CostLine]) -> list[Claimed]:
    """By platform, in the order of their names; lines that no platform told are passed over."""
    rates, found = RateTable(), dict[str, Claimed]()
    for cost in costs:
        if cost.platform and cost.kind == CostLine.Kind.ACTUAL:
            found.setdefault(cost.platform, Claimed(cost.platform)).take(cost, rates)
    return [found[platform] for platform in sorted(found)]


def _with(known: int | None, more: int | None) -> int | None:
    return known if more is None else (known or 0) + more
