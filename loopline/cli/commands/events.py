"""`loopline events`: what arrived, as the event store has it; with `--explain`, what the steps make of one event."""

import json
from argparse import ArgumentParser, Namespace
from datetime import datetime

from loopline.cli.bridge import running_server
from loopline.cli.command import DONE, Command, CommandError
from loopline.cli.event_trace import explain_event
from loopline.cli.prepare import set_up_again
from loopline.lib.config import Config, read_config
from loopline.lib.times import parse_moment
from loopline.people.emails import InvalidEmailError, normalise
from loopline.reports.visits.arrivals import MOST, Wanted, arrivals
from loopline.store.engine import StoreError
from loopline.store.open import open_engine


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument("--message-id", default="", help="only the event with this id")
    parser.add_argument("--person", metavar="EMAIL", help="only events of the person with this address")
    parser.add_argument("--since", default="1970-01-01T00:00:00Z", metavar="T", help="received from then on (ISO 8601)")
    parser.add_argument("--limit", type=int, default=50, help=f"how many at the most (default 50, up to {MOST})")
    parser.add_argument(
        "--explain", metavar="ID", default="", help="what each step makes of one event, by its number or messageId"
    )
    parser.add_argument("--format", choices=["json"], default="json", help="one JSON object a line, newest first")


def _run(given: Namespace) -> int:
    if given.explain:
        return explain_event(given.explain)
    config = read_config()
    for row in _ask(config, given):
        print(json.dumps(row, ensure_ascii=False, default=_iso))
    return DONE


def _ask(config: Config, given: Namespace) -> list[dict[str, object]]:
    try:
        email = normalise(given.person) if given.person else ""
        wanted = Wanted(parse_moment(given.since), given.message_id, email, given.limit)
    except (ValueError, InvalidEmailError) as error:
        raise CommandError(str(error)) from error
    server = running_server(config)
    if server is not None:
        asked: dict[str, str | int] = {
            "message_id": given.message_id, "since": wanted.since.isoformat(), "limit": given.limit,
        }  # fmt: skip
        answer = server.ask("/internal/events", asked | ({"person": email} if email else {}))
        return list(answer["events"]) if isinstance(answer, dict) else []
    set_up_again()
    try:
        engine = open_engine(config)
        try:
            return arrivals(engine, wanted)
        finally:
            engine.close()
    except StoreError as error:
        raise CommandError(str(error)) from error


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


COMMAND = Command(
    key="events",
    summary="Show what arrived, newest first",
    example="loopline events --person ines@example.com --limit 10",
    run=_run,
    configure=_configure,
)
