"""How threads share the one interpreter."""

import sys

SWITCH_INTERVAL_S = 0.0005


def share_interpreter() -> None:
    """Let the event loop and the inbox's writer have the interpreter back quickly; call once, when a server starts.

    Python lets a busy thread keep the interpreter for 5 ms. The loader is busy for long, the event loop and the
    writer wake thousands of times a second and would wait that long each time.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
