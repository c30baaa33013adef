"""Cents dealt out along many paths at once, by the rule of the ledger (largest remainder, ties to the earlier one).

What `lib.money.deal_out` does for one amount and the ledger in SQL, on arrays: for files, where there are no records to
open. Tests hold all three to each other.
"""

from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from loopline.attribution.ledger import WEIGHT_SCALE
from loopline.attribution.walks import Floats, Integers

Number = TypeVar("Number", np.int64, np.float64)

NINE_DIGITS = 10**9


class Dealing:
    """Amounts for the touchpoints of paths: those from `starts[p]` to `starts[p + 1]` share `amounts[p]`.

    No path is empty. Negative amounts mirror positive ones. What all models need of the paths is worked out once.
    """

    def __init__(self, amounts: Integers, starts: Integers) -> None:
        self._amounts, self._size, self._starts = amounts, np.abs(amounts), starts
        self._lengths = np.diff(starts)

    def dealt(self, weights: Floats) -> Integers:
        """Each touchpoint's credit. Each path has a weight above zero."""
        if len(weights) and weights.min() == weights.max():
            credit = self._evenly()
        else:
            credit = self._by_remainder(np.floor(weights * WEIGHT_SCALE + 0.5))
        if (self._amounts < 0).any():
            credit *= self._beside_each(np.where(self._amounts < 0, -1, 1))
        return credit

    def whole(self, weights: Floats) -> Integers:
        """The same where one touchpoint of each path has a weight: it gets all."""
        return np.where(weights > 0, self._amount, 0)

    def _evenly(self) -> Integers:
        """All remainders are equal, so what is left over goes to the first touchpoints."""
        base, left_over = np.divmod(self._size, self._lengths)
        credit = self._beside_each(base)
        credit += self._place < self._beside_each(left_over)
        return credit

    def _by_remainder(self, weights: Floats) -> Integers:
        exact = self._exact_size * weights
        exact /= self._beside_each(np.add.reduceat(weights, self._starts[:-1]))
        base = np.floor(exact)
        exact -= base
        credit = base.astype(np.int64)
        left_over = self._size - np.add.reduceat(credit, self._starts[:-1])
        if left_over.any():
            exact *= NINE_DIGITS
            remainder = np.rint(exact, out=exact).astype(np.int64)
            # What has no weight cannot earn: it stands behind a remainder of zero.
            remainder[weights == 0] = -1
            credit[self._largest(remainder, left_over)] += 1
        return credit

    def _largest(self, remainder: Integers, left_over: Integers) -> Integers:
        """Where the `left_over` largest remainders of each path stand, the earlier one first where two are equal.

        Path, remainder and place are packed into one number, which sorts ten times as fast as three columns do.
        """
        of_place = int(self._lengths.max()).bit_length()
        is_first = self._place < self._beside_each(left_over)
        if (len(self._lengths) - 1).bit_length() + 30 + of_place <= 63:
            packed = self._path << (30 + of_place)
            packed |= (NINE_DIGITS - remainder) << of_place
            packed |= self._place
            packed.sort()
            places = packed[is_first] & ((1 << of_place) - 1)
        else:
            places = self._place[np.lexsort((self._place, -remainder, self._path))][is_first]
        return places + np.repeat(self._starts[:-1], left_over)

    @cached_property
    def _amount(self) -> Integers:
        return self._beside_each(self._amounts)

    @cached_property
    def _exact_size(self) -> Floats:
        return self._beside_each(self._size.astype(np.float64))

    @cached_property
    def _path(self) -> Integers:
        """The path of each touchpoint."""
        return self._beside_each(np.arange(len(self._lengths)))

    @cached_property
    def _place(self) -> Integers:
        """The place of each touchpoint on its path, from 0."""
        return np.arange(self._starts[-1]) - self._beside_each(self._starts[:-1])

    def _beside_each(self, of_paths: npt.NDArray[Number]) -> npt.NDArray[Number]:
        """What is said of each path, beside each of its touchpoints."""
        return np.repeat(of_paths, self._lengths)
