"""How fast files come in, and in how much memory: generated leads with addresses and companies, on an empty SQLite.

    python -m benchmarks.imports            # 10,000 and 100,000 rows
    python -m benchmarks.imports 1000000    # sizes of your own

Each size runs in a process of its own, so that its peak memory is its own.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MAPPING = """
system = "bench"
[[file]]
kind = "leads"
[file.columns]
external_id = "id"
name = "name"
email = "email"
company = "company"
first_contact = "date"
source = "source"
"""


def generate(path: Path, rows: int) -> None:
    """Three people a company; some quoted values, as real files have."""
    with path.open("w", encoding="utf-8") as file:
        file.write("id,name,email,company,date,source\n")
        for row in range(rows):
            day = f"2025-{row % 12 + 1:02}-{row % 28 + 1:02}"
            firm = row // 3
            file.write(f'L{row},Person Number {row},p{row}@firm{firm}.example,"Firm {firm}, Ltd",{day},s{row % 7}\n')


def measure(rows: int) -> dict[str, float]:
    """Import once new, once again unchanged, then undo; in this process."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"LOOPLINE_DATA": folder, "DJANGO_SETTINGS_MODULE": "loopline.web.settings"}
        import django

        django.setup()
        from django.core.management import call_command

        from loopline.access.actor import SYSTEM
        from loopline.access.models import BusinessUnit
        from loopline.sync.importing import Import, run_import
        from loopline.sync.mapping import read_mapping
        from loopline.sync.sources import find_sources
        from loopline.sync.undo import undo_import

        call_command("migrate", verbosity=0)
        unit = BusinessUnit.objects.create(key="bench", name="Bench")
        path = Path(folder) / "leads.csv"
        generate(path, rows)
        mapping = read_mapping(MAPPING)
        asked = Import(mapping, find_sources(mapping, [(path, path.name)]), unit, Path(folder))
        before = _peak_mb()
        started, cpu = time.perf_counter(), time.process_time()
        run = run_import(asked, by=SYSTEM)
        new, new_cpu = time.perf_counter() - started, time.process_time() - cpu
        assert run.counts == {"created": rows}, run.counts
        started = time.perf_counter()
        run_import(asked, by=SYSTEM)
        again = time.perf_counter() - started
        peak = _peak_mb()
        started = time.perf_counter()
        undo_import(run, by=SYSTEM)
        undo = time.perf_counter() - started
    return {
        "rows": rows, "new_per_s": rows / new, "new_per_cpu_s": rows / new_cpu, "again_per_s": rows / again,
        "undo_per_s": rows / undo, "before_mb": before, "peak_mb": peak,
    }  # fmt: skip


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


def main() -> None:
    if "--one" in sys.argv:
        print(json.dumps(measure(int(sys.argv[-1]))))
        return
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}, SQLite")
    print(f"{'rows':>9} {'new/s':>8} {'new/CPU s':>10} {'again/s':>9} {'undo/s':>8} {'at start':>9} {'peak':>8}")
    for size in sys.argv[1:] or ["10000", "100000"]:
        told = subprocess.run([sys.executable, __file__, "--one", size], capture_output=True, text=True, check=True)
        one = json.loads(told.stdout)
        speeds = f"{one['new_per_s']:>8,.0f} {one['new_per_cpu_s']:>10,.0f} {one['again_per_s']:>9,.0f}"
        rest = f"{one['undo_per_s']:>8,.0f} {one['before_mb']:>6,.0f} MB {one['peak_mb']:>5,.0f} MB"
        print(f"{one['rows']:>9,} {speeds} {rest}")


if __name__ == "__main__":
    main()
