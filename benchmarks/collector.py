"""How fast the collector takes events, durably, with the loader running beside it.

    python -m benchmarks.collector [--seconds 8] [--only WORD] [--json FILE]
    python -m benchmarks.collector --memory 10 [--stored-before 2000000]

The whole product is served (`loopline serve`), with or without everything the collector can do for an event: visits
that a tracker numbers, channels by the organisation's own rules, devices, places, machines and data centres, ids among
millions of known ones, people who say who they are. Every answer is checked; at the end what the store has is counted
against the answers. The senders have a process of their own and share the processors with the server.

`--memory` sends at a modest pace for so many minutes and prints what memory the server and its helper hold meanwhile,
and how fast it grows in the second half. A new installation grows until the store's file is larger than what DuckDB may
hold of it; `--stored-before` loads so many events first, so that what is measured is what comes after that.
"""

import argparse
import gc
import json
import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import linear_regression

import httpx

from benchmarks.installation import Installation, Served, installation
from benchmarks.machine import machine
from benchmarks.processes import processor_s, resident_mb
from benchmarks.senders import Answers, drive
from benchmarks.traffic import Plain, Sent, Site, Traffic
from loopline.collect.channels import Condition, Rule
from loopline.collect.keys import Keys
from loopline.collect.known_ids import KnownId, add_ids
from loopline.collect.log import connect
from loopline.collect.state import State
from loopline.collect.transactions import transaction
from loopline.demo.mmdb import write_mmdb

CONNECTIONS = 64
KNOWN_IDS = 5_000_000
DATA_CENTRES = 5_000
MEMORY_RATE = 1_000
COUNTRIES = ("NO", "SE", "DE", "FR", "US")


@dataclass(frozen=True)
class Run:
    name: str
    size: int
    """Events in a request."""
    requests_per_s: int
    """The pace; or, where there is none, as many as are made beforehand."""
    is_paced: bool = False
    has_everything: bool = False


RUNS = (
    Run("one event a request", 1, 35_000),
    Run("batches of 50", 50, 8_000),
    Run("batches of 50, 30,000 events/s", 50, 600, is_paced=True),
    Run("everything on: one event a request", 1, 25_000, has_everything=True),
    Run("everything on: one event a request, 10,000/s", 1, 10_000, is_paced=True, has_everything=True),
    Run("everything on: batches of 50", 50, 6_000, has_everything=True),
    Run("everything on: batches of 50, 30,000 events/s", 50, 600, is_paced=True, has_everything=True),
)


@dataclass(frozen=True)
class Result:
    name: str
    requests_per_s: int
    events_per_s: int
    """Acknowledged."""
    loaded_per_s: int
    """From the first event sent to the last one in the event store."""
    lag_s: float
    """Age of the oldest event not yet loaded when the senders stop."""
    p50_ms: float
    p99_ms: float
    refused: int
    server_us: float
    """Processor time an event, to the last one loaded; of the server, its helper, and the senders."""
    helper_us: float
    sender_us: float
    problem: str
    """What does not balance; empty when all does."""


HEADINGS = {
    "name": "run", "requests_per_s": "requests/s", "events_per_s": "events/s", "loaded_per_s": "loaded/s",
    "lag_s": "lag s", "p50_ms": "p50 ms", "p99_ms": "p99 ms", "refused": "refused", "server_us": "server µs",
    "helper_us": "helper µs", "sender_us": "senders µs",
}  # fmt: skip


@contextmanager
def prepared(folder: Path, known: Path, *, has_everything: bool) -> Iterator[tuple[Installation, Served, Traffic]]:
    """An installation that is served, and what to send it."""
    settings = {"LOOPLINE_SETUP_PASSWORD": "a long enough password"}
    if has_everything:
        settings["LOOPLINE_DATA_CENTRES"] = str(known / "data-centres.txt")
        settings["LOOPLINE_PLACES"] = str(known / "places.mmdb")
    made = installation(folder, **settings)
    made.run(
        "setup", "--name", "Ada", "--email", "ada@example.com", "--organisation", "Example", "--unit", "Europe",
        "--time-zone", "Europe/Oslo", "--currency", "EUR",
    )  # fmt: skip
    server = made.run("keys", "create", "--name", "server", "--kind", "server")
    if has_everything:
        shutil.copy(known / "collect.sqlite", folder / "collect.sqlite")
        add_own_rules(folder)
    browser = made.run("keys", "create", "--name", "site", "--kind", "browser", "--origin", "https://www.example.com")
    with made.serving() as served:
        yield made, served, Site(browser, server) if has_everything else Plain(server)


