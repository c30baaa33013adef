"""Rules as JSON: read, written, refused. Whatever a rule holds, its SQL holds only our own words."""

import re
import string

import pytest
from hypothesis import given, settings

from loopline.lib.times import utc_now
from loopline.rules.conditions import campaign, consent, count, engaged, field, form, seen
from loopline.rules.conditions import sum as sum_of
from loopline.rules.errors import RuleError
from loopline.rules.explain import explain, to_sentence
from loopline.rules.facts import Facts
from loopline.rules.fields import FIELDS
from loopline.rules.library import CONDITIONS
from loopline.rules.population import Judged, Moment, to_sql
from loopline.rules.read import MAX_DEPTH, parse_rule, read_rule, rule_json
from tests.rules.trees import FIT, JSON, NAMED, TREES, depth

# What SQL may consist of: words that are ours, numbers, and the signs of expressions. Texts only where they are ours.
_TOKEN = re.compile(r"'[^']*'|\$[a-z_0-9]+|[A-Za-z_][A-Za-z_0-9]*|\d+|<>|>=|<=|\|\||[(),.*/%=<>+-]|\s+")
_NAME = re.compile(r"\$?(v\d+|c\d+|m\d+|f\d+|s\d+|days_\d+|(acts|views|consents|emails)_\d+)$")
_EVERYTHING = read_rule(
    {
        "all": [
            {"any": [{"field": key} for key in FIELDS]},
            {"field": "person.country", "is": ["a"]},
            {"field": "company.employees", "at_least": 1},
            {"not": {"field": "company.employees", "at_most": 1}},
            {"consent": ["a", "b"]},
            {"form": ["a"], "within_days": 1},
            {"count": {"kind": "page", "name": "a", "path": "/"}, "at_least": 1, "within_days": 1},
            {"count": {}, "at_least": 1},
            {"seen": {}, "within_days": 1},
            {"engaged_seconds": 1},
            {"at_least": 1, "of": [{"field": "person.email"}, {"field": "company.known"}]},
            {"field": "person.custom.a", "at_least": 1},
            {"field": "company.custom.a", "is": ["a"]},
            {"field": "lead.custom.a", "is": ["a"]},
            {"campaign": ["a"]},
            {"unless": {"score": "fit", "at_least": 1}},
            {
                "sum": "a",
                "events": {"channel": "a", "where": {"a": {"is": ["a"]}, "b": {"at_most": 1}}},
                "at_least": 1,
                "half_life_days": 3,
            },
        ]
    },
    NAMED,
)


def _tokens(sql: str) -> set[str]:
    assert _TOKEN.sub("", sql) == "", "something that is no token of ours"
    return {token for token in _TOKEN.findall(sql) if not _NAME.match(token) and not token.isspace()}


KNOWN = {judged: _tokens(to_sql(_EVERYTHING, judged).sql) for judged in Judged}


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_a_rule_becomes_only_known_words_and_its_values_only_parameters(tree: dict[str, object]) -> None:
    if depth(tree) > MAX_DEPTH:
        with pytest.raises(RuleError, match="levels deep"):
            read_rule(tree)
        return
    rule = read_rule(tree, NAMED)
    assert read_rule(rule_json(rule), NAMED) == rule
    for judged in Judged:
        query = to_sql(rule, judged, scores=[FIT])
        assert _tokens(query.sql) <= KNOWN[judged] | set(string.digits) | {"1000"}
        period = (utc_now(), utc_now())
        params = query.replay_params("unit", period, utc_now()) | query.params("unit", Moment(utc_now(), utc_now()))
        assert set(re.findall(r"\$(\w+)", query.sql)) <= set(params)
    assert to_sentence(rule)
    assert explain(rule, Facts(at=utc_now()))


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_hostile_json_is_a_rule_or_refused(value: object) -> None:
    try:
        rule = read_rule(value, NAMED)
    except RuleError:
        return
    assert read_rule(rule_json(rule), NAMED) == rule


