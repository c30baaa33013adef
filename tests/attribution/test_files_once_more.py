"""`loopline attribute` of two tables beside the same counted once more: row by row in plain Python, with fractions."""

import csv
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loopline.cli.main import main

DAY = 86_400_000_000
SPANS = ((10**6, 40 * 86_400), (1000, 10**9), (1, 10**9), (10**6, 5), (1, 292 * 365 * DAY))
"""Moments are so many of these microseconds apart, and lie in so many of them: the last ones fit into no 63 bits."""
NAMES = ("Direct", "A, Inc", 'a "b"', "O'Neil", "日本", "x;y", "=1+1", "𝒜 > \\")
SHARES = {
    "first_touch": {"first": 1}, "last_touch": {"last": 1}, "linear": {"rest": 1},
    "lead_creation": {"lead": 1}, "opportunity_creation": {"opportunity": 1},
    "position_based": {"first": 40, "last": 40, "rest": 20},
    "u_shaped": {"first": 40, "lead": 40, "rest": 20}, "u_shaped_50_50": {"first": 50, "lead": 50},
    "w_shaped": {"first": 30, "lead": 30, "opportunity": 30, "rest": 10},
    "full_path": {"first": 22.5, "lead": 22.5, "opportunity": 22.5, "last": 22.5, "rest": 10},
}  # fmt: skip


class Touch(NamedTuple):
    who: object
    us: int | None
    channel: str | None


class Sale(NamedTuple):
    person: object
    us: int | None
    amount: int | None
    lead: int | None
    opportunity: int | None


class Books(NamedTuple):
    touches: list[Touch]
    sales: list[Sale]
    known: list[tuple[object, object]] | None


class Walk(NamedTuple):
    channels: list[str]
    before: list[int]
    amount: int
    lead: int
    opportunity: int


def made(chance: random.Random, *, is_text: bool, with_identities: bool, has_milestones: bool) -> Books:
    """Few people and moments, so that they meet; each cell may be missing."""
    step, width = chance.choice(SPANS)
    names = [f"c{number}" for number in range(300)] if chance.random() < 0.2 else NAMES[: chance.choice((1, 4, 8))]

    def perhaps(cell: object) -> object:
        return None if chance.random() < 0.05 else cell

    def person() -> object:
        return perhaps(f"p'{chance.randrange(5)}" if is_text else chance.randrange(5) - 2)

    def browser() -> object:
        return perhaps(f"b{chance.randrange(12)}" if is_text else chance.randrange(12) * 10**12)

    moments = [step * int(width * chance.random()) for _ in range(30)]

    def at() -> object:
        return perhaps(chance.choice(moments))

    touches = [
        Touch(browser() if with_identities else person(), at(), perhaps(chance.choice(names))) for _ in range(20)
    ]
    sales = [
        Sale(person(), at(), perhaps(chance.choice((0, 1, -1, 99, -10_001, chance.randrange(10**6)))),
             *((at(), at()) if has_milestones else (None, None)))
        for _ in range(6)
    ]  # fmt: skip
    known = [(browser(), person()) for _ in range(14)] if with_identities else None
    return Books(touches + touches[:3], sales + sales[:1], known)


def write(books: Books, folder: Path, *, is_parquet: bool, zone: str | None) -> list[str]:
    who = "person_id" if books.known is None else "identity"
    tables = {"touches": ([who, "touched_at", "channel"], books.touches),
              "sales": (["person_id", "converted_at", "amount_minor", "lead_created_at", "opportunity_created_at"],
                        books.sales),
              "known": (["identity", "person_id"], books.known or [])}  # fmt: skip
    for name, (head, rows) in tables.items():
        columns = {column: [row[place] for row in rows] for place, column in enumerate(head)}
        if is_parquet:
            kind = pa.timestamp("us", zone)
            told = {one: pa.array(cells, kind if one.endswith("_at") else None) for one, cells in columns.items()}
            pq.write_table(pa.table(told), folder / name, row_group_size=7)
            continue
        for column in columns:
            if column.endswith("_at"):
                columns[column] = [None if us is None else written(us, zone) for us in columns[column]]
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=";").writerows([head, *zip(*columns.values(), strict=True)])
    asked = [str(folder / "touches"), "--conversions", str(folder / "sales")]
    return [*asked, *([] if books.known is None else ["--identities", str(folder / "known")])]


