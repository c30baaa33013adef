"""Run every benchmark and write what they print, with the machine and the day, to benchmarks/RESULTS.md."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.machine import machine

MODULES = {
    "collector": "Collector with the loader running",
    "agents": "User agents",
    "attribution": "Attribution from two tables of rows",
    "reports": "Closed-loop report on a large store",
    "engines": "DuckDB and ClickHouse side by side",
    "steps": "What ClickHouse thinks about a closed loop",
    "rules": "Rules over a population",
    "firms": "What-if against firms whose truth is known",
    "imports": "Import of leads",
    "huddles": "Verdicts about decisions where nothing changed",
    "meeting": "A huddle of 60 hand-overs and 12 people",
    "pages": "The demo company behind a real server",
    "backup": "Backup of a large event store",
    "reliability": "Killing the server under load",
}
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    parts = [f"# Results\n\nMeasured on {datetime.now(UTC):%Y-%m-%d} by `make bench` on: {machine()}.\n"]
    for module, title in MODULES.items():
        print(f"== {title}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{module}"], check=False, stdout=subprocess.PIPE, text=True
        )
        print(done.stdout, flush=True)
        if done.returncode != 0:
            print(f"benchmarks.{module} failed; RESULTS.md stays as it was", file=sys.stderr)
            return 1
        parts.append(f"## {title}\n\n{done.stdout.strip()}\n")
    RESULTS.write_text("\n".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
