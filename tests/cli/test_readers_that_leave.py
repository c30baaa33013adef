"""Whoever reads what a command prints may leave early, as `head` does: it ends without a word, and nothing failed."""

import os
import subprocess
import sys
from pathlib import Path


def test_a_reader_that_has_enough_ends_it_without_a_word(tmp_path: Path) -> None:
    file = tmp_path / "paths.csv"
    file.write_text("path;total_conversions\n" + "".join(f"channel {number};1\n" for number in range(20_000)))
    program = [sys.executable, "-m", "loopline.cli.main", "attribute", str(file), "--model", "linear"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith(b"Channel")
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_nobody_who_reads_the_help_ends_it_without_a_word() -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "loopline.cli.main", "--help"], stdout=write, stderr=subprocess.PIPE,
                          env=os.environ | {"PYTHONUNBUFFERED": ""}, timeout=60, check=False)  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
