"""Taking in a site's access logs: the past from before the tracker, on record."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from loopline.access.actor import Actor
from loopline.access.audit import audit, take_turn
from loopline.access.models import BusinessUnit
from loopline.collect.access_log.feed import Feed
from loopline.collect.access_log.reading import AccessLogs, Account, read_pages
from loopline.collect.access_log.visits import Visits
from loopline.sync.importing import require_import

_TELL_EVERY = 5_000
_SHOWN_PAGES = 10
Progress = Callable[[float, Account], None]
"""Called now and then with the share of the files that is read (0 to 1) and the account so far."""


class SiteRefusedError(ValueError):
    """This is no name of a site; the message says how to write it."""


@dataclass(slots=True)
class Look:
    """What an import would do."""

    account: Account
    pages: list[dict[str, object]] = field(default_factory=list)
    """The first page views as events."""


def site_of(text: str) -> str:
    """A site's host, with its port where it has one, in lower case. Raises SiteRefusedError."""
    site = text.strip().lower().removeprefix("https://").removeprefix("http://").rstrip("/")
    if len(site) > 253 or not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?", site):
        raise SiteRefusedError(f"“{text[:80]}” is no site; write its host, such as www.example.com")
    return site


def preview_access_logs(
    asked: AccessLogs, unit: BusinessUnit, *, by: Actor, progress: Progress = lambda _share, _account: None
) -> Look:
    """Read everything, write nothing. Raises NotAllowedError, LogFileError."""
    require_import(by, unit)
    look = Look(Account())
    for event in _read(asked, look.account, progress):
        if len(look.pages) < _SHOWN_PAGES:
            look.pages.append(event)
    return look


def import_access_logs(
    asked: AccessLogs,
    unit: BusinessUnit,
    folder: Path,
    *,
    by: Actor,
    progress: Progress = lambda _share, _account: None,
) -> tuple[Account, int]:
    """Put the page views into the inbox in `folder`; the account of all lines, and how many events wait to be loaded.

    Running it again changes nothing: a line counts once. Raises NotAllowedError, and LogFileError or FeedStoppedError
    when it stopped half-way; what was taken in before stays.
    """
    require_import(by, unit)
    account = Account()
    _record(by, "began to import access logs", unit, asked)
    try:
        with closing(Feed(folder, asked)) as feed:
            for event in _read(asked, account, progress):
                feed.add(event)
            feed.flush()
            waiting = feed.waiting()
    finally:
        _record(by, "imported access logs", unit, asked, account)
    return account, waiting


def _read(asked: AccessLogs, account: Account, progress: Progress) -> Iterator[dict[str, object]]:
    """The page views of all files, one after the other: a visit may go on in the next file."""
    visits = Visits(asked.own_hosts)
    sizes = [path.stat().st_size if path.exists() else 0 for path in asked.files]
    total, before, due = sum(sizes) or 1, 0, _TELL_EVERY
    for path, size in zip(asked.files, sizes, strict=True):
        for page in read_pages(asked, path, visits, account):
            yield page.event
            if account.lines >= due:
                due = account.lines + _TELL_EVERY
                progress(min(1.0, (before + page.read_bytes) / total), account)
        before += size


def _record(by: Actor, verb: str, unit: BusinessUnit, asked: AccessLogs, account: Account | None = None) -> None:
    lines = {fate.name.lower(): count for fate, count in account.fates.items()} if account else {}
    with transaction.atomic():
        take_turn()
        audit(by, verb, unit, site=asked.site, files=[path.name for path in asked.files], lines=lines)
