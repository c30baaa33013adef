"""`loopline demo`: the demo company and the sample site, ready to click through."""

import os
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from pathlib import Path
from types import FrameType

from loopline.cli.command import DONE, FAILED, Command, CommandError
from loopline.cli.commands.serve import serve
from loopline.cli.prepare import migrate, set_up
from loopline.lib.config import Config, read_config

FILLED = "demo.filled"
FILLING = "demo.filling"
SITE = Path(__file__).resolve().parents[3] / "examples" / "site" / "serve.py"


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("--site-port", type=int, default=8001, help="port of the sample site (default 8001)")
    parser.add_argument("--fill-only", action="store_true", help="fill the demo company and stop")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        metavar="DATE",
        help="last day of the simulated year (default today, up to the last quarter of an hour)",
    )


def _run(given: Namespace) -> int:
    os.environ["LOOPLINE_DEMO"] = "1"
    config = read_config()
    if given.fill_only:
        return _fill(config, given.until)
    if not (config.data / FILLED).exists():
        # In a process of its own, so that the server does not keep the memory that filling needs.
        filling = [sys.executable, "-m", "loopline.cli.main", "demo", "--fill-only"]
        until = ["--until", given.until.isoformat()] if given.until else []
        if subprocess.run([*filling, *until], check=False).returncode != DONE:
            return FAILED
    config = _with_places(config)
    set_up()
    signal.signal(signal.SIGTERM, _end)  # the server hands it on once it has closed; then the sample site ends too
    site = _start_site(config, given.site_port)
    try:
        return serve(config, on_ready=lambda: _welcome(config, site, given.site_port))
    finally:
        if site is not None:
            site.terminate()
            site.wait()


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _fill(config: Config, until: date | None) -> int:
    _clear_half_filled(config)
    config.data.mkdir(parents=True, exist_ok=True)
    set_up()
    from loopline.access.models import User
    from loopline.demo.fill import fill
    from loopline.store.open import open_engine

    migrate()
    if User.objects.exists():
        raise CommandError(f"{config.data} holds a company already. Give the demo a folder of its own: LOOPLINE_DATA=…")
    (config.data / FILLING).touch()
    started = time.monotonic()
    engine = open_engine(config)
    try:
        filled = fill(engine, config.data, end_of_year(until, datetime.now(UTC)), progress=_say)
    finally:
        engine.close()
    (config.data / FILLING).rename(config.data / FILLED)
    took = time.monotonic() - started
    _say(f"{filled.events:,} events, {filled.leads:,} leads, {filled.won:,} won opportunities in {took:.0f} s")
    return DONE


def end_of_year(last_day: date | None, now: datetime) -> datetime:
    """The end of this day, or the last quarter of an hour where the day is not over."""
    quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    if last_day is None:
        return quarter
    return min(quarter, datetime.combine(last_day + timedelta(days=1), clock(tzinfo=UTC)))


def _clear_half_filled(config: Config) -> None:
    """A fill that was interrupted is begun anew; only what it had written itself goes."""
    if not (config.data / FILLING).exists():
        return
    for name in ("records.sqlite", "inbox.sqlite", "collect.sqlite", "keys.sqlite", "events.duckdb"):
        for path in config.data.glob(f"{name}*"):
            if path.is_file():
                path.unlink()
    (config.data / FILLING).unlink()


def _with_places(config: Config) -> Config:
    """The demo company's own places, unless others are named."""
    from loopline.demo.places import FILE

    places = config.data / FILE
    return config if config.places or not places.exists() else replace(config, places=(str(places),))


def _start_site(config: Config, port: int) -> "subprocess.Popen[bytes] | None":
    """The sample site in a process of its own; None when the package stands without its examples."""
    if not SITE.exists():
        return None
    from loopline.demo.fill import key_of

    collector = f"http://{config.address}"
    arguments = ["--port", str(port), "--collector", collector, "--key", key_of("europe")]
    return subprocess.Popen([sys.executable, str(SITE), *arguments])


def _welcome(config: Config, site: "subprocess.Popen[bytes] | None", site_port: int) -> None:
    has_site = site is not None and site.poll() is None
    lines = [
        "",
        f"  Loopline     {config.base_url}",
        f"  Sample site  http://127.0.0.1:{site_port}" if has_site else "  Sample site  not running",
        *(["               Choose another port for it: loopline demo --site-port 8002"] * bool(site and not has_site)),
        "",
        "  Sign in with one click: the sign-in page offers Halden's people by role.",
        *(["  Then come to the sample site through a campaign link at its foot and watch yourself arrive."] * has_site),
        "  Stop with Ctrl-C.",
        "",
    ]
    print("\n".join(lines), flush=True)


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


COMMAND = Command(
    key="demo",
    summary="Fill the demo company (first time), start Loopline and a sample site",
    example="LOOPLINE_DATA=/tmp/demo loopline demo",
    run=_run,
    configure=_configure,
)
