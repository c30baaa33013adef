"""Ports for servers of tests. Several runs and workers ask at once, so what is free for one must not be for another."""

import itertools
import os
import socket

FIRST, LAST = 10_000, 32_000
"""Below those that the kernel gives to whoever names none, so that no connection takes one in between."""
_EACH = 41
"""Processes that start one after the other begin so far apart."""
_counted = itertools.count(os.getpid() * _EACH)


def free_port() -> int:
    """A port of this machine that nobody listens on, and that no other process is likely to be given."""
    for number in itertools.islice(_counted, LAST - FIRST):
        port = FIRST + number % (LAST - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise RuntimeError(f"No port from {FIRST} to {LAST} is free on this machine.")
