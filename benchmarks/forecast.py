"""Whether the forecast is right on the mean, and its range as often as it says: `python -m benchmarks.forecast`.

Companies that nobody knows, whose leads are given up, forgotten, or become opportunities that go through three stages.
Their books are asked as of four earlier moments, and what the forecast expected of six months is compared with what
came in them, by source. The check has to fail with `--plant given-up`, which dates what was given up years later, as
though older leads had all stayed in hand, and with `--plant waited`, by which nobody asks how long an opportunity has
waited in its stage.
"""

import argparse
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

import numpy as np
import numpy.typing as npt

from benchmarks.machine import machine
from loopline.lib.times import day_start
from loopline.reports.forecast import outlook
from loopline.reports.forecast.months import MONTHS
from loopline.reports.options import Books, Options
from loopline.reports.periods import month_start
from loopline.reports.run import run_report
from loopline.store.arrow import to_arrow
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

RUNS = 60
ASKED_AFTER = (305, 427, 549, 671)
"""Days after the first lead."""
DAYS = 900
"""How long leads come."""
BEGAN = datetime(2023, 1, 1, 9, tzinfo=UTC)
BOOKS = Books(currency="EUR", zone="UTC", units={"north": "North"})
SOURCES = ("from_open_minor", "from_leads_minor", "to_come_minor")
STAGES = ("qualified", "discovery", "proposal")
WITHIN = (0.7, 0.9)
"""Eight of ten truths should lie between “at least” and “at most”."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class World:
    name: str
    given_up: float = 0.55
    """Share of leads; `becomes` become opportunities, and nothing ever happens to the others."""
    becomes: float = 0.3
    given_up_days: float = 10.0
    becomes_days: float = 12.0
    stage_days: float = 14.0
    goes_on: float = 0.72
    """Share of those in a stage that reach the next one."""
    lost_slower: float = 1.0
    """How many times as long as the others those stay in a stage that are lost in it."""
    leads_a_day: float = 3.0
    growth: float = 0.0
    """Of the leads a day, in a year."""


WORLDS = (
    World("half given up"),
    World("none given up", given_up=0.0),
    World("all given up that are not won over", given_up=0.7),
    World("slow", given_up_days=20.0, becomes_days=30.0, stage_days=35.0),
    World("few leads", leads_a_day=1.2),
    World("the lost linger", lost_slower=2.5),
    World("the lost go quickly", lost_slower=0.4),
)
STRANGE = (
    World("few leads, the lost linger", leads_a_day=1.2, lost_slower=2.5),
    World("half as many leads again each year", growth=0.4),
)
"""What the forecast does not know of, or not yet: shown, not judged."""


@dataclass(frozen=True, slots=True)
class Company:
    created: Floats
    given_up: Floats
    """Days after the beginning, as all of these; infinity: never."""
    entered: Floats
    """A column a stage."""
    closed: Floats
    is_won: npt.NDArray[np.bool_]
    amount: npt.NDArray[np.int64]

    def came(self, asked: float, until: float) -> tuple[int, int, int]:
        """What was won between, of opportunities open when asked, of leads in hand, and of leads to come."""
        now = self.is_won & (self.closed > asked) & (self.closed <= until)
        is_open, is_there = self.entered[:, 0] <= asked, self.created <= asked
        parts = (now & is_open, now & is_there & ~is_open, now & ~is_there)
        return tuple(int(self.amount[part].sum()) for part in parts)  # type: ignore[return-value]


def simulated(world: World, dice: np.random.Generator) -> Company:
    def after(days: float, count: int) -> Floats:
        return dice.gamma(2.0, days / 2, count)

    pace = world.leads_a_day * np.exp(world.growth * np.arange(DAYS) / 365)
    days = np.repeat(np.arange(DAYS), dice.poisson(pace))
    count = len(days)
    created = days + dice.random(count)
    fate = dice.random(count)
    is_given_up = fate < world.given_up
    is_on = fate > 1 - world.becomes
    given_up = np.where(is_given_up, created + after(world.given_up_days, count), np.inf)
    at = created + after(world.becomes_days, count)
    entered, closed = np.full((count, len(STAGES)), np.inf), np.full(count, np.inf)
    for place in range(len(STAGES)):
        entered[is_on, place] = at[is_on]
        goes_on = dice.random(count) < world.goes_on
        at = at + after(world.stage_days, count) * np.where(goes_on, 1.0, world.lost_slower)
        closed = np.where(is_on & ~goes_on, at, closed)
        is_on = is_on & goes_on
    amount = np.round(np.exp(dice.normal(12.5, 0.8, count))).astype(np.int64)
    return Company(created, given_up, entered, np.where(is_on, at, closed), is_on, amount)


def book(company: Company, engine: Engine, *, is_planted: bool) -> None:
    """Every version of its leads and opportunities, each known when it came about."""
    rows: dict[str, list[dict[str, object]]] = {"lead_facts": [], "opportunity_facts": []}

    def version(table: str, key: str, days: float, **row: object) -> None:
        if days < DAYS:
            at, number = _at(days), len(rows[table]) + 1
            shared = {"id": key, "version": number, "is_deleted": False, "occurred_at": at, "recorded_at": at}
            rows[table].append({**shared, "unit_id": "north", **row})

    for place, created in enumerate(company.created):
        lead = {"person_id": f"person-{place}", "created_at": _at(created)}
        version("lead_facts", f"lead-{place}", created, state="accepted", **lead)
        given_up = {"occurred_at": _at(10 * DAYS)} if is_planted else {}
        version("lead_facts", f"lead-{place}", company.given_up[place], state="disqualified", **lead, **given_up)
        version("lead_facts", f"lead-{place}", company.entered[place, 0], state="converted", **lead)
        amount = int(company.amount[place])
        sale = {
            "lead_id": f"lead-{place}", "created_at": _at(company.entered[place, 0]), "amount_minor": amount,
            "refunded_minor": 0, "reporting_minor": amount, "currency": "EUR",
        }  # fmt: skip
        reached = [stage for stage, at in zip(STAGES, company.entered[place], strict=True) if at < DAYS]
        for stage, at in zip(reached, company.entered[place], strict=False):
            version("opportunity_facts", f"sale-{place}", at, stage=stage, outcome="open", closed_at=None, **sale)
        outcome, closed = "won" if company.is_won[place] else "lost", company.closed[place]
        version("opportunity_facts", f"sale-{place}", closed, stage=reached[-1] if reached else "", outcome=outcome,
                closed_at=_at(closed), **sale)  # fmt: skip
    engine.write(Batch("company", {table: to_arrow(TABLES[table], versions) for table, versions in rows.items()}))


def _at(days: float) -> datetime:
    return BEGAN + timedelta(days=min(float(days), 10.0 * DAYS))


def forecasts(company: Company, *, is_planted: bool) -> Floats:
    """For each moment it is asked as of: what was expected of each source, what came of each, the least, the most."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        engine = DuckDBEngine(Path(folder) / "events.duckdb")
        engine.migrate()
        book(company, engine, is_planted=is_planted)
        for asked in ASKED_AFTER:
            as_of = _at(asked)
            until = (day_start(month_start(as_of.date(), MONTHS), BOOKS.zone) - BEGAN).total_seconds() / 86400
            options = Options(first=BEGAN.date(), last=as_of.date(), as_of=as_of)
            told = run_report("forecast", options, engine, BOOKS).totals.values
            keys = (*SOURCES, "expected_low_minor", "expected_high_minor")
            *expected, low, high = (float(told[key] or 0) for key in keys)
            found.append([*expected, *company.came(asked, until), low, high])
        engine.close()
    return np.array(found)


