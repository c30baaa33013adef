"""The closed-loop report against tables worked out by hand, on both engines."""

from datetime import UTC, date, datetime

import pytest

from loopline.reports.behind import behind
from loopline.reports.options import Books, OptionError, Options
from loopline.reports.run import run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, closed_loop, column, day, row_of


def spring_and_news(engine: Engine) -> Shelf:
    """Ines came by spring on the 2nd and by the newsletter on the 5th, became a lead on the 6th, won on the 20th."""
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring")
    shelf.campaign("news", "news")
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), utm_campaign="spring", channel="Paid Search", landing_path="/a")
    shelf.touch("e2", "visitor:v1", day(5), utm_campaign="news", channel="Email", landing_path="/b")
    shelf.lead("l1", "ines", day(6))
    shelf.won("o1", "ines", day(20), 100_01, lead_id="l1")
    shelf.cost("c1", "spring", 400_00, date(2024, 3, 1), date(2024, 3, 4))
    return shelf


def test_one_buyer_goes_round_the_whole_loop(engine: Engine):
    spring_and_news(engine).store()
    result = closed_loop(engine, model="linear")
    assert row_of(result, "spring").values == {
        "sessions": 1, "people": 1, "leads": 0.5, "converted": 0.5, "opportunities": 0.5, "won": 0.5,
        "revenue_minor": 50_01, "cost_minor": 400_00, "cost_per_lead_minor": 800_00,
        "cost_per_opportunity_minor": 800_00, "romi": -87.4975,
    }  # fmt: skip
    assert row_of(result, "news").values == {
        "sessions": 1, "people": 1, "leads": 0.5, "converted": 0.5, "opportunities": 0.5, "won": 0.5,
        "revenue_minor": 50_00, "cost_minor": None, "cost_per_lead_minor": None, "cost_per_opportunity_minor": None,
        "romi": None,
    }  # fmt: skip
    assert result.totals.values == {
        "sessions": 2, "people": 1, "leads": 1, "converted": 1, "opportunities": 1, "won": 1,
        "revenue_minor": 100_01, "cost_minor": 400_00, "cost_per_lead_minor": 400_00,
        "cost_per_opportunity_minor": 400_00, "romi": -74.9975,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "spring", "news"),
    [("first_touch", 100_01, 0), ("last_touch", 0, 100_01), ("linear", 50_01, 50_00), ("time_decay", 42_63, 57_38)],
)
def test_each_model_shares_the_revenue_in_its_way(engine: Engine, model: str, spring: int, news: int):
    """Time decay: three days apart, so 2^(-3/7) to 1, which is 0.42628 of it for the older one."""
    spring_and_news(engine).store()
    result = closed_loop(engine, model=model)
    assert (row_of(result, "spring").values["revenue_minor"], row_of(result, "news").values["revenue_minor"]) == (
        spring,
        news,
    )


@pytest.mark.parametrize(
    ("by", "keys"),
    [
        ("campaign", {"spring", "news"}), ("channel", {"Paid Search", "Email"}), ("landing_page", {"/a", "/b"}),
        ("business_unit", {"north"}), ("source", {""}), ("content", {""}), ("country", {""}),
    ],
)  # fmt: skip
def test_every_dimension_shares_the_same_revenue(engine: Engine, by: str, keys: set[str]):
    spring_and_news(engine).store()
    result = closed_loop(engine, by=by)
    assert set(column(result, "revenue_minor")) == keys
    assert result.totals.values["revenue_minor"] == 100_01


def test_no_rows_at_all_is_an_empty_report_that_balances(engine: Engine):
    result = closed_loop(engine)
    assert result.is_empty
    assert result.totals.values["cost_minor"] is None
    assert result.totals.values["romi"] is None


