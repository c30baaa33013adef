"""How long reports and dashboards take on 10 M events, 1 M touchpoints and 10,000 won opportunities, or on other sizes.

    python -m benchmarks.reports [--events 1000000 10000000 …] [--runs 7] [--folder DIR]
        [--only closed-loop library …] [--memory 256MB] [--apart]

The store is made by SQL in one folder (kept with --folder), then read through the engine and the report as the page
does. Every report is run once to warm up and then timed; the median is what counts, since machines are shared.
"""

import argparse
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

import duckdb

from loopline.attribution.shared_states import common_parts
from loopline.lib.memory import usual_store_memory
from loopline.reports.address import as_before, read_address, usual_of
from loopline.reports.catalogue import REPORTS
from loopline.reports.change.why import why_changed
from loopline.reports.options import Books, Options
from loopline.reports.report import Report
from loopline.reports.run import run_with_before, settle, settle_for
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.duckdb_tables import migrate
from loopline.store.touches import TOUCHES, touches_of
from loopline.web.dashboards import DASHBOARDS, PERIOD, Tile, those_alike

BOOKS = Books(currency="EUR", zone="Europe/Berlin", units={"north": "North", "south": "South"})
HORIZON = datetime(2026, 2, 1, tzinfo=UTC)
"""The last moment of the store."""
A_MONTH = timedelta(days=31)
YEAR = {"first": date(2025, 1, 1), "last": date(2025, 12, 31)}

MACROS = """
CREATE TEMP MACRO scatter(n) AS CAST(hash(n) >> 1 AS BIGINT);
CREATE TEMP MACRO id(kind, n) AS kind || substr(md5(kind || n), 1, 8) || '-' || substr(md5(kind || n), 9, 24);
"""

