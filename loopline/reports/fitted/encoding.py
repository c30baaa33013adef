"""Leads as rows of numbers: what is learnt about the columns comes from the leads that are learnt from, from no others.

A number is put on a common scale (its logarithm where it is never negative; missing counts as the median, and "not
known" is a column of its own). A word is one column for each value that is common enough, "another" for the rest.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loopline.reports.fitted.features import Feature

Floats = npt.NDArray[np.float64]
Rows = Sequence[Mapping[str, Feature]]

FEWEST = 20
"""A value that fewer leads have is no column of its own."""
MOST_VALUES = 12
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
_MOSTLY = 0.9


@dataclass(frozen=True, slots=True)
class NumberColumn:
    feature: str
    is_logarithm: bool
    median: float
    mean: float
    spread: float

    def label(self) -> str:
        return f"more {self.feature}"

    def values(self, rows: Rows) -> Floats:
        known = [_number(row.get(self.feature)) for row in rows]
        found = np.array([self.median if one is None else one for one in known], dtype=np.float64)
        return (_scaled(found, is_logarithm=self.is_logarithm) - self.mean) / self.spread


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """1 for the leads with one of `words`; without words, for those of which it is not known."""

    feature: str
    words: frozenset[str]
    is_rest: bool = False
    """1 for all values except `words`."""

    def label(self) -> str:
        if self.is_rest:
            return f"{self.feature}: another"
        return f"{self.feature}: {', '.join(sorted(self.words))}" if self.words else f"{self.feature} not known"

    def values(self, rows: Rows) -> Floats:
        return np.array([float(self._holds(row.get(self.feature))) for row in rows])

    def _holds(self, value: Feature) -> bool:
        if value is None:
            return not self.words and not self.is_rest
        return (_word(value) in self.words) is not self.is_rest


Column = NumberColumn | ValueColumn


def columns_of(rows: Rows) -> list[Column]:
    """The columns that these leads give; a feature that is the same for nearly all of them gives none."""
    names = sorted({name for row in rows for name in row})
    return [column for name in names for column in _columns(name, [row.get(name) for row in rows])]


def matrix(rows: Rows, columns: Sequence[Column]) -> Floats:
    """One row a lead, one column a column."""
    return np.column_stack([column.values(rows) for column in columns]) if columns else np.zeros((len(rows), 0))


def _columns(name: str, values: Sequence[Feature]) -> list[Column]:
    known = [value for value in values if value is not None]
    missing = len(values) - len(known)
    found: list[Column] = []
    if missing >= FEWEST and len(known) >= FEWEST:
        found.append(ValueColumn(name, frozenset()))
    numbers = [number for value in known if (number := _number(value)) is not None]
    if len(numbers) >= _MOSTLY * len(known):
        return [*_number_column(name, numbers), *found]
    return [*_value_columns(name, known), *found]


def _number_column(name: str, numbers: Sequence[float]) -> list[Column]:
    values = np.array(numbers, dtype=np.float64)
    is_logarithm = bool(len(values)) and bool(values.min() >= 0)
    scaled = _scaled(values, is_logarithm=is_logarithm)
    common = Counter(numbers).most_common(1)
    if not common or len(numbers) - common[0][1] < FEWEST or scaled.std() == 0:
        return []
    median = float(np.median(values))
    return [NumberColumn(name, is_logarithm, median, float(scaled.mean()), float(scaled.std()))]


def _value_columns(name: str, values: Sequence[Feature]) -> list[Column]:
    counts = Counter(_word(value) for value in values if value is not None)
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    common = [word for word, count in ranked if count >= FEWEST][:MOST_VALUES]
    rest = len(values) - sum(counts[word] for word in common)
    if not common or len(values) - counts[common[0]] < FEWEST:
        return []
    found: list[Column] = [ValueColumn(name, frozenset({word})) for word in common]
    return [*found, ValueColumn(name, frozenset(common), is_rest=True)] if rest >= FEWEST else found


def _scaled(values: Floats, *, is_logarithm: bool) -> Floats:
    return np.log1p(np.maximum(values, 0)) if is_logarithm else values


def _number(value: Feature) -> float | None:
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value) else None
    return value


def _word(value: Feature) -> str:
    return value if isinstance(value, str) else f"{value:g}"
