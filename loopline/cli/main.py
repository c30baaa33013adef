"""The program `loopline`: finds the command and runs it. Exit status 0 done, 1 failed, 2 used wrongly."""

import argparse
import os
import sys
from collections.abc import Sequence

from loopline import __version__
from loopline.cli.command import DONE, FAILED, USED_WRONGLY, Command, CommandError, UsedWronglyError
from loopline.lib.config import ConfigError
from loopline.lib.registry import scan


def commands(named: str = "") -> dict[str, Command]:
    """All commands, or the one of this name: each brings its part of the program, and all of it is long to load."""
    return scan("loopline.cli.commands", "COMMAND", Command, only=named)


def _parser(known: dict[str, Command]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="loopline",
        description="Closed-loop marketing: from the first anonymous visit to the won deal and back.",
        epilog="Start here: `loopline serve`, then open the address it prints. Exit status: 0 done, 1 failed, 2 used "
        "wrongly, such as an option or a file that cannot be meant.",
    )
    parser.add_argument("--version", action="version", version=f"loopline {__version__}")
    below = parser.add_subparsers(dest="command", metavar="COMMAND")
    for command in known.values():
        one = below.add_parser(
            command.key,
            help=command.summary,
            description=command.summary,
            epilog=f"Example: {command.example}",
        )
        command.configure(one)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loopline.web.settings")
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()  # also of what argparse printed before it ended the program
    except BrokenPipeError:
        # Whoever reads has enough, such as `head`; what is left goes nowhere, also when the program ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _run(arguments: Sequence[str] | None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    known = commands(words[0] if words else "")
    parser = _parser(known)
    given = parser.parse_args(words)
    if given.command is None:
        parser.print_help()
        return DONE
    try:
        return known[given.command].run(given)
    except (CommandError, ConfigError) as error:
        print(f"loopline {given.command}: {error}", file=sys.stderr)
        return USED_WRONGLY if isinstance(error, UsedWronglyError) else FAILED
    except KeyboardInterrupt:
        return FAILED


def run() -> None:
    sys.exit(main())


if __name__ == "__main__":
    run()
