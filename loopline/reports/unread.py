"""What an address says and a page or file does not read: names that no report knows, and options that this one has not.

Pages show the answer without them and say so; a file has no room for that and is refused.
"""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches

from loopline.collect.web_address import CLICK_IDS
from loopline.reports.address import MOST_LETTERS, OPTION_NAMES
from loopline.reports.option_words import OPTION_WORDS, names_read
from loopline.reports.options import OptionError
from loopline.reports.report import Report

ON_PAGES = (
    "row", "metric", "windows", "series", "since", "cause", "whole", "frozen", "against", "total", "within", "moment",
    "show", "learnt",
)  # fmt: skip
"""What addresses of report pages say beside the options: which part of the page, and what is asked there."""
_ADDED = ("utm_", "_", "mc_", "hsa_", "mtm_", "pk_", "piwik_", "matomo_")
_ADDED_WHOLE = {*CLICK_IDS, "", "mkt_tok", "hsCtaTracking", "igshid", "ref", "ref_src", "wickedid"}
"""What ad and mail systems add to a link that somebody shares: how the names begin, and whole ones."""
LONGEST = 60


def not_understood(query: Iterable[str], read: Collection[str] = OPTION_NAMES) -> dict[str, str]:
    """Names of an address that no report knows, but for what ad and mail systems add → the one of `read` that was
    perhaps meant, or ""."""
    known = {*OPTION_NAMES, *ON_PAGES, *_ADDED_WHOLE}
    names = [name for name in query if name not in known and not name.startswith(_ADDED)]
    return {name: next(iter(get_close_matches(name[:MOST_LETTERS].lower(), read, 1)), "") for name in names}


def not_read(query: Mapping[str, str], read: Collection[str]) -> dict[str, str]:
    """Options of reports that the address gives a value and that are not among `read` → what there is not: “model to
    choose”."""
    return {name: OPTION_WORDS[name].lacks for name in OPTION_NAMES if query.get(name) and name not in read}


def refuse_unread(query: Mapping[str, str], report: Report) -> None:
    """Raises OptionError: a file has no room to say what was left out."""
    read = names_read(report)
    for name, meant in not_understood(query, read).items():
        hint = f"Did you mean “{meant}”?" if meant else f"There are: {', '.join(read)}."
        raise OptionError(f"“{name[:LONGEST]}” is no option of reports. {hint}", name[:LONGEST])
    for name, lacks in not_read(query, read).items():
        raise OptionError(f"“{name}” changes nothing here: “{report.label}” has no {lacks}. Leave it out.", name)
