"""Simulated firms whose truth is known: does a what-if's interval hold the change that a new definition really brings?

    python -m benchmarks.firms [--worlds 1000] [--leads 1500]

In each world leads have a need that nobody sees, company and interest that are seen and go with it, and a definition in
force that lets some of them pass; sales works those. A new definition differs by chance. The truth is the
chance to be won of what each definition lets pass, among all who might come, also those that sales would never work.

* **stricter**: the new definition lets a part of the same leads pass: all of them were worked.
* **explored**: it also lets others pass, of whom 10 % went to sales by chance, worked or not by nothing else.
* **biased**: it lets others pass, and of them only those were worked that somebody liked the look of. No interval can
  hold the truth then; the bounds must.

Exit status 1 when fewer than 93 % of intervals, or 95 % of bounds, hold it.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import exp

import numpy as np

from benchmarks.machine import machine
from loopline.reports.what_if.comparison import Comparison, compare
from loopline.reports.what_if.judged_lead import JudgedLead
from loopline.reports.what_if.lead_columns import columns_of

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
EXPLORED_PER_MILLE = 100
MANY = 100_000
"""So many people are drawn to work the truth out; its error is a tenth of a per cent."""
NEEDED = {"stricter": 0.93, "explored": 0.93, "biased": 0.95}


@dataclass(frozen=True, slots=True)
class Firm:
    leads: list[JudgedLead]
    """As the books show them."""
    old: float
    """The true chance to be won of what the old definition lets pass, and of what the new one does."""
    new: float


def firm(kind: str, seed: int, count: int) -> Firm:
    """One world: how hard the market is, how much the fields tell, and both definitions are drawn by the seed."""
    rng = random.Random(f"{kind}-{seed}")
    base, pull, noise = rng.uniform(-2.0, 0.5), rng.uniform(0.3, 1.6), rng.uniform(0.5, 1.5)
    bar, stricter, looser = rng.uniform(-0.5, 0.4), rng.uniform(0.1, 0.8), rng.uniform(0.2, 0.8)
    leads = []
    for number in range(count):
        need = rng.gauss(0, 1)
        size, interest = need + rng.gauss(0, noise), need + rng.gauss(0, noise)
        would_win = rng.random() < 1 / (1 + exp(-(base + pull * need)))
        old = size > bar
        new = (old and interest > -stricter) if kind == "stricter" else interest > looser or (old and interest > -1.5)
        by_chance = kind == "explored" and not old and rng.random() < EXPLORED_PER_MILLE / 1000
        liked = kind == "biased" and not old and rng.random() < 1 / (1 + exp(-(2 * need - 1)))
        worked = old or by_chance or liked
        leads.append(_lead(number, old=old, new=new, worked=worked, won=worked and would_win, by_chance=by_chance))
    everybody = np.random.default_rng(seed)
    need, first, second = everybody.standard_normal((3, MANY))
    size, interest = need + noise * first, need + noise * second
    chance, old_pass = 1 / (1 + np.exp(-(base + pull * need))), size > bar
    if kind == "stricter":
        new_pass = old_pass & (interest > -stricter)
    else:
        new_pass = (interest > looser) | (old_pass & (interest > -1.5))
    return Firm(leads, float(chance[old_pass].mean()), float(chance[new_pass].mean()))


def _lead(number: int, *, old: bool, new: bool, worked: bool, won: bool, by_chance: bool) -> JudgedLead:
    return JudgedLead(
        id=f"{number:06}", created_at=BEGAN + timedelta(minutes=number), passes_old=old, passes_new=new, met=(new,),
        scores={}, was_worked=worked, is_accepted=worked, is_qualified=won, is_won=won, has_ended=worked,
        is_mature=True, revenue_minor=100 * won, owner_id="", reason="", groups=_NOWHERE,
        explored_per_mille=EXPLORED_PER_MILLE if by_chance else 0,
    )  # fmt: skip


_NOWHERE = dict.fromkeys(("origin", "country", "industry", "size"), "")


def holds_change(found: Comparison, truth: Firm) -> bool | None:
    """Whether the interval holds the true change; None where the what-if refuses one."""
    if found.change.value is None:
        return None
    return found.change.low <= truth.new - truth.old <= found.change.high


def holds_bounds(found: Comparison, truth: Firm) -> bool | None:
    if found.new.won_at_least is None or found.new.won_at_most is None:
        return None
    return found.new.won_at_least <= truth.new <= found.new.won_at_most


CHECKS: dict[str, Callable[[Comparison, Firm], bool | None]] = {
    "stricter": holds_change, "explored": holds_change, "biased": holds_bounds,
}  # fmt: skip


def held(kind: str, worlds: int, leads: int, *, blinded: bool = False) -> tuple[int, int]:
    """In how many worlds the answer held the truth, of how many that gave one. `blinded` takes the chances out, so
    that the harness is seen to find an answer that is wrong."""
    answers = []
    for seed in range(worlds):
        truth = firm(kind, seed, leads)
        shown = [replace(one, explored_per_mille=0) for one in truth.leads] if blinded else truth.leads
        answers.append(CHECKS[kind](compare(columns_of(shown), ["new"], weeks=26), truth))
    given = [one for one in answers if one is not None]
    return sum(given), len(given)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--leads", type=int, default=1500)
    given = parser.parse_args()
    print(f"machine: {machine()}; {given.worlds:,} worlds a kind, {given.leads:,} leads each")
    is_good = True
    for kind, needed in NEEDED.items():
        began = time.process_time()
        good, answered = held(kind, given.worlds, given.leads)
        is_good = is_good and good >= needed * answered
        print(f"{kind:10} holds the truth in {good:,} of {answered:,} ({good / answered:.1%}, needed {needed:.0%}); "
              f"{time.process_time() - began:.0f} CPU s", flush=True)  # fmt: skip
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