# One year of traffic in the order in which it happened, as it arrives. Every tenth event is a touchpoint; visitors have
# three touchpoints or so each. Of those who said who they are half became leads, a tenth of those won. `id` gives texts
# as long as real ids, so that strings cost what they cost.
FILL = """
CREATE TEMP MACRO moment(n) AS TIMESTAMPTZ '2025-01-01 00:00:00+00' + to_microseconds(scatter(n) % 31000000000000);

INSERT INTO events BY NAME
SELECT id('e', n) AS event_id, 'key' AS source_id, CASE WHEN n % 3 = 0 THEN 'south' ELSE 'north' END AS unit_id,
    TIMESTAMPTZ '2025-01-01 00:00:00+00' + to_microseconds(n // 10 * (310000000000000 // $events)) + to_seconds(n % 10)
        AS occurred_at, occurred_at AS received_at,
    'page' AS kind, 'Page viewed' AS name, 'visitor:' || id('v', person) AS identity, id('v', person) AS visitor_id,
    '' AS user_id, id('s', n // 10) AS session_id, n % 10 = 0 AS is_entry,
    CASE WHEN n % 10 = 0 THEN 'entry' ELSE '' END AS touch_kind,
    ['Paid Search', 'Email', 'Direct', 'Organic Search', 'Event', 'Referral'][1 + scatter(n // 10) % 6] AS channel,
    'rule/1' AS channel_rule,
    ['google', 'newsletter', '', 'bing', 'fair', 'news'][1 + scatter(n // 10) % 6] AS utm_source,
    '' AS utm_medium,
    CASE WHEN scatter(n // 10) % 6 = 2 THEN '' ELSE 'code' || scatter(n // 10) % 240 END AS utm_campaign,
    '' AS utm_content, '' AS utm_term, '' AS click_id_kind, '' AS referrer_host, 'example.org' AS url_host,
    '/page/' || n % 400 AS url_path, '/page/' || (n // 10) % 60 AS landing_path, 'Page' AS title, 1000 AS engaged_ms,
    id('p', n) AS page_view_id, 'DE' AS country, '' AS region, '' AS network_company, 'desktop' AS device,
    'Firefox' AS browser, 'Linux' AS os, 2 AS consent,
    CASE WHEN scatter(n // 10) % 50 = 0 THEN 'machine:crawler' ELSE 'human' END AS bot_verdict,
    'browser' AS source, '{}' AS properties, occurred_at AS recorded_at
FROM (SELECT range AS n, scatter(range // 10) % $visitors AS person FROM range($events));

INSERT INTO identity_facts BY NAME
SELECT 'visitor:' || id('v', range) AS id, range AS version, id('person', range) AS person_id, 'form' AS evidence,
    false AS is_deleted, moment(range) AS occurred_at, occurred_at AS recorded_at FROM range($people);

INSERT INTO person_facts BY NAME
SELECT id('person', n) AS id, n * 2 + change AS version, 'north' AS unit_id,
    id('person', CASE WHEN n % 50 = 1 THEN n - 1 ELSE n END) AS canonical_id, '' AS company_id, 'DE' AS country,
    '' AS job_title, '' AS language, '' AS custom, '' AS erased,
    false AS is_deleted, moment(n) AS occurred_at, occurred_at AS recorded_at
FROM (SELECT range AS n FROM range($people)), (SELECT range AS change FROM range(2));

INSERT INTO lead_facts BY NAME
SELECT id('lead', n) AS id, n * 4 + change AS version, CASE WHEN n % 3 = 0 THEN 'south' ELSE 'north' END AS unit_id,
    id('person', n) AS person_id, ['new', 'handed_over', 'accepted', 'converted'][1 + change] AS state,
    '' AS owner_id, '' AS reason, '' AS origin, '' AS custom,
    'd1' AS definition_id, moment(n * 7) AS created_at, created_at AS qualified_at,
    created_at AS handed_over_at, created_at AS accepted_at, NULL AS rejected_at, NULL AS converted_at,
    false AS is_deleted, created_at AS occurred_at, created_at AS recorded_at
FROM (SELECT range AS n FROM range($leads)), (SELECT range AS change FROM range(4));

INSERT INTO opportunity_facts BY NAME
SELECT id('opp', n) AS id, n * 3 + change AS version, CASE WHEN n % 3 = 0 THEN 'south' ELSE 'north' END AS unit_id,
    id('lead', n) AS lead_id, '' AS company_id, '' AS owner_id, 'proposal' AS stage,
    CASE WHEN change < 2 THEN 'open' WHEN n < $won THEN 'won' ELSE 'lost' END AS outcome, '' AS loss_reason,
    '' AS primary_campaign_id, 100000 + scatter(n) % 900001 AS amount_minor, 0 AS refunded_minor, 'EUR' AS currency,
    amount_minor AS reporting_minor, NULL AS expected_close_on, moment(n * 7) + to_days(5) AS created_at,
    CASE WHEN change = 2 THEN moment(n * 7) + to_days(40) END AS closed_at, false AS is_deleted,
    created_at AS occurred_at, created_at AS recorded_at
FROM (SELECT range AS n FROM range($won * 3)), (SELECT range AS change FROM range(3));

INSERT INTO opportunity_contact_facts BY NAME
SELECT id('opp', n) || '/' || id('person', n + other * 5) AS id, n * 2 + other AS version,
    id('opp', n) AS opportunity_id, id('person', n + other * 5) AS person_id, 'user' AS role, other = 0 AS is_primary,
    false AS is_deleted, moment(n * 7) AS occurred_at, occurred_at AS recorded_at
FROM (SELECT range AS n FROM range($won * 3)), (SELECT range AS other FROM range(2));

INSERT INTO campaign_facts BY NAME
SELECT id('campaign', range) AS id, range AS version, CASE WHEN range % 3 = 0 THEN 'south' ELSE 'north' END AS unit_id,
    'Campaign ' || range AS name, 'Paid Search' AS channel, 'running' AS status, NULL AS starts_on, NULL AS ends_on,
    NULL AS budget_minor, 'EUR' AS currency, '' AS owner_id, false AS is_deleted, moment(range) AS occurred_at,
    TIMESTAMPTZ '2025-01-01 00:00:00+00' AS recorded_at FROM range(120);

INSERT INTO campaign_code_facts BY NAME
SELECT unit_id || '/code' || range AS id, range AS version, unit_id, 'code' || range AS code,
    id('campaign', range % 120) AS campaign_id, '' AS activity_id, false AS is_deleted,
    TIMESTAMPTZ '2025-01-01 00:00:00+00' AS occurred_at, occurred_at AS recorded_at
FROM range(220), (SELECT unnest(['north', 'south']) AS unit_id);

INSERT INTO cost_facts BY NAME
SELECT id('cost', range) AS id, range AS version, CASE WHEN range % 3 = 0 THEN 'south' ELSE 'north' END AS unit_id,
    id('campaign', range % 120) AS campaign_id, '' AS activity_id, 'actual' AS cost_kind, 'media' AS category,
    '' AS platform, 10000 + scatter(range) % 90001 AS amount_minor, 'EUR' AS currency, amount_minor AS reporting_minor,
    DATE '2025-01-01' + CAST(range % 340 AS INTEGER) AS starts_on, starts_on + CAST(range % 25 AS INTEGER) AS ends_on,
    false AS is_deleted, TIMESTAMPTZ '2025-01-01 00:00:00+00' AS occurred_at, occurred_at AS recorded_at
FROM range(5000);

INSERT INTO batches VALUES ('benchmark', TIMESTAMPTZ '2026-02-01 00:00:00+00');
"""

