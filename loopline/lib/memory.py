"""How much memory the machine has, and how much of it the event store may hold where nobody says."""

import os
from collections.abc import Iterator
from pathlib import Path

GB = 1_000_000_000
LEAST_GB, MOST_GB = 1, 4
"""Reports on ten million events need no more than the least; beyond the most they got no quicker on a hundred."""
SHARE = 8
CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux says what a container or a service may use."""


def memory_of_machine(cgroups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes of memory, of the container or service where that may use less; 0 where the system does not say."""
    try:
        sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, OSError, ValueError):  # not on Windows
        sizes = []
    limits = (_limit(path) for path in _limit_files(cgroups, own))
    return min([*sizes, *(size for size in limits if size is not None)], default=0)


def _limit_files(cgroups: Path, own: Path) -> Iterator[Path]:
    yield cgroups / "memory.max"
    yield cgroups / "memory" / "memory.limit_in_bytes"  # the older way
    try:
        groups = own.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for group in groups:
        if group.startswith("0::/"):
            yield cgroups / group.removeprefix("0::/") / "memory.max"


def _limit(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None  # "max" where there is none


def store_memory_of(machine: int) -> str:
    """An eighth of the machine's memory, in whole GB within bounds."""
    return f"{min(max(machine // SHARE // GB, LEAST_GB), MOST_GB)}GB"


def usual_store_memory() -> str:
    """What the event store may hold on this machine."""
    return store_memory_of(memory_of_machine())
