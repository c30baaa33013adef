"""Where an address is, and whose network it belongs to: from files in MaxMind's format (MMDB) that the operator gives.

Any such file will do. MaxMind's and DB-IP's nest what they know (`country.iso_code`), IPinfo's and others are flat
(`country_code`, `region`, `as_name`); both are read. Each file is asked for what the ones before it do not know.

A file is read from a copy of its own, so that one that is being overwritten can do no harm. When it changes it is
opened anew; as long as the new one cannot be read, the last good one stays in use.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import maxminddb

from loopline.lib.text import one_line

log = logging.getLogger(__name__)

OLD_AFTER = timedelta(days=180)
"""Networks change hands: a file of half a year ago is wrong about many."""
KEPT_ADDRESSES = 20_000
_Stamp = tuple[int, int, int]
_UNREADABLE = (OSError, ValueError, TypeError, KeyError, RecursionError, maxminddb.InvalidDatabaseError)
"""What opening or asking a file may raise that holds anything at all."""


class Place(NamedTuple):
    """What is known of an address; unknown parts are empty."""

    country: str = ""
    """ISO 3166-1 alpha-2, in capitals."""
    region: str = ""
    network: str = ""
    """Who owns the network: mostly an access provider, sometimes the company itself. A hint, never a match."""


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class PlacesFile:
    """How one of the files stands, for pages and `loopline doctor`."""

    path: str
    kind: str = ""
    """What its maker calls it, such as GeoLite2-City."""
    built_at: datetime | None = None
    trouble: str = ""
    """Why it cannot be used and what to do; empty when it can."""


def look_at(path: str) -> PlacesFile:
    """Whether a file can be used. Reads all of it when it has changed."""
    return _look_at(path, _stamp(path))


@lru_cache(maxsize=16)
def _look_at(path: str, _stamp: _Stamp | None) -> PlacesFile:
    try:
        with _opened(path) as reader:
            about = reader.metadata()
    except _UNREADABLE as error:
        return PlacesFile(path, trouble=_trouble(error))
    kind = one_line(about.database_type, 100)
    try:
        return PlacesFile(path, kind, datetime.fromtimestamp(about.build_epoch, UTC))
    except (TypeError, ValueError, OverflowError, OSError):
        return PlacesFile(path, kind)


def _trouble(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "There is no such file. Put it there, or correct LOOPLINE_PLACES."
    if isinstance(error, PermissionError):
        return "Loopline may not read it. Give the user it runs as the right to."
    if isinstance(error, OSError):
        return f"It cannot be read: {error.strerror or error}."
    return "It is no MMDB file, or it is damaged. Fetch it anew."


class Places:
    """All files together, looked up by address. For one thread."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._files = [_File(path) for path in paths]
        self._find = lru_cache(maxsize=KEPT_ADDRESSES)(self._ask)

    def follow_changes(self) -> None:
        """Open anew what has changed on the disk since; what cannot be opened is in the log once."""
        changed = [file.follow_change() for file in self._files]
        if any(changed):
            self._find.cache_clear()

    def find(self, address: str) -> Place:
        """The place of an address as text; NOWHERE for what is no address, and for one that no file knows."""
        return self._find(address)

    def _ask(self, address: str) -> Place:
        try:
            found = ip_address(address)
        except ValueError:
            return NOWHERE
        found = getattr(found, "ipv4_mapped", None) or found
        country = region = network = ""
        for file in self._files:
            place = file.find(str(found), found.version)
            if place.country and not country:
                # A region only means something in its own country.
                country, region = place.country, place.region
            network = network or place.network
        return Place(country, region, network)


class _File:
    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp: _Stamp | str | None = "never looked at"
        self._reader: maxminddb.Reader | None = None
        self._is_known_damaged = False

    def follow_change(self) -> bool:
        """Whether the file was opened anew."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            # The one before closes by itself when nobody reads in it any more.
            self._reader = _opened(self._path)
        except _UNREADABLE as error:
            log.error("%s: %s Events go on without it, or with what it said before.", self._path, _trouble(error))
            return False
        self._is_known_damaged = False
        return True

    def find(self, address: str, version: int) -> Place:
        """NOWHERE where the file does not know, or cannot say."""
        if self._reader is None:
            return NOWHERE
        try:
            if version == 6 and self._reader.metadata().ip_version == 4:
                return NOWHERE
            return place_in(self._reader.get(address))
        except _UNREADABLE:
            if not self._is_known_damaged:
                self._is_known_damaged = True
                log.error("%s is damaged in some places; events go on without what it says there.", self._path)
            return NOWHERE


def _stamp(path: str) -> _Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _opened(path: str) -> maxminddb.Reader:
    """A reader of a copy that has no name any more. Raises OSError, ValueError or InvalidDatabaseError."""
    with Path(path).open("rb") as source, tempfile.NamedTemporaryFile(prefix="loopline-places-") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
        copy.flush()
        return maxminddb.open_database(copy.name, maxminddb.MODE_AUTO)


def place_in(record: Any) -> Place:
    """The place that a record of either layout tells of. Values of other types than expected say nothing."""
    if not isinstance(record, dict):
        return NOWHERE
    country = _country(_at(record, "country", "iso_code")) or _country(record.get("country_code"))
    country = country or _country(record.get("country"))
    parts = record.get("subdivisions")
    nested = parts[0] if isinstance(parts, list) and parts else None
    region = _text(_at(nested, "names", "en")) or _text(_at(nested, "iso_code"))
    region = region or _text(record.get("region")) or _text(record.get("state1")) or _text(record.get("region_name"))
    return Place(country, region if country else "", _network(record))


def _network(record: dict[str, Any]) -> str:
    traits = record.get("traits")
    for said in (record, traits if isinstance(traits, dict) else {}):
        for name in ("organization", "autonomous_system_organization", "as_name", "isp"):
            if text := _text(said.get(name)):
                return text
    return _text(record.get("name")) if record.get("asn") else ""


def _at(value: Any, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _country(value: Any) -> str:
    text = value.upper() if isinstance(value, str) else ""
    return text if len(text) == 2 and text.isascii() and text.isalpha() else ""


def _text(value: Any) -> str:
    return one_line(value, 120) if isinstance(value, str) else ""
