"""A what-if of a definition: the four cells by hand, names first, rates refused where too little is known, leaks."""

from dataclasses import replace
from datetime import timedelta

import pytest
import scipy  # its `stats` is read when it is first used: each worker reads this file, and one needs it

from loopline.reports.survival import Z95, Share
from loopline.reports.what_if.comparison import compare
from loopline.reports.what_if.judged_lead import JudgedLead
from loopline.reports.what_if.lead_columns import columns_of
from loopline.reports.what_if.run import Asked, WhatIf, what_if
from loopline.reports.what_if.verdict import verdict
from loopline.rules.definition import read_definition
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES
from tests.rules.population import FREE, NOW, UNIT, Act, Someone, fact, store

OLD = read_definition({"evidence": {"who": {"field": "person.business_email"}}})
NEW = read_definition(
    {
        "evidence": {
            "company": {"field": "company.employees", "at_least": 50},
            "need": {"score": "interest", "at_least": 10},
        },
        "scores": {"interest": {"points": [{"points": 10, "each": {"kind": "page", "path": "/pricing"}}]}},
    }
)
READ = (Act("page", "/pricing", 45),)
PEOPLE = [
    Someone("both", "a@halden.no", company="Halden", employees=400, acts=READ, country="NO"),
    Someone("refused", "b@tiny.no", company="Tiny", employees=4, acts=READ, country="SE"),
    Someone("gained", "c@gmail.com", company="Big", employees=4000, acts=READ * 3),
    Someone("waster", "d@waste.no", company="Waste", employees=90, acts=READ),
    Someone("neither", "e@gmail.com"),
]
CREATED = NOW - timedelta(days=44)
ASKED = Asked(UNIT, NOW - timedelta(days=60), NOW - timedelta(days=4), NOW, tuple(FREE))


def lead_row(name: str, state: str, **more: object) -> dict[str, object]:
    return fact(
        f"lead-{name}", unit_id=UNIT, person_id=name, state=state, origin="form", created_at=CREATED,
        qualified_at=CREATED, **more,
    )  # fmt: skip


def worked(name: str, state: str, **more: object) -> dict[str, object]:
    return lead_row(name, state, handed_over_at=CREATED, owner_id="ana", **more)


def sale(name: str, outcome: str, minor: int) -> dict[str, object]:
    return fact(
        f"opp-{name}", unit_id=UNIT, lead_id=f"lead-{name}", outcome=outcome, reporting_minor=minor, refunded_minor=0,
        amount_minor=minor, currency="EUR", created_at=CREATED, closed_at=CREATED + timedelta(days=20),
    ) | {"recorded_at": NOW - timedelta(hours=1)}  # fmt: skip


@pytest.fixture
def past(engine: Engine) -> Engine:
    store(
        engine,
        PEOPLE,
        {
            "lead_facts": [
                worked("both", "converted", accepted_at=CREATED, converted_at=CREATED),
                worked("refused", "converted", accepted_at=CREATED, converted_at=CREATED),
                lead_row("gained", "new"),
                worked("waster", "rejected", rejected_at=CREATED, reason="no_need"),
                lead_row("neither", "new"),
            ],
        },
    )
    sales = [sale("both", "won", 900_000), sale("refused", "won", 100_000)]
    engine.write(Batch("sales", {"opportunity_facts": to_arrow(TABLES["opportunity_facts"], sales)}))
    return engine


def asked(engine: Engine) -> WhatIf:
    return what_if(engine, OLD, NEW, ASKED)


def test_the_four_cells_hold_what_a_hand_would_count(past: Engine) -> None:
    cells = {cell.key: cell for cell in asked(past).comparison.cells}
    told = {key: (one.n, one.accepted, one.qualified, one.won, one.revenue_minor) for key, one in cells.items()}
    assert told == {
        "both": (2, 1, 1, 1, 900_000),
        "only_old": (1, 1, 1, 1, 100_000),
        "only_new": (1, 0, 0, 0, 0),
        "neither": (1, 0, 0, 0, 0),
    }
    assert {key: one.without_outcome for key, one in cells.items()} == {
        "both": 0, "only_old": 0, "only_new": 1, "neither": 1,
    }  # fmt: skip


