"""Options of a report as words: from the command line, and on their way to the server."""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from loopline.lib.times import as_utc
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import HUMANS, Books, OptionError, Options


def options_from(
    words: Mapping[str, str], books: Books, by: Mapping[str, object] = DIMENSIONS, usual_by: str = "campaign"
) -> Options:
    """Options from `from`, `to`, `as_of`, `model`, `clock`, `by`, `unit`, `lookback`, `half_life`, `order`, and those
    of `counted_from`; missing or empty words have defaults. `by` and `usual_by`: what the rows of the report can be.

    Raises OptionError for what cannot be meant.
    """
    default = Options()
    options = Options(
        first=day_of(words.get("from", ""), "from"),
        last=day_of(words.get("to", ""), "to"),
        as_of=moment_of(words.get("as_of", ""), books.zone),
        model=words.get("model") or default.model,
        clock=words.get("clock") or default.clock,
        by=words.get("by") or usual_by,
        unit_ids=unit_of(words.get("unit", ""), books),
        lookback_days=lookback_of(words.get("lookback", "")),
        half_life_days=number_of(words.get("half_life", ""), "half-life", default.half_life_days),
        order=order_of(words.get("order", ""), default.order),
        **counted_from(words),
    )
    options.check(books, by)
    return options


def unit_of(text: str, books: Books) -> frozenset[str] | None:
    """The business unit of this id or name; None for all. Raises OptionError for one the asker does not see."""
    if not text:
        return None
    for key, name in books.units.items():
        if text == key or text.casefold() == name.casefold():
            return frozenset({key})
    raise OptionError(f"There is no business unit “{text}”. Choose one of: {', '.join(books.units.values())}.", "unit")


def counted_from(words: Mapping[str, str]) -> dict[str, Any]:
    """What counts, as arguments of Options: from `conversion`, `people`, `kinds` (with commas), `direct`, `humans`."""
    default = Options()
    kinds = frozenset(one.strip() for one in words.get("kinds", "").split(",") if one.strip())
    humans = words.get("humans") or "only"
    if humans not in HUMANS:
        raise OptionError(f"There is no choice “{humans}” of who counts. Choose one of: {', '.join(HUMANS)}.", "humans")
    conversion = words.get("conversion", "")
    return {
        # Revenue is what every run deals out; the page Models names it so beside the counts.
        "conversion": "" if conversion == "revenue" else conversion,
        "people": words.get("people") or default.people,
        "touch_kinds": kinds or None,
        "direct": words.get("direct") or default.direct,
        "humans_only": humans == "only",
    }


def day_of(text: str, field: str) -> date | None:
    if not text:
        return None
    try:
        return _within_reach(date.fromisoformat(text))
    except ValueError as error:
        raise OptionError(f"“{text}” is no date; write it like 2026-03-31.", field) from error


_PLUS_LOST = re.compile(r"(:\d\d(?:\.\d+)?) (\d\d:\d\d)$")
"""The + before a zone, sent in an address as it is, arrives as a space."""


def moment_of(text: str, zone: str, field: str = "as_of") -> datetime | None:
    """A day means its last moment in the organisation's zone; a moment without a zone is one of that zone. In UTC."""
    if not text:
        return None
    try:
        moment = _within_reach(datetime.fromisoformat(_PLUS_LOST.sub(r"\1+\2", text)))
    except ValueError as error:
        message = f"“{text}” is no moment; write it like 2026-03-31 or 2026-03-31T12:00:00Z."
        raise OptionError(message, field) from error
    if len(text) == len("2026-03-31"):
        moment = datetime.combine(moment.date(), time.max)
    return as_utc(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))


Day = TypeVar("Day", bound=date)


def _within_reach(day: Day) -> Day:
    """ValueError for one that no event store can hold with its zone: a year before 1900 or after 2299."""
    if not 1900 < day.year < 2299:
        raise ValueError("out of reach")
    return day


def lookback_of(text: str) -> int | None:
    """Days; 90 when nothing is said, no window for `none`."""
    if text == "none":
        return None
    if not text:
        return 90
    if not text.isdecimal() or len(text) > 4 or not 1 <= int(text) <= 3650:
        raise OptionError(f"“{text}” is no number of days from 1 to 3650; write “none” for no window.", "lookback")
    return int(text)


def order_of(text: str, default: int) -> int:
    """The order of a Markov chain; `Options.check` says which there are."""
    if not text:
        return default
    return int(text) if text in {"1", "2", "3"} else 0


def number_of(text: str, name: str, default: float) -> float:
    """A number above zero; `default` when nothing is said."""
    if not text:
        return default
    field = name.replace("-", "_")
    try:
        found = float(text)
    except ValueError as error:
        raise OptionError(f"“{text}” is no {name}; write a number such as {default:g}.", field) from error
    if not 0 < found < 1e6:
        raise OptionError(f"“{text}” is no {name}; write a number above zero such as {default:g}.", field)
    return found
