"""Whether something failed because the disk is full, and what to say then."""

import errno

DISK_FULL = (
    "The disk that holds Loopline's data is full, and nothing was saved. Free some space there, or ask whoever runs "
    "this server to; Loopline goes on by itself."
)


def is_disk_full(error: Exception) -> bool:
    """Whether there was no room to write: SQLite, PostgreSQL and the system say it each in their own words."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return any(words in str(error).lower() for words in ("disk is full", "no space left", "disk i/o error"))