def written(us: int, zone: str | None) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
    return moment.isoformat() if zone else moment.replace(tzinfo=None).isoformat(sep=" ")


def walked(books: Books, days: int | None) -> tuple[list[Walk], list[tuple[list[str], int, int]], int, int]:
    """Paths that converted; those and everyone else's with amount and whether they did; unattributed, and how much."""
    said = defaultdict(set)
    for identity, person in books.known or []:
        if identity is not None and person is not None:
            said[identity].add(person)
    owner = {identity: next(iter(people)) for identity, people in said.items() if len(people) == 1}
    sales = [sale for sale in books.sales if sale.us is not None]
    buyers = {sale.person for sale in sales if sale.person is not None}
    theirs, others = defaultdict(list), defaultdict(list)
    for who, us, channel in books.touches:
        if None not in (who, us, channel):
            person = who if books.known is None else owner.get(who)
            row = (us, channel.encode(), channel)
            if person in buyers:
                theirs[person].append(row)
            else:
                others[("browser", who) if person is None else person].append(row)
    walks, lost = [], []
    for sale in sales:
        rows = sorted(
            row for row in theirs[sale.person] if sale.us > row[0] and (not days or sale.us - row[0] <= days * DAY)
        )
        if not rows or sale.person is None:
            lost.append(sale.amount or 0)
            continue
        lead, opportunity = (
            0 if at is None else sum(us <= at for us, *_ in rows) for at in (sale.lead, sale.opportunity)
        )
        walks.append(
            Walk([row[2] for row in rows], [sale.us - row[0] for row in rows], sale.amount or 0, lead, opportunity)
        )
    everyone = [(walk.channels, walk.amount, 1) for walk in walks]
    everyone += [([row[2] for row in sorted(rows)], 0, 0) for rows in others.values()]
    return walks, everyone, len(lost), sum(lost)


def weights(model: str, walk: Walk) -> list[Fraction]:
    count = len(walk.channels)
    if model == "time_decay":
        return [Fraction(2.0 ** ((walk.before[-1] / DAY - one / DAY) / 7)) for one in walk.before]
    if model == "last_non_direct":
        named = [place for place, channel in enumerate(walk.channels) if channel != "Direct"]
        return [Fraction(place == (named or [count - 1])[-1]) for place in range(count)]
    shares = SHARES[model]
    places = {"first": 1, "lead": walk.lead, "opportunity": walk.opportunity, "last": count}
    stands = {name: places[name] for name in places if name in shares}
    given = [Fraction(0)] * (count + 1)
    for name, place in stands.items():
        given[place] += Fraction(str(shares[name]))
    ends = list(stands.values())
    rest = [place for place in range(1, (max(ends) if ends and ends[-1] else count) + 1) if place not in ends]
    for place in rest:
        given[place] += Fraction(shares.get("rest", 0)) / len(rest)
    return given[1:] if any(given[1:]) else [Fraction(1), *given[2:]]


def dealt(amount: int, given: list[Fraction]) -> list[int]:
    whole = [int(one * 10**12 + Fraction(1, 2)) for one in given]
    exact = [Fraction(abs(amount) * one, sum(whole)) for one in whole]
    parts = [int(one) for one in exact]
    first = sorted((at for at, one in enumerate(whole) if one), key=lambda at: (-round(exact[at] - parts[at], 9), at))
    for at in first[: abs(amount) - sum(parts)]:
        parts[at] += 1
    return [-part if amount < 0 else part for part in parts]


