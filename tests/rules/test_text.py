"""Rules as text: printed and read back without a loss; what is wrong is said with its line. And the JSON schema."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from loopline.rules.errors import RuleError
from loopline.rules.read import MAX_DEPTH, read_rule, rule_json
from loopline.rules.schema import rule_schema
from loopline.rules.text import parse_text, rule_text
from tests.rules.trees import JSON, NAMED, TREES, depth

VALIDATOR = jsonschema.Draft202012Validator(rule_schema())


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_a_rule_printed_as_text_and_read_again_is_the_same_rule(tree: dict[str, object]) -> None:
    if depth(tree) <= MAX_DEPTH:
        rule = read_rule(tree, NAMED)
        assert parse_text(rule_text(rule), NAMED) == rule


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_every_rule_that_is_written_fits_the_schema(tree: dict[str, object]) -> None:
    if depth(tree) <= MAX_DEPTH:
        VALIDATOR.validate(rule_json(read_rule(tree, NAMED)))


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_what_is_read_as_a_rule_fits_the_schema(value: Any) -> None:
    try:
        rule = read_rule(value, NAMED)
    except RuleError:
        return
    VALIDATOR.validate(rule_json(rule))


TEXT = """
all of
  person.business_email
  # either of these
  any of
    form demo, "contact us" within 90 days
    count page on /pricing at least 2 times within 30 days half-life 14 days
    sum amount of track named "Order completed" where plan is pro where seats at least 5 at least 100 within 90 days
  company.employees at least 50
  unless
    person.job_title contains student, "at"
  not
    person.country is XX
  at least 1 of
    score fit level B
    segment nordics
    seen page from "Paid Search" through "Autumn fair" within 7 days
    engaged at least 60 seconds on /pricing
    consent email, phone
    campaign spring
"""


def test_the_text_form_reads_as_it_is_meant() -> None:
    rule = parse_text(TEXT, NAMED)
    assert rule_json(rule) == {
        "all": [
            {"field": "person.business_email"},
            {
                "any": [
                    {"form": ["demo", "contact us"], "within_days": 90},
                    {
                        "count": {"kind": "page", "path": "/pricing"},
                        "at_least": 2,
                        "within_days": 30,
                        "half_life_days": 14,
                    },
                    {
                        "sum": "amount",
                        "events": {
                            "kind": "track",
                            "name": "Order completed",
                            "where": {"plan": {"is": ["pro"]}, "seats": {"at_least": 5}},
                        },
                        "at_least": 100,
                        "within_days": 90,
                    },
                ]
            },
            {"field": "company.employees", "at_least": 50},
            {"unless": {"field": "person.job_title", "contains": ["student", "at"]}},
            {"not": {"field": "person.country", "is": ["XX"]}},
            {
                "at_least": 1,
                "of": [
                    {"score": "fit", "level": "B"},
                    {"segment": "nordics"},
                    {"seen": {"kind": "page", "channel": "Paid Search", "campaign": ["Autumn fair"]}, "within_days": 7},
                    {"engaged_seconds": 60, "path": "/pricing"},
                    {"consent": ["email", "phone"]},
                    {"campaign": ["spring"]},
                ],
            },
        ]
    }
    assert "".join(line for line in TEXT.splitlines(keepends=True) if "#" not in line).lstrip() == rule_text(rule)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no rule in this text"),
        ("# nothing", "no rule in this text"),
        ("all of", "Line 1: “all of” joins the lines below it"),
        ("all of\n   person.email", "Line 2: indent by 2 spaces"),
        ("all of\n    person.email", "Line 2: indented by two spaces more"),
        ("person.email\nperson.country", "Line 2: there is another rule already"),
        ("person.email\n  person.country", "Line 2: only all of"),
        ("not\n  person.email\n  person.country", "Line 1: “not” has one line below it"),
        ("person.shoe", "rule: There is no field 'person.shoe'"),
        ("hello world", "Line 1: begins with none of"),
        ("consent email,", "Line 1: A word is expected, not the end of the line"),
        ("consent email phone", "Line 1: “phone” does not belong here"),
        ('consent "email', "Line 1: A quotation mark is not closed"),
        ('consent "a\\q"', "Line 1: .* is no text in quotation marks"),
        ("count page at least two times", "Line 1: A whole number is expected, not “two”"),
        ("count page at least 2", "Line 1: “times” is expected, not the end"),
        ("seen page within 7", "Line 1: “days” is expected"),
        ("segment unknown", "rule: There is no segment “unknown”; there are nordics"),
        ("score fit level Z", "rule: fit has no level “Z”"),
    ],
)
def test_a_text_that_is_no_rule_is_refused_with_its_line(text: str, says: str) -> None:
    with pytest.raises(RuleError, match=says):
        parse_text(text, NAMED)


def test_a_text_of_hostile_depth_is_refused() -> None:
    deep = "".join(f"{'  ' * level}not\n" for level in range(3_000))
    with pytest.raises(RuleError, match="levels deep"):
        parse_text(deep + "  " * 3_000 + "person.email")
