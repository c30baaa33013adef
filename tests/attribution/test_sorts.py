"""Sorts without AVX-512 where a processor's AVX-512 is slow at them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loopline.lib.processor import choose_sorts

ZEN_4 = "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nflags\t\t: fpu avx2 avx512f avx512bw\n\nvendor_id\t: none\n"


@pytest.fixture
def processor(tmp_path: Path) -> Path:
    return tmp_path / "cpuinfo"


def test_a_processor_with_slow_sorts_is_told(processor: Path) -> None:
    processor.write_text(ZEN_4)
    told: dict[str, str] = {}
    choose_sorts(told, processor)
    assert told == {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL"}


@pytest.mark.parametrize(
    ("this", "other"),
    [("AuthenticAMD", "GenuineIntel"), ("family\t: 25", "family\t: 26"), ("avx512f ", ""), (ZEN_4, "")],
)
def test_others_sort_as_they_are(processor: Path, this: str, other: str) -> None:
    processor.write_text(ZEN_4.replace(this, other))
    told: dict[str, str] = {}
    choose_sorts(told, processor)
    choose_sorts(told, processor.with_name("not there"))
    assert not told


def test_what_was_set_before_stays(processor: Path) -> None:
    processor.write_text(ZEN_4)
    told = {"NPY_DISABLE_CPU_FEATURES": ""}
    choose_sorts(told, processor)
    assert told == {"NPY_DISABLE_CPU_FEATURES": ""}


def test_numpy_takes_it_without_a_warning(processor: Path) -> None:
    """In a process of its own, on the processor that is there: numpy reads it once, when it is loaded."""
    told: dict[str, str] = {}
    choose_sorts(told)
    shows = (
        "import loopline.attribution.in_order, os, numpy; print(os.environ.get('NPY_DISABLE_CPU_FEATURES', '')); "
        "print(*numpy.show_config(mode='dicts')['SIMD Extensions'].get('found', []))"
    )
    before = {name: value for name, value in os.environ.items() if name != "NPY_DISABLE_CPU_FEATURES"}
    found = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", shows],
        env=before,
        capture_output=True,
        text=True,
        check=True,
    )
    left_out, features = found.stdout.splitlines()
    assert left_out == told.get("NPY_DISABLE_CPU_FEATURES", "")
    assert not set(left_out.split()) & set(features.split())
