"""The credit ledger: who gets how many cents, why the rest is unattributed, and that nothing is ever lost."""

import csv
import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path as FilePath

import pytest

from loopline.attribution.conversions import conversions
from loopline.attribution.fitted import weights_learnt
from loopline.attribution.ledger import REASONS, credit_ledger, unattributed
from loopline.attribution.model import MODELS, Model
from loopline.attribution.primary import NO_PRIMARY_CAMPAIGN
from loopline.attribution.state import question
from loopline.attribution.touchpoints import RowOf
from loopline.lib.money import deal_out
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import Options
from loopline.reports.run import settle
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, closed_loop, column, day
from tests.attribution.weights import WEIGHTS, Path

CASES = FilePath(__file__).parents[3] / "shared" / "attribution_cases"
ROW = RowOf("e.channel")
OF_PATHS = [key for key in REASONS if key != NO_PRIMARY_CAMPAIGN]


def dealt(engine: Engine, model: Model, **options: object) -> dict[str, dict[str, int]]:
    """Revenue credit: opportunity → touchpoint → cents, oldest touchpoint first."""
    scope = settle(Options(**{**MARCH, **options}), engine, BOOKS)  # type: ignore[arg-type]
    model, learnt = weights_learnt(model, engine, scope.params, 1, "revenue")
    sql = question(
        "SELECT c.record_id AS record_id, r.event_id AS event_id, r.credit AS credit FROM credits AS r "
        "JOIN conversions AS c ON c.conversion_no = r.conversion_no ORDER BY r.touched_us, r.event_id",
        credit_ledger(model, replace(ROW, carries_channel=model.reads_channel), "revenue"),
        conversions("revenue"),
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in engine.rows(sql, {**scope.params, **learnt}):
        assert isinstance(row["credit"], int)
        found[str(row["record_id"])][str(row["event_id"])] = row["credit"]
    return found


def credit(engine: Engine, model: Model, **options: object) -> dict[str, list[int]]:
    """The same as lists."""
    return {sale: list(cents.values()) for sale, cents in dealt(engine, model, **options).items()}


def reasons(engine: Engine, **options: object) -> dict[str, str]:
    sql = question(
        "SELECT c.record_id AS record_id, r.reason AS reason FROM unattributed AS r "
        "JOIN conversions AS c ON c.conversion_no = r.conversion_no",
        unattributed(MODELS["linear"], ROW, "won"),
        conversions("won"),
    )
    scope = settle(Options(**{**MARCH, **options}), engine, BOOKS)  # type: ignore[arg-type]
    return {str(row["record_id"]): str(row["reason"]) for row in engine.rows(sql, scope.params)}


def one_sale(engine: Engine, amount: int, *at: datetime) -> Shelf:
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    for number, moment in enumerate(at):
        shelf.touch(f"e{number}", "visitor:v1", moment, channel=f"c{number}")
    shelf.won("o1", "ines", day(20), amount)
    return shelf


@pytest.mark.parametrize(
    ("amount", "cents"),
    [
        (100_00, [33_34, 33_33, 33_33]),
        (1, [1, 0, 0]),
        (2, [1, 1, 0]),
        (0, [0, 0, 0]),
        (-50_00, [-16_67, -16_67, -16_66]),
    ],
)
def test_cents_that_do_not_divide_go_to_the_earlier_touchpoints(engine: Engine, amount: int, cents: list[int]):
    one_sale(engine, amount, day(1), day(2), day(3)).store()
    assert credit(engine, MODELS["linear"]) == {"o1": cents}


def test_touchpoints_of_one_moment_are_dealt_to_in_the_order_of_their_ids(engine: Engine):
    shelf = one_sale(engine, 100)
    for event_id in ("b", "a", "c"):
        shelf.touch(event_id, "visitor:v1", day(3), channel=event_id)
    shelf.store()
    assert column(closed_loop(engine, by="channel"), "revenue_minor") == {"a": 34, "b": 33, "c": 33}
    assert column(closed_loop(engine, by="channel", model="first_touch"), "revenue_minor") == {"a": 100}
    assert column(closed_loop(engine, by="channel", model="last_touch"), "revenue_minor") == {"c": 100}


def test_what_happens_at_the_moment_of_the_conversion_did_not_lead_to_it(engine: Engine):
    one_sale(engine, 100, day(20), day(20) - timedelta(microseconds=1)).store()
    assert column(closed_loop(engine, by="channel"), "revenue_minor") == {"c1": 100}


def test_the_window_holds_exactly_its_days(engine: Engine):
    one_sale(engine, 100, day(13), day(13) - timedelta(microseconds=1)).store()
    assert credit(engine, MODELS["linear"], lookback_days=7) == {"o1": [100]}
    assert credit(engine, MODELS["linear"], lookback_days=8) == {"o1": [50, 50]}


def test_without_a_window_a_touchpoint_of_years_ago_still_counts(engine: Engine):
    one_sale(engine, 100, datetime(2009, 3, 1, tzinfo=UTC), datetime(2009, 3, 8, tzinfo=UTC)).store()
    assert credit(engine, MODELS["linear"], lookback_days=None) == {"o1": [50, 50]}
    assert credit(engine, MODELS["time_decay"], lookback_days=None) == {"o1": [33, 67]}
    assert reasons(engine) == {"o1": "outside_window"}


def test_all_contacts_of_an_opportunity_bring_their_touchpoints_once(engine: Engine):
    """Ben and Ben's double are one person; with contacts, the lead's person is not asked."""
    shelf = one_sale(engine, 100, day(2))
    shelf.person("ben", "v2")
    shelf.person("ben2", "v3", canonical="ben")
    shelf.person("lead", "v4")
    shelf.contact("o1", "ben")
    shelf.contact("o1", "ben2")
    shelf.lead("l1", "lead", day(1))
    for number, visitor in enumerate(("v2", "v3", "v4")):
        shelf.touch(f"x{number}", f"visitor:{visitor}", day(5 + number), channel=visitor)
    shelf.store()
    assert column(closed_loop(engine, by="channel"), "revenue_minor") == {"c0": 34, "v2": 33, "v3": 33}


def test_an_opportunity_without_contacts_falls_back_on_its_leads_person(engine: Engine):
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), channel="Email")
    shelf.lead("l1", "ines", day(3))
    shelf.won("o1", "", day(20), 100, lead_id="l1")
    shelf.store()
    assert column(closed_loop(engine, by="channel"), "revenue_minor") == {"Email": 100}