# What a month like any other brings late, all of it known in January: of touchpoints and costs of the year, of whose
# browsers are, of leads and opportunities. Where they are in the store already nothing is added.
LATE = """
CREATE TEMP MACRO learnt(n) AS TIMESTAMPTZ '2026-01-02 00:00:00+00' + to_minutes(CAST(scatter(n) % 41000 AS BIGINT));

CREATE TEMP TABLE late AS SELECT * REPLACE ('late-' || event_id AS event_id, learnt(event_id) AS recorded_at)
FROM events WHERE touch_kind <> '' AND occurred_at >= TIMESTAMPTZ '2025-12-20 00:00:00+00'
ORDER BY event_id LIMIT 2000;
INSERT INTO events BY NAME SELECT * FROM late;
INSERT INTO touches BY NAME $touches;

INSERT INTO identity_facts BY NAME
SELECT 'visitor:' || id('v', $people + range) AS id, 1000000000 + range AS version, id('person', range) AS person_id,
    'form' AS evidence, false AS is_deleted, learnt(range) AS occurred_at, occurred_at AS recorded_at FROM range(500);

INSERT INTO lead_facts BY NAME
SELECT * REPLACE (1000000000 + version AS version, 'disqualified' AS state, learnt(id) AS recorded_at)
FROM lead_facts WHERE state = 'converted' ORDER BY id LIMIT 300;

INSERT INTO opportunity_facts BY NAME
SELECT * REPLACE (1000000000 + version AS version, learnt(id) AS recorded_at,
    CASE WHEN scatter(id) % 5 = 0 THEN reporting_minor // 2 ELSE 0 END AS refunded_minor,
    CASE WHEN scatter(id) % 5 = 0 THEN reporting_minor - reporting_minor // 2 ELSE reporting_minor + 10000 END
        AS reporting_minor)
FROM opportunity_facts WHERE outcome = 'won' ORDER BY id LIMIT 300;

INSERT INTO cost_facts BY NAME
SELECT * REPLACE (1000000000 + version AS version, reporting_minor + 10000 AS reporting_minor,
    learnt(id) AS recorded_at)
FROM cost_facts ORDER BY id LIMIT 100;

INSERT INTO batches VALUES ('late', TIMESTAMPTZ '2026-02-01 00:00:00+00');
"""


@dataclass(frozen=True, slots=True)
class Size:
    """Traffic and business grow apart: most visitors of a site with more traffic never say who they are."""

    events: int
    won: int

    @property
    def numbers(self) -> dict[str, int]:
        return {
            "events": self.events,
            "visitors": self.events * 3 // 100,
            "people": self.won * 20,
            "leads": self.won * 10,
            "won": self.won,
        }


