"""Two definitions over the same leads of the past: what changes, how sure that is, and for whom. Pure.

Rates are about leads that sales worked, that ended, and that are mature; below 30 of them no rate is given. Intervals
are 95 %: Wilson's for shares; for shares of revenue Wilson's, too, with the effective number of deals after Kish
(Survey Sampling, 1965), because a few large deals say less than many small ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import scipy  # its `special` is read when it is first used

from loopline.reports.survival import Z95, Share
from loopline.reports.what_if.judged_lead import JudgedLead
from loopline.reports.what_if.lead_columns import DIMENSIONS, Floats, JudgedLeads, Kinds, Truths, Whole, kinds

FEWEST = 30
"""Below so many mature outcomes a rate says nothing and is refused."""
STEPS = 20
MOST_NAMED = 1_000
"""So many leads of a list are named; the rest is counted."""
MOST_HIT = 3
NAMED_GROUPS = 12
"""So many groups of a dimension name leads that are hit."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Leads that fare alike under the old and the new definition."""

    key: str
    """`both`, `only_old`, `only_new` or `neither`."""
    n: int
    accepted: int
    qualified: int
    won: int
    revenue_minor: int
    without_outcome: int
    """Never worked, or not ended."""
    immature: int
    worked: int
    """Those that sales had: what they cost of its time is these, calls and meetings, each at its minutes."""
    calls: int
    meetings: int


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its interval; `value` None: refused, because fewer than FEWEST outcomes speak."""

    value: float | None
    low: float
    high: float
    outcomes: int


@dataclass(frozen=True, slots=True)
class Quality:
    """How good a definition would have been."""

    passed: int
    a_week: float
    won_rate: Rate
    """Of the leads it lets pass, how many were won (precision). Leads that went to sales by chance below the definition
    speak for those that did not."""
    revenue_caught: Rate
    """Of all won revenue, how much came from leads it lets pass (recall)."""
    won_at_least: float | None
    """Bounds of the share won, were all passing leads worked: every one without an outcome lost, or won; each with its
    error of sampling, so that few unknown ones do not make them look surer than they are."""
    won_at_most: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """What the new definition would change in the share won, with its 95 % interval; `value` None: refused."""

    value: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one clause of the new definition does: leads that only it keeps out."""

    clause: str
    only_this: int
    won: int
    revenue_minor: int
    not_met: int


@dataclass(frozen=True, slots=True)
class Threshold:
    score: str
    at_least: float
    passed: int
    won_rate: Rate
    revenue_caught: Rate


@dataclass(frozen=True, slots=True)
class Group:
    """How leads of one kind fare: a month, an origin, a size."""

    label: str
    n: int
    old: int
    new: int
    won: int
    won_caught: int
    hit: tuple[str, ...] = ()
    """Ids of leads that would fare otherwise, the newest MOST_HIT first; only for the groups that change most."""

    @property
    def change(self) -> int:
        return self.new - self.old


@dataclass(frozen=True, slots=True)
class Comparison:
    n: int
    weeks: float
    mature_outcomes: int
    immature: int
    cells: tuple[Cell, ...]
    old: Quality
    new: Quality
    change: Change
    by_chance: Rate
    """Won of the leads it would let pass besides, as far as some of them went to sales by chance."""
    contributions: tuple[Contribution, ...]
    sweep: tuple[Threshold, ...]
    months: tuple[Group, ...]
    hit: tuple[tuple[str, tuple[Group, ...]], ...]
    """Dimension and its values, those whose leads change most first."""
    owners: tuple[Group, ...]
    """The same by who has the lead: a user's id; empty for those nobody had."""
    territories: tuple[tuple[str, tuple[str, ...]], ...]
    """Country → users who had leads from there."""
    refused_wins: tuple[JudgedLead, ...]
    """Won deals that the new definition would have refused and the old one did not, the largest MOST_NAMED first."""
    refused_wins_n: int
    kept_losers: tuple[JudgedLead, ...]
    """Leads that cost sales time for nothing and that the new definition would let pass: the newest MOST_NAMED."""
    kept_losers_n: int


CELLS = {"both": (True, True), "only_old": (True, False), "only_new": (False, True), "neither": (False, False)}


