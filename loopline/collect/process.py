"""How a process uses its interpreter: how threads share it, and how often it looks for garbage."""

import gc
import os
import sys

SWITCH_INTERVAL_S = 0.0005
NICE = 5
"""A third of the share of a process at 0, where all have more to do than there are processors."""


def share_interpreter() -> None:
    """Let the event loop and the inbox's writer have the interpreter back quickly; call once, when a server starts.

    Python lets a busy thread keep the interpreter for 5 ms. The loader is busy for long, the event loop and the
    writer wake thousands of times a second and would wait that long each time.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def stand_back() -> None:
    """Let other processes of this machine go first; call once, where nobody waits for an answer."""
    os.nice(NICE)


def collect_rarely() -> None:
    """Look for circles of objects seldom; call once, when a process starts that handles events by the ten thousand.

    Events make no circles, and each look goes over all that are alive at that moment: a quarter of the time went there.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000, 10, 10)
