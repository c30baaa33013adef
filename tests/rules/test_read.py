"""Rules as JSON: read, written, refused. Whatever a rule holds, its SQL holds only our own words."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopline.lib.times import utc_now
from loopline.rules.conditions import consent, count, engaged, field, form, seen
from loopline.rules.errors import RuleError
from loopline.rules.explain import explain, to_sentence
from loopline.rules.facts import Facts
from loopline.rules.fields import FIELDS, FieldKind
from loopline.rules.library import CONDITIONS
from loopline.rules.measures import KINDS
from loopline.rules.population import Moment, to_sql
from loopline.rules.read import MAX_DEPTH, parse_rule, read_rule, rule_json

TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and text.strip() == text)
WORDS = st.lists(TEXTS, min_size=1, max_size=3)
DAYS = st.integers(1, 3650)
FILTERS = st.fixed_dictionaries(
    {}, optional={"kind": st.sampled_from(list(KINDS)), "path": TEXTS, "name": TEXTS}
)  # fmt: skip


def _fields() -> st.SearchStrategy[dict[str, object]]:
    texts = [key for key, one in FIELDS.items() if one.kind is FieldKind.TEXT]
    return st.one_of(
        st.builds(lambda key: {"field": key}, st.sampled_from(list(FIELDS))),
        st.builds(
            lambda key, operator, words: {"field": key, operator: words},
            st.sampled_from(texts),
            st.sampled_from(["is", "contains"]),
            WORDS,
        ),
        st.builds(
            lambda operator, number: {"field": "company.employees", operator: number},
            st.sampled_from(["at_least", "at_most"]),
            st.integers(0, 10**9),
        ),
    )


LEAVES: st.SearchStrategy[dict[str, object]] = st.one_of(
    _fields(),
    st.builds(lambda words: {"consent": words}, WORDS),
    st.builds(lambda words, days: {"form": words, "within_days": days}, WORDS, DAYS),
    st.builds(lambda words: {"form": words}, WORDS),
    st.builds(
        lambda events, least, days: {"count": events, "at_least": least, "within_days": days},
        FILTERS,
        st.integers(1, 99),
        DAYS,
    ),
    st.builds(lambda events, days: {"seen": events, "within_days": days}, FILTERS, DAYS),
    st.builds(lambda seconds, path: {"engaged_seconds": seconds, "path": path}, st.integers(1, 9999), TEXTS),
)


def _joined(parts: st.SearchStrategy[dict[str, object]]) -> st.SearchStrategy[dict[str, object]]:
    several = st.lists(parts, min_size=1, max_size=3)
    return st.one_of(
        st.builds(lambda found: {"all": found}, several),
        st.builds(lambda found: {"any": found}, several),
        st.builds(lambda found: {"not": found}, parts),
        st.builds(lambda found: {"at_least": len(found), "of": found}, several),
    )


TREES = st.recursive(LEAVES, _joined, max_leaves=12)

# What SQL may consist of: words that are ours, numbers, and the signs of expressions. Texts only where they are ours.
_TOKEN = re.compile(r"'[^']*'|\$[a-z_0-9]+|[A-Za-z_][A-Za-z_0-9]*|\d+|<>|>=|<=|\|\||[(),.*/%=<>+-]|\s+")
_NAME = re.compile(r"\$?(v\d+|c\d+|m\d+|days_\d+|(acts|views|consents|emails)_\d+)$")
_BASE = to_sql(
    read_rule(
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
            ]
        }
    )
).sql


def _tokens(sql: str) -> set[str]:
    assert _TOKEN.sub("", sql) == "", "something that is no token of ours"
    return {token for token in _TOKEN.findall(sql) if not _NAME.match(token) and not token.isspace()}


KNOWN = _tokens(_BASE)


def _depth(rule: object) -> int:
    if isinstance(rule, dict):
        inner = [value for key, value in rule.items() if key in {"all", "any", "not", "of"}]
        return 1 + max((_depth(value) for value in inner), default=0) if inner else 1
    return max((_depth(part) for part in rule), default=0) if isinstance(rule, list) else 0


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_a_rule_becomes_only_known_words_and_its_values_only_parameters(tree: dict[str, object]) -> None:
    if _depth(tree) > MAX_DEPTH:
        with pytest.raises(RuleError, match="levels deep"):
            read_rule(tree)
        return
    rule = read_rule(tree)
    assert read_rule(rule_json(rule)) == rule
    query = to_sql(rule)
    assert _tokens(query.sql) <= KNOWN | set(string.digits) | {"1000"}
    params = query.params("unit", Moment(utc_now(), utc_now()))
    assert set(re.findall(r"\$(\w+)", query.sql.replace("'$.form'", ""))) <= set(params)
    assert to_sentence(rule)
    assert explain(rule, Facts(at=utc_now()))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["all", "any", "not", "of", *CONDITIONS, "at_least", "is", "path"]) | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_hostile_json_is_a_rule_or_refused(value: object) -> None:
    try:
        rule = read_rule(value)
    except RuleError:
        return
    assert read_rule(rule_json(rule)) == rule


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
        ({"engaged_seconds": 90, "path": "/docs"}, "spent at least 1 min 30 s on /docs"),
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
    assert to_sentence(read_rule(json)) == sentence


def test_every_condition_is_in_the_library() -> None:
    modules = (field, consent, form, count, seen, engaged)
    assert set(CONDITIONS) == {module.CONDITION.key for module in modules}
