"""What a command of `loopline` is. Each lives in its own file in `cli/commands/` and exports COMMAND."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass

DONE, FAILED, USED_WRONGLY = 0, 1, 2


class CommandError(RuntimeError):
    """The command could not do it; the message says what happened and what to do. Exit status 1."""


class UsedWronglyError(CommandError):
    """What was typed cannot be meant; the message says which option, and what to type instead. Exit status 2."""


@dataclass(frozen=True, slots=True)
class Command:
    key: str
    """The word after `loopline`."""
    summary: str
    example: str
    run: Callable[[Namespace], int]
    """Does the work and returns the exit status."""
    configure: Callable[[ArgumentParser], None] = lambda _parser: None
    """Adds the arguments."""
