"""The SQL of a rule and its explanation agree, on both engines, person by person."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from loopline.rules.explain import judge
from loopline.rules.measures import EventFilter
from loopline.rules.population import Judged, Moment, measures_sql, to_sql
from loopline.rules.read import read_rule
from loopline.rules.score import Named, PointsEach, PointsWhen, Score, work_out
from loopline.rules.tree import measures_of
from loopline.store.engine import Engine, Row
from tests.rules.population import FREE, NOW, UNIT, Act, Someone, fact, store

PEOPLE = [
    Someone("ines", "ines@halden.no", "NO", "Head of Operations", "Halden", 1200, "Food", "NO", {"email": True},
            (Act("page", "/pricing", 2, view="v1", engaged_ms=100_000), Act("system", "/pricing", 2, view="v1",
             engaged_ms=190_000), Act("page", "/pricing/teams", 40, view="v2", engaged_ms=5_000),
             Act("form", "/demo", 1, form="ask-for-a-demo"), Act("page", "/fair", 3, campaign="autumn-ads",
             channel="Paid Search"), Act("track", name="Order", days_ago=7, properties={"amount": 200, "plan": "Pro"}),
             Act("track", name="Order", days_ago=28, properties={"amount": 90.5, "plan": "team"}),
             Act("track", name="Order", days_ago=2, properties={"amount": "?"})), "b1",
            {"plan": "Pro", "seats": 12, "is_trial": True}, {"tier": "gold"}, {"budget": 5000, "rooms": "7.5"}),
    Someone("tom", "tom@gmail.com", "ES", "Student", consents={"email": False, "phone": True},
            acts=(Act("page", "/pricing", 31), Act("page", "/jobs", 1))),
    Someone("mei", "mei@brightwater.cn", job_title="CFO", company="Brightwater", employees=None,
            acts=(Act("page", "/pricing", 1, verdict="machine:crawler"), Act("page", "/", 3)), visitor="b3"),
    Someone("nobody", custom={"plan": "free", "seats": "many"}, lead={"budget": 100},
            acts=(Act("page", campaign="spring", days_ago=50),)),
    Someone("other", "x@other.se", "SE", company="Other", employees=0, industry="food",
            acts=(Act("page", "/pricing", 1, unit="unit-2"), Act("track", name="Trial started", days_ago=29.9))),
]  # fmt: skip

RULES: list[object] = [
    {"field": "person.email"},
    {"field": "person.business_email"},
    {"not": {"field": "person.business_email"}},
    {"field": "person.country"},
    {"field": "person.country", "is": ["no", "SE"]},
    {"not": {"field": "person.country", "is": ["no", "SE"]}},
    {"field": "person.job_title", "contains": ["head of", "cfo"]},
    {"field": "company.known"},
    {"field": "company.employees"},
    {"field": "company.employees", "at_least": 0},
    {"field": "company.employees", "at_least": 500},
    {"field": "company.employees", "at_most": 500},
    {"field": "company.industry", "is": ["FOOD"]},
    {"field": "company.country", "is": ["NO"]},
    {"consent": ["email", "phone"]},
    {"not": {"consent": ["email"]}},
    {"form": ["demo"], "within_days": 90},
    {"form": ["newsletter"]},
    {"count": {"kind": "page", "path": "/pricing"}, "at_least": 1, "within_days": 30},
    {"count": {"kind": "page", "path": "/pricing"}, "at_least": 2},
    {"count": {"kind": "track", "name": "Trial started"}, "at_least": 1, "within_days": 30},
    {"count": {}, "at_least": 1},
    {"seen": {}, "within_days": 2},
    {"engaged_seconds": 190, "path": "/pricing"},
    {"engaged_seconds": 195, "path": "/pricing"},
    {"engaged_seconds": 195, "within_days": 30},
    {"field": "person.custom.plan"},
    {"field": "person.custom.plan", "is": ["pro"]},
    {"not": {"field": "person.custom.plan", "is": ["pro"]}},
    {"field": "person.custom.is_trial", "is": ["true"]},
    {"field": "person.custom.seats", "at_least": 10},
    {"not": {"field": "person.custom.seats", "at_least": 10}},
    {"field": "company.custom.tier", "contains": ["GOL"]},
    {"field": "lead.custom.budget", "at_most": 200},
    {"field": "lead.custom.rooms", "at_least": 7},
    {"field": "lead.origin", "is": ["import"]},
    {"not": {"field": "lead.state", "is": ["handed_over"]}},
    {"campaign": ["autumn FAIR"]},
    {"campaign": ["spring"], "within_days": 60},
    {"campaign": ["spring"], "within_days": 40},
    {"count": {"channel": "Paid Search", "campaign": ["autumn-26", "autumn-ads"]}, "at_least": 1},
    {"count": {"kind": "track", "where": {"plan": {"is": ["pro", "team"]}}}, "at_least": 2},
    {"count": {"where": {"amount": {"at_least": 91, "at_most": 200}}}, "at_least": 1},
    {"count": {"where": {"amount": {"at_least": 91, "at_most": 200}}}, "at_least": 2},
    {"count": {"kind": "page"}, "at_least": 2, "half_life_days": 30},
    {"count": {"kind": "page"}, "at_least": 2, "half_life_days": 3, "within_days": 30},
    {"sum": "amount", "events": {"name": "Order"}, "at_least": 290},
    {"sum": "amount", "events": {"name": "Order"}, "at_least": 291},
    {"sum": "amount", "events": {"name": "Order"}, "at_least": 105, "half_life_days": 7},
    {"sum": "amount", "events": {"name": "Order"}, "at_least": 106, "half_life_days": 7},
    {"unless": {"field": "company.employees", "at_least": 500}},
    {"all": [{"unless": {"field": "person.country", "is": ["ES"]}}, {"count": {}, "at_least": 1}]},
    {"at_least": 2, "of": [{"field": "company.employees", "at_least": 500}, {"field": "person.country", "is": ["SE"]},
                           {"field": "company.industry", "is": ["food"]}]},
    {"not": {"at_least": 2, "of": [{"field": "company.employees", "at_least": 500},
                                   {"field": "person.country", "is": ["SE"]}, {"consent": ["phone"]}]}},
    {"any": [{"all": [{"field": "company.employees", "at_least": 1}, {"consent": ["email"]}]},
             {"not": {"field": "person.country", "is": ["ES"]}}]},
]  # fmt: skip


@pytest.fixture
def population(engine: Engine) -> Engine:
    store(engine, PEOPLE)
    return engine


def verdicts(engine: Engine, rule_json: object, as_of_hours: float = 0) -> dict[str, object]:
    query = to_sql(read_rule(rule_json))
    moment = Moment(at=NOW, as_of=NOW + timedelta(hours=as_of_hours))
    rows = engine.rows(query.sql, query.params(UNIT, moment, free_mail_domains=FREE))
    return {str(row["person_id"]): row["is_met"] for row in rows}


def test_sql_and_explanation_agree_for_every_person_and_every_rule(population: Engine) -> None:
    for rule_json in RULES:
        rule = read_rule(rule_json)
        expected = {one.id: judge(rule, one.facts(measures_of(rule))).is_met is True for one in PEOPLE}
        assert verdicts(population, rule_json) == expected, rule_json


EVERY_CONDITION: object = {"any": RULES}
"""All of RULES in one question, each condition with its verdict: c0, c1, …"""


def conditions_of(engine: Engine, judged: Judged = Judged.EVERYBODY, people: Sequence[str] = ()) -> dict[str, Row]:
    query = to_sql(read_rule(EVERY_CONDITION), judged)
    rows = engine.rows(query.sql, query.params(UNIT, Moment(NOW, NOW), free_mail_domains=FREE, people=people))
    return {str(row["person_id"]): row for row in rows}


def test_a_few_people_get_the_verdicts_they_get_among_everybody(population: Engine) -> None:
    everybody = conditions_of(population)
    few = conditions_of(population, Judged.PEOPLE, ["ines", "tom", "stranger"])
    assert few == {name: everybody[name] for name in ("ines", "tom")}


SCORE = Score(
    "interest",
    (
        PointsWhen(20, read_rule({"field": "company.known"})),
        PointsWhen(-50, read_rule({"field": "person.job_title", "contains": ["student"]})),
        PointsEach(10, EventFilter("page", "/pricing"), half_life_days=30),
        PointsEach(30, EventFilter(name="Order"), up_to=45),
        PointsEach(-5, EventFilter("page", "/jobs"), up_to=-5),
    ),
    cap=70,
    levels=(("hot", 60), ("warm", 20)),
)


def test_a_score_is_the_same_in_sql_and_in_its_explanation_and_lies_between_zero_and_its_cap(
    population: Engine,
) -> None:
    rule = read_rule({"score": "interest", "level": "hot"}, Named({"interest": SCORE}, {}))
    query = to_sql(rule, scores=[SCORE])
    rows = population.rows(query.sql, query.params(UNIT, Moment(NOW, NOW), free_mail_domains=FREE))
    expected = {one.id: work_out(SCORE, one.facts(SCORE.measures())) for one in PEOPLE}
    assert {row["person_id"]: row["s0"] for row in rows} == {name: one.value for name, one in expected.items()}
    assert {row["person_id"]: row["is_met"] for row in rows} == {
        name: one.level == "hot" for name, one in expected.items()
    }
    assert (expected["ines"].value, expected["ines"].level, expected["tom"].value) == (70, "hot", 0)


def test_each_condition_has_its_own_verdict_with_null_for_not_known(population: Engine) -> None:
    query = to_sql(read_rule({"all": [{"field": "company.employees", "at_least": 500}, {"consent": ["email"]}]}))
    rows = population.rows(query.sql, query.params(UNIT, Moment(NOW, NOW), free_mail_domains=FREE))
    found = {row["person_id"]: (row["c0"], row["c1"]) for row in rows}
    assert found == {
        "ines": (True, True), "tom": (None, False), "mei": (None, False), "nobody": (None, False),
        "other": (False, False),
    }  # fmt: skip


def test_measures_of_one_person_agree_with_the_population(population: Engine) -> None:
    measures = list(dict.fromkeys(measure for rule in RULES for measure in measures_of(read_rule(rule))))
    query = measures_sql(measures)
    ines = PEOPLE[0]
    identities = ["visitor:b1", "person:ines", "email:ines@halden.no"]
    [row] = population.rows(query.sql, query.params(UNIT, Moment(NOW, NOW), identities=identities))
    facts = ines.facts(measures)
    assert facts.behaviour is not None
    assert {measure: row[f"m{number}"] for number, measure in enumerate(measures)} == facts.behaviour
    [row] = population.rows(query.sql, query.params(UNIT, Moment(NOW, NOW), identities=[]))
    assert set(row.values()) == {None}, "no event at all is NULL, and conditions read it as never"


def test_what_was_not_known_yet_does_not_count(population: Engine) -> None:
    assert verdicts(population, {"consent": ["email"]}, as_of_hours=-2) == {}


def test_a_merged_person_counts_once_with_both_histories(engine: Engine) -> None:
    old = Someone("old", acts=(Act("page", "/pricing"),), visitor="b9", consents={"email": True})
    merged = fact("old", 2, unit_id=UNIT, canonical_id="new", company_id="", country="")
    store(engine, [Someone("new", "n@new.no", acts=(Act("page", "/pricing"),)), old], {"person_facts": [merged]})
    rule = {"all": [{"count": {"kind": "page", "path": "/pricing"}, "at_least": 2}, {"consent": ["email"]}]}
    assert verdicts(engine, rule) == {"new": True}


def test_a_later_machine_verdict_takes_the_visits_away(engine: Engine) -> None:
    someone = Someone("a", acts=(Act("page", "/pricing"),), visitor="b1")
    store(engine, [someone], {"bot_verdict_facts": [fact("b1", verdict="machine:pace")]})
    assert verdicts(engine, {"count": {"kind": "page"}, "at_least": 1}) == {"a": False}


def test_another_units_people_are_left_out_unless_they_are_a_lead_here(engine: Engine) -> None:
    strangers = [
        fact(name, unit_id="unit-2", canonical_id=name, company_id="", country="NO") for name in ("stranger", "lead")
    ]
    lead = fact("l1", unit_id=UNIT, person_id="lead", state="new", created_at=NOW)
    store(engine, [], {"person_facts": strangers, "lead_facts": [lead]})
    assert verdicts(engine, {"field": "person.country"}) == {"lead": True}


def test_nobody_at_all_is_no_rows(engine: Engine) -> None:
    assert verdicts(engine, {"field": "person.email"}) == {}