def fill(path: Path, size: Size) -> None:
    """Make the store, and what it learns late, each unless it is there already."""
    is_new = not path.exists()
    connection = duckdb.connect(str(path), config={"memory_limit": "4GB", "threads": 2})
    migrate(connection, HORIZON)
    connection.execute(MACROS)
    if is_new:
        connection.execute(_numbered(FILL, size))
        connection.execute(f"DROP TABLE {TOUCHES}")
        migrate(connection, HORIZON)  # touchpoints and numbers of what was not written by the engine
    if not connection.execute("SELECT 1 FROM batches WHERE token = 'late'").fetchall():
        connection.execute(_numbered(LATE, size).replace("$touches", touches_of("late")))
    connection.close()


def _numbered(text: str, size: Size) -> str:
    for name, value in size.numbers.items():
        text = text.replace(f"${name}", str(value))
    return text


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds: median and least on the clock, and the least of the processors' time (all threads together)."""

    median: float
    least: float
    processors: float


def timed(work: Callable[[], object], runs: int) -> Took:
    """How long `work` takes, after one warm-up."""
    work()
    clock, processors = [], []
    for _ in range(runs):
        start, spent = time.perf_counter(), time.process_time()
        work()
        clock.append((time.perf_counter() - start) * 1000)
        processors.append((time.process_time() - spent) * 1000)
    return Took(statistics.median(clock), min(clock), min(processors))


def work_out(options: Options, engine: DuckDBEngine) -> None:
    """The report worked out anew: `run_report` would remember it."""
    with engine.together(common_parts):
        REPORTS["closed-loop"].run(REPORTS["closed-loop"], settle(options, engine, BOOKS), engine)


Asked = Iterator[tuple[str, Callable[[], object]]]
"""Names, and what is timed under them."""


def library(engine: DuckDBEngine) -> Asked:
    """Every report of the library over the year, with its usual rows, each time as of another moment: some are kept.

    Those that go by a model with their usual one, and the closed loop also with those that are learnt or go by sets.
    """
    moments = moments_before(engine)

    def work(report: Report, model: str = Options().model) -> None:
        options = Options(**YEAR, by=report.usual_by, as_of=next(moments), model=model)
        with engine.together(common_parts):
            report.run(report, settle_for(report, options, engine, BOOKS), engine)

    for key, report in REPORTS.items():
        yield key, lambda r=report: work(r)  # type: ignore[misc]
    for model in ("markov", "shapley"):
        yield f"closed-loop by {model}", lambda m=model: work(REPORTS["closed-loop"], m)  # type: ignore[misc]


def moments_before(engine: DuckDBEngine) -> Iterator[datetime]:
    """Moments that nobody asked for before."""
    return (engine.horizon() - timedelta(seconds=place) for place in count(1))


def dashboards(engine: DuckDBEngine) -> Asked:
    """All tiles of each, worked out anew and at once, as a page does: each run asks as of a moment that nobody asked
    for before."""
    moments = moments_before(engine)

    def ask(tiles: Iterable[Tile], said: str) -> None:
        for tile in tiles:
            report, address = REPORTS[tile.report], {"period": PERIOD, **tile.options, "as_of": said}
            asked = read_address(address, BOOKS, YEAR["last"], usual_of(report))
            run_with_before(report.key, asked.options, as_before(asked) if tile.figures else None, engine, BOOKS)

    def work(tiles: Sequence[Tile], moment: datetime | None = None) -> None:
        said = (moment or next(moments)).isoformat()
        with engine.together(common_parts):
            engine.at_once([partial(ask, [tiles[one] for one in alike], said) for alike in those_alike(tiles)])

    for key, dashboard in DASHBOARDS.items():
        yield f"dashboard for {key}", lambda t=dashboard.tiles: work(t)  # type: ignore[misc]
    yield "the last one again, as of the same moment", lambda: work(dashboard.tiles, engine.horizon())