def test_cost_without_revenue_loses_all_of_it(engine: Engine):
    shelf = Shelf(engine)
    shelf.campaign("mail")
    shelf.cost("c1", "mail", 64_00, date(2024, 3, 5))
    shelf.store()
    values = row_of(closed_loop(engine), "mail").values
    assert (values["cost_minor"], values["revenue_minor"], values["romi"]) == (64_00, 0, -100)
    assert values["cost_per_lead_minor"] is None


def test_revenue_without_cost_has_no_return_and_says_so(engine: Engine):
    spring_and_news(engine).store()
    row = row_of(closed_loop(engine), "news")
    assert row.cost_note == "cost incomplete: no cost line in this period"


def test_an_explicit_zero_is_a_cost_of_zero(engine: Engine):
    shelf = spring_and_news(engine)
    shelf.cost("c2", "news", 0, date(2024, 3, 5))
    shelf.store()
    row = row_of(closed_loop(engine), "news")
    assert (row.values["cost_minor"], row.values["cost_per_lead_minor"], row.values["romi"]) == (0, 0, None)
    assert row.cost_note == ""


def test_two_costs_of_one_campaign_count_once_each(engine: Engine):
    shelf = spring_and_news(engine)
    shelf.cost("c2", "spring", 30_00, date(2024, 3, 8))
    shelf.touch("e9", "visitor:v1", day(3), utm_campaign="spring")
    shelf.store()
    assert row_of(closed_loop(engine), "spring").values["cost_minor"] == 430_00


def test_planned_cost_is_a_plan(engine: Engine):
    shelf = spring_and_news(engine)
    shelf.cost("c2", "spring", 30_00, date(2024, 3, 8), cost_kind="planned")
    shelf.store()
    assert row_of(closed_loop(engine), "spring").values["cost_minor"] == 400_00


def test_cost_of_no_campaign_stands_in_the_unattributed_row(engine: Engine):
    shelf = Shelf(engine)
    shelf.cost("c1", "", 77_00, date(2024, 3, 5))
    shelf.store()
    result = closed_loop(engine)
    assert row_of(result, "~unattributed").values["cost_minor"] == 77_00
    assert (result.balance.allocated_minor, result.balance.unallocated_minor) == (0, 77_00)


def test_cost_that_no_row_can_have_earns_no_rate_of_return(engine: Engine):
    """By source no cost can be told apart: it is shown and balances, but what it brought is unknown, not nothing."""
    shelf = spring_and_news(engine)
    shelf.lead("l2", "nobody", day(7))
    shelf.store()
    result = closed_loop(engine, by="source")
    rest = row_of(result, "~unattributed").values
    assert (rest["cost_minor"], rest["leads"], rest["cost_per_lead_minor"], rest["romi"]) == (400_00, 1, None, None)
    assert result.balance.unallocated_minor == 400_00
    assert (result.totals.values["cost_per_lead_minor"], result.totals.values["romi"]) == (200_00, -74.9975)


def test_cost_is_spread_over_its_days_and_cut_to_the_period(engine: Engine):
    """100 cents over 3 days are 34, 33, 33; two of them lie in March."""
    shelf = Shelf(engine)
    shelf.campaign("spring")
    shelf.cost("c1", "spring", 100, date(2024, 2, 29), date(2024, 3, 2))
    shelf.cost("c2", "spring", -100, date(2024, 3, 30), date(2024, 4, 1))
    shelf.store()
    assert row_of(closed_loop(engine), "spring").values["cost_minor"] == 66 - 67
    assert (
        row_of(closed_loop(engine, first=date(2024, 2, 1), last=date(2024, 2, 29)), "spring").values["cost_minor"] == 34
    )


def test_a_cost_without_a_rate_makes_the_row_incomplete(engine: Engine):
    shelf = spring_and_news(engine)
    shelf.cost("c2", "spring", None, date(2024, 3, 8), currency="CHF")
    shelf.cost("c3", "news", None, date(2024, 3, 8), currency="CHF")
    shelf.store()
    result = closed_loop(engine)
    assert row_of(result, "spring").values["cost_minor"] == 400_00
    assert row_of(result, "spring").cost_note == "cost incomplete: 1 cost line without an exchange rate"
    assert row_of(result, "news").values["cost_minor"] is None
    assert any("2 cost lines have no exchange rate" in warning for warning in result.minds)
    for row, total, lines in (("news", None, [None]), ("spring", 400_00, [400_00, None])):
        opened = behind(row, "cost_minor", Options(**MARCH), engine, BOOKS)
        assert (opened.total, sorted((line.spent_minor for line in opened.costs), key=str)) == (total, lines), row


