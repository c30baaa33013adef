"""`loopline import access-log`: a site's past, from before the tracker."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from loopline.cli.command import DONE, CommandError
from loopline.lib.config import Config

if TYPE_CHECKING:
    from loopline.access.models import BusinessUnit
    from loopline.collect.access_log.reading import AccessLogs, Account
    from loopline.sync.access_logs import Progress as Told

Result = TypeVar("Result")

WORD = "access-log"


def import_access_log(given: Namespace, config: Config, unit: "BusinessUnit", console: Console) -> int:
    """Take the logs in, or with `--preview` only look. Raises CommandError."""
    from loopline.access.actor import SYSTEM
    from loopline.collect.access_log.feed import FeedStoppedError
    from loopline.collect.access_log.source import LogFileError
    from loopline.sync.access_logs import import_access_logs, preview_access_logs

    asked = _asked(given, config, unit)
    try:
        if given.preview:
            look = _with_bar(console, lambda told: preview_access_logs(asked, unit, by=SYSTEM, progress=told))
            _say(console, *_told(look.account), *map(_page, look.pages), "Nothing was written.")
            return DONE
        account, waiting = _with_bar(
            console, lambda told: import_access_logs(asked, unit, config.data, by=SYSTEM, progress=told)
        )
    except (LogFileError, FeedStoppedError) as error:
        raise CommandError(str(error)) from error
    _say(console, *_told(account), f"{waiting:,} events wait to be loaded; the server does that while it runs.")
    return DONE


def _asked(given: Namespace, config: Config, unit: "BusinessUnit") -> "AccessLogs":
    from loopline.access.processing import settings_now
    from loopline.collect.access_log.reading import AccessLogs
    from loopline.collect.keys import Keys
    from loopline.collect.settings import Settings
    from loopline.sync.access_logs import SiteRefusedError, site_of

    files = [Path(one) for one in given.files[1:]]
    if not files:
        raise CommandError("name at least one log file: loopline import access-log access.log --site www.example.com")
    missing = next((one for one in files if not one.is_file()), None)
    if missing is not None:
        raise CommandError(f"There is no file {missing}")
    if not given.site:
        raise CommandError("say which site the log is of: --site www.example.com")
    keys = Keys(config.data)
    try:
        zone = ZoneInfo(given.zone) if given.zone else None
        looked_up = Settings(data_centres=config.data_centres, places=config.places)
        return AccessLogs(files, site_of(given.site), str(unit.pk), zone, settings_now(keys).own_hosts, looked_up)
    except SiteRefusedError as error:
        raise CommandError(str(error)) from error
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise CommandError(f"there is no time zone “{given.zone}”; write it like Europe/Berlin") from error
    finally:
        keys.close()


def _with_bar(console: Console, work: Callable[["Told"], Result]) -> Result:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("0 lines", total=1.0)

        def show(share: float, account: "Account") -> None:
            bar.update(task, completed=share, description=f"{account.lines:,} lines")

        return work(show)


def _told(account: "Account") -> list[str]:
    from loopline.collect.access_log.pages import Fate

    lines = [f"{account.lines:,} lines:"]
    lines += [f"  {account.fates[fate]:>9,} {fate.value}" for fate in Fate if account.fates[fate]]
    lines += [f"{one.file} line {one.line}: {one.reason}" for one in account.problems]
    if (more := account.fates[Fate.UNREADABLE] - len(account.problems)) > 0:
        lines.append(f"… and {more:,} more: " + ", ".join(f"{n:,} {why}" for why, n in account.reasons.most_common(5)))
    if account.first_at is not None and account.last_at is not None:
        span = f"{account.first_at:%Y-%m-%d %H:%M} to {account.last_at:%Y-%m-%d %H:%M} UTC"
        lines.append(f"{account.visits:,} sessions of people, {span}")
    return lines


def _page(event: dict[str, object]) -> str:
    context = event["context"]
    assert isinstance(context, dict)
    begins = "  begins a session" if context["session"]["entry"] else ""
    came = f"  from {context['page']['referrer']}" if context["page"]["referrer"] else ""
    return f"  {event['timestamp']:%Y-%m-%d %H:%M:%S}  {context['page']['url']}{came}{begins}"


def _say(console: Console, *lines: str) -> None:
    for line in lines:
        # Terminals obey what stands in strangers' lines.
        shown = "".join(sign if sign.isprintable() else "·" for sign in line)
        console.print(shown, markup=False, highlight=False, soft_wrap=True)
