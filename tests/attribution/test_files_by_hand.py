"""Credit of files held to models worked out touchpoint by touchpoint, and the chain to exact fractions."""

import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path as FilePath

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loopline.attribution.credit import markov
from loopline.attribution.files import read_walks
from loopline.attribution.model import MODELS
from loopline.attribution.tables import read_tables
from loopline.attribution.walks import walks_from_texts
from loopline.attribution.weigh import weighed
from tests.attribution.weights import WEIGHTS, Path

START = datetime(2025, 1, 1, tzinfo=UTC)
CHANNELS = ("Email", "Direct", "Paid Search", "Event")


def random_paths(chance: random.Random) -> list[Path]:
    """Of any length; leads and opportunities before, within or after the path, or missing; moments that are equal."""
    paths = []
    for _ in range(120):
        hours = sorted(chance.randrange(600) for _ in range(chance.choice([1, 2, 3, 5, 9])))
        paths.append(
            Path(
                times=[START + timedelta(hours=one) for one in hours],
                channels=[chance.choice(CHANNELS) for _ in hours],
                converted_at=START + timedelta(hours=601),
                lead_at=chance.choice([None, START + timedelta(hours=chance.randrange(-50, 600))]),
                opportunity_at=chance.choice([None, START + timedelta(hours=chance.randrange(-50, 600))]),
            )
        )
    return paths


def by_hand(paths: list[Path], model: str) -> dict[str, float]:
    credit = dict.fromkeys(CHANNELS, 0.0)
    for value, path in enumerate(paths):
        weights = WEIGHTS[model](path)
        for channel, weight in zip(path.channels, weights, strict=True):
            credit[channel] += value * weight / sum(weights)
    return credit


def touched(paths: list[Path], name: str) -> dict[str, list[object]]:
    rows = [
        (number, at, channel)
        for number, path in enumerate(paths)
        for at, channel in zip(path.times, path.channels, strict=True)
    ]
    ids, moments, channels = zip(*rows, strict=True)
    return {name: list(ids), "touched_at": list(moments), "channel": list(channels)}


def ended(paths: list[Path], numbers: list[object]) -> dict[str, list[object]]:
    """What is known of the path, beside each of these."""
    found = [paths[number] for number in numbers]  # type: ignore[call-overload]
    return {
        "converted_at": [path.converted_at for path in found],
        "lead_created_at": [path.lead_at for path in found],
        "opportunity_created_at": [path.opportunity_at for path in found],
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_every_model_of_fixed_weights_deals_a_file_of_touchpoints_as_by_hand(tmp_path: FilePath, seed: int) -> None:
    paths = random_paths(random.Random(seed))
    table = touched(paths, "path_id")
    numbers = table["path_id"]
    pq.write_table(pa.table(table | ended(paths, numbers) | {"value": numbers}), tmp_path / "paths.parquet")
    file = read_walks(tmp_path / "paths.parquet")
    for model in WEIGHTS:
        credit = weighed(file.walks, MODELS[model], file.moments)
        found = dict(zip(file.walks.channels, credit.value.tolist(), strict=True))
        assert found == pytest.approx(by_hand(paths, model), rel=1e-9), model


def test_every_model_of_fixed_weights_deals_two_tables_as_by_hand(tmp_path: FilePath) -> None:
    """Of one moment the order is that of the channels here."""
    paths = random_paths(random.Random(3))
    for path in paths:
        path.channels[:] = [channel for _, channel in sorted(zip(path.times, path.channels, strict=True))]
    everyone = list(range(len(paths)))
    pq.write_table(pa.table(touched(paths, "person_id")), tmp_path / "touches.parquet")
    sold = {"person_id": everyone, "amount_minor": everyone} | ended(paths, everyone)  # type: ignore[arg-type]
    pq.write_table(pa.table(sold), tmp_path / "sold.parquet")
    found = read_tables(tmp_path / "touches.parquet", tmp_path / "sold.parquet")
    for model in WEIGHTS:
        credit = weighed(found.walks, MODELS[model], found.moments)
        value = dict(zip(found.walks.channels, credit.value.tolist(), strict=True))
        assert value == pytest.approx(by_hand(paths, model), rel=1e-9), model


Walk = tuple[tuple[str, ...], int, int]
"""Channels, conversions, walks that ended without one."""


def chance_to_convert(walks: list[Walk], order: int, without: str = "") -> Fraction:
    """Of a walk from its beginning, in exact fractions; whoever comes to a state with `without` is lost."""
    moves: dict[object, dict[object, int]] = {}
    for channels, conversions, nulls in walks:
        width = min(order, len(channels))
        states: list[object] = [channels[place : place + width] for place in range(len(channels) - width + 1)]
        once = [state for place, state in enumerate(states) if not place or state != states[place - 1]]
        for state, after in zip(["start", *once[:-1]], once, strict=True):
            moves.setdefault(state, {}).setdefault(after, 0)
            moves[state][after] += conversions + nulls
        for end, count in (("won", conversions), ("null", nulls)):
            moves.setdefault(once[-1], {}).setdefault(end, 0)
            moves[once[-1]][end] += count
    states = list(moves)
    lines = []
    for state in states:
        total = sum(moves[state].values())
        is_lost = without and without in state  # type: ignore[operator]
        share = {after: Fraction(0 if is_lost else count, total) for after, count in moves[state].items()}
        lines.append([int(state == one) - share.get(one, 0) for one in states] + [share.get("won", Fraction(0))])
    return solved(lines)[states.index("start")]


def solved(lines: list[list[Fraction]]) -> list[Fraction]:
    """Gauss and Jordan."""
    for place in range(len(lines)):
        pivot = next(one for one in range(place, len(lines)) if lines[one][place])
        lines[place], lines[pivot] = lines[pivot], lines[place]
        lines[place] = [figure / lines[place][place] for figure in lines[place]]
        for other in range(len(lines)):
            if other != place and (times := lines[other][place]):
                lines[other] = [one - times * two for one, two in zip(lines[other], lines[place], strict=True)]
    return [line[-1] for line in lines]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_chain_is_that_of_exact_fractions(order: int) -> None:
    chance = random.Random(order)
    walks: list[Walk] = [
        (
            tuple(chance.choice("ABC") for _ in range(chance.randrange(1, 6))),
            chance.randrange(4),
            chance.randrange(1, 5),
        )
        for _ in range(25)
    ]
    texts, conversions, nulls = zip(*((" > ".join(path), won, lost) for path, won, lost in walks), strict=True)
    counts = [np.array(one, dtype=float) for one in (conversions, conversions, nulls)]
    known = walks_from_texts(pa.chunked_array([list(texts)]), *counts)
    whole = chance_to_convert(walks, order)
    wanted = [float(1 - chance_to_convert(walks, order, channel) / whole) for channel in known.channels]
    assert markov(known, order).removal_effect.tolist() == pytest.approx(wanted, rel=1e-12)