def run(world: World, runs: int, *, is_planted: bool = False) -> tuple[list[tuple[float, float]], float]:
    """By source what came ÷ what was expected, with its standard error; and how often the range held all of it."""
    dice = np.random.default_rng(17)
    asked = np.array([forecasts(simulated(world, dice), is_planted=is_planted) for _ in range(runs)])
    every = asked[..., 3:6].sum(axis=2)
    held = float(((every >= asked[..., 6]) & (every <= asked[..., 7])).mean())
    sums = asked.sum(axis=1)  # the forecasts of one company resemble each other
    return [_ratio(sums[:, 3 + place], sums[:, place]) for place in range(len(SOURCES))], held


def _ratio(came: Floats, expected: Floats) -> tuple[float, float]:
    ratio = float(came.sum() / expected.sum())
    return ratio, float(np.sqrt(((came - ratio * expected) ** 2).sum()) / expected.sum())


PLANTS = ("given-up", "waited")


def compare(runs: int, *, is_planted: bool) -> bool:
    """Prints a line a world. Whether those that the forecast knows of are as it says."""
    is_sound = True
    for world in WORLDS + STRANGE:
        ratios, held = run(world, runs, is_planted=is_planted)
        told = " | ".join(f"{ratio:.2f} ± {error:.2f}" for ratio, error in ratios)
        print(f"| {world.name} | {told} | {held:.0%} |", flush=True)
        if world in WORLDS:
            is_sound &= all(abs(ratio - 1) <= 3 * error for ratio, error in ratios)
            is_sound &= WITHIN[0] <= held <= WITHIN[1]
    return is_sound


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--plant", choices=PLANTS, help="a fault: must fail")
    given = parser.parse_args()
    print(machine())
    print(
        "| company | open opportunities: came ÷ expected | leads in hand | leads to come | range held |\n"
        "|---|---:|---:|---:|---:|"
    )
    with mock.patch.object(outlook, "chance", return_value=None) if given.plant == "waited" else nullcontext():
        is_sound = compare(given.runs, is_planted=given.plant == "given-up")
    print("sound" if is_sound else "NOT sound: a source is off by more than three standard errors, or the range is")
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