@pytest.mark.parametrize(
    ("json", "says"),
    [
        ("{", "This is not JSON"),
        ("[]", "rule: must be an object"),
        ("{}", "rule: needs exactly one of all, any, not"),
        ('{"all": []}', "rule.all: must be a list with at least one part"),
        ('{"all": [{"any": [{"field": "x"}]}]}', r"rule.all\[0\].any\[0\]: There is no field 'x'"),
        ('{"field": "person.email", "consent": ["a"]}', "needs exactly one of"),
        ('{"consent": ["a"], "extra": 1}', "consent knows no extra"),
        ('{"consent": []}', "“consent” must be a list of 1 to 50 texts"),
        ('{"consent": ["a\\u0000"]}', "printable"),
        ('{"field": "person.email", "is": ["a"]}', "takes one operator or none"),
        ('{"field": "company.employees", "at_least": true}', "must be a whole number"),
        ('{"field": "company.employees", "at_least": 1.5}', "must be a whole number"),
        ('{"count": {"kind": "click"}, "at_least": 1}', "There is no kind of event “click”"),
        ('{"count": {"kind": "page", "sql": "x"}, "at_least": 1}', "must be an object with some of"),
        ('{"seen": {}, "within_days": 0}', "from 1 to 3650"),
        ('{"at_least": 3, "of": [{"field": "person.email"}]}', "from 1 to 1"),
        ('{"not": ' * 9 + '{"field": "person.email"}' + "}" * 9, "at most 6 levels deep"),
        ('{"not": ' * 100_000, "levels deep|not JSON"),
        ('{"any": [' + ",".join(['{"field": "person.email"}'] * 101) + "]}", "at most 100 parts"),
    ],
)
def test_what_is_no_rule_is_refused_with_the_place_and_the_reason(json: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        parse_rule(json)


def test_too_many_conditions_are_refused() -> None:
    many = {"any": [{"field": "person.email"}] * 60}
    with pytest.raises(RuleError, match="at most 100 conditions"):
        read_rule({"all": [many, many]})


@pytest.mark.parametrize(
    ("json", "sentence"),
    [
        ({"field": "person.country", "is": ["NO", "SE", "DK"]}, "is in Norway, Sweden or Denmark"),
        ({"not": {"field": "person.business_email"}}, "has no business e-mail address"),
        (
            {"field": "company.employees", "at_least": 1200},
            "works for a company with at least 1,200 people",
        ),
        ({"field": "person.job_title", "contains": ["head", "director"]}, "has head or director in the job title"),
        ({"not": {"consent": ["email"]}}, "did not agree to be contacted by e-mail"),
        ({"consent": ["contact"]}, "agreed to be contacted"),
        ({"consent": ["contact", "email", "phone"]}, "agreed to be contacted in general, by e-mail or by phone"),
        ({"consent": ["newsletter"]}, "agreed to be contacted for “newsletter”"),
        (
            {"count": {"kind": "page", "path": "/pricing"}, "at_least": 2, "within_days": 7},
            "viewed /pricing at least twice in the last 7 days",
        ),
        ({"seen": {}, "within_days": 1}, "last was here in the last day"),
        ({"seen": {"kind": "form"}, "within_days": 1}, "last sent a form in the last day"),
        (
            {"seen": {"kind": "form", "path": "/contact"}, "within_days": 1},
            "last sent a form on /contact in the last day",
        ),
        ({"engaged_seconds": 90, "path": "/docs"}, "spent at least 1 min 30 s on /docs"),
        (
            {
                "count": {"kind": "track", "name": "Order", "where": {"plan": {"is": ["pro", "team"]}}},
                "at_least": 2,
                "half_life_days": 14,
            },
            "did “Order” with plan pro or team at least twice, halved every 14 days",
        ),
        (
            {"sum": "amount", "events": {"name": "Order"}, "at_least": 1000, "within_days": 90},
            "was here “Order” with at least 1,000 amount in all in the last 90 days",
        ),
        ({"not": {"campaign": ["Autumn fair"]}}, "did not come through the campaign “Autumn fair”"),
        ({"field": "person.custom.shoe_size", "at_least": 42}, "has the shoe size at least 42"),
        ({"not": {"field": "lead.custom.budget", "is": ["low"]}}, "has not the budget of the lead low"),
        ({"field": "lead.state", "is": ["handed_over"]}, "is a lead that is handed over"),
        ({"score": "fit", "level": "B"}, "has a fit of B or better"),
        ({"score": "fit", "at_least": 60}, "has at least 60 of 100 points for fit"),
        ({"unless": {"segment": "nordics"}}, "unless the person is in the segment “nordics”"),
        (
            {"at_least": 2, "of": [{"field": "person.email"}, {"field": "company.known"}]},
            "at least 2 of: has an e-mail address; works for a known company",
        ),
        (
            {"any": [{"all": [{"field": "person.email"}, {"consent": ["email"]}]}, {"form": ["demo"]}]},
            "(has an e-mail address and agreed to be contacted by e-mail) or sent the form “demo”",
        ),
    ],
)
def test_a_rule_reads_as_english(json: object, sentence: str) -> None:
    assert to_sentence(read_rule(json, NAMED)) == sentence


def test_every_condition_is_in_the_library() -> None:
    modules = (field, consent, form, count, seen, engaged, campaign, sum_of)
    assert set(CONDITIONS) == {module.CONDITION.key for module in modules}
