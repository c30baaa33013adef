"""Which report an address names, and where the page of each is."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlencode

from django.http import Http404, QueryDict
from django.urls import reverse

from loopline.reports.catalogue import REPORTS
from loopline.reports.metric import METRICS
from loopline.reports.option_words import said_and_read
from loopline.reports.options import OptionError
from loopline.reports.report import Report
from loopline.reports.unread import not_read, not_understood
from loopline.reports.weekly.figures import KEY as WEEKLY

_CHIP_OF = {
    "from": "period", "to": "period", "half_life": "model", "order": "model",
    "kinds": "counts", "direct": "counts", "humans": "counts",
}  # fmt: skip
"""Options that share a chip with others → its name; any other chip has the name of its option."""
CHIP_WORDS = {
    "period": "Period", "since": "Since", "compare": "Compare", "clock": "Clock", "model": "Model", "by": "By",
    "conversion": "Conversions", "people": "Touchpoints of", "counts": "Touchpoints", "unit": "Unit",
    "lookback": "Window", "as_of": "As of",
}  # fmt: skip
"""What the chips are called."""
OWN_PAGES = {"closed-loop": "closed_loop", WEEKLY: "weekly"}
"""Reports with a page of their own → the name of its route."""


def report_or_404(key: str, among: Mapping[str, Report] = REPORTS) -> Report:
    """The report that an address names."""
    if key not in among:
        raise Http404(f"There is no report “{key}”.")
    return among[key]


def refused_as(*, is_part: bool) -> int:
    """The status of a page that says why it cannot answer. A part of another page with it is put into that page only
    where it was not refused; else it would wait there for ever."""
    return 200 if is_part else 400


def refusal(error: OptionError) -> dict[str, str]:
    """What a page says that cannot answer: why, which option it is, and the chip of it that is to be changed."""
    chip = _CHIP_OF.get(error.field, error.field)
    return {"trouble": str(error), "wrong_chip": chip, "wrong_option": CHIP_WORDS.get(chip, "")}


class Unread(NamedTuple):
    """An option of an address that the page does not read."""

    name: str
    lacks: str
    """What the page has not, for an option that other reports read; "" of one that no report knows."""
    meant: str
    """The one that was perhaps meant; "" where none is like it, or the address says that one, too."""
    query: str
    """The address with that one in its place, or without it."""


MOST_UNREAD = 5


def unread_options(said: QueryDict, read: Collection[str]) -> list[Unread]:
    """What a page says that it left out: it shows the report all the same. `read`: the options that it reads."""
    found = []
    for name, near in not_understood(said, read).items():
        meant, rest = "" if near in said else near, said.copy()
        values = rest.pop(name)
        if meant:
            rest.setlist(meant, values)
        found.append(Unread(name, "", meant, rest.urlencode()))
    for name, lacks in not_read(said, read).items():
        rest = said.copy()
        rest.pop(name)
        found.append(Unread(name, lacks, "", rest.urlencode()))
    return found[:MOST_UNREAD]


def behind_of(key: str) -> str:
    """The address of what is behind a figure of a report, without row, metric and options."""
    return reverse("closed_loop_behind") if key == "closed-loop" else reverse("report_behind", args=[key])


@dataclass(frozen=True, slots=True)
class Opening:
    """Where the figures of a report open that are shown on another page, so that the same figure opens."""

    report: Report
    said: Mapping[str, str]
    """The options that they were worked out with, as an address says them."""

    def of(self, row: str, metric: str) -> str:
        """The address of what is behind a figure; "" where it does not open."""
        if not self._opens(metric):
            return ""
        read = said_and_read(self.report, self.said)
        options = {name: value for name, value in read.items() if name != "compare"}
        return f"{behind_of(self.report.key)}?{urlencode(options | {'row': row, 'metric': metric})}"

    def _opens(self, metric: str) -> bool:
        if self.report.key == "closed-loop":
            return metric in METRICS
        return self.report.may_open(metric) or metric in self.report.opening(self.report.metrics)


def page_of(key: str, query: str = "") -> str:
    """The address of a report; `query`: its options, as an address says them."""
    own = OWN_PAGES.get(key)
    page = reverse(own) if own else reverse("report", args=[key])
    return f"{page}?{query}" if query else page
