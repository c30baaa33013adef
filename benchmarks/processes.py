"""What the server's processes cost: seconds of a processor, and memory. Linux only; elsewhere nothing is known."""

import os
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and those it started; the server first, then its helper."""
    found = Path(f"/proc/{pid}/task")
    children = [int(one) for task in found.glob("*/children") for one in task.read_text().split()]
    return [pid, *(one for child in children for one in family(child))]


def processor_s(pid: int) -> float:
    """Seconds of a processor that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def resident_mb(pid: int) -> int:
    """Memory of a process in MB, with what it shares with others."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
