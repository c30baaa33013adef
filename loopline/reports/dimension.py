"""What a report can be split by. Each lives in its own file in `reports/dimensions/` and exports DIMENSION."""

from dataclasses import dataclass
from enum import StrEnum

from loopline.attribution.touchpoints import RowOf
from loopline.lib.registry import scan

NOTHING = ""
UNMAPPED, OTHER_UNITS, UNATTRIBUTED, TOTAL = "~unmapped", "~other_units", "~unattributed", "~total"
"""Keys of rows that are no value of the dimension."""
OTHERS = "~others"
"""Key of the row that stands for all that are not listed."""
NO_VALUES = frozenset({NOTHING, UNMAPPED, OTHER_UNITS, UNATTRIBUTED, TOTAL, OTHERS})
"""Rows that can be asked for whatever the books hold."""


class Naming(StrEnum):
    """Where the names of the rows come from."""

    AS_IS = "as_is"
    CAMPAIGNS = "campaigns"
    ACTIVITIES = "activities"
    UNITS = "units"
    COUNTRIES = "countries"
    COLLEAGUES = "colleagues"
    COMPANIES = "companies"


@dataclass(frozen=True, slots=True)
class Dimension:
    key: str
    label: str
    row: RowOf
    """The row of a touchpoint: the one that its credit and its session go to."""
    cost_sql: str
    """The row of a cost line, over `cost_lines` with its campaign's `channel` and `owner_id`; "" where cost cannot be
    told by row."""
    without: str
    """Name of the row about which the touchpoint says nothing."""
    naming: Naming
    question: str
    """The question the report answers, as the page prints it."""
    without_note: str = ""
    """What is in the row about which the touchpoint says nothing."""


DIMENSIONS: dict[str, Dimension] = scan("loopline.reports.dimensions", "DIMENSION", Dimension)