def test_each_unattributed_sale_says_why(engine: Engine):
    shelf = Shelf(engine)
    shelf.person("outside", "v1")
    shelf.touch("e1", "visitor:v1", day(-100))
    shelf.person("after", "v2")
    shelf.touch("e2", "visitor:v2", day(25))
    shelf.person("machine", "v3")
    shelf.touch("e3", "visitor:v3", day(2), bot_verdict="machine:crawler")
    shelf.person("nothing", "v4")
    shelf.touch("e4", "visitor:v4", day(2), touch_kind="")
    shelf.person("unlinked")
    shelf.link("email:unlinked@halden.example", "unlinked")
    shelf.touch("e5", "visitor:v5", day(2))
    shelf.person("told", "v6")
    shelf.touch("e6", "visitor:v6", day(2), touch_kind="self_reported")
    for person in ("outside", "after", "machine", "nothing", "unlinked", "told"):
        shelf.won(f"o-{person}", person, day(20), 100)
    shelf.store()
    assert reasons(engine) == {
        "o-outside": "outside_window",
        "o-after": "after_conversion",
        "o-machine": "only_machine",
        "o-nothing": "no_touchpoint",
        "o-unlinked": "no_identity",
        "o-told": "left_out",
    }
    assert closed_loop(engine).balance.unattributed_reasons == dict.fromkeys(OF_PATHS, 100)


