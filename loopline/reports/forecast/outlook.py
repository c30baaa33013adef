"""What is likely to be won month by month: the organisation's own rates and lags, drawn many times.

Three sources, each with its own uncertainty. Open opportunities fare like those that had waited as long in the same
stage (`waiting.py`; a Beta draw each time). Where too few of those were seen they are won at the rate of all that
reached the stage, after a lag like those that were won and had become as old. Leads in hand have no
opportunity yet and were not given up: they fare like older leads of which both was true at the same age. Leads to come
are as many a day as lately.

How many leads come, and what a sale is worth, is itself told from what came by chance, so that is drawn, too.

A draw gives each month a sum; the range is the 10th and the 90th percentile of the draws. They begin with the same
seed, so the same books give the same figures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from loopline.reports.forecast.waiting import Chance, Stays, chance

DRAWS = 2000
SEED = 7
LOW, HIGH = 10, 90
LEVELS = (5, LOW, 25, 50, 75, HIGH, 95)
"""Percentiles of the draws that are kept."""
PACE_DAYS = 90
"""From so many days it is told how many leads come."""
TINY = 1e-300
"""In place of a 0 to divide by."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Record:
    """Of a stage or an age: how many of those that were there before were won, and were not."""

    won: int
    lost: int


@dataclass(frozen=True, slots=True)
class Open:
    """Open opportunities: their stage, how many days old, and what they are worth (minor units, None: not known).

    How many days each has waited in its stage (NaN: not known), and stays of others by stage: without them each counts
    at the rate of its stage.
    """

    stages: Sequence[str]
    ages: Floats
    amounts: Sequence[int | None]
    waited: Floats | None = None
    stays: Mapping[str, Stays] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LeadsInHand:
    """Leads in work, without an opportunity, by age in days; how older leads fared, and how many came lately."""

    ages: Floats
    history: Record
    converted_after: Floats
    """Days from creation to the opportunity, of those older leads that have one."""
    won_after: Floats
    """Days from creation to won of the same; NaN of those not won."""
    given_up_after: Floats
    """Days from creation until they were given up, of those older leads that were and have no opportunity."""
    came: int
    """How many came in the last PACE_DAYS days."""

    def later(self, age: float) -> tuple[Floats, int]:
        """Of older leads in work at this age: how much later the won ones were won, and how many there were of them
        all. Those that were given up by then are none of them, as they are none of the leads in hand."""
        not_yet = self.converted_after > age
        gone = int((~not_yet).sum()) + int((self.given_up_after <= age).sum())
        waiting = self.history.won + self.history.lost - gone
        won = self.won_after[not_yet & ~np.isnan(self.won_after)]
        return np.sort(won - age), waiting


@dataclass(frozen=True, slots=True)
class Outlook:
    """Expected sums per month in minor units, by source, and the range of all of them together."""

    from_open: Floats
    from_leads: Floats
    to_come: Floats
    low: Floats
    high: Floats
    total_low: float
    total_high: float
    of_each: Floats
    """What each open opportunity adds to `from_open`: one row each, in their order, one column a month."""
    ages: Floats
    """Ages of the leads in hand, each once."""
    levels: Floats
    """The draws by their percentiles: one row a level, one column a month, and one more for all of them together."""
    won_at_age: Floats
    """How many of the leads of each age are expected to be won: one row an age, one column a month."""
    chances: Sequence[Chance | None]
    """Of each open opportunity by how long it has waited; None where too few were seen that waited in its stage."""

    @property
    def expected(self) -> Floats:
        return self.from_open + self.from_leads + self.to_come


def outlook(
    open_now: Open,
    by_stage: Mapping[str, Record],
    sale_lags: Floats,
    won_amounts: Floats,
    leads: LeadsInHand,
    ends: Floats,
) -> Outlook:
    """`ends`: for each month to come the days from now until its end. Lags and amounts are those of what was won."""
    random = np.random.default_rng(SEED)
    mean = float(won_amounts.mean())
    spread = float(won_amounts.std())
    chances = _chances(open_now, ends)
    opened, of_each = _draw_open(random, open_now, chances, by_stage, sale_lags, mean, ends)
    ages, won_at_age = _won_at_age(leads, ends)
    held_counts, coming_counts = _draw_leads(random, leads, won_at_age.sum(axis=0), ends)
    dearer = _about_one(random, len(won_amounts) * (mean / spread) ** 2 if mean > 0 and spread > 0 else 0)
    held, coming = (dearer * _worth(random, counts, mean, spread) for counts in (held_counts, coming_counts))
    every = opened + held + coming
    levels = np.percentile(np.column_stack([every, every.sum(axis=1)]), LEVELS, axis=0)
    (*low, total_low), (*high, total_high) = levels[LEVELS.index(LOW)], levels[LEVELS.index(HIGH)]
    return Outlook(
        opened.mean(axis=0), held.mean(axis=0), coming.mean(axis=0), np.array(low), np.array(high),
        float(total_low), float(total_high), of_each, ages, levels, won_at_age, chances,
    )  # fmt: skip


def _by_month(age: float, lags: Floats, ends: Floats) -> Floats:
    """Of those that are won at all and were not at this age: the share that is won in each month to come."""
    later = np.sort(lags[lags > age])
    if not len(later):
        return np.zeros(len(ends))  # older than all that were ever won
    until = np.searchsorted(later, age + ends, side="right") / len(later)
    return np.diff(until, prepend=0.0)