def test_a_sale_without_a_rate_is_won_but_not_in_the_revenue(engine: Engine):
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), channel="Email")
    shelf.won("o1", "ines", day(20), None, currency="CHF", amount_minor=500)
    shelf.store()
    result = closed_loop(engine, by="channel")
    assert (result.totals.values["won"], result.totals.values["revenue_minor"]) == (1, 0)
    assert any("1 won opportunity has no exchange rate" in warning for warning in result.minds)


def test_a_sale_without_a_closing_date_counts_nowhere_and_is_told(engine: Engine):
    shelf = Shelf(engine)
    shelf.won("o1", "", day(20), 500, closed_at=None)
    shelf.store()
    result = closed_loop(engine)
    assert result.totals.values["revenue_minor"] == 0
    assert any("no closing date" in warning for warning in result.minds)


def test_a_refund_larger_than_the_sale_is_negative_revenue_shared_alike(engine: Engine):
    shelf = spring_and_news(engine)
    shelf.won("o1", "", day(20), 100_01, lead_id="l1", refunded_minor=150_02, reporting_minor=-50_01)
    shelf.store()
    result = closed_loop(engine)
    assert column(result, "revenue_minor") == {"spring": -25_01, "news": -25_00}


def test_machine_visits_are_left_out_also_when_found_out_later(engine: Engine):
    shelf = spring_and_news(engine)
    shelf.touch("e3", "visitor:v1", day(3), utm_campaign="spring", bot_verdict="machine:crawler")
    shelf.touch("e4", "visitor:v2", day(3), utm_campaign="spring", visitor_id="v2")
    shelf.fact("bot_verdict_facts", "v2", verdict="machine:headless")
    shelf.store()
    result = closed_loop(engine)
    assert result.totals.values["sessions"] == 2
    assert result.machine_sessions == 2
    assert row_of(result, "spring").values["leads"] == 0.5


def test_a_person_in_two_rows_is_one_person_in_the_total(engine: Engine):
    shelf = spring_and_news(engine)
    shelf.touch("e3", "visitor:stranger", day(3), utm_campaign="spring")
    shelf.store()
    result = closed_loop(engine)
    assert column(result, "people") == {"spring": 1, "news": 1}
    assert result.totals.values["people"] == 1
    assert row_of(result, "spring").values["sessions"] == 2


def test_a_code_mapped_afterwards_takes_its_history_along(engine: Engine):
    shelf = Shelf(engine)
    shelf.campaign("spring")
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), utm_campaign="sprnig")
    shelf.won("o1", "ines", day(20), 900)
    shelf.store()
    before = closed_loop(engine)
    assert column(before, "revenue_minor") == {"~unmapped": 900}
    assert any("“sprnig”" in warning for warning in before.warnings)
    shelf.code("sprnig", "spring", learnt=datetime(2024, 7, 1, tzinfo=UTC))
    shelf.store()
    assert column(closed_loop(engine), "revenue_minor") == {"spring": 900}
    assert column(closed_loop(engine, as_of=LEARNT), "revenue_minor") == {"~unmapped": 900}


def test_a_late_fact_changes_now_but_not_what_the_books_said_then(engine: Engine):
    spring_and_news(engine).store()
    then = closed_loop(engine, as_of=LEARNT)
    shelf = Shelf(engine)
    later = datetime(2024, 7, 1, tzinfo=UTC)
    shelf.touch("e0", "visitor:v1", day(1), learnt=later, utm_campaign="news")
    shelf.won("o1", "", day(20), 200_00, lead_id="l1", learnt=later)
    shelf.store()
    now, again = closed_loop(engine), closed_loop(engine, as_of=then.as_of)
    assert column(now, "revenue_minor") == {"spring": 66_67, "news": 133_33}
    assert again.to_json() == then.to_json()