def counted(model: str, walks: list[Walk]) -> Iterator[tuple[str, Fraction, Fraction]]:
    """Channel, conversions and value of each touchpoint, or of each channel of a walk."""
    for walk in walks:
        distinct = set(walk.channels)
        if model in ("influenced", "shapley"):
            part = Fraction(1, len(distinct) if model == "shapley" else 1)
            yield from ((channel, part, walk.amount * part) for channel in distinct)
        else:
            given = weights(model, walk)
            cents = dealt(walk.amount, given)
            yield from zip(walk.channels, (one / sum(given) for one in given), map(Fraction, cents), strict=True)


def removal_effects(walks: list[tuple[list[str], int, int]], order: int) -> dict[str, Fraction]:
    """Of conversions: 1 − P(conversion without the channel) ÷ P(conversion), by elimination in fractions."""
    taken = []
    for channels, _, converts in walks:
        windows = [tuple(channels[at - order : at]) for at in range(order, len(channels) + 1)] or [tuple(channels)]
        taken.append(([state for state, _ in groupby(windows)], converts))
    leaves, moves, ends = defaultdict(int), defaultdict(int), defaultdict(int)
    for states, converts in taken:
        for state in states:
            leaves[state] += 1
        for pair in pairwise(states):
            moves[pair] += 1
        ends[states[-1]] += converts

    def reached(gone: str) -> Fraction:
        left = [state for state in leaves if gone not in state]
        rows = [[Fraction(one == to) - Fraction(moves[one, to], leaves[one]) for to in left] for one in left]
        rows = [[*row, Fraction(ends[one], leaves[one])] for row, one in zip(rows, left, strict=True)]
        for at in range(len(rows)):
            rows[at] = [cell / rows[at][at] for cell in rows[at]]
            for other in range(len(rows)):
                if other != at and rows[other][at]:
                    times = rows[other][at]
                    rows[other] = [cell - times * mine for cell, mine in zip(rows[other], rows[at], strict=True)]
        chances = {state: row[-1] for state, row in zip(left, rows, strict=True)}
        return sum((chances.get(states[0], Fraction(0)) for states, _ in taken), Fraction(0)) / len(taken)

    whole = reached("")
    return {one: 1 - reached(one) / whole for channels, *_ in walks for one in channels}


@pytest.mark.parametrize("seed", range(12))
def test_each_model_gives_what_a_slow_count_of_the_rows_gives(
    tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(seed)
    books = made(chance, is_text=seed % 2 == 0, with_identities=seed % 3 == 0, has_milestones=seed % 4 > 0)
    days, order = chance.choice((None, 1, 30)), chance.choice((1, 2))
    files = write(books, tmp_path, is_parquet=seed % 5 > 1, zone=chance.choice((None, "UTC")))
    walks, everyone, lost, lost_minor = walked(books, days)
    asked = ["attribute", *files, "--model", "all", "--order", str(order), "--format", "json"]
    assert main([*asked, *(["--lookback", str(days)] if days else [])]) == (0 if walks else 2)
    if not walks:
        return
    told = json.loads(capsys.readouterr().out)
    assert ("lead_creation" in told["left_out"]) is (seed % 4 == 0)
    for answer in told["models"]:
        model = answer["model"]
        assert answer.get("unattributed") == ({"conversions": lost, "value": lost_minor} if lost else None)
        if model == "markov":
            is_small = len({channel for channels, *_ in everyone for channel in channels}) <= len(NAMES)
            effects = removal_effects(everyone, order) if is_small else {}
            found = {row["channel"]: row["removal_effect"] for row in answer["rows"] if row["channel"] in effects}
            assert found == pytest.approx({channel: float(effect) for channel, effect in effects.items()}, abs=1e-9)
            continue
        conversions, value = defaultdict(Fraction), defaultdict(Fraction)
        for channel, count, cents in counted(model, walks):
            conversions[channel] += count
            value[channel] += cents
        rows = {row["channel"]: row for row in answer["rows"]}
        assert {*conversions} <= {*rows}
        for channel, row in rows.items():
            assert row["conversions"] == pytest.approx(float(conversions[channel])), (model, channel)
            exactly = model not in ("influenced", "shapley")
            wanted = float(value[channel])
            assert row["value"] == (wanted if exactly else pytest.approx(wanted)), (model, channel)
