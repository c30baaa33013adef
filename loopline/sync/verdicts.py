"""What became of each row, and the file that tells it."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, TextIO

from loopline.lib.sheets import safe_cell

COLUMNS = ("file", "line", "external_id", "verdict", "why", "record")


class Answer(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Verdict(NamedTuple):
    line: int
    answer: Answer
    external_id: str = ""
    why: str = ""
    """Why it was refused or left alone, and any warning."""
    has_warning: bool = False
    record: str = ""
    """Such as `lead 0193…`; empty when there is none."""


@dataclass(slots=True)
class Tally:
    """Verdicts counted; the rows of refusals and warnings are named in `first_problems`, a few of them."""

    counts: Counter[str] = field(default_factory=Counter)
    first_problems: list[Verdict] = field(default_factory=list)

    def add(self, verdicts: Iterable[Verdict]) -> None:
        for one in verdicts:
            self.counts[one.answer.value] += 1
            if one.has_warning:
                self.counts["warnings"] += 1
            if (one.has_warning or one.answer is Answer.REFUSED) and len(self.first_problems) < 20:
                self.first_problems.append(one)

    def copy(self) -> "Tally":
        return Tally(self.counts.copy(), self.first_problems.copy())

    @property
    def sentence(self) -> str:
        """`8,000 rows: 7,990 created (3 with a warning), 10 refused`; what is refused is not warned of."""
        rows = sum(self.counts[one.value] for one in Answer)
        parts = [f"{self.counts[one.value]:,} {one.value}" for one in Answer if self.counts[one.value]]
        if self.counts["warnings"]:
            last = max(0, len(parts) - 1 - bool(self.counts[Answer.REFUSED.value]))
            parts[last] += f" ({self.counts['warnings']:,} with a warning)"
        return f"{rows:,} row{'s' if rows > 1 else ''}: {', '.join(parts)}" if rows else "no rows"


class VerdictFile:
    """A CSV of all verdicts, written as they come."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(COLUMNS)

    def add(self, file_name: str, verdicts: Iterable[Verdict]) -> None:
        self._writer.writerows(
            (
                safe_cell(file_name),
                one.line,
                safe_cell(one.external_id),
                one.answer.value,
                safe_cell(one.why),
                one.record,
            )
            for one in verdicts
        )


def problems_in(path: Path, most: int) -> list[dict[str, str]]:
    """The first rows of a verdict file that were refused or warned of, as they stand in it."""
    found: list[dict[str, str]] = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            is_fine = row["verdict"] == Answer.UNCHANGED or (row["verdict"] == Answer.CREATED and not row["why"])
            if not is_fine:
                found.append(row)
            if len(found) == most:
                break
    return found
