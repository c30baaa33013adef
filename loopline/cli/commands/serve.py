"""`loopline serve`: the whole product in one process."""

import socket
from argparse import Namespace
from collections.abc import Callable

from loopline.cli.bridge import running_server
from loopline.cli.command import Command, CommandError
from loopline.cli.prepare import migrate, set_up
from loopline.collect.loader import LoaderError
from loopline.lib.config import Config
from loopline.store.engine import StoreError


def serve(config: Config, *, on_ready: Callable[[], None]) -> int:
    """Serve until told to stop; the exit status. Raises CommandError when it cannot start."""
    running = running_server(config)
    if running is not None:
        raise CommandError(f"Loopline runs already on this data, at {running.url}")
    _refuse_taken_port(config)
    migrate()
    from loopline.web.server import run as run_server  # needs Django to be set up

    try:
        return run_server(config, on_ready=on_ready)
    except (StoreError, LoaderError) as error:
        raise CommandError(str(error)) from error


def _refuse_taken_port(config: Config) -> None:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((config.host, config.port))
        except OSError as error:
            raise CommandError(
                f"cannot listen on {config.host}:{config.port} ({error.strerror}). "
                "Stop what uses it, or choose another with LOOPLINE_BIND=127.0.0.1:8010."
            ) from error


def _run(_given: Namespace) -> int:
    config = set_up()
    return serve(config, on_ready=lambda: _say_where(config))


def _say_where(config: Config) -> None:
    from loopline.access.setup import setup_token

    print(f"Loopline is at {config.base_url}", flush=True)
    if token := setup_token():
        print(f"Nobody can sign in yet. Set it up here, once: {config.base_url}/setup/{token}/", flush=True)


COMMAND = Command(
    key="serve",
    summary="Run Loopline: collector, pages, loader and background work in one process",
    example="LOOPLINE_DATA=/var/lib/loopline BASE_URL=https://loopline.example.com loopline serve",
    run=_run,
)
