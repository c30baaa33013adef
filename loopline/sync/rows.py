"""Rows of a file as what they mean: a lead, a deal, a day of an ad, or why they cannot be one. Without any database."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from hashlib import blake2b
from typing import Any

from loopline.attribution.conversions import MICRO_UNITS
from loopline.people.custom import CustomValue, custom_value
from loopline.sync.fields import FIELDS, FileKind
from loopline.sync.mapping import FileMapping, MappingError, Numbered
from loopline.sync.readers import Reading, amount_in, readers
from loopline.sync.shape import nearest

_PLAIN_NUMBER = re.compile(r"-?\d{1,14}(\.\d{1,9})?")


class RowRefusedError(ValueError):
    """The row cannot be taken in; the message says why."""


@dataclass(slots=True)
class LeadRow:
    line: int
    digest: str
    external_id: str
    first_contact: datetime
    email: str = ""
    name: str = ""
    job_title: str = ""
    company: str = ""
    person_id: str = ""
    company_id: str = ""
    phone: str = ""
    country: str = ""
    language: str = ""
    source: str = ""
    medium: str = ""
    campaign: str = ""
    channel: str = ""
    landing_path: str = ""
    message: str = ""
    state: str = "new"
    custom: dict[str, CustomValue] = field(default_factory=dict)
    """`lead.custom.visits` and the like"""
    warnings: list[str] = field(default_factory=list)

    def custom_of(self, record: str) -> dict[str, CustomValue]:
        """The custom fields of `lead` or `person`."""
        start = f"{record}.custom."
        return {key.removeprefix(start): value for key, value in self.custom.items() if key.startswith(start)}

    @property
    def touch(self) -> dict[str, str]:
        """The first contact, as it is recorded."""
        return {
            "at": self.first_contact.isoformat(),
            "source": self.source,
            "medium": self.medium,
            "campaign": self.campaign,
            "channel": self.channel,
            "landing_path": self.landing_path,
        }


@dataclass(slots=True)
class DealRow:
    line: int
    digest: str
    external_id: str
    currency: str
    lead: str = ""
    name: str = ""
    amount_minor: int | None = None
    outcome: str = "open"
    created_at: datetime | None = None
    closed_at: datetime | None = None
    loss_reason: str = ""
    expected_close_on: date | None = None
    owner: Any = None
    """The user who has it, or None."""
    email: str = ""
    company: str = ""
    person_id: str = ""
    company_id: str = ""
    campaign: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass(slots=True)
class AdRow:
    """What an ad platform says of one campaign on one day."""

    line: int
    digest: str
    day: date
    platform: str
    campaign: str
    amount_minor: int
    currency: str
    claimed_micro: int | None = None
    claimed_minor: int | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def external_id(self) -> str:
        return ad_id(self.platform, self.campaign, self.day.isoformat())


def ad_id(platform: str, campaign: str, day: str) -> str:
    """A day of a campaign is told once by a platform; the campaign stands last, where a long one may be cut."""
    return f"{platform}/{day}/{campaign}"[:200]


Row = LeadRow | DealRow | AdRow
_WARN_ONLY = {"country", "owner", "language"}
"""Fields whose wrong value is left out with a warning: the row is worth more than they are."""


@dataclass(frozen=True, slots=True)
class _Step:
    """How one field gets its value."""

    name: str
    column: int
    """Place in the row; -1: the default alone."""
    read: Callable[[str], Any]
    limit: int
    values: dict[str, str] | None
    default: str
    is_required: bool


class RowMapper:
    """Turns the rows of one file into what they mean. Raises MappingError for columns that are not there."""

    def __init__(self, mapping: FileMapping, header: Sequence[str], reading: Reading, *, currency: str) -> None:
        self.kind = mapping.kind
        self._currency = currency
        known = readers(reading)
        places = _places(mapping, header)
        self._custom = {key: places[column] for key, column in mapping.custom.items()}
        self._decimal = mapping.decimal
        self._steps: list[_Step] = []
        for name, one in FIELDS[mapping.kind].items():
            column, default = mapping.columns.get(name), mapping.defaults.get(name, "")
            if column is None and not default:
                continue
            values = (
                {key.casefold(): value for key, value in mapping.values[name].items()}
                if name in mapping.values
                else None
            )
            place = -1 if column is None else places[column]
            read = known[one.reads]
            if numbered := mapping.numbered.get(name):
                read = _counted(numbered, read)
            self._steps.append(_Step(name, place, read, one.limit, values, default, one.is_required))

    def row(self, line: int, values: Sequence[str]) -> Row:
        """The lead or deal of a row. Raises RowRefusedError."""
        found: dict[str, Any] = {}
        warnings: list[str] = []
        for step in self._steps:
            raw = values[step.column].strip() if step.column >= 0 else ""
            if step.values is not None:
                raw = _translated(raw, step.values)
            raw = raw or step.default
            if not raw:
                if step.is_required:
                    raise RowRefusedError(f"it has no {step.name}")
                continue
            if len(raw) > step.limit:
                raise RowRefusedError(f"{step.name} is longer than {step.limit} characters")
            try:
                found[step.name] = step.read(raw)
            except ValueError as error:
                if step.name not in _WARN_ONLY:
                    raise RowRefusedError(f"{step.name}: {error}") from error
                warnings.append(f"{step.name} left out: {error}")
        if self._custom:
            found["custom"] = self._custom_values(values)
        digest = blake2b(repr(found).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        if self.kind is FileKind.LEADS:
            return LeadRow(line, digest, warnings=warnings, **found)
        if self.kind is FileKind.ADS:
            return self._ad(line, digest, found, warnings)
        return self._deal(line, digest, found, warnings)

    def _custom_values(self, values: Sequence[str]) -> dict[str, CustomValue]:
        """Numbers as numbers, everything else as a short text; what is empty or an address is left out."""
        found = {
            key: custom_value(_number(values[place].strip(), self._decimal)) for key, place in self._custom.items()
        }
        return {key: value for key, value in found.items() if value is not None}

    def external_id(self, values: Sequence[str]) -> str:
        """The id a refused row would have had, for its verdict; empty when it has none."""
        if self.kind is FileKind.ADS:
            said = {
                step.name: values[step.column].strip() if step.column >= 0 else step.default for step in self._steps
            }
            return ad_id(said["platform"].lower(), said["campaign"].lower(), said["day"]).strip("/")
        places = [step.column for step in self._steps if step.name in {"external_id", "lead"} and step.column >= 0]
        return next((text for place in places if (text := values[place].strip()[:200])), "")

    def _ad(self, line: int, digest: str, found: dict[str, Any], warnings: list[str]) -> AdRow:
        currency = found.setdefault("currency", self._currency)
        conversions = found.pop("conversions", None)
        try:
            if conversions is not None:
                found["claimed_micro"] = _in_millionths(conversions)
            for name, column in (("cost", "amount_minor"), ("conversion_value", "claimed_minor")):
                if (amount := found.pop(name, None)) is not None:
                    found[column] = amount_in(amount, currency)
        except ValueError as error:
            raise RowRefusedError(str(error)) from error
        return AdRow(line, digest, warnings=warnings, **found)

    def _deal(self, line: int, digest: str, found: dict[str, Any], warnings: list[str]) -> DealRow:
        found["external_id"] = found.get("external_id") or found.get("lead", "")
        if not found["external_id"]:
            raise RowRefusedError("it has neither external_id nor lead")
        currency = found.setdefault("currency", self._currency)
        amount = found.pop("amount", None)
        if amount is not None:
            try:
                found["amount_minor"] = amount_in(amount, currency)
            except ValueError as error:
                raise RowRefusedError(f"amount: {error}") from error
        _decide_outcome(found)
        return DealRow(line, digest, warnings=warnings, **found)


def _decide_outcome(found: dict[str, Any]) -> None:
    """What the deal came to: as it says, else by the date it has."""
    won_at, lost_at = found.pop("won_at", None), found.pop("lost_at", None)
    outcome = found.get("outcome") or ("won" if won_at else "lost" if lost_at else "open")
    closed_at = {"won": won_at, "lost": lost_at or won_at, "open": None}[outcome]
    if outcome != "open" and closed_at is None:
        raise RowRefusedError(f"it is {outcome}, but has no {outcome}_at")
    if outcome == "won" and found.get("amount_minor") is None:
        raise RowRefusedError("it is won, but has no amount; if that means nothing was sold, give a default of 0")
    if outcome == "lost":
        found.setdefault("loss_reason", "other")
    else:
        found.pop("loss_reason", None)
    created_at = found.get("created_at") or closed_at
    if closed_at is not None and created_at > closed_at:
        raise RowRefusedError("it was closed before it was opened")
    found |= {"outcome": outcome, "closed_at": closed_at, "created_at": created_at}


def _counted(numbered: Numbered, read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Reads a number as the moment it stands for."""
    return lambda text: read(numbered.moment(text))


