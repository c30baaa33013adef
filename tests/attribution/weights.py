"""The weights of docs/DEFINITIONS.md, worked out in Python touchpoint by touchpoint: what the SQL is held to."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from loopline.attribution.ledger import WEIGHT_SCALE


@dataclass(frozen=True, slots=True)
class Path:
    """Touchpoints, oldest first, and when what they led to was created."""

    times: list[datetime]
    channels: list[str]
    converted_at: datetime
    lead_at: datetime | None = None
    opportunity_at: datetime | None = None

    def last_before(self, moment: datetime | None) -> int | None:
        """Place of the last touchpoint at or before `moment`."""
        before = [place for place, at in enumerate(self.times) if moment is not None and at <= moment]
        return before[-1] if before else None


def _integers(weights: list[float]) -> list[float]:
    """As the ledger makes them."""
    return [float(floor(weight * WEIGHT_SCALE + 0.5)) for weight in weights]


def _on(path: Path, place: int | None) -> list[float]:
    return [1.0 if one == (place or 0) else 0.0 for one in range(len(path.times))]


def _shares(path: Path, first: float, lead: float, opportunity: float, last: float, rest: float) -> list[float]:
    n = len(path.times)
    milestones = [
        (first, 0),
        (lead, path.last_before(path.lead_at)),
        (opportunity, path.last_before(path.opportunity_at)),
        (last, n - 1),
    ]
    used = [(share, place) for share, place in milestones if share]
    known = {place for _, place in used if place is not None}
    end = max(known, default=n - 1) if used[-1][1] is not None else n - 1
    weights = [sum(share for share, place in used if place == one) for one in range(n)]
    others = [one for one in range(end + 1) if one not in known]
    for one in others:
        weights[one] += rest / len(others)
    return _integers(weights) if any(weights) else _on(path, 0)


def _last_non_direct(path: Path) -> list[float]:
    named = [place for place, channel in enumerate(path.channels) if channel != "Direct"]
    return _on(path, named[-1] if named else len(path.times) - 1)


def _time_decay(path: Path) -> list[float]:
    days = [(path.times[-1] - at) / timedelta(days=1) for at in path.times]
    return _integers([2 ** (-length / 7) for length in days])


WEIGHTS: dict[str, Callable[[Path], list[float]]] = {
    "first_touch": lambda path: _on(path, 0),
    "last_touch": lambda path: _on(path, len(path.times) - 1),
    "last_non_direct": _last_non_direct,
    "lead_creation": lambda path: _on(path, path.last_before(path.lead_at)),
    "opportunity_creation": lambda path: _on(path, path.last_before(path.opportunity_at)),
    "linear": lambda path: [1.0] * len(path.times),
    "position_based": lambda path: _shares(path, 40, 0, 0, 40, 20),
    "u_shaped": lambda path: _shares(path, 40, 40, 0, 0, 20),
    "u_shaped_50_50": lambda path: _shares(path, 50, 50, 0, 0, 0),
    "w_shaped": lambda path: _shares(path, 30, 30, 30, 0, 10),
    "full_path": lambda path: _shares(path, 22.5, 22.5, 22.5, 22.5, 10),
    "time_decay": _time_decay,
    "shapley": lambda path: _integers([1 / path.channels.count(channel) for channel in path.channels]),
}
