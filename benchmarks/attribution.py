"""How long the models take on walks as long as those of a large company, from a table of touchpoints in memory on.

    python -m benchmarks.attribution [--touchpoints 40000000] [--conversions 500000]

Touchpoints lie in the order of their walks, as an engine hands them over; reading and sorting a file is not measured.
"""

import argparse
import resource
import time
from collections.abc import Callable

import numpy as np

from loopline.attribution.bootstrap import markov_interval
from loopline.attribution.credit import markov, shapley
from loopline.attribution.model import MODELS
from loopline.attribution.walks import Walks
from loopline.attribution.weigh import Moments, weighed

CHANNELS = tuple(f"channel {number}" for number in range(12))
HEURISTICS = ("first_touch", "last_touch", "linear", "position_based", "time_decay")


def made(touchpoints: int, conversions: int) -> tuple[Walks, Moments]:
    chance = np.random.default_rng(1)
    cuts = np.sort(chance.choice(touchpoints - 1, size=conversions - 1, replace=False)) + 1
    starts = np.concatenate([[0], cuts, [touchpoints]]).astype(np.int64)
    codes = chance.integers(len(CHANNELS), size=touchpoints).astype(np.int32)
    has_converted = np.ones(conversions)
    value = chance.integers(1_00, 100_000_00, size=conversions).astype(np.float64)
    nulls = np.zeros(conversions)
    nulls[::3] = 2
    days = np.repeat(starts[1:], np.diff(starts)) - np.arange(touchpoints)
    return Walks(CHANNELS, codes, starts, has_converted, value, nulls), Moments(days_before=days * 0.5)


def timed(name: str, work: Callable[[], object]) -> None:
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<34}{time.perf_counter() - clock:8.2f} s {time.process_time() - cpu:8.2f} CPU s {peak:8,.0f} MB peak")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--touchpoints", type=int, default=40_000_000)
    parser.add_argument("--conversions", type=int, default=500_000)
    given = parser.parse_args()
    walks, moments = made(given.touchpoints, given.conversions)
    print(f"{given.touchpoints:,} touchpoints, {given.conversions:,} conversions, {len(CHANNELS)} channels")
    for key in HEURISTICS:
        timed(key, lambda key=key: weighed(walks, MODELS[key], moments))  # type: ignore[misc]
    timed("shapley", lambda: shapley(walks))
    timed("markov, order 1", lambda: markov(walks, 1))
    timed("markov, order 2", lambda: markov(walks, 2))
    timed("markov, order 1, 200 draws", lambda: markov_interval(walks, 1))


if __name__ == "__main__":
    main()