def test_merging_brings_the_path_along_and_undoing_takes_it_away(engine: Engine):
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.person("ines2", "v2")
    shelf.touch("e1", "visitor:v1", day(2), channel="Email")
    shelf.touch("e2", "visitor:v2", day(3), channel="Direct")
    shelf.touch("e3", "person:ines2", day(4), channel="Sales", touch_kind="call", is_entry=False)
    shelf.won("o1", "ines", day(20), 900)
    shelf.store()
    assert column(closed_loop(engine, by="channel"), "revenue_minor") == {"Email": 900}
    shelf.person("ines2", canonical="ines", learnt=datetime(2024, 7, 1, tzinfo=UTC))
    shelf.store()
    merged = closed_loop(engine, by="channel")
    assert column(merged, "revenue_minor") == {"Email": 300, "Direct": 300, "Sales": 300}
    assert merged.totals.values["people"] == 1
    shelf.person("ines2", learnt=datetime(2024, 8, 1, tzinfo=UTC))
    shelf.store()
    assert column(closed_loop(engine, by="channel"), "revenue_minor") == {"Email": 900}


def test_periods_begin_at_midnight_of_the_organisation(engine: Engine):
    """23:30 UTC on 29 February is already March in Berlin, 23:30 UTC on 31 March is April there."""
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", datetime(2024, 2, 29, 23, 30, tzinfo=UTC), channel="Email")
    shelf.touch("e2", "visitor:v1", datetime(2024, 3, 31, 23, 30, tzinfo=UTC), channel="Email")
    shelf.won("o1", "ines", datetime(2024, 3, 31, 23, 30, tzinfo=UTC), 900)
    shelf.lead("l1", "ines", datetime(2024, 2, 29, 23, 30, tzinfo=UTC))
    shelf.store()
    berlin = Books(currency="EUR", zone="Europe/Berlin", units=BOOKS.units)
    there, in_utc = closed_loop(engine, books=berlin, by="channel"), closed_loop(engine, by="channel")
    assert [there.totals.values[key] for key in ("sessions", "leads", "revenue_minor")] == [1, 1, 0]
    assert [in_utc.totals.values[key] for key in ("sessions", "leads", "revenue_minor")] == [1, 0, 900]


def test_the_cohort_clock_follows_touchpoints_of_the_period_to_whenever_they_won(engine: Engine):
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.touch("e0", "visitor:v1", day(-3), channel="Direct")
    shelf.touch("e1", "visitor:v1", day(2), channel="Email")
    shelf.won("o1", "ines", day(45), 900)
    shelf.won("o2", "", day(10), 70)
    shelf.store()
    cohort = closed_loop(engine, by="channel", clock="cohort")
    assert column(cohort, "revenue_minor") == {"Email": 450}
    assert cohort.totals.values["revenue_minor"] == 450
    balance = cohort.balance
    assert (balance.revenue_minor, balance.credited_minor, balance.unattributed_minor) == (970, 900, 70)
    assert balance.credited_outside_minor == 450
    assert closed_loop(engine, by="channel").totals.values["revenue_minor"] == 70


def test_contribution_margin_of_the_unit_enters_the_return(engine: Engine):
    spring_and_news(engine).store()
    half = Books(currency="EUR", zone="UTC", units=BOOKS.units, margins={"north": 50})
    assert row_of(closed_loop(engine, books=half, model="first_touch"), "spring").values["romi"] == -87.4988