def test_names_come_first_and_each_clause_says_what_it_alone_keeps_out(past: Engine) -> None:
    found = asked(past).comparison
    assert [lead.id for lead in found.refused_wins] == ["lead-refused"]
    assert [lead.id for lead in found.kept_losers] == ["lead-waster"]
    told = [(one.clause, one.only_this, one.won, one.revenue_minor, one.not_met) for one in found.contributions]
    assert told == [
        ("works for a company with at least 50 people", 1, 1, 100_000, 2),
        ("has at least 10 of 100 points for interest", 0, 0, 0, 1),
    ]
    origin = dict(found.hit)["size"]
    assert (origin[0].label, origin[0].change) in {("1–9 people", -1), ("1,000 people or more", 1)}
    assert (found.months[0].n, found.months[0].old, found.months[0].new) == (5, 3, 3)


def test_rates_are_refused_below_thirty_mature_outcomes_and_the_caveat_says_so(past: Engine) -> None:
    answer = asked(past)
    new = answer.comparison.new
    assert new.won_rate.value is None
    assert (new.won_rate.outcomes, answer.comparison.mature_outcomes) == (2, 3)
    assert new.won_at_least == pytest.approx(Share(1, 3).low)
    assert new.won_at_most == pytest.approx(Share(2, 3).high)
    assert "Only 3 leads of this period have a mature outcome" in answer.verdict.caveat
    assert "1 that passes today would be refused, 1 won deal among them" in answer.verdict.text
    assert any("never worked to an end" in one for one in answer.verdict.warnings)


def test_the_sixth_edit_against_one_past_is_warned_of(past: Engine) -> None:
    found = asked(past).comparison
    assert not any("changed 5 times" in one for one in verdict(found, edits=5).warnings)
    assert any("changed 6 times" in one for one in verdict(found, edits=6).warnings)


def test_the_same_question_as_of_the_same_moment_gives_the_same_bytes_whatever_was_learned_since(past: Engine) -> None:
    before = asked(past).to_json()
    later = {"recorded_at": NOW + timedelta(days=1)}
    rows = {
        "opportunity_facts": [sale("waster", "won", 5_000_000) | later],
        "person_facts": [fact("refused", 2, unit_id=UNIT, canonical_id="both", company_id="company-both") | later],
        "company_facts": [fact("company-refused", 2, unit_id=UNIT, employees=9_000) | later],
        "lead_facts": [worked("neither", "converted", converted_at=NOW) | {"version": 9} | later],
    }
    engine_rows = {name: to_arrow(TABLES[name], found) for name, found in rows.items()}
    past.write(Batch("later", engine_rows))
    assert asked(past).to_json() == before


def test_a_period_without_leads_says_so_and_one_without_a_length_is_refused(engine: Engine) -> None:
    assert asked(engine).verdict.text.startswith("No leads were created")
    with pytest.raises(ValueError, match="ends before it begins"):
        what_if(engine, OLD, NEW, Asked(UNIT, NOW, NOW, NOW))


def lead(number: int, *, old: bool, new: bool, won: bool, revenue: int = 100, score: float = 0.0) -> JudgedLead:
    return JudgedLead(
        id=f"{number:04}", created_at=NOW - timedelta(days=100 + number % 60), passes_old=old, passes_new=new,
        met=(new,), scores={"fit": score}, was_worked=True, is_accepted=True, is_qualified=won, is_won=won,
        has_ended=True, is_mature=True, revenue_minor=revenue if won else 0, owner_id="ana", reason="",
        groups=dict.fromkeys(("origin", "country", "industry", "size"), ""),
    )  # fmt: skip


