"""The way of a lead through the rules: the first that fits and has somebody decides, and says why."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from loopline.routing.decide import NOBODY, NOBODY_NOW, Decision, Way, decide
from loopline.routing.fairness import Share, fair_shares
from loopline.routing.turns import Candidate, choose

ANA, BEN = UUID(int=1), UUID(int=2)
LONG_AGO = datetime(2026, 3, 1, tzinfo=UTC)


def candidate(user_id: UUID, name: str, recent: int = 0, **more: object) -> Candidate:
    return Candidate(user_id, name, recent, LONG_AGO, **more)  # type: ignore[arg-type]


def way(
    name: str,
    *candidates: Candidate,
    fits: bool | None = True,
    target: str = "turns",
    reason: str = "country Norway",
) -> Way:
    return Way(name, "is in Norway", target, lambda: (fits, reason), lambda: candidates)


def test_the_first_rule_that_fits_decides_and_those_before_say_why_not() -> None:
    found = decide([
        way("Key accounts", candidate(BEN, "Ben"), fits=False, reason="company Halden"),
        way("Nordics", candidate(ANA, "Ana")),
        way("Everyone", candidate(BEN, "Ben")),
    ])  # fmt: skip
    assert (found.rule, found.user_id) == ("Nordics", ANA)
    assert found.because == "Nordics: round robin: Ana is the only one who takes leads"
    assert found.passed == [{"rule": "Key accounts", "why": "company Halden"}]
    assert [(one["name"], one["said"]) for one in found.considered] == [("Ana", "chosen")]


def test_what_is_not_known_does_not_fit() -> None:
    found = decide([way("Nordics", candidate(ANA, "Ana"), fits=None, reason="country not known"),
                    way("Everyone", candidate(BEN, "Ben"))])  # fmt: skip
    assert (found.rule, found.user_id) == ("Everyone", BEN)
    assert found.passed == [{"rule": "Nordics", "why": "not known: country not known"}]


def test_a_rule_whose_person_is_away_lets_the_lead_go_on_and_says_so() -> None:
    away = candidate(ANA, "Ana", away="away until 5 Dec")
    found = decide([way("Key accounts", away, target="person"), way("Everyone", away, candidate(BEN, "Ben"))])
    assert (found.rule, found.user_id) == ("Everyone", BEN)
    assert found.passed == [{"rule": "Key accounts", "why": "fits, but Ana is away until 5 Dec"}]
    assert {one["name"]: one["said"] for one in found.considered} == {"Ben": "chosen", "Ana": "away until 5 Dec"}


def test_a_queue_takes_the_lead_though_all_its_members_are_away() -> None:
    team = uuid4()
    away = [candidate(ANA, "Ana", away="away until 5 Dec")]
    found = decide([Way("Service", "asks", "queue", lambda: (True, ""), lambda: away, team, "Service desk")])
    assert (found.is_pooled, found.team_id, found.user_id, found.is_made) == (True, team, None, True)
    assert found.because == "waits in the queue of Service desk"


def test_a_queue_that_lost_its_members_swallows_no_lead() -> None:
    empty = Way("Service", "asks", "queue", lambda: (True, ""), list, uuid4(), "Service desk")
    found = decide([empty, way("Everyone", candidate(BEN, "Ben"))])
    assert (found.rule, found.user_id) == ("Everyone", BEN)
    assert found.passed == [{"rule": "Service", "why": "fits, but nobody in the team Service desk takes leads"}]
    assert decide([empty]).because == NOBODY


def test_with_nobody_there_the_lead_waits_and_says_whether_anybody_will_come_back() -> None:
    assert decide([way("Everyone")]).because == NOBODY
    full = candidate(ANA, "Ana", recent=3, most_a_week=3)
    waits: Decision = decide([way("Everyone", full)])
    assert (waits.because, waits.is_made) == (NOBODY_NOW, False)
    assert waits.passed == [{"rule": "Everyone", "why": "fits, but Ana has 3 of at most 3 this week"}]


@pytest.mark.parametrize(
    ("candidates", "chosen", "words"),
    [
        ([candidate(ANA, "Ana", 3, capacity=10), candidate(BEN, "Ben", 2, capacity=5)], ANA, "Ana had 3 of 10 this"),
        ([candidate(ANA, "Ana", 0, today=2, most_a_day=2), candidate(BEN, "Ben", 9)], BEN, "can take it now"),
        ([candidate(ANA, "Ana", 0, most_a_day=0), candidate(BEN, "Ben", 9)], BEN, "can take it now"),
    ],
)
def test_turns_go_by_the_used_part_of_the_capacity_and_stop_at_the_caps(
    candidates: list[Candidate], chosen: UUID, words: str
) -> None:
    choice = choose(candidates)
    assert choice is not None
    assert choice.user_id == chosen
    assert words in choice.because


def test_a_reason_fits_into_its_field() -> None:
    long = way("x" * 80, *(candidate(uuid4(), "A very long name " * 4 + str(n)) for n in range(9)))
    assert len(decide([long, long]).because) <= 200


def test_turns_by_capacity_end_up_in_proportion_to_it() -> None:
    given = {ANA: 0, BEN: 0}
    for _ in range(90):
        choice = choose(
            [candidate(ANA, "Ana", given[ANA], capacity=20), candidate(BEN, "Ben", given[BEN], capacity=10)]
        )
        assert choice is not None
        given[choice.user_id] += 1
    assert given == {ANA: 60, BEN: 30}


def test_a_share_is_unfair_only_beyond_what_chance_does() -> None:
    fair = fair_shares([Share("Ana", 20, 72), Share("Ben", 10, 22), Share("Eve", 10, 26)])
    assert [one.verdict for one in fair] == ["more than the fair share", "fair", "fair"]
    assert [round(one.expected) for one in fair] == [60, 30, 30]
    assert [one.verdict for one in fair_shares([Share("Ana", 1, 3), Share("Ben", 1, 0)])] == ["too few to say"] * 2
    assert fair_shares([Share("Ana", 0, 0)])[0].lead_percent is None
