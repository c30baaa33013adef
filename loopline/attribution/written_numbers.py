"""Numbers as texts of a file have them: 1,234.5 with a decimal point, or 1.234,5 with a decimal comma.

Most can be meant in one way only. 4.000 and 12,345 are either of two numbers, one a thousand times the other. A file
writes all its numbers alike, so one that can be read in one way only tells how to read the others.
"""

from dataclasses import dataclass

_SIGN, _POWER = "[+-]?", r"([eE][+-]?\d+)?"


def _is_all(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, '{_SIGN}({pattern})')"


def may_be_either(text: str) -> str:
    """SQL: a number that is another one with the other marks. Patterns are slow, so few texts are held against one."""
    is_either = _is_all(text, r"[1-9]\d{0,2}[.,]\d{3}")
    return f"CASE WHEN substr({text}, -4, 1) IN ('.', ',') THEN {is_either} ELSE FALSE END"


@dataclass(frozen=True, slots=True)
class Marks:
    decimal: str
    group: str
    """Between thousands."""

    @property
    def _grouped(self) -> str:
        return rf"[1-9]\d{{0,2}}(\{self.group}\d{{3}})+(\{self.decimal}\d*)?"

    def tells(self, text: str) -> str:
        """SQL: a number that can be read with these marks only."""
        broken = rf"(\d+\{self.decimal}\d*|\{self.decimal}\d+){_POWER}"
        is_one = f"{_is_all(text, f'{self._grouped}|{broken}')} AND NOT {may_be_either(text)}"
        return f"CASE WHEN contains({text}, '.') OR contains({text}, ',') THEN {is_one} ELSE FALSE END"

    def plain(self, text: str) -> str:
        """SQL: the number as the engine reads it; NULL where marks between thousands stand elsewhere."""
        plain = f"replace({text}, '{self.group}', '')"
        if self.decimal != ".":
            plain = f"replace({plain}, '{self.decimal}', '.')"
        is_amiss = f"contains({text}, '{self.group}') AND NOT {_is_all(text, self._grouped)}"
        return f"CASE WHEN {is_amiss} THEN NULL ELSE {plain} END"


POINT, COMMA = Marks(".", ","), Marks(",", ".")


def two_ways(written: str) -> str:
    """Of a number that may be either: which ones it may be, and how each is written so that it is no other."""
    mark = "," if "," in written else "."
    thousands = written.replace(mark, "").removeprefix("+")
    broken = written.rstrip("0")
    if broken == written or broken.endswith(mark):
        broken += "0"
    return (
        f"may be {float(written.replace(mark, '.')):g} or {thousands}, and no other number of the file tells which. "
        f"Write {thousands}, or {broken}"
    )
