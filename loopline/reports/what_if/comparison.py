"""Two definitions over the same leads of the past: what changes, how sure that is, and for whom. Pure.

Rates are about leads that sales worked, that ended, and that are mature; below 30 of them no rate is given. Intervals
are 95 %: Wilson's for shares; for shares of revenue Wilson's, too, with the effective number of deals after Kish
(Survey Sampling, 1965), because a few large deals say less than many small ones.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import sqrt

from loopline.reports.survival import Z95, Share
from loopline.reports.what_if.judged_leads import JudgedLead

FEWEST = 30
"""Below so many mature outcomes a rate says nothing and is refused."""
STEPS = 20


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
    """Won deals that the new definition would have refused and the old one did not, the largest first."""
    kept_losers: tuple[JudgedLead, ...]
    """Leads that cost sales time for nothing and that the new definition would let pass, the newest first."""


CELLS = {"both": (True, True), "only_old": (True, False), "only_new": (False, True), "neither": (False, False)}
DIMENSIONS = ("origin", "country", "industry", "size")


def compare(
    leads: Sequence[JudgedLead],
    clauses: Sequence[str],
    weeks: float,
    more: Mapping[str, Mapping[str, str]] | None = None,
) -> Comparison:
    """`clauses` are those of the new definition in words, in the order of `JudgedLead.met`; `more` are further
    dimensions with the value of each lead, by its id."""
    return Comparison(
        n=len(leads),
        weeks=weeks,
        mature_outcomes=sum(lead.counts for lead in leads),
        immature=sum(not lead.is_mature for lead in leads),
        cells=tuple(_cell(key, leads) for key in CELLS),
        old=quality(leads, lambda lead: lead.passes_old, weeks),
        new=quality(leads, lambda lead: lead.passes_new, weeks),
        change=_change([lead for lead in leads if lead.counts]),
        by_chance=_weighted_rate(
            [
                lead
                for lead in leads
                if lead.counts and lead.explored_per_mille and lead.passes_new and not lead.passes_old
            ]
        ),
        contributions=tuple(_contribution(number, words, leads) for number, words in enumerate(clauses)),
        sweep=tuple(_sweep(leads)),
        months=_groups(leads, lambda lead: f"{lead.created_at:%Y-%m}"),
        hit=(
            *((name, _hit(leads, partial(_further, values))) for name, values in (more or {}).items()),
            *((name, _hit(leads, partial(_own, name))) for name in DIMENSIONS),
        ),
        owners=_groups(leads, lambda lead: lead.owner_id),
        territories=_territories(leads),
        refused_wins=tuple(
            sorted(
                (lead for lead in leads if lead.is_won and lead.passes_old and not lead.passes_new),
                key=lambda lead: (-lead.revenue_minor, lead.id),
            )
        ),
        kept_losers=tuple(
            sorted(
                (lead for lead in leads if lead.wasted_time and lead.passes_new),
                key=lambda lead: (lead.created_at, lead.id),
                reverse=True,
            )
        ),
    )


def quality(leads: Sequence[JudgedLead], passes: Callable[[JudgedLead], bool], weeks: float) -> Quality:
    passing = [lead for lead in leads if passes(lead)]
    speaking = [lead for lead in passing if lead.counts]
    won = sum(lead.is_won for lead in speaking)
    unknown = sum(not lead.counts for lead in passing)
    return Quality(
        passed=len(passing),
        a_week=len(passing) / weeks,
        won_rate=_weighted_rate(speaking),
        revenue_caught=_revenue_rate([lead for lead in leads if lead.counts], passes),
        won_at_least=Share(won, len(passing)).low if passing else None,
        won_at_most=Share(won + unknown, len(passing)).high if passing else None,
    )


def _weighted_rate(speaking: Sequence[JudgedLead]) -> Rate:
    """The share won, each lead by what it stands for; with equal weights Wilson's plain interval."""
    if not speaking:
        return Rate(None, 0.0, 1.0, 0)
    weights = [lead.stands_for for lead in speaking]
    total = sum(weights)
    share = sum(lead.stands_for for lead in speaking if lead.is_won) / total
    low, high = _wilson(share, total * total / sum(one * one for one in weights))
    return Rate(share if len(speaking) >= FEWEST else None, low, high, len(speaking))


