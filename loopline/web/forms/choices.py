"""Choices that several forms offer."""

from functools import lru_cache
from zoneinfo import available_timezones

from loopline.lib.countries import COUNTRIES
from loopline.lib.currencies import CODES


@lru_cache(maxsize=1)  # finding them reads six hundred files
def time_zone_choices() -> list[tuple[str, str]]:
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "posix/")))
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


def country_choices(now: str = "") -> list[tuple[str, str]]:
    """Countries by name, and none; with `now`, also what stands there though it is none of them."""
    named = sorted(COUNTRIES.items(), key=lambda pair: pair[1])
    return [("", "—"), *([(now, now)] if now and now not in COUNTRIES else []), *named]


def currency_choices() -> list[tuple[str, str]]:
    return [(code, code) for code in sorted(CODES)]
