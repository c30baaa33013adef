"""One figure of each row of a report under the lookback window of a scope."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from loopline.reports.metric import Metric, Number
from loopline.reports.naming import Name
from loopline.reports.options import Scope
from loopline.store.engine import Engine


@dataclass(frozen=True, slots=True)
class AtWindow:
    metric: Metric
    rows: Mapping[str, Number]
    names: Mapping[str, Name]
    """Of each of the rows."""
    total: Number
    """None where the rows overlap, so that they add up to nothing."""
    records: int | None = None
    """The total told straight from the records, whatever the window; None where that is not told."""
    records_are: str = ""
    """`won in the period`"""


AskAtWindow = Callable[[Scope, Engine], AtWindow]
"""Raises OptionError where the window leaves a model too little to learn from, and StoreError."""