def add_own_rules(folder: Path) -> None:
    """Own hosts and channel rules of the organisation, ahead of the others."""
    keys = Keys(folder)
    keys.set_own_hosts(["pay.example.net", "login.example.net"])
    keys.set_channel_rules(
        [
            Rule(f"partner_{number}", "Affiliates", ((Condition("source", "is", (f"partner-{number}",)),),))
            for number in range(20)
        ]
    )
    keys.close()


def know_ids(folder: Path, ids: int) -> None:
    """A state that knows this many ids of earlier events, and files of data centres and of places."""
    chance = random.Random(1)
    State(folder).close()
    connection = connect(folder / "collect.sqlite")
    for start in range(0, ids, 100_000):
        some = range(min(100_000, ids - start))
        halves = [(chance.getrandbits(64) - (1 << 63), chance.getrandbits(64) - (1 << 63)) for _ in some]
        with transaction(connection):
            add_ids(connection, [KnownId(high, low, 0, 1) for high, low in halves])
    connection.close()
    places = ([chance.randint(11, 99), chance.randint(0, 255), chance.randint(0, 255)] for _ in range(DATA_CENTRES))
    (folder / "data-centres.txt").write_text("\n".join("{}.{}.{}.0/24".format(*place) for place in places))
    write_places(folder / "places.mmdb")


def write_places(path: Path) -> None:
    """A file that knows a country and the network's owner for every address the senders come from."""
    networks = {
        f"{first}.{second}.0.0/16": {
            "country": {"iso_code": COUNTRIES[(first + second) % len(COUNTRIES)]},
            "autonomous_system_organization": f"Network {first}.{second}",
        }
        for first in range(11, 100)
        for second in range(10)
    }
    write_mmdb(path, networks, kind="Places of the benchmark", built_s=int(time.time()))


def measure(run: Run, seconds: float, known: Path) -> Result:
    with (
        tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder,
        prepared(Path(folder), known, has_everything=run.has_everything) as (made, served, traffic),
    ):
        each = int(run.requests_per_s * seconds / CONNECTIONS) + 1
        every_s = CONNECTIONS / run.requests_per_s if run.is_paced else 0
        ready = [list(islice(traffic.requests(sender, run.size), each)) for sender in range(CONNECTIONS)]
        drive(made.port, [traffic.requests(1_000 + sender, run.size) for sender in range(CONNECTIONS)], 1.5)
        loaded(made)
        gc.collect()
        gc.freeze()
        start = Look.now(made, served)
        answers = drive(made.port, [iter(one) for one in ready], seconds, every_s)
        sent = Look.now(made, served)
        loaded(made)
        end = Look.now(made, served)
    took = sent.at - start.at

    def each_us(then: float, now: float) -> float:
        return round((now - then) / answers.events * 1e6, 1)

    return Result(
        name=run.name,
        requests_per_s=round(len(answers.times) / took),
        events_per_s=round(answers.events / took),
        loaded_per_s=round(answers.events / (end.at - start.at)),
        lag_s=round(sent.figures["loader_lag_seconds"], 1),
        p50_ms=round(answers.quantile(0.5) * 1000, 1),
        p99_ms=round(answers.quantile(0.99) * 1000, 1),
        refused=answers.refused,
        server_us=each_us(start.server_s, end.server_s),
        helper_us=each_us(start.helper_s, end.helper_s),
        sender_us=each_us(start.sender_s, sent.sender_s),
        problem=difference(answers, start.figures, end.figures),
    )


@dataclass(frozen=True)
class Look:
    """Where things stand: the clock, processor time used, and the server's figures."""

    at: float
    server_s: float
    helper_s: float
    sender_s: float
    figures: dict[str, float]

    @classmethod
    def now(cls, made: Installation, served: Served) -> "Look":
        server_s, *helpers = (processor_s(one) for one in served.pids)
        return cls(time.perf_counter(), server_s, sum(helpers), time.process_time(), metrics(made))


def difference(answers: Answers, start: dict[str, float], end: dict[str, float]) -> str:
    """What does not balance between the answers and the server's books; empty when all does."""
    received, stored = (int(end[name] - start[name]) for name in ("events_received_total", "events_stored_total"))
    if received != answers.events:
        return f"{answers.events} acknowledged, {received} received"
    if not answers.refused and stored != answers.events - answers.repeats:
        return f"{answers.events} acknowledged, {answers.repeats} of them repeats, {stored} stored"
    return ""


