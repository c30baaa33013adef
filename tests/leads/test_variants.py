"""Changes of one clause: thresholds up and down, conditions and clauses left out, each named by its key. Pure."""

import pytest

from loopline.leads.variants import offered, thresholds, variant
from loopline.rules.definition import Definition, read_definition
from loopline.rules.errors import RuleError

RULES: dict[str, object] = {
    "evidence": {
        "who": {"field": "person.business_email"},
        "company": {"field": "company.employees", "at_least": 50},
        "need": {
            "any": [
                {"form": ["demo"], "within_days": 90},
                {"count": {"kind": "page", "path": "/pricing"}, "at_least": 2, "within_days": 30},
                {"score": "fit", "at_least": 60},
            ]
        },
    },
    "never": [{"field": "company.employees", "at_most": 3}, {"segment": "big"}],
    "scores": {"fit": {"points": [{"points": 60, "when": {"field": "company.known"}}]}},
    "segments": {"big": {"field": "company.employees", "at_least": 5000}},
}


@pytest.fixture
def definition() -> Definition:
    return read_definition(RULES)


def keys(definition: Definition, place: int) -> list[str]:
    return [one.key for one in offered(definition, place)]


def test_one_threshold_is_offered_two_steps_each_way_and_leaving_it_out(definition: Definition) -> None:
    assert keys(definition, 1) == ["1:t0:10", "1:t0:20", "1:t0:100", "1:t0:200", "1:"]
    assert [one.is_tighter for one in offered(definition, 1)] == [False, False, True, True, False]


def test_several_thresholds_take_one_step_each_way(definition: Definition) -> None:
    assert [(one.name, one.value) for one in thresholds(definition, 2)] == [
        ("within_days", 90), ("at_least", 2), ("within_days", 30), ("at_least", 60),
    ]  # fmt: skip
    assert keys(definition, 2) == [
        "2:t0:60", "2:t0:180", "2:t1:1", "2:t1:5", "2:t2:14", "2:t2:60", "2:t3:50", "2:t3:100", "2:",
    ]  # fmt: skip


def test_a_clause_without_a_number_can_only_go(definition: Definition) -> None:
    assert keys(definition, 0) == ["0:"]


def test_a_veto_that_reaches_further_is_tighter_and_segments_stay_as_they_are(definition: Definition) -> None:
    wider, gone = variant(definition, "3:t0:10"), variant(definition, "3:")
    assert (wider.is_tighter, gone.is_tighter) == (True, False)
    assert keys(definition, 4) == ["4:"]


def test_everything_else_stays_as_it_was(definition: Definition) -> None:
    changed = variant(definition, "1:t0:20")
    assert changed.definition == read_definition(
        RULES | {"evidence": RULES["evidence"] | {"company": {"field": "company.employees", "at_least": 20}}}  # type: ignore[operator]
    )
    assert "at least 20" in changed.words
    assert "at least 50" in changed.instead_of


def test_one_of_several_ways_can_be_left_out_which_is_tighter(definition: Definition) -> None:
    changed = variant(definition, "2:c1")
    assert changed.is_tighter
    assert "/pricing" in changed.words
    assert "/pricing" not in changed.definition.sentence


def test_the_last_thing_asked_for_is_not_offered_to_go() -> None:
    assert keys(read_definition({"field": "person.business_email"}), 0) == []


@pytest.mark.parametrize(
    "key", ["", "x", "9:", "1:t7:3", "1:t0:50", "1:t0:-5", "1:t0:1e9", "2:c9", "2:t3:9999999", "1:t0:3; --", "²:"]
)
def test_what_is_no_change_is_refused(definition: Definition, key: str) -> None:
    with pytest.raises(RuleError):
        variant(definition, key)
