"""How errors are written to the log."""

import logging
from types import TracebackType

LONGEST = 300
"""Characters of a line of an error. Lines of code are shorter."""


class ShortErrors(logging.Formatter):
    """Cuts the lines of a traceback. A template that looks for a name in vain puts the whole object it looked in into
    its error: a hundred thousand characters of a company's figures and people, which have no business in a log.
    """

    def formatException(  # noqa: N802 - the name of logging
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return "\n".join(_cut(line) for line in super().formatException(ei).splitlines())


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}… ({len(line) - LONGEST:,} more characters)"
