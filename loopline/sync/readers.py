"""How the text of a cell becomes a value. Each reader raises ValueError with the reason, in words fit to show."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from loopline.collect.channels import CHANNELS
from loopline.leads.models import Lead
from loopline.lib.money import exponent, parse_minor
from loopline.lib.text import many_lines, one_line
from loopline.lib.times import day_start
from loopline.people.emails import normalise
from loopline.pipeline.models import Opportunity
from loopline.sync.shape import nearest

Reader = Callable[[str], Any]

STATES = (Lead.State.NEW.value, Lead.State.MARKETING_QUALIFIED.value)
_CHANNELS = {one.casefold(): one for one in CHANNELS}
_REMEMBERED = 100_000
_LONGEST = 5_000
_MOST_MINOR = 2**53
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(slots=True)
class Reading:
    """What readers need to know: how the file writes things, and what the organisation's days are."""

    zone: str
    now: datetime
    decimal: str = "."
    dates: tuple[str, ...] = ()
    owners: dict[str, Any] = field(default_factory=dict)
    """e-mail address → user who works in the unit"""
    _moments: dict[str, datetime] = field(default_factory=dict)

    def moment(self, text: str) -> datetime:
        """A moment in UTC; a day alone is its first moment, a time without a zone is the organisation's."""
        found = self._moments.get(text)
        if found is None:
            if len(self._moments) > _REMEMBERED:
                self._moments.clear()
            found = self._moments[text] = self._read_moment(text)
        return found

    def _read_moment(self, text: str) -> datetime:
        try:
            moment = self._parsed(text)
        except OverflowError as error:
            raise ValueError(f"“{text}” lies outside the calendar") from error
        if not 1990 <= moment.year < 2200:
            raise ValueError(f"“{text}” lies before 1990 or far in the future")
        if moment > self.now + timedelta(days=1):
            raise ValueError(f"“{text}” lies in the future")
        return moment

    def _parsed(self, text: str) -> datetime:
        for form in self.dates:
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is given below
            except ValueError:
                continue
            has_time = any(sign in form for sign in ("%H", "%I", "%X", "%c", "%T"))
            return self._placed(moment) if has_time or moment.tzinfo else day_start(moment.date(), self.zone)
        if self.dates:
            raise ValueError(f"“{text}” is not written as the mapping says ({' or '.join(self.dates)})")
        try:
            if _DAY.fullmatch(text):
                return day_start(date.fromisoformat(text), self.zone)
            return self._placed(datetime.fromisoformat(text))
        except ValueError as error:
            raise ValueError(
                f"“{text[:40]}” is no date such as 2026-03-31; say how it is written: dates = […]"
            ) from error

    def _placed(self, moment: datetime) -> datetime:
        return (moment.replace(tzinfo=ZoneInfo(self.zone)) if moment.tzinfo is None else moment).astimezone(UTC)

    def day(self, text: str) -> date:
        for form in self.dates or ("%Y-%m-%d",):
            try:
                return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                continue
        raise ValueError(f"“{text[:40]}” is no day such as 2026-03-31")

    def number(self, text: str) -> str:
        """A plain decimal: without thousands separators, with a point."""
        thousands = "," if self.decimal == "." else "."
        plain = text.replace(" ", "").replace("\u00a0", "").replace("'", "")
        if self.decimal == "," and "." in plain and not re.fullmatch(r"[-+]?\d{1,3}(\.\d{3})*(,\d+)?", plain):
            raise ValueError(f"“{text[:40]}” is no amount such as 1.234,50")
        if self.decimal == "." and "," in plain and not re.fullmatch(r"[-+]?\d{1,3}(,\d{3})*(\.\d+)?", plain):
            raise ValueError(f'“{text[:40]}” is no amount such as 1,234.50; is the decimal sign a comma? decimal = ","')
        return plain.replace(thousands, "").replace(self.decimal, ".")

    def owner(self, text: str) -> Any:
        user = self.owners.get(text.strip().lower())
        if user is None:
            raise ValueError(f"“{text[:60]}” is no Loopline user who works in this business unit")
        return user


def amount_in(text: str, currency: str) -> int:
    """Minor units of a plain decimal; zeros beyond the currency's own digits are let pass."""
    whole, point, digits = text.partition(".")
    kept = digits[: exponent(currency)]
    rest = digits[len(kept) :]
    minor = parse_minor(
        whole + point + digits if rest.strip("0") else f"{whole}.{kept or '0'}" if kept else whole, currency
    )
    if not 0 <= minor < _MOST_MINOR:
        raise ValueError(f"the amount {text[:40]} is below zero or larger than any sale")
    return minor


def readers(reading: Reading) -> dict[str, Reader]:
    return {
        "email": normalise,
        "moment": reading.moment,
        "day": reading.day,
        "amount": reading.number,
        "owner": reading.owner,
        "text": _one_line,
        "lines": _lines,
        "tag": _tag,
        "path": _path,
        "country": _country,
        "currency": _currency,
        "channel": _channel,
        "state": _choice("state", STATES),
        "outcome": _choice("outcome", tuple(Opportunity.Outcome.values)),
        "loss_reason": _choice("reason", tuple(Opportunity.LossReason.values)),
    }


def _one_line(text: str) -> str:
    if text.isascii() and text.isprintable() and "  " not in text:
        return text
    return one_line(text, _LONGEST)


def _lines(text: str) -> str:
    return many_lines(text, _LONGEST)


def _tag(text: str) -> str:
    return _one_line(text).lower()


def _path(text: str) -> str:
    return text if text.startswith("/") else f"/{text}"


def _country(text: str) -> str:
    if len(text) != 2 or not text.isascii() or not text.isalpha():
        raise ValueError(f"“{text[:40]}” is no country of two letters; give a list under values.country")
    return text.upper()


def _currency(text: str) -> str:
    if len(text) != 3 or not text.isascii() or not text.isalpha():
        raise ValueError(f"“{text[:40]}” is no currency of three letters")
    return text.upper()


def _channel(text: str) -> str:
    found = _CHANNELS.get(text.casefold())
    if found is None:
        raise ValueError(f"“{text[:40]}” is no channel{nearest(text, CHANNELS)}; give a list under values.channel")
    return found


def _choice(what: str, allowed: tuple[str, ...]) -> Reader:
    def read(text: str) -> str:
        value = text.lower().replace(" ", "_")
        if value not in allowed:
            raise ValueError(f"“{text[:40]}” is no {what}; it can be {', '.join(allowed)}")
        return value

    return read