def _change(speaking: Sequence[JudgedLead]) -> Change:
    """The share won of what the new one lets pass less that of the old one.

    The two share most of their leads, so the variance is that of the difference itself (linearised, as for a ratio in
    Cochran, Sampling Techniques, 1977, ch. 6), not the sum of both. Each share is moved by one win and one loss towards
    the middle for it, after Agresti and Caffo (The American Statistician, 2000), which keeps small samples honest.
    """
    sides = [[lead for lead in speaking if lead.passes_new], [lead for lead in speaking if lead.passes_old]]
    if min(map(len, sides)) < FEWEST:
        return Change(None, -1.0, 1.0)
    totals = [sum(lead.stands_for for lead in side) for side in sides]
    wins = [sum(lead.stands_for for lead in side if lead.is_won) for side in sides]
    new, old = ((won + 1) / (total + 2) for won, total in zip(wins, totals, strict=True))
    pulls = (
        lead.stands_for
        * (lead.passes_new * (lead.is_won - new) / totals[0] - lead.passes_old * (lead.is_won - old) / totals[1])
        for lead in speaking
    )
    half = Z95 * sqrt(sum(pull * pull for pull in pulls))
    value = wins[0] / totals[0] - wins[1] / totals[1]
    return Change(value, max(-1.0, value - half), min(1.0, value + half))


def _revenue_rate(speaking: Sequence[JudgedLead], passes: Callable[[JudgedLead], bool]) -> Rate:
    revenue = [lead.revenue_minor for lead in speaking if lead.is_won]
    total = sum(revenue)
    if total <= 0:
        return Rate(None, 0.0, 1.0, len(speaking))
    caught = sum(lead.revenue_minor for lead in speaking if lead.is_won and passes(lead)) / total
    low, high = _wilson(caught, total * total / sum(one * one for one in revenue))
    return Rate(caught if len(speaking) >= FEWEST else None, low, high, len(speaking))


def _wilson(share: float, n: float) -> tuple[float, float]:
    spread = Z95 * Z95 / n
    middle, half = share + spread / 2, Z95 * sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def _cell(key: str, leads: Iterable[JudgedLead]) -> Cell:
    here = [lead for lead in leads if (lead.passes_old, lead.passes_new) == CELLS[key]]
    return Cell(
        key=key,
        n=len(here),
        accepted=sum(lead.is_accepted for lead in here),
        qualified=sum(lead.is_qualified for lead in here),
        won=sum(lead.is_won for lead in here),
        revenue_minor=sum(lead.revenue_minor for lead in here),
        without_outcome=sum(not (lead.was_worked and lead.has_ended) for lead in here),
        immature=sum(not lead.is_mature for lead in here),
    )


def _contribution(number: int, words: str, leads: Iterable[JudgedLead]) -> Contribution:
    not_met = [lead for lead in leads if not lead.met[number]]
    alone = [lead for lead in not_met if sum(not met for met in lead.met) == 1]
    won = [lead for lead in alone if lead.is_won]
    return Contribution(words, len(alone), len(won), sum(lead.revenue_minor for lead in won), len(not_met))


def _sweep(leads: Sequence[JudgedLead]) -> Iterable[Threshold]:
    for name in leads[0].scores if leads else ():
        highest = max(lead.scores[name] for lead in leads)
        for step in range(STEPS if highest else 0):
            least = round(highest * step / STEPS, 6)

            def passes(lead: JudgedLead, name: str = name, least: float = least) -> bool:
                return lead.scores[name] >= least

            found = quality(leads, passes, 1)
            yield Threshold(name, least, found.passed, found.won_rate, found.revenue_caught)


def _groups(leads: Iterable[JudgedLead], label: Callable[[JudgedLead], str]) -> tuple[Group, ...]:
    grouped: dict[str, list[JudgedLead]] = defaultdict(list)
    for lead in leads:
        grouped[label(lead)].append(lead)
    return tuple(
        Group(
            name,
            len(here),
            sum(lead.passes_old for lead in here),
            sum(lead.passes_new for lead in here),
            sum(lead.is_won for lead in here),
            sum(lead.is_won and lead.passes_new for lead in here),
        )
        for name, here in sorted(grouped.items())
    )


def _own(dimension: str, lead: JudgedLead) -> str:
    return lead.groups[dimension]


def _further(values: Mapping[str, str], lead: JudgedLead) -> str:
    return values.get(lead.id, "")


def _territories(leads: Iterable[JudgedLead]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    owners: dict[str, set[str]] = defaultdict(set)
    for lead in leads:
        owners[lead.groups["country"]] |= {lead.owner_id} - {""}
    return tuple((country, tuple(sorted(people))) for country, people in sorted(owners.items()))


def _hit(leads: Sequence[JudgedLead], label: Callable[[JudgedLead], str]) -> tuple[Group, ...]:
    groups = _groups(leads, label)
    return tuple(sorted(groups, key=lambda group: (-abs(group.change), group.label)))