def _in_millionths(text: str) -> int:
    """Platforms share a conversion between clicks, so that they claim parts of one."""
    if not re.fullmatch(r"\d{1,9}(\.\d+)?", text):
        raise ValueError(f"conversions: “{text[:40]}” is no number from 0 to a billion")
    return int((Decimal(text) * MICRO_UNITS).to_integral_value(ROUND_HALF_EVEN))


def _number(text: str, decimal: str) -> str | float:
    plain = text.replace(decimal, ".", 1)
    return float(plain) if _PLAIN_NUMBER.fullmatch(plain) else text


def _translated(raw: str, values: dict[str, str]) -> str:
    found = values.get(raw.casefold())
    return found if found is not None else values.get("*", raw) if raw else ""


def _places(mapping: FileMapping, header: Sequence[str]) -> dict[str, int]:
    missing = [name for name in mapping.wanted if name not in header]
    if missing:
        told = "; ".join(f"“{name}”{nearest(name, header)}" for name in missing)
        raise MappingError(f"The file lacks {told}. Its columns are: {', '.join(header)}.")
    twice = [name for name in mapping.wanted if list(header).count(name) > 1]
    if twice:
        raise MappingError(f"The file has “{twice[0]}” more than once; rename one of them.")
    return {name: list(header).index(name) for name in mapping.wanted}
