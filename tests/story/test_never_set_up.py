"""Commands in a folder where nothing was set up: each says what to do instead."""

import json
import subprocess
import sys
from pathlib import Path

ASKED = (
    ["report", "closed-loop"],
    ["report", "weekly"],
    ["experiments"],
    ["events"],
    ["events", "--explain", "5"],
    ["fit", "--unit", "nordics"],
    ["replay", "--all"],
    ["import", "--undo", "last"],
)
ALL_IN_ONE = """
import sys, json
from loopline.cli.main import main
for arguments in json.loads(sys.argv[1]):
    print(arguments[0], main(arguments), file=sys.stderr)
"""


def test_every_command_that_needs_an_installation_says_where_to_look_or_what_to_run(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    done = subprocess.run(  # one process for all: starting takes far longer than asking
        [sys.executable, "-c", ALL_IN_ONE, json.dumps(ASKED)], env={"LOOPLINE_DATA": str(empty)}, text=True,
        capture_output=True, check=True,
    )  # fmt: skip
    lines = done.stderr.splitlines()
    assert [line for line in lines if "nothing was set up" not in line] == [f"{one[0]} 1" for one in ASKED]
    told = [line for line in lines if "nothing was set up" in line]
    assert len(told) == len(ASKED)
    assert all(str(empty) in line and "LOOPLINE_DATA" in line and "`loopline setup`" in line for line in told)
    assert done.stdout == ""
    left = {path.name for path in empty.iterdir()}
    assert left <= {"secret_key"}, "looking makes no installation"
