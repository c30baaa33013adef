"""`loopline report`: the figures of the report pages, on the command line."""

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from loopline.cli.bridge import running_server
from loopline.cli.command import DONE, Command, CommandError, UsedWronglyError
from loopline.cli.prepare import set_up_again
from loopline.cli.report_told import tell
from loopline.cli.report_words import configure, refusal, words_sent
from loopline.cli.typed import at_option
from loopline.lib.config import Config, read_config
from loopline.reports.options import OptionError
from loopline.store.engine import StoreError
from loopline.store.open import open_engine


def _run(given: Namespace) -> int:
    if why := refusal(given):
        raise UsedWronglyError(why)
    try:
        tell(_ask(read_config(), given), given)
    except OptionError as error:
        raise UsedWronglyError(at_option(error.field, str(error))) from error
    except StoreError as error:
        raise CommandError(str(error)) from error
    return DONE


def _ask(config: Config, given: Namespace) -> Mapping[str, Any]:
    server, words = running_server(config), words_sent(given)
    if server is None:
        return _ask_the_store(config, given.key, words)
    answer = server.ask("/internal/report", {"key": given.key, **words})
    if not isinstance(answer, dict):
        raise CommandError("the server did not answer with a report; is it the same version of Loopline?")
    return answer


def _ask_the_store(config: Config, key: str, words: Mapping[str, str]) -> Mapping[str, Any]:
    """Without a server the store is free to be opened here. Raises OptionError and StoreError."""
    set_up_again()
    from loopline.access.actor import SYSTEM  # models, which need Django to be set up first
    from loopline.access.books import books_for
    from loopline.web.report_for_commands import report_answer

    books = books_for(SYSTEM)
    engine = open_engine(config)
    try:
        return report_answer(key, words, SYSTEM, engine, books)
    finally:
        engine.close()


COMMAND = Command(
    key="report",
    summary="Print a report: what was spent, and what it earned",
    example="loopline report closed-loop --from 2026-01-01 --to 2026-03-31 --by channel --format json",
    run=_run,
    configure=configure,
)
