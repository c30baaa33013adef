"""Two things that are worked out at the same time, where that is sooner."""

from collections.abc import Callable
from typing import TypeVar

from loopline.store.engine import Engine

First = TypeVar("First")
Second = TypeVar("Second")


def both(engine: Engine, first: Callable[[], First], second: Callable[[], Second]) -> tuple[First, Second]:
    """What they answer, as `Engine.at_once` asks."""
    of_first: list[First] = []
    of_second: list[Second] = []
    engine.at_once([lambda: of_first.append(first()), lambda: of_second.append(second())])
    return of_first[0], of_second[0]
