"""The budget planner: what it learns from known worlds, what it refuses to say, and that both engines say the same."""

from datetime import date, timedelta

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from benchmarks.planner import World, hill, run, simulated
from loopline.access.roles import Role
from loopline.campaigns.models import CostLine
from loopline.reports.options import Options
from loopline.reports.response.curve import NotKnownError, Response, respond
from loopline.reports.response.proposal import bounds_of, propose
from loopline.reports.run import run_report
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, Shelf
from tests.make import make_campaign, make_unit, signed_in_as

MONDAY = date(2023, 9, 4)
WEEKS = 30
PERIOD = Options(first=MONDAY, last=MONDAY + timedelta(days=7 * WEEKS - 1), by="channel", as_of=LEARNT)


def test_the_range_of_ten_percent_more_holds_the_truth_and_the_check_can_fail() -> None:
    world = World("Hill", hill(30, 5_000))
    held, width, refused = run(world, 25)
    assert held >= 0.9
    assert width < 2
    assert refused == 0
    assert run(world, 25, is_planted=True)[0] < 0.9


def test_curves_bend_and_know_their_borders() -> None:
    dice = np.random.default_rng(3)
    spend, outcome = simulated(World("Hill", hill(60, 3_000), level=2.0), dice)
    found = respond(spend, outcome)
    early = found.change(2_000, 3_000)
    late = found.change(9_000, 10_000)
    assert early.value > late.value > 0
    assert found.least == min(spend)
    assert found.most == max(spend)
    assert found.change(4_000, 4_000).value == 0
    assert found.change(4_000, 3_000).value < 0


def test_a_curve_that_hangs_on_one_odd_week_says_so() -> None:
    spend, outcome = simulated(World("Hill", hill(30, 5_000)), np.random.default_rng(3))
    assert respond(spend, outcome).hangs_on is None
    spend[-4], outcome[-4] = 3 * max(spend), 40 * max(outcome)
    assert respond(spend, outcome).hangs_on == 3


@pytest.mark.parametrize(
    ("spend", "outcome", "why"),
    [
        ([1.0, 2.0] * 10, [5.0] * 20, "20 whole weeks"),
        ([None] * 10 + [1.0, 2.0] * 10, [5.0] * 30, "20 whole weeks"),
        ([100.0, 101.0] * 20, [5.0] * 40, "hardly varied"),
        ([0.0] * 40, [5.0] * 40, "nothing was spent"),
        ([1.0, 2.0] * 20, [0.0] * 39 + [1.0], "1 weeks only"),
        ([1.0, 2.0] * 20 + [0.0] * 13, [5.0] * 53, "nothing is spent now"),
    ],
)
def test_weeks_that_teach_nothing_are_refused_with_the_reason(
    spend: list[float | None], outcome: list[float], why: str
) -> None:
    with pytest.raises(NotKnownError, match=why):
        respond(spend, outcome)


def steep_and_flat() -> dict[str, Response]:
    dice = np.random.default_rng(4)
    return {
        "steep": respond(*simulated(World("steep", hill(60, 8_000)), dice)),
        "flat": respond(*simulated(World("flat", hill(10, 500)), dice)),
    }


@pytest.mark.parametrize("within", [0, 7, 13, 30, 100])
@pytest.mark.parametrize("times", [0.4, 0.9, 1.0, 1.003, 1.21, 4.0])
def test_what_is_proposed_and_what_is_left_over_is_the_budget_to_the_cent(within: int, times: float) -> None:
    rows = steep_and_flat()
    bounds = {key: bounds_of(one, within) for key, one in rows.items()}
    budget = round(times * sum(one.now for one in rows.values()))
    found = propose(rows, bounds, budget)
    assert sum(found.spend.values()) + found.left_over == budget
    for key, spend in found.spend.items():
        assert bounds[key].low <= spend <= bounds[key].high
    if found.left_over > 0:
        assert all(spend == bounds[key].high for key, spend in found.spend.items()), "there was room for it"
    if found.left_over < 0:
        assert all(spend == bounds[key].low for key, spend in found.spend.items()), "less could have been spent"


def test_a_proposal_promises_no_less_than_now() -> None:
    rows = steep_and_flat()
    found = propose(
        rows, {key: bounds_of(one, 30) for key, one in rows.items()}, round(sum(o.now for o in rows.values()))
    )
    assert found.spend["steep"] > rows["steep"].now
    assert found.change.value >= -1e-3
    assert found.change.low <= found.change.value <= found.change.high
    assert propose({}, {}, 100).left_over == 100


