"""The SQL of a rule and its explanation agree, on both engines, person by person."""

from datetime import timedelta

import pytest

from loopline.rules.explain import judge
from loopline.rules.population import Moment, measures_sql, to_sql
from loopline.rules.read import read_rule
from loopline.rules.tree import conditions
from loopline.store.engine import Engine
from tests.rules.population import FREE, NOW, UNIT, Act, Someone, fact, store

PEOPLE = [
    Someone("ines", "ines@halden.no", "NO", "Head of Operations", "Halden", 1200, "Food", "NO", {"email": True},
            (Act("page", "/pricing", 2, view="v1", engaged_ms=100_000), Act("system", "/pricing", 2, view="v1",
             engaged_ms=190_000), Act("page", "/pricing/teams", 40, view="v2", engaged_ms=5_000),
             Act("form", "/demo", 1, form="ask-for-a-demo")), "b1"),
    Someone("tom", "tom@gmail.com", "ES", "Student", consents={"email": False, "phone": True},
            acts=(Act("page", "/pricing", 31), Act("page", "/jobs", 1))),
    Someone("mei", "mei@brightwater.cn", job_title="CFO", company="Brightwater", employees=None,
            acts=(Act("page", "/pricing", 1, verdict="machine:crawler"), Act("page", "/", 3)), visitor="b3"),
    Someone("nobody"),
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
        measures = [measure for one in conditions(rule) for measure in one.measures()]
        expected = {one.id: judge(rule, one.facts(measures)).is_met is True for one in PEOPLE}
        assert verdicts(population, rule_json) == expected, rule_json


def test_each_condition_has_its_own_verdict_with_null_for_not_known(population: Engine) -> None:
    query = to_sql(read_rule({"all": [{"field": "company.employees", "at_least": 500}, {"consent": ["email"]}]}))
    rows = population.rows(query.sql, query.params(UNIT, Moment(NOW, NOW), free_mail_domains=FREE))
    found = {row["person_id"]: (row["c0"], row["c1"]) for row in rows}
    assert found == {
        "ines": (True, True), "tom": (None, False), "mei": (None, False), "nobody": (None, False),
        "other": (False, False),
    }  # fmt: skip


def test_measures_of_one_person_agree_with_the_population(population: Engine) -> None:
    measures = [measure for rule in RULES for one in conditions(read_rule(rule)) for measure in one.measures()]
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
