"""How long a rule takes for a whole population and for those who changed, on 1 M people with up to 100 M events.

    python -m benchmarks.rules [--events 30000000] [--people 1000000] [--runs 3] [--folder DIR]
        [--only-what-if] [--only-population]

The store is made by SQL in one folder (kept with --folder and used again). The rule is a lead definition as companies
write it: fields, consent, counts in windows, a sum, and a score that fades. Each question is asked once to warm up.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import duckdb

from benchmarks.machine import machine
from loopline.leads.variants import offered
from loopline.reports.what_if.judged_leads import prepare
from loopline.reports.what_if.run import Asked, what_if
from loopline.rules.changed import changed
from loopline.rules.definition import Definition
from loopline.rules.measures import EventFilter
from loopline.rules.population import Judged, Moment, to_sql
from loopline.rules.read import read_rule
from loopline.rules.score import Named, PointsEach, PointsWhen, Score
from loopline.rules.tree import All, Rule
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.duckdb_tables import migrate

AT = datetime(2026, 1, 1, tzinfo=UTC)
STRETCH = 5_000_000
CHANGED = 10_000

MACROS = """
CREATE TEMP MACRO scatter(n) AS CAST(hash(n) >> 1 AS BIGINT);
CREATE TEMP MACRO id(kind, n) AS kind || '-' || printf('%016x', scatter(n)) || '-' || printf('%012x', n);
"""

# A year of traffic in the order in which it came. Half of the people did nothing that is known.
EVENTS = """
INSERT INTO events BY NAME
SELECT id('event', n) AS event_id, 'key' AS source_id, 'north' AS unit_id,
    TIMESTAMPTZ '2025-01-01 00:00:00+00' + to_microseconds(CAST(n * (31500000000000.0 / $events) AS BIGINT))
        AS occurred_at,
    occurred_at AS received_at, CASE WHEN n % 20 = 0 THEN 'track' ELSE 'page' END AS kind,
    CASE WHEN n % 20 = 0 THEN 'Order' ELSE 'Page viewed' END AS name,
    'visitor:' || id('v', scatter(n) % $people) AS identity, id('v', scatter(n) % $people) AS visitor_id,
    '' AS user_id, id('s', n // 10) AS session_id, n % 10 = 0 AS is_entry, '' AS touch_kind, 'Direct' AS channel,
    'rule/1' AS channel_rule, '' AS utm_source, '' AS utm_medium, '' AS utm_campaign, '' AS utm_content,
    '' AS utm_term, '' AS click_id_kind, '' AS referrer_host, 'example.org' AS url_host,
    CASE WHEN scatter(n + 7) % 40 = 0 THEN '/pricing' ELSE '/page/' || n % 400 END AS url_path, '/' AS landing_path,
    'Page' AS title, 1000 AS engaged_ms, '' AS page_view_id, 'DE' AS country, '' AS region, '' AS network_company,
    'desktop' AS device, 'Firefox' AS browser, 'Linux' AS os, 2 AS consent, 'human' AS bot_verdict, 'browser' AS source,
    CASE WHEN n % 20 = 0 THEN '{"amount": ' || n % 500 || '}' ELSE '{}' END AS properties, occurred_at AS recorded_at
FROM (SELECT range AS n FROM range($first, $last));
"""

PEOPLE = """
INSERT INTO person_facts BY NAME
SELECT id('person', n) AS id, n AS version, 'north' AS unit_id,
    id('person', CASE WHEN n % 50 = 1 THEN n - 1 ELSE n END) AS canonical_id, id('company', n // 5) AS company_id,
    CASE WHEN n % 3 = 0 THEN 'DE' ELSE 'NO' END AS country,
    CASE WHEN n % 4 = 0 THEN 'Head of energy' ELSE '' END AS job_title, '' AS language,
    CASE WHEN n % 5 = 0 THEN '{"plan": "pro", "seats": 20}' ELSE '' END AS custom, false AS is_deleted,
    TIMESTAMPTZ '2025-01-01 00:00:00+00' AS occurred_at, occurred_at AS recorded_at
FROM (SELECT range AS n FROM range($people));

INSERT INTO company_facts BY NAME
SELECT id('company', n) AS id, n AS version, 'north' AS unit_id, 'Company' AS name, '' AS domain,
    CASE WHEN n % 7 = 0 THEN 'Food' ELSE 'Steel' END AS industry, scatter(n) % 2000 AS employees, 'DE' AS country,
    '' AS custom, false AS is_deleted, TIMESTAMPTZ '2025-01-01 00:00:00+00' AS occurred_at, occurred_at AS recorded_at
FROM (SELECT range AS n FROM range($people // 5));

INSERT INTO identity_facts BY NAME
SELECT kind || CASE WHEN kind = 'visitor:' THEN id('v', n) ELSE 'p' || n || '@c' || n // 5 || '.example' END AS id,
    n AS version, id('person', n) AS person_id, 'form' AS evidence, false AS is_deleted,
    TIMESTAMPTZ '2025-01-01 00:00:00+00' AS occurred_at, occurred_at AS recorded_at
FROM (SELECT range AS n FROM range($people)), (SELECT unnest(['visitor:', 'email:']) AS kind);

INSERT INTO consent_facts BY NAME
SELECT id('person', n) || '/email' AS id, n AS version, id('person', n) AS person_id, 'email' AS purpose,
    n % 3 > 0 AS is_granted, 'form' AS evidence, false AS is_deleted,
    TIMESTAMPTZ '2025-01-01 00:00:00+00' AS occurred_at, occurred_at AS recorded_at
FROM (SELECT range AS n FROM range($people));

INSERT INTO lead_facts BY NAME
SELECT id('lead', n) AS id, n AS version, 'north' AS unit_id, id('person', n) AS person_id, 'handed_over' AS state,
    '' AS owner_id, '' AS reason, 'form' AS origin, '' AS custom, '' AS definition_id,
    TIMESTAMPTZ '2025-03-01 00:00:00+00' + to_microseconds(scatter(n) % 25000000000000) AS created_at,
    created_at AS qualified_at, created_at AS handed_over_at, NULL AS accepted_at, NULL AS rejected_at,
    NULL AS converted_at, false AS is_deleted, created_at AS occurred_at, created_at AS recorded_at
FROM (SELECT range AS n FROM range($people));
"""

INTEREST = Score(
    "interest",
    (
        PointsWhen(20, read_rule({"field": "person.job_title", "contains": ["head", "director"]})),
        PointsEach(10, EventFilter("page", "/pricing"), within_days=90, half_life_days=14, up_to=40),
        PointsEach(15, EventFilter("track", name="Order"), within_days=90, half_life_days=30),
    ),
)
_RULE: Rule = read_rule(
    {
        "all": [
            {"field": "person.business_email"},
            {"consent": ["email"]},
            {"field": "company.employees", "at_least": 50},
            {"any": [{"field": "person.custom.plan", "is": ["pro"]}, {"field": "company.industry", "is": ["food"]}]},
            {
                "any": [
                    {"count": {"kind": "page", "path": "/pricing"}, "at_least": 2, "within_days": 30},
                    {"sum": "amount", "events": {"kind": "track", "name": "Order"}, "at_least": 300, "within_days": 90},
                    {"score": "interest", "at_least": 25},
                ]
            },
        ]
    },
    Named({"interest": INTEREST}, {}),
)
ASKED = Asked("north", AT - timedelta(days=365), AT, AT, ("gmail.com",))
assert isinstance(_RULE, All)
RULE = _RULE
ALL_TIME = read_rule({"count": {}, "at_least": 200})


def fill(path: Path, events: int, people: int) -> None:
    connection = duckdb.connect(str(path))
    migrate(connection, AT)
    connection.execute(MACROS)
    for statement in PEOPLE.split(";\n"):
        if statement.strip():
            connection.execute(statement, {"people": people})
    for first in range(0, events, STRETCH):
        last = min(first + STRETCH, events)
        connection.execute(EVENTS, {"people": people, "events": events, "first": first, "last": last})
    connection.close()


def timed(name: str, ask: Callable[[], int], runs: int, *, warms_up: bool = True) -> None:
    found = ask() if warms_up else 0
    spent = []
    for _ in range(runs):
        began, cpu = time.perf_counter(), time.process_time()
        found = ask()
        spent.append((time.perf_counter() - began, time.process_time() - cpu))
    median, least = statistics.median(clock for clock, _ in spent), min(clock for clock, _ in spent)
    cpu = statistics.median(used for _, used in spent)
    print(f"{name:52} {found:>9,} {median:8.2f} s {least:8.2f} s {cpu:8.2f} CPU s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=30_000_000)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--only-what-if", action="store_true")
    parser.add_argument("--only-population", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = given.folder or Path(made)
        path = folder / f"rules-{given.events}-{given.people}.duckdb"
        if not path.exists():
            fill(path, given.events, given.people)
        print(f"machine: {machine()}, DuckDB {duckdb.__version__}")
        print(f"{given.people:,} people, {given.events:,} events, {path.stat().st_size / 1e9:.1f} GB")
        print(f"{'':52} {'people':>9} {'median':>10} {'least':>10} {'':>8}")
        engine = DuckDBEngine(path)
        engine.migrate()  # one that was kept may be older than the tables of today
        if not given.only_population:
            measure_what_if(engine, given.runs)
        if not given.only_what_if:
            measure(engine, given.runs)
        print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
        engine.close()


def what_if_of(engine: DuckDBEngine, employees: int) -> int:
    """The whole answer, with a sweep of twenty thresholds: the rule against itself with more people asked for."""
    stricter = All((*RULE.parts[:2], read_rule({"field": "company.employees", "at_least": employees}), *RULE.parts[3:]))
    new = Definition(also=stricter, scores={"interest": INTEREST})
    return what_if(engine, Definition(also=RULE), new, ASKED).comparison.n


def measure_what_if(engine: DuckDBEngine, runs: int) -> None:
    def cold() -> int:
        engine.kept.forget()
        return what_if_of(engine, 200)

    bars = count(100)
    timed("what-if of a year's leads, nothing kept (cold)", cold, 1, warms_up=False)
    timed("what-if, a changed number, sweep of 20 (warm)", lambda: what_if_of(engine, next(bars)), runs)
    measure_desk(engine, runs)
    engine.kept.forget()


def measure_desk(engine: DuckDBEngine, runs: int) -> None:
    """What a huddle asks for once it has opened, and what each change that somebody tries in it costs after that."""
    old = Definition(also=RULE, scores={"interest": INTEREST})
    offers = [one.definition for place in range(len(old.clauses)) for one in offered(old, place)]

    def gather() -> int:
        engine.kept.forget()
        prepare(ASKED.past(engine), [old, *offers])
        return len(offers)

    def first_three() -> int:
        return sum(what_if(engine, old, new, ASKED).comparison.n for new in offers[:3])

    timed("desk of a huddle: all on offer gathered (cold)", gather, 1, warms_up=False)
    timed("desk of a huddle: three changes tried (warm)", first_three, runs)


def measure(engine: DuckDBEngine, runs: int) -> None:
    moment = Moment(AT, AT)
    params = {"free_mail_domains": ["gmail.com"]}

    def ask(rule: object, judged: Judged, few: list[str]) -> int:
        query = to_sql(rule, judged)  # type: ignore[arg-type]
        answer = engine.query(query.sql, query.params("north", moment, people=few, **params), timeout_s=600)
        return answer.num_rows

    [row] = engine.rows("SELECT max(recorded_at) AS at FROM events")
    assert isinstance(row["at"], datetime)
    lately = row["at"] - timedelta(seconds=1)
    sql = f"SELECT id FROM person_facts WHERE id = canonical_id ORDER BY hash(id) LIMIT {CHANGED}"
    few = [str(one["id"]) for one in engine.rows(sql)]
    timed("everybody, a lead definition with a fading score", lambda: ask(RULE, Judged.EVERYBODY, []), runs)
    timed("everybody, every event of all time counts", lambda: ask(ALL_TIME, Judged.EVERYBODY, []), runs)
    timed(f"{CHANGED:,} changed people, the same definition", lambda: ask(RULE, Judged.PEOPLE, few), runs)
    timed("one changed person", lambda: ask(RULE, Judged.PEOPLE, few[:1]), runs)
    timed("who changed in the last second", lambda: len(changed(engine, lately, AT).identities), runs)


if __name__ == "__main__":
    main()
