"""What each option of a report's address means, which of them a report reads, and what may be chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from loopline.attribution.conversions import PEOPLE
from loopline.attribution.touchpoints import EARNING_KINDS
from loopline.reports.address import ABOUT, options_said
from loopline.reports.options import CLOCKS, DIRECTS, HUMANS, Options
from loopline.reports.periods import ALL, CUSTOM, NAMES
from loopline.reports.report import Report

ANY = ""
"""Read by every report."""


@dataclass(frozen=True, slots=True)
class OptionWords:
    """An option of an address (`reports.address.OPTION_NAMES`)."""

    name: str
    about: str
    reads: frozenset[str] = frozenset({ANY})
    """A report that reads one of these takes it (`Report.reads`)."""
    choices: Mapping[str, str] = field(default_factory=dict)
    """Value → what it means; empty where it is a day, a number or a record."""
    usual: str = ""
    lacks: str = ""
    """What a report has not that does not take it: “it has no …”."""


_MODEL = frozenset({"model"})
_EARNING = frozenset({"model", "touchpoints"})
_NO_MODEL, _NO_TOUCHPOINTS = "model to choose", "touchpoints to choose"

OPTION_WORDS: dict[str, OptionWords] = {
    one.name: one
    for one in (
        OptionWords("period", "Days in the organisation's time zone, by name; `from` and `to` name others.",
                    choices=NAMES | {ALL: "All there is", CUSTOM: "`from` to `to`"}),
        OptionWords("from", "First day, such as 2026-01-01."),
        OptionWords("to", "Last day, included."),
        OptionWords("compare", "Also the figures of the period just before.",
                    choices={"none": "nothing", "before": "the period just before"}, usual="none",
                    lacks="period to compare with"),
        OptionWords("clock", "Which date decides.", frozenset({"clock"}), CLOCKS, "period",
                    "clock to choose"),
        OptionWords("model", "Who gets the credit: an attribution model of the library or of your own.", _MODEL,
                    usual="linear", lacks=_NO_MODEL),
        OptionWords("by", "What a row is.", frozenset({"by"}), lacks="choice of rows"),
        OptionWords("unit", "One business unit, by id or name; otherwise all that you may see."),
        OptionWords("as_of", "What the books said then: a day (its end) or a moment; otherwise now."),
        OptionWords("lookback", "Days before the conversion that a touchpoint may lie, or `none` for no window.",
                    frozenset({"lookback"}), usual="90", lacks="lookback window to choose"),
        OptionWords("half_life", "Of the model time_decay, in days.", _MODEL, usual="7", lacks=_NO_MODEL),
        OptionWords("order", "Of the Markov chain.", _MODEL, {"1": "one turn", "2": "two turns", "3": "three turns"},
                    "1", _NO_MODEL),
        OptionWords("conversion", "Only this conversion, with its cost.", _MODEL,
                    {key: label for key, label in ABOUT.items() if key}, lacks="conversion to choose"),
        OptionWords("people", "Whose touchpoints may earn.", _EARNING, PEOPLE, "contacts", _NO_TOUCHPOINTS),
        OptionWords("kinds", "Which kinds of touchpoints may earn, several with commas; otherwise all.", _EARNING,
                    EARNING_KINDS, lacks=_NO_TOUCHPOINTS),
        OptionWords("direct", "Whether the channel Direct earns.", _EARNING, DIRECTS, "count", _NO_TOUCHPOINTS),
        OptionWords("humans", "Whether machines may earn too.", _EARNING, HUMANS, "only", _NO_TOUCHPOINTS),
    )
}  # fmt: skip


def options_of(report: Report) -> tuple[OptionWords, ...]:
    """The options that change what this report answers."""
    reads = report.reads | {ANY} | ({"by"} if report.by else set())
    return tuple(one for one in OPTION_WORDS.values() if one.reads & reads and one.name not in report.ignores)


def names_read(report: Report) -> tuple[str, ...]:
    """The names of the options that this report reads, in their order."""
    return tuple(one.name for one in options_of(report))


def said_and_read(report: Report, query: Mapping[str, str]) -> dict[str, str]:
    """Those words of an address that this report reads: what a link to it carries, and what is kept of it."""
    read = names_read(report)
    return {name: value for name, value in options_said(query).items() if name in read}


FIELDS = {
    "clock": "clock", "model": "model", "lookback": "lookback_days", "half_life": "half_life_days", "order": "order",
    "conversion": "conversion", "people": "people", "kinds": "touch_kinds", "direct": "direct",
    "humans": "humans_only",
}  # fmt: skip
"""Options that not every report reads → their fields of Options."""


def as_read(report: Report, options: Options) -> Options:
    """The options with the usual ones in place of those that the report does not read: its page shows no choice of
    them, and its files do not say them, so whatever an address holds they change nothing."""
    read, usual = names_read(report), Options()
    return replace(options, **{field: getattr(usual, field) for name, field in FIELDS.items() if name not in read})