def loaded(made: Installation) -> dict[str, float]:
    """The figures once everything received is loaded. Raises SystemExit when that does not happen within minutes."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        found = metrics(made)
        if found["loader_lag_events"] == 0:
            return found
        time.sleep(0.1)
    raise SystemExit(f"{found['loader_lag_events']:,.0f} events were not loaded")


def metrics(made: Installation) -> dict[str, float]:
    text = httpx.get(made.base + "/metrics", timeout=30).text
    lines = [line.split() for line in text.splitlines() if line.startswith("loopline_") and "{" not in line]
    return {name.removeprefix("loopline_"): float(value) for name, value in lines}


def remember(minutes: float, known: Path, stored_before: int) -> None:
    """Send everything at a modest pace and print what memory is held meanwhile."""
    with (
        tempfile.TemporaryDirectory(prefix="loopline-bench-") as folder,
        prepared(Path(folder), known, has_everything=True) as (made, served, traffic),
    ):
        fill(made, traffic, stored_before)
        lines: list[Iterator[Sent]] = [traffic.requests(sender, 1) for sender in range(CONNECTIONS)]
        began, next_at = time.monotonic(), 0.0
        held: list[tuple[float, int]] = []

        def look() -> None:
            nonlocal next_at
            if (passed := time.monotonic() - began) >= next_at:
                server, *helpers = (resident_mb(one) for one in served.pids)
                figures = metrics(made)
                stored, lag = int(figures["events_stored_total"]), figures["loader_lag_seconds"]
                held.append((passed / 60, server + sum(helpers)))
                print(f"| {passed / 60:.1f} | {server} | {sum(helpers)} | {stored:,} | {lag:.1f} |", flush=True)
                next_at += 30

        print("| minutes | server MB | helper MB | events stored | lag s |\n|---:|---:|---:|---:|---:|")
        drive(made.port, lines, minutes * 60, CONNECTIONS / MEMORY_RATE, tick=look)
        loaded(made)
        look()
    print(f"\nsecond half: {growth(held[len(held) // 2 :]):+.2f} MB a minute")


def fill(made: Installation, traffic: Traffic, events: int) -> None:
    """Load so many events in batches, a part at a time: what waits in the inbox is no memory, but takes time."""
    part, each = 200_000, 50
    for number in range(events // part):
        requests = (traffic.requests(10_000 + number * CONNECTIONS + line, each) for line in range(CONNECTIONS))
        drive(made.port, [islice(one, part // each // CONNECTIONS) for one in requests], seconds=600)
        loaded(made)


def growth(held: list[tuple[float, int]]) -> float:
    """The slope of the straight line through (minutes, MB): MB a minute."""
    return linear_regression(*zip(*held, strict=True)).slope


def print_headings() -> None:
    print("| " + " | ".join(HEADINGS.values()) + " |")
    print("|---|" + "---:|" * (len(HEADINGS) - 1), flush=True)


def shown(result: Result) -> Result:
    """The same, after it was printed: a row at a time, so that a run that is cut off leaves those before it."""
    values = asdict(result)
    cells = [f"{values[key]:,}" if isinstance(values[key], int) else str(values[key]) for key in HEADINGS]
    print("| " + " | ".join(cells) + " |", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--only", default="", help="runs whose name holds this")
    parser.add_argument(
        "--known-ids", type=int, default=KNOWN_IDS, help="ids of earlier events, where everything is on"
    )
    parser.add_argument("--memory", type=float, default=0, metavar="MINUTES")
    parser.add_argument("--stored-before", type=int, default=0, metavar="EVENTS")
    parser.add_argument("--json", type=Path, help="also write the results here")
    chosen = parser.parse_args()
    print(machine() + "\n")
    with tempfile.TemporaryDirectory(prefix="loopline-ids-") as folder:
        known = Path(folder)
        know_ids(known, chosen.known_ids)
        if chosen.memory:
            remember(chosen.memory, known, chosen.stored_before)
            return
        print_headings()
        results = [shown(measure(run, chosen.seconds, known)) for run in RUNS if chosen.only in run.name]
    if chosen.json:
        chosen.json.write_text(
            json.dumps({"machine": machine(), "results": [asdict(one) for one in results]}, indent=2)
        )
    if problems := [f"{one.name}: {one.problem}" for one in results if one.problem]:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
