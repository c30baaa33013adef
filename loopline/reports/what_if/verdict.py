"""What a comparison says, in words, with its strongest caveat. Pure."""

from dataclasses import dataclass

from loopline.lib.percent import share_in_words
from loopline.reports.what_if.comparison import FEWEST, Comparison

EDITS_BEFORE_WARNING = 5
"""The sixth edit against the same past is fitting to it."""


LEAST_A_WEEK = 0.1
"""Fewer leads a week are counted, not rated."""


@dataclass(frozen=True, slots=True)
class Verdict:
    text: str
    caveat: str
    """The strongest reason not to trust it; empty when there is none."""
    warnings: tuple[str, ...]
    """The others."""


def verdict(found: Comparison, *, edits: int = 0) -> Verdict:
    """`edits`: how often the new definition was changed while the same past was looked at."""
    caveats = list(_caveats(found, edits))
    return Verdict(_text(found), caveats[0] if caveats else "", tuple(caveats[1:]))


def _text(found: Comparison) -> str:
    if not found.n:
        return "No leads were created in this period, so there is nothing to judge."
    cells = {cell.key: cell for cell in found.cells}
    refused, gained = cells["only_old"], cells["only_new"]
    if not refused.n and not gained.n:
        return "Nothing changes: both definitions let the same leads pass."
    said = [_load(found, *(cells["both"].n + one.n for one in (refused, gained)))]
    if refused.n:
        said.append(f"{_that(refused.n, 'passes', 'pass')} today would be refused, {_deals(refused.won)} among them")
    if gained.n:
        said.append(f"{_that(gained.n, 'is refused', 'are refused')} today would pass, {_deals(gained.won)} among them")
    return f"{'; '.join(said)}. {_better(found)}"


def _load(found: Comparison, was: int, would: int) -> str:
    """Leads a week under the two; where one would round to nothing, how many there are."""
    old, new = found.old.a_week, found.new.a_week
    if any(0 < one < LEAST_A_WEEK for one in (old, new)):
        return f"{would:,} lead{'' if would == 1 else 's'} in {found.weeks:.0f} weeks instead of {was:,}"
    return f"{new:.1f} leads a week instead of {old:.1f}"


def _that(n: int, one: str, many: str) -> str:
    return f"{n:,} that {one if n == 1 else many}"


def _deals(won: int) -> str:
    return {0: "no won deal", 1: "1 won deal"}.get(won, f"{won:,} won deals")


def _better(found: Comparison) -> str:
    old, new = found.old.won_rate, found.new.won_rate
    if found.mature_outcomes < FEWEST:
        return "Whether that is better cannot be said."
    if old.value is None or new.value is None:
        return f"Whether that is better cannot be said: fewer than {FEWEST} mature outcomes."
    seen = f"Of what passes, {share_in_words(new.value)} is won instead of {share_in_words(old.value)}"
    if found.change.low > 0:
        return f"{seen}: better."
    return f"{seen}: worse." if found.change.high < 0 else f"{seen}: a difference is not shown."


def _caveats(found: Comparison, edits: int) -> list[str]:
    """The strongest first."""
    cells = {cell.key: cell for cell in found.cells}
    gained, said = cells["only_new"], []
    if found.mature_outcomes < FEWEST:
        said.append(_too_few(found))
    if gained.without_outcome:
        said.append(
            f"{gained.without_outcome:,} of {gained.n:,} leads it would let pass besides were never worked to an end: "
            "what would have become of them nobody knows. The bounds show both extremes."
        )
    if edits > EDITS_BEFORE_WARNING:
        said.append(
            f"It was changed {edits} times against the same past. The more often, the better it fits this past and "
            "the less that says about the next leads."
        )
    if found.mature_outcomes >= FEWEST and found.immature * 4 > found.n:
        said.append(f"{found.immature:,} of {found.n:,} leads are too young for an outcome and are left out of rates.")
    if _is_unstable(found):
        said.append("It is not stable: in some months it lets more pass than today, in others fewer.")
    return said


def _too_few(found: Comparison) -> str:
    """Why no rate is given; how many are too young for an outcome is part of it, not a warning of its own."""
    n = found.mature_outcomes
    seen = {0: "No lead of this period has", 1: "Only 1 lead of this period has"}.get(
        n, f"Only {n} leads of this period have"
    )
    young = f" {found.immature:,} of {found.n:,} {'is' if found.immature == 1 else 'are'} too young for one."
    return f"{seen} a mature outcome; below {FEWEST} no rate is given.{young if found.immature else ''}"


def _is_unstable(found: Comparison) -> bool:
    changes = [month.change for month in found.months]
    return any(change > 0 for change in changes) and any(change < 0 for change in changes)
