"""The machine a figure was measured on; a figure without it says nothing."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """Processor, cores given to this process, memory, system and Python, in one line."""
    return ", ".join(
        [
            _field("/proc/cpuinfo", "model name") or platform.processor() or "unknown processor",
            f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores",
            f"{_memory_gb():.0f} GB",
            f"{platform.system()} {platform.release().split('-')[0]}",
            f"Python {platform.python_version()}",
        ]
    )


def _field(path: str, name: str) -> str:
    file = Path(path)
    if not file.exists():
        return ""
    for line in file.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""


def _memory_gb() -> float:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    except (ValueError, OSError):
        return float("nan")