def two_channels(engine: Engine, unit: str = "north") -> None:
    """Search goes with its spend, mail costs the same every week; the fair has cost once."""
    shelf = Shelf(engine)
    for key, channel in (("ads", "Paid Search"), ("mail", "Email"), ("fair", "Event")):
        shelf.fact("campaign_facts", key, unit_id=unit, name=key.title(), channel=channel, currency="EUR")
        shelf.code(key, key, unit=unit)
    shelf.cost("c-fair", "fair", 900_00, MONDAY + timedelta(days=180), MONDAY + timedelta(days=180), unit_id=unit)
    for week in range(WEEKS):
        first = MONDAY + timedelta(days=7 * week)
        money = (2, 4, 8, 6, 3)[week % 5]
        shelf.cost(f"c{week}", "ads", money * 100_00, first, first + timedelta(days=6), unit_id=unit)
        shelf.cost(f"m{week}", "mail", 100_00, first, first + timedelta(days=6), unit_id=unit)
        for number in range(round(3 * money**0.5)):
            person, at = f"p{week}-{number}", LEARNT.replace(year=2023, month=9, day=5) + timedelta(days=7 * week)
            shelf.fact("person_facts", person, unit_id=unit, canonical_id=person)
            shelf.link(f"visitor:v-{person}", person)
            shelf.touch(
                f"t-{person}", f"visitor:v-{person}", at, channel="Paid Search", utm_campaign="ads", unit_id=unit
            )
            shelf.lead(f"l-{person}", person, at + timedelta(hours=5), unit_id=unit)
    shelf.store()


def test_both_engines_say_the_same_of_the_books_and_why_not(engine: Engine) -> None:
    two_channels(engine)
    result = run_report("budget-planner", PERIOD, engine, BOOKS)
    assert result.check
    assert result.check.holds
    assert result.check.records > 0
    search, *others = result.rows
    assert search.label == "Paid Search"
    assert (search.values["spend_minor"], search.values["weeks"]) == (484_62, WEEKS)
    assert (search.values["least_minor"], search.values["most_minor"]) == (200_00, 800_00)
    gain, low, high = (search.values[key] for key in ("gain", "gain_low", "gain_high"))
    assert gain is not None
    assert low is not None
    assert high is not None
    assert low < gain < high
    assert gain == pytest.approx(3 * (5.3308**0.5 - 4.8462**0.5), abs=0.08)
    notes = {row.key: row.note for row in others}
    assert "hardly varied" in notes["Email"]
    assert "whole weeks" in notes["Event"]
    assert any("association" in one for one in result.warnings)
    by_campaign = run_report(
        "budget-planner", Options(first=PERIOD.first, last=PERIOD.last, by="campaign", as_of=LEARNT), engine, BOOKS
    )
    assert by_campaign.rows[0].label == "Ads"
    assert by_campaign.rows[0].values["gain"] == gain


def test_without_anything_there_are_no_rows(engine: Engine) -> None:
    assert run_report("budget-planner", PERIOD, engine, BOOKS).rows == []


PAGE = {"from": "2023-09-04", "to": "2024-03-31"}


@pytest.mark.django_db
def test_the_page_is_for_those_who_see_reports_and_deals_out_a_total(store: DuckDBEngine) -> None:
    unit = make_unit()
    two_channels(store, unit=str(unit.pk))
    url = reverse("planner")
    assert Client().get(url).status_code == 302
    marketing = signed_in_as(Role.MARKETING, unit)
    page = marketing.get(url, PAGE).content.decode()
    assert "response-plot" in page
    assert "hardly varied" in page
    assert "association" in page
    dealt = marketing.get(url, PAGE | {"total": "500", "within": "20"}).content.decode()
    assert "Proposed: <b>€500</b>" in dealt
    assert "is not an amount" in marketing.get(url, PAGE | {"total": "a lot", "within": "20"}).content.decode()
    assert "no percentage" in marketing.get(url, PAGE | {"total": "500", "within": "101"}).content.decode()
    assert "response-plot" not in signed_in_as(Role.MARKETING, make_unit()).get(url, PAGE).content.decode()
    assert marketing.get(url, PAGE | {"model": "none"}).status_code == 400


@pytest.mark.django_db
def test_a_proposal_is_kept_as_planned_cost_of_an_own_campaign(store: DuckDBEngine) -> None:
    campaign = make_campaign()
    data = {"campaign": str(campaign.pk), "weekly_minor": "50000", "weeks": "13"}
    url = reverse("planner_keep")
    assert Client().post(url, data).status_code == 302
    assert signed_in_as(Role.SALES, campaign.unit).post(url, data).status_code == 403
    signed_in_as(Role.MARKETING, make_unit()).post(url, data)
    marketing = signed_in_as(Role.MARKETING, campaign.unit)
    marketing.post(url, data | {"weeks": "900"})
    marketing.post(url, data | {"campaign": "none"})
    assert not CostLine.objects.exists()
    marketing.post(url, data)
    line = CostLine.objects.get()
    assert (line.kind, line.amount_minor, (line.ends_on - line.starts_on).days) == ("planned", 650_000, 90)
    assert line.starts_on.weekday() == 0
