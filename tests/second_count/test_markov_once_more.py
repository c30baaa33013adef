"""Markov credit beside the same from the rows of the event store: paths in plain Python, one dense system of linear
equations a channel, whole cents dealt out one by one."""

import random
from collections import Counter, defaultdict
from datetime import timedelta
from itertools import groupby, pairwise

import numpy as np
import pytest

from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, day
from tests.second_count.books import Asked, Known, read_tables
from tests.second_count.credit import Conversion, Ledger

CHANNELS = ("Email", "Paid Search", "Direct", "Referral", "Event")
Walk = list[str]
State = tuple[str, ...]


def buyers_and_strangers(store: DuckDBEngine, chance: random.Random) -> None:
    """Sixty buyers of whom some have no path, some return as others, and strangers; several touch in one moment."""
    shelf = Shelf(store)
    for number in range(60):
        shelf.person(f"buyer{number}", f"v{number}")
        for touch in range(chance.randrange(7)):
            at = day(chance.choice((-100, 1, 2, 3, chance.uniform(1, 12))))
            shelf.touch(f"t{number}-{touch}", f"visitor:v{number}", at, channel=chance.choice(CHANNELS),
                        bot_verdict=chance.choice(("human",) * 9 + ("machine:crawler",)))  # fmt: skip
        shelf.won(f"sale{number}", f"buyer{number}", day(chance.uniform(8, 28)), chance.choice((1, 99, 100_01, -50_00)))
    for number in range(80):
        for touch in range(chance.randrange(1, 4)):
            at = day(chance.uniform(-3, 31))
            shelf.touch(f"s{number}-{touch}", f"visitor:s{number}", at, channel=chance.choice(CHANNELS))
    shelf.store()


def states(walk: Walk, order: int) -> list[State]:
    """The last channels, as many as the order says, or all of a shorter walk; of equal states after each other one."""
    windows = [tuple(walk[at - order : at]) for at in range(order, len(walk) + 1)] or [tuple(walk)]
    return [state for state, _ in groupby(windows)]


def effects(walks: list[tuple[Walk, bool]], order: int) -> dict[str, float]:
    """Removal effect of each channel: 1 − P(conversion without it) ÷ P(conversion)."""
    taken = [(states(walk, order), converts) for walk, converts in walks]
    place = {state: at for at, state in enumerate(sorted({one for steps, _ in taken for one in steps}), start=1)}
    goes, converted, left = np.zeros((len(place) + 1,) * 2), np.zeros(len(place) + 1), np.zeros(len(place) + 1)
    for steps, converts in taken:
        at = [0, *(place[state] for state in steps)]
        for here, there in pairwise(at):
            goes[here, there] += 1
            left[here] += 1
        left[at[-1]] += 1
        converted[at[-1]] += converts

    def chance_without(channel: str) -> float:
        stays = np.array([True, *(channel not in state for state in place)])
        moves = goes / left[:, None] * stays[:, None] * stays[None, :]
        return float(np.linalg.solve(np.eye(len(left)) - moves, converted / left * stays)[0])

    return {channel: 1 - chance_without(channel) / chance_without("") for channel in CHANNELS}


def dealt(amount: int, weights: list[float]) -> list[int]:
    exact = [abs(amount) * one / sum(weights) for one in weights]
    parts = [int(one) for one in exact]
    first = sorted(range(len(parts)), key=lambda at: (-round(exact[at] - parts[at], 9), at))
    for at in first[: abs(amount) - sum(parts)]:
        parts[at] += 1
    return [-one if amount < 0 else one for one in parts]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_markov_deals_what_the_dense_chain_of_the_raw_rows_says(store: DuckDBEngine, order: int) -> None:
    buyers_and_strangers(store, random.Random(order))
    asked = Asked(MARCH["first"], MARCH["last"], LEARNT + timedelta(days=1), by="channel")
    known = Known(read_tables(store), asked)
    ledger = Ledger(known)
    sales: list[Conversion] = ledger.conversions("revenue")
    paths = [(sale, ledger.path_of(sale)) for sale in sales]
    people = {person for sale in sales for person in ledger.people_of(sale)}
    others: dict[str, list[tuple[object, str]]] = defaultdict(list)
    for touch in known.touches:
        if touch.can_earn and not touch.is_machine and asked.has(touch.at) and touch.person not in people:
            others[touch.person or touch.event["identity"]].append((touch.key, touch.channel))
    walks = [([touch.channel for touch in path], True) for _, path in paths if path]
    walks += [([channel for _, channel in sorted(walk)], False) for walk in others.values()]  # type: ignore[type-var]
    effect, credit = effects(walks, order), Counter[str]()
    for sale, path in paths:
        shares = dealt(sale.amount, [effect[touch.channel] for touch in path]) if path else [sale.amount]
        for channel, share in zip([touch.channel for touch in path] or ["~unattributed"], shares, strict=True):
            credit[channel] += share
    told = run_report(
        "closed-loop", Options(**MARCH, by="channel", model="markov", order=order, conversion="won"), store, BOOKS
    )
    assert {row.key: row.values["revenue_minor"] or 0 for row in told.rows} == {
        row.key: credit.get(row.key, 0) for row in told.rows
    }
    assert sum(credit.values()) == told.dealt.revenue_minor
