"""What numpy is told of the processor, before it is loaded."""

import os
from collections.abc import MutableMapping
from pathlib import Path

LEFT_OUT = "X86_V4 AVX512_ICL"
"""Its sorts that use AVX-512. Those that use AVX2 take their place."""
SLOW = {"vendor_id": "AuthenticAMD", "cpu family": "25"}
"""Processors up to Zen 4. They write a few chosen numbers out of a long register so slowly that to sort ten million
takes five times as long with AVX-512 as without; OpenJDK leaves it out for the same ones."""


def choose_sorts(told: MutableMapping[str, str] = os.environ, processor: Path = Path("/proc/cpuinfo")) -> None:
    """Let numpy sort without AVX-512 where that is slow. It reads this once, when it is loaded.

    Whoever has set NPY_DISABLE_CPU_FEATURES keeps what they set.
    """
    try:
        first = processor.read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:  # not Linux
        return
    lines = (line.partition(":") for line in first.splitlines())
    says = {name.strip(): value.strip() for name, _, value in lines}
    if says.items() >= SLOW.items() and "avx512f" in says.get("flags", "").split():
        told.setdefault("NPY_DISABLE_CPU_FEATURES", LEFT_OUT)