def two_units(engine: Engine) -> None:
    """Ines bought from north after a touch by south; south has its own campaign, cost, lead and sale."""
    shelf = spring_and_news(engine)
    shelf.campaign("secret", "secret", unit="south")
    shelf.touch("e3", "visitor:v1", day(3), unit_id="south", utm_campaign="secret", channel="Secret channel")
    shelf.lead("l2", "ines", day(6), unit_id="south")
    shelf.won("o2", "ines", day(21), 7_654_321, unit_id="south")
    shelf.cost("c2", "secret", 8_765_432, date(2024, 3, 8), unit_id="south")
    shelf.store()


@pytest.mark.parametrize("by", ["campaign", "channel", "landing_page", "business_unit", "source", "content", "country"])
def test_rows_of_another_unit_never_show(engine: Engine, by: str):
    two_units(engine)
    north_only = Books(currency="EUR", zone="UTC", units={"north": "North"}, sees_all_units=False)
    result = closed_loop(engine, by=by, books=north_only)
    text = str(result.to_json()).lower()
    assert "secret" not in text
    assert "south" not in text
    assert "7654321" not in text
    assert "8765432" not in text
    assert result.totals.values["revenue_minor"] == 100_01
    assert result.totals.values["sessions"] == 2
    assert row_of(result, "~other_units").values["revenue_minor"] == 33_34
    assert row_of(result, "~other_units").values["sessions"] == 0


def test_choosing_one_unit_shows_what_its_own_people_see(engine: Engine):
    two_units(engine)
    north_only = Books(currency="EUR", zone="UTC", units={"north": "North"}, sees_all_units=False)
    chosen = closed_loop(engine, unit_ids=frozenset({"north"}))
    assert chosen.to_json() == closed_loop(engine, books=north_only).to_json()
    everything = closed_loop(engine)
    assert everything.totals.values["revenue_minor"] == 100_01 + 7_654_321
    with pytest.raises(OptionError, match="no such business unit"):
        closed_loop(engine, books=north_only, unit_ids=frozenset({"south"}))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"model": "best"}, "no model “best”"),
        ({"clock": "noon"}, "no clock “noon”"),
        ({"by": "moon"}, "no dimension “moon”"),
        ({"first": date(2024, 4, 1), "last": date(2024, 3, 1)}, "Swap the two dates"),
        ({"lookback_days": 0}, "at least one day"),
        ({"half_life_days": 0.0}, "more than zero"),
    ],
)
def test_options_that_cannot_be_used_are_refused_with_what_to_choose(
    engine: Engine, options: dict[str, object], told: str
):
    with pytest.raises(OptionError, match=told):
        run_report("closed-loop", Options(**{**MARCH, **options}), engine, BOOKS)  # type: ignore[arg-type]


def test_a_report_that_does_not_exist_is_refused(engine: Engine):
    with pytest.raises(OptionError, match="closed-loop"):
        run_report("open-loop", Options(), engine, BOOKS)


def test_without_dates_the_report_covers_the_whole_books(engine: Engine):
    shelf = spring_and_news(engine)
    shelf.cost("c0", "spring", 1_00, date(2023, 11, 5))
    shelf.store()
    result = closed_loop(engine, first=None, last=None, as_of=LEARNT)
    assert (result.first, result.last) == (date(2023, 11, 5), LEARNT.date())
    assert result.totals.values["cost_minor"] == 401_00
    assert result.as_of == LEARNT


def test_the_answer_is_the_json_that_others_rely_on(engine: Engine):
    spring_and_news(engine).store()
    answer = closed_loop(engine).to_json()
    assert {"report", "title", "as_of", "model", "clock", "from", "to", "columns", "rows", "totals", "balance"} <= set(
        answer
    )
    assert isinstance(answer["warnings"], list)
    balance = answer["balance"]
    assert isinstance(balance, dict)
    assert {
        "holds", "revenue_minor", "credited_minor", "unattributed_minor", "cost_minor", "allocated_minor",
        "unallocated_minor", "currency",
    } <= set(balance)  # fmt: skip
    columns = answer["columns"]
    assert isinstance(columns, list)
    assert all({"key", "label", "unit", "formula"} <= set(one) for one in columns)