def test_a_definition_that_keeps_the_winners_and_drops_the_rest_is_better_with_intervals_apart() -> None:
    leads = [lead(n, old=True, new=n % 2 == 0, won=n % 4 == 0, score=50.0 if n % 2 == 0 else 0.0) for n in range(400)]
    found = compare(columns_of(leads), ["asks for something"], weeks=10)
    assert (found.old.won_rate.value, found.new.won_rate.value) == (0.25, 0.5)
    assert found.new.won_rate.low < 0.5 < found.new.won_rate.high
    assert found.new.revenue_caught.value == 1.0
    assert found.new.revenue_caught.low > 0.9
    assert (found.old.a_week, found.new.a_week) == (40, 20)
    assert "better" in verdict(found).text
    assert verdict(found).caveat == ""
    sweep = {one.at_least: one.passed for one in found.sweep}
    assert (sweep[0.0], sweep[2.5], len(sweep)) == (400, 200, 20)


def test_a_few_large_deals_say_less_about_revenue_than_many_small_ones() -> None:
    def interval(large: int) -> float:
        leads = [lead(n, old=True, new=n % 3 > 0, won=True, revenue=large if n < 3 else 100) for n in range(90)]
        caught = compare(columns_of(leads), ["x"], weeks=1).new.revenue_caught
        return caught.high - caught.low

    assert interval(100_000) > 2 * interval(100)


def test_the_change_has_an_interval_of_its_own_because_both_let_most_leads_pass_alike() -> None:
    leads = [lead(n, old=True, new=n % 10 > 0, won=n % 10 > 4) for n in range(600)]
    found = compare(columns_of(leads), ["x"], weeks=1)
    assert found.change.value == pytest.approx(5 / 9 - 0.5)
    assert 0 < found.change.low < found.change.value < found.change.high
    assert found.new.won_rate.low < found.old.won_rate.high, "each interval alone would not show it"
    assert "better" in verdict(found).text
    refused = compare(columns_of(leads[:29]), ["x"], weeks=1).change
    assert (refused.value, refused.low, refused.high) == (None, -1, 1)


def test_a_lead_that_went_to_sales_by_chance_speaks_for_those_that_did_not() -> None:
    usual = [lead(n, old=True, new=True, won=n % 2 == 0) for n in range(100)]
    explored = [replace(lead(100 + n, old=False, new=True, won=n % 4 == 0), explored_per_mille=100) for n in range(40)]
    found = compare(columns_of(usual + explored), ["x"], weeks=1)
    assert found.by_chance.value == 0.25
    assert found.new.won_rate.value == pytest.approx((50 + 10 * 10) / (100 + 40 * 10))
    assert found.old.won_rate.value == 0.5
    alone = compare(columns_of(usual + explored[:29]), ["x"], weeks=1).by_chance
    assert (alone.value, alone.outcomes) == (None, 29)


def test_few_leads_that_stand_for_many_make_the_change_less_sure() -> None:
    """Worked out by hand: 100 leads half won, and 20 by chance at 10 % each, two won, which stand for ten each.

    Pulls: of the old ones 1/300 − 1/100 times their distance from the share, of the others 10/300 times theirs.
    """
    usual = [lead(n, old=True, new=True, won=n % 2 == 0) for n in range(100)]
    by_chance = [replace(lead(n, old=False, new=True, won=n < 2), explored_per_mille=100) for n in range(20)]
    new = (50 + 20 + 1) / (300 + 2)
    pulls = [(won - new) / 300 - (won - 0.5) / 100 for won in (0, 1) for _ in range(50)]
    pulls += [10 / 300 * (won - new) for won in [1] * 2 + [0] * 18]
    squares, fourths = sum(one**2 for one in pulls), sum(one**4 for one in pulls)
    freedom = 2 * squares**2 / fourths
    assert 20 < freedom < 30
    change = compare(columns_of(usual + by_chance), ["x"], weeks=1).change
    assert change.value == pytest.approx(70 / 300 - 0.5)
    half = (change.high - change.low) / 2
    assert half == pytest.approx(scipy.stats.t.ppf(0.975, freedom) * squares**0.5)
    assert half > 1.04 * Z95 * squares**0.5


def test_the_same_definition_twice_changes_nothing() -> None:
    leads = [lead(n, old=n % 2 == 0, new=n % 2 == 0, won=n % 4 == 0) for n in range(100)]
    assert verdict(compare(columns_of(leads), ["x"], weeks=1)).text.startswith("Nothing changes")
