"""Money is an integer of minor units (cents) with an ISO 4217 currency. No floats, ever."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

# ISO 4217 currencies whose minor unit is not a hundredth.
_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
    "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip

_PLAIN = re.compile(r"[+-]?(\d{1,25}(\.\d{0,25})?|\.\d{1,25})", re.ASCII)


def exponent(currency: str) -> int:
    """How many digits the minor unit of `currency` has after the point."""
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    amount_minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}: convert one first")
        return Money(self.amount_minor + other.amount_minor, self.currency)

    @property
    def major(self) -> Decimal:
        return Decimal(self.amount_minor).scaleb(-exponent(self.currency))


def parse_minor(text: str, currency: str) -> int:
    """Minor units of a plain decimal such as `1234.50`. ValueError for anything else, or for too many digits."""
    if not _PLAIN.fullmatch(text.strip()):  # with 1e999999 a number is begun that takes half a minute to make
        raise ValueError(f"“{text}” is not an amount; write it like 1234.50")
    scaled = Decimal(text.strip()).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"“{text}” has more digits than {currency} has; write it like 1234.50")
    return int(scaled)


def deal_out(amount: int, weights: Sequence[float]) -> list[int]:
    """Split `amount` in proportion to `weights` so that the parts sum to it exactly (largest remainder).

    Ties go to the earlier place. Negative amounts mirror positive ones. ValueError when no weight is positive.
    The SQL of the credit ledger deals by the same rule; tests hold the two together.
    """
    total = sum(weights)
    if total <= 0 or min(weights) < 0:
        raise ValueError("weights must be zero or more, and at least one positive")
    sign = -1 if amount < 0 else 1
    exact = [abs(amount) * weight / total for weight in weights]
    parts = [int(share) for share in exact]
    by_remainder = sorted(range(len(parts)), key=lambda place: (-round(exact[place] - parts[place], 9), place))
    for place in by_remainder[: abs(amount) - sum(parts)]:
        parts[place] += 1
    return [sign * part for part in parts]
