"""Everything that can be frozen, and of which it can be asked what changed: the reports of the library, and the weekly
table line by line."""

from loopline.reports.catalogue import REPORTS
from loopline.reports.report import Report
from loopline.reports.weekly.lines import LINES

COMPARABLE: dict[str, Report] = {**REPORTS, LINES.key: LINES}