def _chances(found: Open, ends: Floats) -> list[Chance | None]:
    if found.waited is None:
        return [None] * len(found.stages)
    alike = list(zip(found.stages, found.waited.tolist(), strict=True))
    of = {
        (stage, waited): chance(found.stays[stage], waited, ends)
        for stage, waited in set(alike) if stage in found.stays and not np.isnan(waited)
    }  # fmt: skip
    return [of.get(one) for one in alike]


def _draw_open(
    random: np.random.Generator, found: Open, chances: Sequence[Chance | None], by_stage: Mapping[str, Record],
    lags: Floats, mean: float, ends: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Sums per draw and month, and the mean of each opportunity per month."""
    sums, of_each = np.zeros((DRAWS, len(ends))), np.zeros((len(found.stages), len(ends)))
    rates = {stage: random.beta(one.won + 0.5, one.lost + 0.5, DRAWS) for stage, one in by_stage.items()}
    # A draw that is good for those that waited for a month is good for those that waited for two.
    orders = {stage: random.permutation(DRAWS) for stage in sorted(found.stays)}
    drawn_of: dict[int, Floats] = {}
    for place, (stage, age, amount) in enumerate(zip(found.stages, found.ages, found.amounts, strict=True)):
        if one := chances[place]:
            if id(one) not in drawn_of:  # those that waited as long share it
                drawn_of[id(one)] = _rates(random, one)[orders[stage]]
            until, rate = one.won_by / max(one.won_by[-1], TINY), drawn_of[id(one)]
        elif stage in rates:
            until, rate = np.cumsum(_by_month(age, lags, ends)), rates[stage]
        else:
            continue
        drawn = random.random(DRAWS) / np.maximum(rate, TINY)  # below 1: won; and its place says when
        month = np.searchsorted(until, drawn, side="right")
        is_won = month < len(ends)
        worth = mean if amount is None else amount
        np.add.at(sums, (np.flatnonzero(is_won), month[is_won]), worth)
        of_each[place] = np.bincount(month[is_won], minlength=len(ends)) * worth / DRAWS
    return sums, of_each


def _rates(random: np.random.Generator, one: Chance) -> Floats:
    """What the share that is won by the last end may really be, the lowest first; its mean is what was seen."""
    seen = float(one.won_by[-1])
    won, lost = one.told_from * seen + 0.5, one.told_from * (1 - seen) + 0.5
    drawn: Floats = np.minimum(np.sort(random.beta(won, lost, DRAWS)) * seen * (won + lost) / won, 1.0)
    return drawn


def _won_at_age(leads: LeadsInHand, ends: Floats) -> tuple[Floats, Floats]:
    """Ages of the leads in hand, and how many of each are won per month at the rate of the older ones."""
    ages, counts = np.unique(leads.ages, return_counts=True)
    won_per_month = np.zeros((len(ages), len(ends)))
    for place, (age, count) in enumerate(zip(ages, counts, strict=True)):
        won, waiting = leads.later(float(age))
        if waiting:
            won_per_month[place] = count * np.diff(np.searchsorted(won, ends, side="right"), prepend=0) / waiting
    return ages, won_per_month


def _draw_leads(random: np.random.Generator, leads: LeadsInHand, held: Floats, ends: Floats) -> tuple[Floats, Floats]:
    """How many of the leads in hand, and of those to come, are won in each month of each draw."""
    before = leads.history
    won, lost = before.won + 0.5, before.lost + 0.5
    # The rate of a draw ÷ the mean of all draws: how much better or worse leads may really be than the older ones were.
    factor = random.beta(won, lost, (DRAWS, 1)) * ((won + lost) / won) if before.won else np.zeros((DRAWS, 1))
    coming = _about_one(random, leads.came) * _to_come(leads, ends)
    return random.poisson(factor * held).astype(float), random.poisson(factor * coming).astype(float)


def _about_one(random: np.random.Generator, told_from: float) -> Floats:
    """For each draw, how many times as much it may really be as it was told: from so many that came by chance (as with
    a Poisson; for a mean their number ÷ the square of how uneven they are). Always 1 where it is told from nothing."""
    drawn = random.gamma(told_from, 1.0, (DRAWS, 1)) if told_from else np.ones((DRAWS, 1))
    about: Floats = drawn / drawn.mean()
    return about


def _to_come(leads: LeadsInHand, ends: Floats) -> Floats:
    """How many leads that are not there yet will be won per month, at the pace and the rate of lately. They arrive all
    day long: those of a day have, on the mean, half of it less."""
    coming = np.zeros(len(ends))
    won, every = leads.later(-1.0)
    for day in range(int(ends[-1]) if len(ends) and every else 0):
        until = np.searchsorted(won - 1.0, ends - day - 0.5, side="right") / every
        coming += leads.came / PACE_DAYS * np.diff(until, prepend=0.0)
    return coming


def _worth(random: np.random.Generator, counts: Floats, mean: float, spread: float) -> Floats:
    """The sum of so many sales, with the mean and the spread of a sum of draws from what was won.

    From a gamma distribution: like amounts it is skewed and never below zero, also where sales are few. A normal one
    would have to be cut off at zero, and so expect too much of them.
    """
    if mean <= 0 or spread == 0:
        return counts * mean + np.sqrt(counts) * spread * random.standard_normal(counts.shape)
    return random.gamma(counts * (mean / spread) ** 2, spread**2 / mean)