def compare(
    leads: JudgedLeads,
    clauses: Sequence[str],
    weeks: float,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> Comparison:
    """`clauses` are those of the new definition in words, in the order of `JudgedLeads.met`; `more` are further
    dimensions with the value of each lead, by its id."""
    counts = leads.counts
    earned = _Earned(leads)
    old, new = leads.passes_old, leads.passes_new
    refused = leads.is_won & old & ~new
    kept = leads.wasted_time & new
    hit = _newest(leads, np.flatnonzero(old != new))
    return Comparison(
        n=len(leads),
        weeks=weeks,
        mature_outcomes=_count(counts),
        immature=_count(~leads.is_mature),
        cells=tuple(_cell(key, leads) for key in CELLS),
        old=_quality(leads, earned, old, weeks),
        new=_quality(leads, earned, new, weeks),
        change=_change(leads),
        by_chance=_weighted_rate(leads, counts & (leads.explored_per_mille > 0) & new & ~old),
        contributions=tuple(_contributions(clauses, leads)),
        sweep=tuple(_sweep(leads, earned)),
        months=_groups(leads, _months(leads)),
        hit=(
            *((name, _hit(leads, _further(leads, values), hit)) for name, values in (more or {}).items()),
            *((name, _hit(leads, leads.groups[name], hit)) for name in DIMENSIONS),
        ),
        owners=_groups(leads, kinds(leads.owner_id)),
        territories=_territories(leads),
        refused_wins=_named(leads, refused, ("revenue_minor", "descending"), ("id", "ascending")),
        refused_wins_n=_count(refused),
        kept_losers=_named(leads, kept, ("created_at", "descending"), ("id", "descending")),
        kept_losers_n=_count(kept),
    )


def _count(these: Truths) -> int:
    return int(np.count_nonzero(these))


def _summed(values: Floats) -> float:
    """Added up from first to last, as a loop would, so that no machine rounds differently."""
    return float(np.cumsum(values)[-1]) if len(values) else 0.0


class _Earned:
    """Won revenue of the leads that speak, as far as it is the same for every definition."""

    def __init__(self, leads: JudgedLeads) -> None:
        counts = leads.counts
        self._speaking = _count(counts)
        self._won = np.flatnonzero(counts & leads.is_won)
        self._revenue = leads.revenue_minor[self._won]
        each = self._revenue.tolist()  # squares of cents go beyond 64 bits
        self._total, self._squares = sum(each), sum(one * one for one in each)

    def caught_by(self, passes: Truths) -> Rate:
        if self._total <= 0:
            return Rate(None, 0.0, 1.0, self._speaking)
        caught = int(self._revenue[passes[self._won]].sum()) / self._total
        low, high = _wilson(caught, self._total * self._total / self._squares)
        return Rate(caught if self._speaking >= FEWEST else None, low, high, self._speaking)


def _quality(leads: JudgedLeads, earned: _Earned, passes: Truths, weeks: float) -> Quality:
    speaking = passes & leads.counts
    passed, won = _count(passes), _count(speaking & leads.is_won)
    unknown = passed - _count(speaking)
    return Quality(
        passed=passed,
        a_week=passed / weeks,
        won_rate=_weighted_rate(leads, speaking),
        revenue_caught=earned.caught_by(passes),
        won_at_least=Share(won, passed).low if passed else None,
        won_at_most=Share(won + unknown, passed).high if passed else None,
    )


def _weighted_rate(leads: JudgedLeads, speaking: Truths) -> Rate:
    """The share won, each lead by what it stands for; with equal weights Wilson's plain interval."""
    weights, won = leads.stands_for[speaking], leads.is_won[speaking]
    if not len(weights):
        return Rate(None, 0.0, 1.0, 0)
    total = _summed(weights)
    share = _summed(weights[won]) / total
    low, high = _wilson(share, total * total / _summed(weights * weights))
    return Rate(share if len(weights) >= FEWEST else None, low, high, len(weights))


def _change(leads: JudgedLeads) -> Change:
    """The share won of what the new one lets pass less that of the old one.

    The two share most of their leads, so the variance is that of the difference itself (linearised, as for a ratio in
    Cochran, Sampling Techniques, 1977, ch. 6), not the sum of both. Each share is moved by one win and one loss towards
    the middle for it, after Agresti and Caffo (The American Statistician, 2000), and the quantile is Student's
    (`_quantile`), which keeps small samples honest.
    """
    speaks = leads.counts
    weights, won = leads.stands_for[speaks], leads.is_won[speaks]
    sides = [leads.passes_new[speaks], leads.passes_old[speaks]]
    if min(map(_count, sides)) < FEWEST:
        return Change(None, -1.0, 1.0)
    totals = [_summed(weights[side]) for side in sides]
    wins = [_summed(weights[side & won]) for side in sides]
    new, old = ((won_of + 1) / (total + 2) for won_of, total in zip(wins, totals, strict=True))
    pulls = weights * (sides[0] * (won - new) / totals[0] - sides[1] * (won - old) / totals[1])
    half = _quantile(pulls) * sqrt(_summed(pulls * pulls))
    value = wins[0] / totals[0] - wins[1] / totals[1]
    return Change(value, max(-1.0, value - half), min(1.0, value + half))


def _quantile(pulls: Floats) -> float:
    """Student's quantile for 95 %, with the degrees of freedom of a variance that is the sum of these squares.

    After Satterthwaite (Biometrics Bulletin, 1946): twice the variance squared by the variance of the variance, which
    is at most the sum of the fourth powers. A few leads that stand for many others know little of how sure they are.
    """
    squares = pulls * pulls
    variance, spread = _summed(squares), _summed(squares * squares)
    return float(scipy.special.stdtrit(2 * variance * variance / spread, 0.975)) if spread else Z95


def _wilson(share: float, n: float) -> tuple[float, float]:
    spread = Z95 * Z95 / n
    middle, half = share + spread / 2, Z95 * sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def _cell(key: str, leads: JudgedLeads) -> Cell:
    old, new = CELLS[key]
    here = (leads.passes_old == old) & (leads.passes_new == new)
    return Cell(
        key=key,
        n=_count(here),
        accepted=_count(here & leads.is_accepted),
        qualified=_count(here & leads.is_qualified),
        won=_count(here & leads.is_won),
        revenue_minor=int(leads.revenue_minor[here].sum()),
        without_outcome=_count(here & ~(leads.was_worked & leads.has_ended)),
        immature=_count(here & ~leads.is_mature),
        worked=_count(here & leads.was_worked),
        calls=int(leads.calls[here].sum()),
        meetings=int(leads.meetings[here].sum()),
    )


def _contributions(clauses: Sequence[str], leads: JudgedLeads) -> Iterable[Contribution]:
    misses = np.zeros(len(leads), np.int64)
    for met in leads.met:
        misses += ~met
    for words, met in zip(clauses, leads.met, strict=True):
        alone = ~met & (misses == 1)
        won = alone & leads.is_won
        yield Contribution(words, _count(alone), _count(won), int(leads.revenue_minor[won].sum()), _count(~met))


def _sweep(leads: JudgedLeads, earned: _Earned) -> Iterable[Threshold]:
    for name, points in leads.scores.items():
        highest = float(points.max()) if len(points) else 0.0
        for step in range(STEPS if highest else 0):
            least = round(highest * step / STEPS, 6)
            passes = points >= least
            rate = _weighted_rate(leads, passes & leads.counts)
            yield Threshold(name, least, _count(passes), rate, earned.caught_by(passes))


def _named(leads: JudgedLeads, these: Truths, *order: tuple[str, str]) -> tuple[JudgedLead, ...]:
    places = np.flatnonzero(these)
    values = {"id": leads.id.take(pa.array(places)), "created_at": pa.array(leads.created_at[places]),
              "revenue_minor": pa.array(leads.revenue_minor[places])}  # fmt: skip
    sorted_places = places[pc.sort_indices(pa.table(values), sort_keys=list(order)).to_numpy()]
    return tuple(leads.at(int(place)) for place in sorted_places[:MOST_NAMED])


def _groups(leads: JudgedLeads, of: Kinds) -> tuple[Group, ...]:
    def counted(these: Truths) -> list[int]:
        found: list[int] = np.bincount(of.numbers[these], minlength=len(of.names)).tolist()
        return found

    columns = (np.ones(len(leads), np.bool_), leads.passes_old, leads.passes_new, leads.is_won)
    tallies = [counted(one) for one in (*columns, leads.is_won & leads.passes_new)]
    return tuple(Group(name, *tally) for name, *tally in zip(of.names, *tallies, strict=True) if tally[0])


def _months(leads: JudgedLeads) -> Kinds:
    found, numbers = np.unique(leads.created_at.astype("datetime64[M]"), return_inverse=True)
    return Kinds([str(month) for month in found], numbers)


def _further(leads: JudgedLeads, values: Mapping[str, str]) -> Kinds:
    return kinds(pa.chunked_array([pa.array((values.get(one, "") for one in leads.id.to_pylist()), pa.string())]))


def _territories(leads: JudgedLeads) -> tuple[tuple[str, tuple[str, ...]], ...]:
    countries, owners = leads.groups["country"], kinds(leads.owner_id)
    pairs = np.unique(countries.numbers * max(1, len(owners.names)) + owners.numbers).tolist()
    found: dict[str, list[str]] = {}
    for pair in pairs:
        country, owner = divmod(pair, max(1, len(owners.names)))
        found.setdefault(countries.names[country], []).append(owners.names[owner])
    return tuple((country, tuple(one for one in people if one)) for country, people in found.items())


def _newest(leads: JudgedLeads, places: Whole) -> Whole:
    """The same, the newest lead first."""
    return places[np.argsort(leads.created_at[places], kind="stable")[::-1]]


def _hit(leads: JudgedLeads, of: Kinds, hit: Whole) -> tuple[Group, ...]:
    """Those whose leads change most first, with some of `hit` by their ids."""
    groups = sorted(_groups(leads, of), key=lambda group: (-abs(group.change), group.label))
    kinds_hit, numbers = of.numbers[hit], {name: number for number, name in enumerate(of.names)}

    def named(group: Group) -> Group:
        places = hit[kinds_hit == numbers[group.label]][:MOST_HIT]
        return replace(group, hit=tuple(leads.id[int(place)].as_py() for place in places))

    return (*map(named, groups[:NAMED_GROUPS]), *groups[NAMED_GROUPS:])
