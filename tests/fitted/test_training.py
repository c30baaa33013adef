"""A fitted score: areas by hand, what it learns from whom, what it says when no better, when it refuses."""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from loopline.reports.fitted.discrimination import contest
from loopline.reports.fitted.encoding import columns_of, matrix
from loopline.reports.fitted.features import Feature
from loopline.reports.fitted.training import fitted
from loopline.reports.fitted.verdict import refusal, verdict
from loopline.reports.what_if.judged_lead import JudgedLead
from tests.rules.population import NOW

Known = Mapping[str, Mapping[str, Feature]]


def test_the_area_is_the_share_of_pairs_put_in_order_and_equal_scores_count_half() -> None:
    won = [True, True, False, False, False]
    found = contest([0.9, 0.4, 0.4, 0.2, 0.1], [1, 1, 1, 1, 1], won)
    assert found.first.value == pytest.approx((3 + 2.5) / 6)
    assert found.second.value == 0.5
    assert found.difference.value == pytest.approx(found.first.value - 0.5)
    assert 0 < found.first.low < found.first.value < found.first.high < 1
    with pytest.raises(ValueError, match="were not"):
        contest([1], [1], [True])


def test_the_interval_of_an_area_holds_the_true_one_about_as_often_as_it_says() -> None:
    """Scores of winners and others are normal, a standard deviation apart: the true area is Φ(1/√2) = 0.7602."""
    held = 0
    for world in range(300):
        rng = random.Random(world)
        won = [number % 3 == 0 for number in range(150)]
        found = contest([rng.gauss(float(one), 1) for one in won], [rng.random() for _ in won], won)
        held += found.first.low <= 0.7602 <= found.first.high
    assert 0.92 <= held / 300 <= 0.98


def test_columns_come_from_the_leads_that_are_learnt_from_and_a_value_never_seen_is_another() -> None:
    rows: list[dict[str, Feature]] = [
        {"country": "no" if n % 2 else "se", "pages": float(n), "same": 1.0, "rare": f"v{n}"} for n in range(60)
    ]
    rows += [{"country": None, "pages": None, "same": 1.0, "rare": f"w{n}"} for n in range(20)]
    labels = [column.label() for column in columns_of(rows)]
    assert labels == ["country: no", "country: se", "country not known", "more pages", "pages not known"]
    [new] = matrix([{"country": "fr", "pages": 1e9}], columns_of(rows)).tolist()
    assert new[:3] == [0, 0, 0]


def world(count: int, *, signal: float, seed: int = 1) -> tuple[list[JudgedLead], Known]:
    """Leads with a field that tells winners apart as strongly as `signal`; the rules pass those with many people."""
    rng = random.Random(seed)
    leads, known = [], {}
    for number in range(count):
        warmth, employees = rng.gauss(0, 1), rng.randrange(1000)
        is_won = rng.random() < 1 / (1 + 2.718281828 ** -(signal * warmth - 0.5))
        passes, has_ended = employees > 500, number % 10 > 0
        leads.append(
            JudgedLead(
                id=f"{number:05}", created_at=NOW - timedelta(hours=count - number), passes_old=passes,
                passes_new=passes, met=(passes,), scores={}, was_worked=True, is_accepted=True,
                is_qualified=is_won, is_won=is_won and has_ended, has_ended=has_ended, is_mature=has_ended,
                revenue_minor=0, owner_id="", reason="", groups={},
            )
        )  # fmt: skip
        known[f"{number:05}"] = {"warmth": warmth, "employees": float(employees), "kind": "ab"[number % 2]}
    return leads, known


def test_a_score_that_knows_more_than_the_rules_does_better_on_leads_that_came_later() -> None:
    found = fitted(*world(1_200, signal=2.0))
    area, gap = found["contest"]["first"], found["contest"]["difference"]
    assert area["low"] > 0.75
    assert gap["low"] > 0.2
    assert found["trained_on"]["last"] <= found["tried_on"]["first"]
    assert (found["trained_on"]["n"], found["tried_on"]["n"]) == (756, 324)
    assert found["weights"][0] == {"label": "more warmth", "weight": found["weights"][0]["weight"]}
    lift = [one["lift"] for one in found["deciles"]]
    assert lift[0] > 1.5 > 0.7 > lift[-1]
    assert sum(one["n"] for one in found["calibration"]) == 324
    assert {one["lead"] for one in found["open"]} <= {f"{n:05}" for n in range(0, 1_200, 10)}
    assert "better than the rules" in verdict(found)
    assert found == fitted(*world(1_200, signal=2.0)), "the same leads give the same document"


def test_where_the_score_knows_nothing_no_difference_is_claimed_and_a_loss_is_said_in_words() -> None:
    found = fitted(*world(1_000, signal=0.0))
    assert "is not shown" in verdict(found)
    worse: dict[str, Any] = found | {
        "contest": found["contest"] | {"difference": {"value": -0.1, "low": -0.2, "high": -0.01}}
    }
    assert verdict(worse).startswith("The rules do better")


def test_below_a_hundred_wins_there_is_no_score_and_a_sentence_says_so() -> None:
    found = fitted(*world(200, signal=1.0))
    assert "contest" not in found
    assert refusal(found) == (
        f"A score is fitted once 100 leads that sales worked are won and old enough; there are {found['wins']} among "
        "180 such leads. Until then the rules alone decide."
    )
