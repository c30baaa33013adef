"""How fast files come in, and in how much memory: generated leads with addresses and companies, on an empty SQLite.

    python -m benchmarks.imports            # 25,000 and 100,000 rows
    python -m benchmarks.imports 1000000    # sizes of your own; `--log` prints how it goes on

Each size runs in a process of its own, so that its peak memory is its own (that of the import: the relay, which a
running server does beside it, comes after). Every row becomes a person, a lead, a touchpoint and, for every third, a
company; first the file is new, then it is taken in once more unchanged, then the relay carries its facts to DuckDB,
then (up to 25,000 rows) it is taken in with other names, that is undone, and the first import is undone.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MOST_UNDONE = 25_000
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


class Watch:
    """Units a second since it was made, by the clock and by processor time."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def speeds(self, units: int) -> tuple[float, float]:
        return units / (time.perf_counter() - self._wall), units / (time.process_time() - self._cpu)


def measure(rows: int, *, tell: bool) -> dict[str, float | None]:
    """Import once new, once again unchanged, relay, then undo; in this process."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"LOOPLINE_DATA": folder, "DJANGO_SETTINGS_MODULE": "loopline.web.settings"}
        import django

        django.setup()
        from django.core.management import call_command

        from loopline.access.actor import SYSTEM
        from loopline.access.models import BusinessUnit
        from loopline.facts.relay import Relay
        from loopline.lib.config import read_config
        from loopline.store.open import open_engine
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
        watch = Watch()
        progress = _told(watch, rows) if tell else lambda _share, _tally: None
        run = run_import(asked, by=SYSTEM, progress=progress)
        new, new_cpu = watch.speeds(rows)
        assert run.counts == {"created": rows}, run.counts
        watch = Watch()
        run_import(asked, by=SYSTEM)
        again, _ = watch.speeds(rows)
        peak = _peak_mb()
        engine = open_engine(read_config())
        watch = Watch()
        relayed, _ = watch.speeds(Relay(engine).relay_all())
        engine.close()
        undo = back = None
        if rows <= MOST_UNDONE:
            path.write_text(path.read_text("utf-8").replace("Person Number", "Number"), "utf-8")
            asked = Import(mapping, find_sources(mapping, [(path, path.name)]), unit, Path(folder))
            changed = run_import(asked, by=SYSTEM)
            assert changed.counts == {"updated": rows}, changed.counts
            watch = Watch()
            undo_import(changed, by=SYSTEM)
            _, back = watch.speeds(rows)
            watch = Watch()
            undo_import(run, by=SYSTEM)
            _, undo = watch.speeds(rows)
    return {
        "rows": rows, "new_per_s": new, "new_per_cpu_s": new_cpu, "again_per_s": again, "facts_per_s": relayed,
        "undo_per_cpu_s": undo, "back_per_cpu_s": back, "before_mb": before, "peak_mb": peak,
    }  # fmt: skip


def _told(watch: Watch, rows: int) -> Callable[[float, object], None]:
    last = [0.0]

    def tell(share: float, _tally: object) -> None:
        if share - last[0] >= 0.05 or share == 1.0:
            last[0] = share
            wall, cpu = watch.speeds(round(rows * share))
            print(f"{share:.0%}: {wall:,.0f} rows/s, {cpu:,.0f} a CPU s, peak {_peak_mb():.0f} MB", file=sys.stderr)

    return tell


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)


def main() -> None:
    if "--one" in sys.argv:
        print(json.dumps(measure(int(sys.argv[-1]), tell="--log" in sys.argv)))
        return
    sizes = [one for one in sys.argv[1:] if one.isdigit()] or ["25000", "100000"]
    log = [one for one in sys.argv[1:] if one == "--log"]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}, SQLite")
    heads = f"{'rows':>9} {'new/s':>8} {'new/CPU s':>10} {'again/s':>9} {'facts/s':>9}"
    print(f"{heads} {'undo/CPU s':>10} {'back/CPU s':>10} {'at start':>9} {'peak':>8}")
    for size in sizes:
        command = [sys.executable, "-m", "benchmarks.imports", *log, "--one", size]
        one = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
        undo, back = (
            "–" if value is None else f"{value:,.0f}" for value in (one["undo_per_cpu_s"], one["back_per_cpu_s"])
        )
        speeds = f"{one['new_per_s']:>8,.0f} {one['new_per_cpu_s']:>10,.0f} {one['again_per_s']:>9,.0f}"
        rest = (
            f"{one['facts_per_s']:>9,.0f} {undo:>10} {back:>10} {one['before_mb']:>6,.0f} MB {one['peak_mb']:>5,.0f} MB"
        )
        print(f"{one['rows']:>9,} {speeds} {rest}")


if __name__ == "__main__":
    main()
