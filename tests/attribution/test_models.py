"""Each model on one path, by hand: the deal of Marketo Measure's handbook, eight touchpoints with all milestones."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest

from loopline.attribution.model import MODELS, Deal
from loopline.store.engine import Engine
from tests.attribution.shelf import Shelf, closed_loop, column, day, row_of
from tests.attribution.test_credit_ledger import dealt

CASES = Path(__file__).parents[3] / "shared" / "attribution_cases"
needs_cases = pytest.mark.skipif(not CASES.exists(), reason="needs ../shared/attribution_cases, which is not here")

CHANNELS = ("Paid Search", "Paid Social", "Organic Search", "Email", "Email", "Event", "Paid Social", "Direct")
"""Lead creation a minute after the second touchpoint, opportunity creation a minute after the fifth; a day apart."""

BY_HAND = {
    "first_touch": [100_00, 0, 0, 0, 0, 0, 0, 0],
    "last_touch": [0, 0, 0, 0, 0, 0, 0, 100_00],
    "last_non_direct": [0, 0, 0, 0, 0, 0, 100_00, 0],
    "lead_creation": [0, 100_00, 0, 0, 0, 0, 0, 0],
    "opportunity_creation": [0, 0, 0, 0, 100_00, 0, 0, 0],
    "linear": [12_50] * 8,
    "position_based": [40_00, 3_34, 3_34, 3_33, 3_33, 3_33, 3_33, 40_00],
    "u_shaped": [50_00, 50_00, 0, 0, 0, 0, 0, 0],
    "u_shaped_50_50": [50_00, 50_00, 0, 0, 0, 0, 0, 0],
    "w_shaped": [30_00, 30_00, 5_00, 5_00, 30_00, 0, 0, 0],
    "full_path": [22_50, 22_50, 2_50, 2_50, 22_50, 2_50, 2_50, 22_50],
    # The last one gets 1 ÷ (2^0 + 2^(−1/7) + … + 2^(−7/7)), the first one half of that.
    "time_decay": [8_62, 9_51, 10_50, 11_60, 12_80, 14_13, 15_61, 17_23],
    # Six channels; the two touchpoints of Paid Social share its sixth, and so do those of Email.
    "shapley": [16_67, 8_33, 16_67, 8_33, 8_33, 16_67, 8_33, 16_67],
}


def a_deal(engine: Engine, **row: object) -> Shelf:
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    for number, channel in enumerate(CHANNELS, start=1):
        shelf.touch(f"e{number}", "visitor:v1", day(number), channel=channel)
    shelf.lead("l1", "ines", day(2) + timedelta(minutes=1))
    known = {"lead_id": "l1", "created_at": day(5) + timedelta(minutes=1), **row}
    shelf.won("o1", "ines", day(8) + timedelta(minutes=1), 100_00, **known)
    return shelf


def cents(engine: Engine, model: str) -> list[int]:
    found = dealt(engine, MODELS[model]).get("o1", {})
    return [found.get(f"e{number}", 0) for number in range(1, 9)]


def test_each_model_that_deals_by_weight_does_so_as_worked_out_by_hand(engine: Engine) -> None:
    a_deal(engine).store()
    assert {model: cents(engine, model) for model in BY_HAND} == BY_HAND


def test_every_model_that_deals_by_fixed_weights_has_its_line_here() -> None:
    fixed = {key for key, model in MODELS.items() if model.deal is Deal.BY_WEIGHT and not model.is_fitted}
    assert fixed - {"custom"} == set(BY_HAND)


def test_a_missing_milestone_leaves_its_share_to_the_others(engine: Engine) -> None:
    """Without a lead: W-shaped 30 + 30 + 10 of 70, full path 22.5 × 3 + 10 of 77.5; the opportunity is as before."""
    a_deal(engine, lead_id="").store()
    assert cents(engine, "w_shaped") == [42_86, 4_76, 4_76, 4_76, 42_86, 0, 0, 0]
    assert cents(engine, "full_path") == [29_04, 2_58, 2_58, 2_58, 29_03, 2_58, 2_58, 29_03]
    assert cents(engine, "u_shaped") == [66_67, 4_77, 4_76, 4_76, 4_76, 4_76, 4_76, 4_76]
    assert cents(engine, "u_shaped_50_50") == [100_00, *[0] * 7]
    assert cents(engine, "lead_creation") == [100_00, *[0] * 7]


def test_an_opportunity_older_than_the_whole_path_was_created_nearest_to_the_first_touchpoint(engine: Engine) -> None:
    a_deal(engine, lead_id="", created_at=day(-10)).store()
    assert cents(engine, "opportunity_creation") == [100_00, *[0] * 7]
    assert cents(engine, "w_shaped")[0] == 75_00
    assert sum(cents(engine, "w_shaped")) == 100_00


def test_milestones_on_one_touchpoint_add_up_there(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(1))
    shelf.touch("e2", "visitor:v1", day(2))
    shelf.lead("l1", "ines", day(2))
    shelf.won("o1", "ines", day(3), 100_00, lead_id="l1", created_at=day(2) + timedelta(hours=1))
    shelf.store()
    assert cents(engine, "w_shaped")[:2] == [33_33, 66_67]
    assert cents(engine, "full_path")[:2] == [25_00, 75_00]
    assert cents(engine, "position_based")[:2] == [50_00, 50_00]


def test_last_non_direct_gives_to_the_last_one_where_all_are_direct(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    for number in (1, 2):
        shelf.touch(f"e{number}", "visitor:v1", day(number), channel="Direct")
    shelf.won("o1", "ines", day(3), 100_00)
    shelf.store()
    assert cents(engine, "last_non_direct")[:2] == [0, 100_00]


def three_sales(engine: Engine) -> None:
    """o1 met spring and autumn, o2 autumn twice, o3 nothing; each names a campaign, or none."""
    shelf = Shelf(engine)
    for key in ("spring", "autumn"):
        shelf.campaign(key, key)
    for number, codes in enumerate((("spring", "autumn"), ("autumn", "autumn"), ()), start=1):
        shelf.person(f"p{number}", f"v{number}")
        for place, code in enumerate(codes):
            shelf.touch(f"e{number}{place}", f"visitor:v{number}", day(place + 1), utm_campaign=code)
    shelf.won("o1", "p1", day(9), 100, primary_campaign_id="autumn", lead_id="l1")
    shelf.won("o2", "p2", day(9), 50, primary_campaign_id="")
    shelf.won("o3", "p3", day(9), 7, primary_campaign_id="spring")
    shelf.lead("l1", "p1", day(8))
    shelf.store()


def test_influenced_gives_the_whole_sale_to_each_campaign_and_never_adds_up(engine: Engine) -> None:
    three_sales(engine)
    result = closed_loop(engine, model="influenced")
    assert column(result, "revenue_minor") == {"spring": 100, "autumn": 150, "~unattributed": 7}
    assert column(result, "won") == {"spring": 1, "autumn": 2, "~unattributed": 1}
    assert row_of(result, "~total").values["revenue_minor"] == 157
    assert row_of(result, "~total").values["won"] == 3
    assert any("overlap" in warning for warning in result.warnings)
    assert column(closed_loop(engine, model="influenced", clock="cohort"), "revenue_minor") == {
        "spring": 100,
        "autumn": 150,
    }


def test_the_primary_campaign_gets_all_and_touchpoints_do_not_matter(engine: Engine) -> None:
    three_sales(engine)
    result = closed_loop(engine, model="primary_campaign")
    assert column(result, "revenue_minor") == {"autumn": 100, "spring": 7, "~unattributed": 50}
    assert column(result, "leads") == {"autumn": 1}
    assert result.balance.unattributed_reasons == {"no_primary_campaign": 50}
    assert column(closed_loop(engine, model="primary_campaign", by="channel"), "revenue_minor") == {
        "Email": 107,
        "~unattributed": 50,
    }


@needs_cases
def test_milestone_models_agree_with_the_shared_table(engine: Engine) -> None:
    a_deal(engine).store()
    with (CASES / "b2b_milestones" / "cases.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = {
        "first_touch": "first_touch_pct", "lead_creation": "lead_creation_pct", "u_shaped_50_50": "u_shaped_pct",
        "w_shaped": "w_shaped_pct", "full_path": "full_path_pct",
    }  # fmt: skip
    for model, name in columns.items():
        assert cents(engine, model) == [round(float(row[name]) * 100) for row in rows], model


@needs_cases
def test_position_based_agrees_with_the_shared_table(engine: Engine) -> None:
    shelf, wanted = Shelf(engine), {}
    with (CASES / "position_and_decay_small" / "position_40_20_40.csv").open() as file:
        for row in csv.DictReader(file):
            name, place = "o" + row["path"].replace(" ", ""), int(row["touch_index"])
            if place == 1:
                shelf.person(name, name)
                shelf.won(name, name, day(25), round(float(row["revenue"]) * 100))
            shelf.touch(f"{name}{place}", f"visitor:{name}", day(place), channel=row["channel"])
            wanted.setdefault(name, {})[f"{name}{place}"] = round(float(row["credit"]) * 100)
    shelf.store()
    assert dealt(engine, MODELS["position_based"]) == wanted
