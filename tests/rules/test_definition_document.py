"""Lead definitions as JSON and as text: read, written, refused; and as one rule."""

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopline.rules.definition import EVIDENCE, definition_json, read_definition
from loopline.rules.definition_text import definition_text, parse_definition
from loopline.rules.errors import RuleError
from loopline.rules.explain import judge
from loopline.rules.facts import Facts
from loopline.rules.schema import definition_schema
from tests.rules.population import NOW
from tests.rules.trees import FILTERS, LEAVES, TEXTS, TREES, depth

VALIDATOR = jsonschema.Draft202012Validator(definition_schema())
SEGMENT_RULE = {"field": "person.country", "is": ["NO"]}
PLAIN = LEAVES.filter(lambda leaf: "score" not in leaf)
SMALL = TREES.filter(lambda tree: depth(tree) <= 5)
POINTS = st.one_of(
    st.builds(lambda points, rule: {"points": points, "when": rule}, st.integers(-99, 99), PLAIN),
    st.builds(
        lambda points, events, days, limit: {"points": points, "each": events, "within_days": days, "up_to": limit},
        st.integers(1, 99),
        FILTERS,
        st.integers(1, 99),
        st.integers(0, 99),
    ),
    st.builds(
        lambda points, events, days: {"points": points, "each": events, "half_life_days": days},
        st.integers(-99, 0),
        FILTERS,
        st.integers(1, 99),
    ),
)
FIT = st.builds(
    lambda points, extra: {"cap": 100, "levels": {"A": 70, "B": 40} | extra, "points": points},
    st.lists(POINTS, min_size=1, max_size=3),
    st.dictionaries(TEXTS, st.integers(0, 39), max_size=1),
)
DOCUMENTS = st.builds(
    lambda evidence, also, never, fit, more: {
        "evidence": evidence,
        "also": also,
        "never": never,
        "scores": {"fit": fit},
        "segments": {"nordics": SEGMENT_RULE} | dict.fromkeys(more, SEGMENT_RULE),
    },
    st.dictionaries(st.sampled_from(list(EVIDENCE)), SMALL),
    SMALL,
    st.lists(SMALL, max_size=2),
    FIT,
    st.lists(TEXTS, max_size=1),
)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
def test_json_and_text_hold_the_same_definition(document: dict[str, object]) -> None:
    definition = read_definition(document)
    assert read_definition(definition_json(definition)) == definition
    assert parse_definition(definition_text(definition)) == definition
    VALIDATOR.validate(definition_json(definition))


TEXT = """who
  person.business_email
need
  any of
    form demo within 90 days
    score interest level hot
never
  person.job_title contains student
  company.custom.is_competitor is true
score interest of 80 points hot 60 warm 30
  20 when
    company.known
  10 each page on /pricing within 90 days half-life 14 days up to 40
  -15 each page on /jobs
segment nordics
  person.country is NO, SE
"""


def test_the_text_of_a_definition_reads_as_it_is_meant_and_becomes_a_sentence() -> None:
    definition = parse_definition(TEXT)
    assert definition_text(definition) == TEXT
    assert definition.sentence == (
        "A lead is a person who has a business e-mail address, and either sent the form “demo” in the last 90 days or "
        "has an interest of hot or better; never one who has student in the job title or has the is competitor of "
        "the company true."
    )
    assert [clause.part for clause in definition.clauses] == ["who", "need", "never", "never"]


def test_a_veto_decides_only_when_it_is_known_to_hold() -> None:
    definition = read_definition(
        {"evidence": {"who": {"field": "person.email"}}, "never": [{"field": "person.country", "is": ["XX"]}]}
    )
    known = {"person.email": "a@b.no"}
    assert judge(definition.rule, Facts(NOW, known)).is_met is True
    assert judge(definition.rule, Facts(NOW, known | {"person.country": "XX"})).is_met is False


def test_a_bare_rule_is_a_definition_and_stays_one() -> None:
    rule = {"all": [{"field": "person.email"}, {"field": "company.known"}]}
    definition = read_definition(rule)
    assert definition_json(definition) == rule
    assert [clause.part for clause in definition.clauses] == ["also", "also"]
    assert parse_definition("all of\n  person.email\n  company.known\n") == definition


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"evidence": {}}, "asks for at least one thing"),
        ({"evidence": {"budget": {}}}, "There is no evidence budget"),
        ({"evidence": {"who": {"field": "x"}}}, "evidence.who: There is no field"),
        ({"evidence": [], "x": 1}, "A definition has no x"),
        ({"never": {}, "also": {"field": "person.email"}}, "“never” must be a list"),
        ({"scores": {"fit": {}}, "also": {"field": "person.email"}}, "scores.fit: points must be a list"),
        ({"scores": {"fit": {"points": [{"points": 5}]}}}, r"scores.fit.points\[0\]: has points and either"),
        ({"scores": {" x": {"points": []}}}, "is no name"),
        ({"scores": {"fit": {"cap": 50, "levels": {"A": 60}, "points": [
            {"points": 5, "when": {"field": "person.email"}}]}}}, "“A” must be a whole number from 0 to 50"),
        ({"segments": {"a": {"segment": "a"}}, "also": {"segment": "a"}}, "segments.a: There is no segment “a”"),
        ({"also": {"score": "fit", "at_least": 5}}, "also: There is no score 'fit'; there are none"),
    ],
)  # fmt: skip
def test_what_is_no_definition_is_refused_with_the_place(document: object, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        read_definition(document)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("who", "Line 1: “who” needs lines below it"),
        ("whom\n  person.email", "Line 2: only all of"),
        ("who\n  person.email\nwhat\n  person.email", "Line 3: There is no part “what”"),
        ("who\n  person.email\nscore fit of 100 points A\n  5 when\n    person.email", "Line 3: A word is expected"),
        ("who\n  person.email\nscore fit of 100 points\n  5 when", "Line 4: “when” needs the rule below"),
        ("who\n  person.email\nscore fit of 100 points\n  five each page", "Line 4: A whole number is expected"),
        ("  who\n    person.email", "Line 1|Line 2"),
    ],
)
def test_a_text_that_is_no_definition_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        parse_definition(text)
