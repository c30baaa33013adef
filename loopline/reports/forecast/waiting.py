"""What becomes of an opportunity that has waited so long in its stage: won, lost, or still open.

Deals that are lost may linger long before anybody closes them. Then one that has waited long is worth less than the win
rate of its stage says, and where the lost go quickly it is worth more. So it fares like those that stood in the same
stage and had waited as long, whatever became of them afterwards.

Winning and losing compete, and what is open still counts as long as it was seen: the Aalen–Johansen estimate from the
day on which each had waited as long (Aalen and Johansen, An Empirical Transition Matrix, 1978; from such a day on:
Putter and Spitoni, Non-parametric Estimation of Transition Probabilities in Non-Markov Multi-state Models, 2018).
Taking the open ones for lost would make every sale look rarer, and leaving them out makes slow ones look rarer.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FEWEST = 30
"""Of so many it must be known what became of them; from fewer it would learn chance."""
WON, LOST, OPEN = 1, -1, 0
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Stays:
    """Stays of opportunities in one stage, one line each. All is in days after it was entered."""

    left: Floats
    """When it moved on, was closed, or was seen last: until then it waited in the stage."""
    known_from: Floats
    """Since when it was known to stand there."""
    seen_from: Floats
    """Since when what becomes of it is seen: not before that, and not before the time that is learnt from."""
    ended: Floats
    """When it was won or lost, in whatever stage, or was seen last."""
    fate: npt.NDArray[np.int64]
    """WON, LOST, or OPEN when it was seen last."""


@dataclass(frozen=True, slots=True)
class Chance:
    won_by: Floats
    """For each end: the share that is won by then."""
    told_from: int
    """Of so many it is known what had become of them by the last end."""


def chance(stays: Stays, waited: float, ends: Floats) -> Chance | None:
    """Of one that has waited for so many days. Where fewer than FEWEST are known that had, those that waited as nearly
    as long as there are FEWEST make up for the others; None where there never are.
    """
    # Until when a stay tells of those that wait as long: until it was left, or if it is open at last, until the last
    # day from which all the time to come was seen.
    tells = np.where(stays.fate == OPEN, np.minimum(stays.left, stays.ended - float(ends[-1])), stays.left)
    does = stays.seen_from < tells
    tells, seen_from = np.sort(tells[does]), np.sort(stays.seen_from[does])
    told_from = int(_how_many(tells, seen_from, np.array([waited]))[0])
    won_by = _won_by(stays, waited, ends)
    if told_from >= FEWEST:
        return Chance(won_by, told_from)
    before = np.nextafter(tells[tells <= waited], -np.inf)
    enough = np.flatnonzero(_how_many(tells, seen_from, before) >= FEWEST)
    if not enough.size:
        return None
    nearly = _won_by(stays, float(before[enough[-1]]), ends)
    return Chance((told_from * won_by + (FEWEST - told_from) * nearly) / FEWEST, FEWEST)


def _how_many(tells: Floats, seen_from: Floats, waited: Floats) -> npt.NDArray[np.int64]:
    return np.searchsorted(seen_from, waited, side="right") - np.searchsorted(tells, waited, side="right")


def _won_by(stays: Stays, waited: float, ends: Floats) -> Floats:
    """The share of those that had waited as long that is won by each end. At one moment closing comes before being seen
    last."""
    with_it = (stays.left > waited) & (stays.known_from <= waited)
    seen_from, ended, fate = stays.seen_from[with_it], stays.ended[with_it], stays.fate[with_it]
    is_closed = fate != OPEN
    when, place = np.unique(ended[is_closed], return_inverse=True)
    won = np.bincount(place, fate[is_closed] == WON, minlength=len(when))
    closed = np.bincount(place, minlength=len(when))
    at_risk = np.searchsorted(np.sort(seen_from), when) - np.searchsorted(np.sort(ended), when)
    still_open = np.cumprod(1 - closed / at_risk)
    won_by = np.cumsum(np.append(1.0, still_open)[:-1] * won / at_risk)
    return np.append(0.0, won_by)[np.searchsorted(when, waited + ends, side="right")]
