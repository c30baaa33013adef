"""The commonest ways of buyers as a flow: which channel led to which, turn by turn, until the sale (a Sankey chart)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from loopline.reports.result import Row

MOST_WAYS = 15
MOST_TURNS = 5
"""So many turns are drawn; a longer way goes on as “…”."""
WON, LATER = "Won", "…"


@dataclass(frozen=True, slots=True)
class Stop:
    """A channel at one turn of the way, or the sale at the end."""

    turn: int
    """0 is the first."""
    name: str
    won: int
    """So many sales came through here."""


@dataclass(frozen=True, slots=True)
class Flow:
    source: Stop
    target: Stop
    won: int


@dataclass(frozen=True, slots=True)
class Flows:
    stops: list[Stop]
    flows: list[Flow]
    ways: int
    """So many ways are drawn."""
    won: int
    """Sales on them."""
    all_won: int
    """All sales of the period, on whatever way and on none."""
    untouched: int
    """Those of them that no touchpoint led to."""


def flows_of(rows: Sequence[Row], arrow: str) -> Flows:
    """Of rows whose key is a way (`Email › Direct`) with `path_won`, the commonest first as the report lists them."""
    ways = [(row.key.split(arrow), int(row.values["path_won"] or 0)) for row in rows if row.key and not row.is_rest]
    untouched = sum(int(row.values["path_won"] or 0) for row in rows if not row.key)
    drawn = [(_short(turns), won) for turns, won in ways if won > 0][:MOST_WAYS]
    end = max((len(turns) for turns, _ in drawn), default=0)
    through: dict[tuple[int, str], int] = defaultdict(int)
    between: dict[tuple[tuple[int, str], tuple[int, str]], int] = defaultdict(int)
    for turns, won in drawn:
        stops = [*enumerate(turns), (end, WON)]
        for stop in stops:
            through[stop] += won
        for pair in pairwise(stops):
            between[pair] += won
    made = {key: Stop(*key, won) for key, won in through.items()}
    return Flows(
        stops=sorted(made.values(), key=lambda one: (one.turn, -one.won, one.name)),
        flows=[Flow(made[source], made[target], won) for (source, target), won in between.items()],
        ways=len(drawn),
        won=sum(won for _, won in drawn),
        all_won=sum(int(row.values["path_won"] or 0) for row in rows),
        untouched=untouched,
    )


def _short(turns: list[str]) -> list[str]:
    return turns if len(turns) <= MOST_TURNS else [*turns[: MOST_TURNS - 1], LATER]