def test_a_withdrawn_link_takes_the_visits_away_again(engine: Engine):
    shelf = one_sale(engine, 100, day(2))
    shelf.link("visitor:v1", "")
    shelf.store()
    assert reasons(engine) == {"o1": "no_identity"}


CHANNELS = ("Email", "Direct", "Paid Search")


def random_books(engine: Engine, seed: int) -> dict[str, tuple[int, Path]]:
    """Eighty sales with any amounts and paths, many touchpoints at equal times; sale → amount and its path."""
    chance, shelf = random.Random(seed), Shelf(engine)
    shelf.campaign("spring", "spring")
    shelf.campaign("autumn", "autumn", unit="south")
    made: dict[str, tuple[int, Path]] = {}
    for number in range(80):
        person, visitor = f"p{number}", f"v{number}"
        shelf.person(person, visitor)
        closed = day(chance.uniform(5, 30))
        times = sorted(
            closed - timedelta(hours=chance.choice([1, 5, 24, 24, 100, 700])) for _ in range(chance.randrange(9))
        )
        channels = [chance.choice(CHANNELS) for _ in times]
        for place, at in enumerate(times):
            shelf.touch(
                f"{number:02}-{place:02}",
                f"visitor:{visitor}",
                at,
                unit_id=chance.choice(["north", "south"]),
                utm_campaign=chance.choice(["spring", "autumn", "nobody's", ""]),
                channel=channels[place],
                landing_path=chance.choice(["/a", "/b"]),
                bot_verdict="human",
            )
        amount = chance.choice([0, 1, -1, chance.randrange(10**6), -chance.randrange(10**6), chance.randrange(10**11)])
        lead_at = closed - timedelta(hours=chance.choice([0, 3, 24, 50]))
        opportunity_at = closed - timedelta(hours=chance.choice([2, 24, 2000]))
        has_lead = chance.random() < 0.7
        shelf.won(
            f"o{number}",
            person,
            closed,
            amount,
            unit_id=chance.choice(["north", "south"]),
            created_at=opportunity_at,
            lead_id=f"l{number}" if has_lead else "",
            primary_campaign_id=chance.choice(["spring", "autumn", "gone", ""]),
        )
        shelf.lead(f"l{number}", person, lead_at, unit_id=chance.choice(["north", "south"]))
        first = day(chance.uniform(-20, 40)).date()
        shelf.cost(
            f"c{number}",
            chance.choice(["spring", "autumn", ""]),
            chance.choice([0, None, chance.randrange(10**6), -chance.randrange(10**4)]),
            first,
            first + timedelta(days=chance.randrange(40)),
        )
        made[f"o{number}"] = amount, Path(times, channels, closed, lead_at if has_lead else None, opportunity_at)
    shelf.store()
    return made


@pytest.mark.parametrize("model", list(WEIGHTS))
def test_both_engines_deal_to_the_cent_as_deal_out_does(engine: Engine, model: str):
    made = random_books(engine, 1)
    dealt = credit(engine, MODELS[model])
    for key, (amount, path) in made.items():
        parts = deal_out(amount, WEIGHTS[model](path)) if path.times else []
        assert [part for part in dealt.get(key, []) if part] == [part for part in parts if part]


