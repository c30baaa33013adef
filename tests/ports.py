"""Ports for servers of tests. Several runs and workers ask at once, so what is free for one must not be for another."""

import fcntl
import itertools
import os
import socket
import tempfile
from pathlib import Path

FIRST, LAST = 10_000, 32_000
"""Below those that the kernel gives to whoever names none, so that no connection takes one in between."""
_EACH = 41
"""Processes that start one after the other begin so far apart."""
_counted = itertools.count(os.getpid() * _EACH)
_given = (Path(tempfile.gettempdir()) / f"loopline-test-ports-{os.getuid()}").open("ab")
"""For each port that a process was given it holds the lock of one byte, as long as it lives."""


def free_port() -> int:
    """A port of this machine that nobody listens on, and that no other process of tests is given."""
    for number in itertools.islice(_counted, LAST - FIRST):
        port = FIRST + number % (LAST - FIRST)
        try:
            fcntl.lockf(_given, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
    raise RuntimeError(f"No port from {FIRST} to {LAST} is free on this machine.")
