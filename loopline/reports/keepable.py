"""Everything of which a view can be saved and a mail sent: the reports of the library, and the weekly table."""

from loopline.reports.catalogue import REPORTS
from loopline.reports.report import Report
from loopline.reports.run import report_named
from loopline.reports.weekly.sums import WEEKLY

KEEPABLE: dict[str, Report] = {**REPORTS, WEEKLY.key: WEEKLY}


def keepable_named(key: str) -> Report:
    """Raises OptionError when there is none."""
    return report_named(key, KEEPABLE)
