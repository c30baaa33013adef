"""What the address of a report page asks for: every option is in it, so that a link shows the same to a colleague.

Saved views and mails that come every week keep the same words, so periods such as `last_month` move on with the days.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from loopline.attribution.conversions import PEOPLE
from loopline.attribution.model import Model
from loopline.attribution.touchpoints import EARNING_KINDS
from loopline.lib.times import local_day
from loopline.reports.asked import counted_from, day_of, lookback_of, moment_of, number_of, order_of
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import CLOCK_NAMES, CLOCKS, Books, OptionError, Options
from loopline.reports.periods import ALL, CUSTOM, DEFAULT, NAMES, Period, described, named_period, period_before
from loopline.reports.report import Report

OPTION_NAMES = (
    "period",
    "from",
    "to",
    "compare",
    "clock",
    "model",
    "by",
    "unit",
    "as_of",
    "lookback",
    "half_life",
    "order",
    "conversion",
    "people",
    "kinds",
    "direct",
    "humans",
)
ABOUT: dict[str, str] = {
    "": "all", "lead": "leads created", "qualified": "leads qualified",
    "opportunity": "opportunities created", "won": "opportunities won",
}  # fmt: skip
MOST_LETTERS = 300


def options_said(query: Mapping[str, str]) -> dict[str, str]:
    """Those words of an address that are options of a report, in their order."""
    told = flat(query)
    return {name: told[name][:MOST_LETTERS] for name in OPTION_NAMES if told.get(name)}


@dataclass(frozen=True, slots=True)
class Asked:
    """The options, and what the page needs to say about them."""

    options: Options
    period: Period | None
    """None: all there is."""
    before: Period | None
    """The period to compare with."""
    unit: str
    as_of_text: str


@dataclass(frozen=True, slots=True)
class Usual:
    """What a report is asked where its address says nothing."""

    by: Mapping[str, object]
    """What rows can be; empty where there is no choice."""
    first_by: str
    period: str = DEFAULT


CLOSED_LOOP = Usual(DIMENSIONS, "campaign")


def usual_of(report: Report) -> Usual:
    return Usual(report.by or {}, report.usual_by, report.usual_period)


def read_address(query: Mapping[str, str], books: Books, today: date, usual: Usual = CLOSED_LOOP) -> Asked:
    """Raises OptionError for what cannot be meant; what is not said has its default.

    As of an earlier moment a period by name is that of its day: so the same address says the same tomorrow, and a
    period that still ran then is compared with as many days of the one before.
    """
    as_of = moment_of(query.get("as_of", ""), books.zone)
    today = min(today, local_day(as_of, books.zone)) if as_of else today
    period = _period(query, today, usual.period)
    before = period_before(period, today) if period and query.get("compare", "before") == "before" else None
    unit = query.get("unit", "")
    options = Options(
        first=period.first if period else None,
        last=period.last if period else None,
        as_of=as_of,
        model=query.get("model") or "linear",
        clock=query.get("clock") or "period",
        by=query.get("by") or usual.first_by,
        unit_ids=frozenset({unit}) if unit else None,
        lookback_days=lookback_of(query.get("lookback", "")),
        half_life_days=number_of(query.get("half_life", ""), "half-life", 7),
        order=order_of(query.get("order", ""), 1),
        **counted_from(flat(query)),
    )
    options.check(books, usual.by)
    return Asked(options, period, before, unit, query.get("as_of", ""))


def flat(query: Mapping[str, str]) -> dict[str, str]:
    """Each option once: what a form sends several times, such as kinds of touchpoints, joined by commas.

    An address as a browser sent it knows all values of a name (`getlist`); one that was kept has each joined already.
    """
    every = getattr(query, "getlist", None)
    return {name: ",".join(every(name)) if every else query[name] for name in query}


def as_before(asked: Asked) -> Options | None:
    """The same question about the period before; None when nothing is to be compared."""
    if asked.before is None:
        return None
    return replace(asked.options, first=asked.before.first, last=asked.before.last)


def counted_words(options: Options) -> str:
    """Which touchpoints may earn, in a few words for a chip."""
    kinds = options.touch_kinds
    few = "all kinds" if kinds is None else ", ".join(EARNING_KINDS[kind] for kind in EARNING_KINDS if kind in kinds)
    told = [few if kinds is None or len(kinds) < 3 else f"{len(kinds)} kinds"]
    told += ["without Direct"] if options.ignores_direct else []
    told += [] if options.humans_only else ["with machines"]
    return ", ".join(told)


def _period(query: Mapping[str, str], today: date, usual: str) -> Period | None:
    name = query.get("period", "")
    if name == ALL:
        return None
    if name == CUSTOM or (not name and (query.get("from") or query.get("to"))):
        return _custom(query.get("from", ""), query.get("to", ""), today)
    found = named_period(name or usual, today)
    if found is None:
        raise OptionError(f"There is no period “{name}”. Choose one of: {', '.join((*NAMES, ALL, CUSTOM))}.", "period")
    return found


def _custom(first_text: str, last_text: str, today: date) -> Period:
    last = day_of(last_text, "to") or today
    first = day_of(first_text, "from") or last.replace(month=1, day=1)
    if last < first:
        raise OptionError(f"The period ends on {last}, before it starts on {first}. Swap the two dates.", "to")
    return Period(CUSTOM, described(first, last), first, last)


def choices(books: Books, by: Mapping[str, object], models: Mapping[str, Model]) -> dict[str, object]:
    """What can be chosen; `models` are those of the library and the organisation's own."""
    return {
        "models": {key: model.label for key, model in models.items()},
        "conversions_about": ABOUT,
        "peoples": PEOPLE,
        "touch_kinds": EARNING_KINDS,
        "clocks": CLOCKS,
        "clock_names": CLOCK_NAMES,
        "dimensions": by,
        "units": books.units,
        "lookbacks": {"7": "7 days", "30": "30 days", "90": "90 days", "365": "365 days", "none": "no window"},
    }
