"""A sequence in parts of a size: a statement, a request or a page takes only so many at once."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

One = TypeVar("One")


def batches(every_one: Sequence[One], size: int) -> Iterator[Sequence[One]]:
    """Slices of at most `size`, in order; none of nothing."""
    for start in range(0, len(every_one), size):
        yield every_one[start : start + size]