def test_credit_is_the_same_where_the_touchpoints_of_strangers_are_read_too(engine: Engine):
    random_books(engine, 4)
    shelf = Shelf(engine)
    for person, canonical in (("ann", "ann"), ("old ann", "ann"), ("bea", "bea"), ("older", "old ann")):
        shelf.person(person, f"browser of {person}", canonical=canonical)
    for place, identity in enumerate(
        ["person:ann", "person:old ann", "visitor:browser of old ann", "person:bea", "visitor:nobody", "person:older"]
    ):
        shelf.touch(f"own-{place}", identity, day(2 + place / 10), channel="Email")
    shelf.won("merged", "old ann", day(9), 1001)
    shelf.won("single", "bea", day(9), 77)
    shelf.won("nothing", "older", day(1), 5)
    shelf.store()
    values = settle(Options(**MARCH), engine, BOOKS).params  # type: ignore[arg-type]
    answers = []
    for row in (ROW, replace(ROW, with_strangers=True)):
        credit = question(
            "SELECT c.record_id AS record_id, r.event_id AS event_id, r.credit AS credit FROM credits AS r "
            "JOIN conversions AS c ON c.conversion_no = r.conversion_no ORDER BY c.record_id, r.event_id",
            credit_ledger(MODELS["linear"], row, "revenue"),
            conversions("revenue"),
        )
        reasons = question(
            "SELECT c.record_id AS record_id, u.reason AS reason FROM unattributed AS u "
            "JOIN conversions AS c ON c.conversion_no = u.conversion_no ORDER BY c.record_id",
            unattributed(MODELS["linear"], row, "revenue"),
            conversions("revenue"),
        )
        answers.append([engine.rows(credit, values), engine.rows(reasons, values)])
    assert answers[0] == answers[1]
    own = {(row["record_id"], row["event_id"]) for row in answers[0][0] if str(row["event_id"]).startswith("own")}
    assert own == {("merged", "own-0"), ("merged", "own-1"), ("merged", "own-2"), ("single", "own-3")}


@pytest.mark.parametrize("clock", ["period", "cohort"])
def test_any_books_balance_for_every_model_and_dimension(engine: Engine, clock: str):
    random_books(engine, 3)
    revenue = set()
    models = MODELS if clock == "period" else ("w_shaped", "markov", "influenced")
    cases = [*((by, "linear") for by in DIMENSIONS), *(("campaign", model) for model in models)]
    for by, model in cases:
        result = closed_loop(engine, by=by, model=model, clock=clock)
        credited = ("leads", "opportunities", "won", "converted", "revenue_minor")
        for metric in ("cost_minor", "sessions", *credited):
            if not (metric in credited and MODELS[model].overlaps):
                rows = sum(row.values[metric] or 0 for row in result.rows)
                assert rows == pytest.approx(result.totals.values[metric] or 0), (model, metric)
        revenue.add(result.totals.values["revenue_minor"])
    assert len(revenue) == 1 or clock == "cohort"


@pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/attribution_cases, which is not here")
def test_cents_agree_with_the_shared_table():
    """The ledger's rule, `deal_out`; the SQL is held to it above."""
    deals: dict[str, list[dict[str, str]]] = defaultdict(list)
    with (CASES / "cents_reconciliation" / "expected.csv").open() as file:
        for row in csv.DictReader(file):
            deals[row["deal"]].append(row)
    assert deals
    for rows in deals.values():
        parts = deal_out(int(rows[0]["revenue_cents"]), [float(row["weight"]) for row in rows])
        assert parts == [int(row["credit_cents"]) for row in rows]


@pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/attribution_cases, which is not here")
def test_time_decay_agrees_with_the_shared_table(engine: Engine):
    """Touchpoints on the day of the conversion are a second before it here, which moves no cent."""
    shelf, wanted = Shelf(engine), defaultdict(list)
    with (CASES / "position_and_decay_small" / "time_decay_halflife7d.csv").open() as file:
        for row in csv.DictReader(file):
            name = "o" + row["path"].replace(" ", "")
            days = [float(part) for part in row["days_before_conversion"].split(">")]
            place = int(row["touch_index"]) - 1
            if place == 0:
                shelf.person(name, name)
                shelf.won(name, name, day(25), round(float(row["revenue"]) * 100))
            at = day(25) - timedelta(days=days[place], seconds=1)
            shelf.touch(f"{name}{place}", f"visitor:{name}", at)
            wanted[name].append(round(float(row["credit"]) * 100))
    shelf.store()
    assert credit(engine, MODELS["time_decay"]) == wanted