def as_of(engine: DuckDBEngine) -> Asked:
    """The closed loop of the first half of the year, now and as of the day after it."""
    half = {"first": date(2025, 1, 1), "last": date(2025, 6, 30)}
    for name, moment in (("now", None), ("as of 2025-07-01", datetime(2025, 7, 1, tzinfo=UTC))):
        options = Options(**half, as_of=moment)
        yield f"closed loop of half a year, {name}", lambda o=options: work_out(o, engine)  # type: ignore[misc]


def closed_loop(engine: DuckDBEngine) -> Asked:
    for by in ("campaign", "channel", "landing_page"):
        for model in ("first_touch", "time_decay"):
            for clock in ("period", "cohort"):
                options = Options(**YEAR, by=by, model=model, clock=clock)
                yield f"by {by}, {model}, {clock}", lambda o=options: work_out(o, engine)  # type: ignore[misc]


def changes(engine: DuckDBEngine) -> Asked:
    """Why the closed loop of the year says something else than a month before, of all causes; each time as of another
    moment, so that nothing of it is known already."""
    moments = moments_before(engine)

    def work(options: Options) -> None:
        moment = next(moments)
        why_changed("closed-loop", replace(options, as_of=moment), moment - A_MONTH, engine, BOOKS)

    for by in ("campaign", "channel"):
        yield f"why the closed loop changed, by {by}", lambda b=by: work(Options(**YEAR, by=b))  # type: ignore[misc]


PARTS: dict[str, Callable[[DuckDBEngine], Asked]] = {
    "closed-loop": closed_loop, "library": library, "as-of": as_of, "dashboards": dashboards,
    "changes": changes,
}  # fmt: skip
Found = dict[str, dict[int, float]]
"""Name → events → milliseconds of the processors."""


def measured(path: Path, size: Size, given: argparse.Namespace, found: Found) -> None:
    start = time.perf_counter()
    fill(path, size)
    print(f"\nstore: {size.events:,} events, {path.stat().st_size / 1e6:,.0f} MB, {time.perf_counter() - start:.1f} s")
    engine = DuckDBEngine(path, memory_limit=given.memory)
    engine.migrate()
    try:
        # Whoever is asked within another `together` changes nothing: nothing is common then.
        with engine.together(lambda _sql: ()) if given.apart else nullcontext():
            for part in given.only:
                print(f"{part:<44}{'median ms':>12}{'least ms':>12}{'CPU ms':>12}")
                for name, work in PARTS[part](engine):
                    took = timed(work, given.runs)
                    found.setdefault(name, {})[size.events] = took.processors
                    print(f"{name:<44}{took.median:>12,.0f}{took.least:>12,.0f}{took.processors:>12,.0f}", flush=True)
    finally:
        engine.close()
    print(f"most memory so far: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def growth(found: Found) -> None:
    """A bar is the processors' time an event: where bars get no longer, cost grows no faster than linearly."""
    for name, by_size in found.items():
        print(f"\n{name:<32}{'CPU s':>8}{'ns an event':>14}")
        for events, spent in by_size.items():
            each = spent * 1e6 / events
            print(f"{events:>20,}{spent / 1000:>20.2f}{each:>14.0f} {'█' * max(round(each / 10), 1)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, nargs="+", default=[10_000_000], help="several show how time grows")
    parser.add_argument("--won", type=int, help="default: 10,000, or one in a thousand events where those are fewer")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only", choices=list(PARTS), nargs="+", default=list(PARTS), help="default: all")
    parser.add_argument("--memory", default=usual_store_memory(), help="what the store may hold in memory")
    parser.add_argument("--apart", action="store_true", help="compute what questions have in common in each anew")
    given = parser.parse_args()
    folder = given.folder or Path(tempfile.mkdtemp(prefix="loopline-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, DuckDB {duckdb.__version__}, 2 threads")
    found: Found = {}
    for events in given.events:
        size = Size(events, given.won or min(10_000, events // 1000))
        measured(folder / f"reports-{events}.duckdb", size, given, found)
    if len(given.events) > 1:
        growth(found)


if __name__ == "__main__":
    main()
