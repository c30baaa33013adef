"""The closed loop by activity, by who is responsible, and by segment: other rows, the same books to the cent."""

from datetime import UTC, date, datetime
from itertools import product

import pytest

from loopline.reports.behind import behind
from loopline.reports.change.why import why_changed
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import Books, Options
from loopline.reports.result import ReportResult
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, closed_loop, column, day, row_of

MARA = Books(currency="EUR", zone="UTC", units=BOOKS.units, colleagues={"u-mara": "Mara Lindt"})
LATER = datetime(2024, 7, 1, tzinfo=UTC)


def spring_in_three_parts(engine: Engine) -> Shelf:
    """Spring has a mailing and a webinar, and a code of its own; nobody answers for the newsletter."""
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring", owner="u-mara")
    shelf.campaign("news", "news")
    shelf.activity("mailing", "spring", "Mailing")
    shelf.activity("webinar", "spring", "Webinar")
    shelf.code("spring-mail", "spring", "mailing")
    shelf.code("spring-web", "spring", "webinar")
    shelf.fact("company_facts", "brewery", unit_id="north", name="Brewery", industry="Food", employees=80)
    shelf.fact("person_facts", "ines", unit_id="north", canonical_id="ines", company_id="brewery")
    shelf.link("visitor:v1", "ines")
    for place, code in enumerate(("spring", "spring-mail", "spring-web", "news", "", "unknown"), start=1):
        shelf.touch(f"e{place}", "visitor:v1", day(place), utm_campaign=code, channel="Email")
    shelf.touch("e9", "visitor:stranger", day(2), utm_campaign="spring-mail", channel="Email")
    shelf.lead("l1", "ines", day(7))
    shelf.won("o1", "ines", day(20), 100_01, lead_id="l1", primary_campaign_id="spring")
    shelf.won("o2", "", day(21), 5_00)
    shelf.cost("c1", "spring", 400_00, date(2024, 3, 1), activity_id="mailing")
    shelf.cost("c2", "spring", 50_00, date(2024, 3, 1))
    shelf.cost("c3", "news", 7_00, date(2024, 3, 1))
    shelf.cost("c4", "", 3_00, date(2024, 3, 1))
    return shelf.store()


def test_each_activity_has_its_own_row_and_what_belongs_to_none_stands_with_its_campaign(engine: Engine):
    spring_in_three_parts(engine)
    result = closed_loop(engine, by="activity", model="linear")
    assert column(result, "revenue_minor") == {
        "spring": 16_67, "mailing": 16_67, "webinar": 16_67, "news": 16_67, "": 16_67, "~unmapped": 16_66,
        "~unattributed": 5_00,
    }  # fmt: skip
    assert column(result, "cost_minor") == {"mailing": 400_00, "spring": 50_00, "news": 7_00, "~unattributed": 3_00}
    assert column(result, "sessions")["mailing"] == 2
    labels = {row.key: (row.label, row.note) for row in result.rows}
    assert labels["mailing"] == ("Mailing", "Mailing · Spring")
    assert labels["spring"] == ("Spring", "the campaign as such")
    assert row_of(result, "webinar").cost_note == "cost incomplete: no cost line in this period"


def test_the_person_responsible_has_what_their_campaigns_cost_and_earned(engine: Engine):
    spring_in_three_parts(engine)
    result = closed_loop(engine, by="responsible", model="linear", books=MARA)
    assert row_of(result, "u-mara").label == "Mara Lindt"
    assert column(result, "revenue_minor") == {
        "u-mara": 50_01, "": 33_34, "~unmapped": 16_66, "~unattributed": 5_00,
    }  # fmt: skip
    assert column(result, "cost_minor") == {"u-mara": 450_00, "~unattributed": 10_00}


def test_who_came_by_a_campaign_of_nobody_and_by_none_is_one_person_of_nobodys_row(engine: Engine):
    spring_in_three_parts(engine)
    people = column(closed_loop(engine, by="responsible", model="linear", books=MARA), "people")
    assert people == {"u-mara": 1, "": 1, "~unmapped": 1}


@pytest.mark.parametrize(("by", "segment"), [("industry", "Food"), ("company_size", "50 to 249")])
def test_segments_are_those_of_the_companies_people_work_for(engine: Engine, by: str, segment: str):
    spring_in_three_parts(engine)
    result = closed_loop(engine, by=by)
    assert column(result, "revenue_minor") == {segment: 100_01, "~unattributed": 5_00}
    assert column(result, "sessions") == {segment: 6, "": 1}


def totals(result: ReportResult) -> dict[str, object]:
    return {key: value for key, value in result.totals.values.items() if key != "cost_note"}


def test_every_dimension_has_the_totals_of_the_campaigns(engine: Engine):
    spring_in_three_parts(engine)
    models = ("linear", "primary_campaign", "influenced")
    expected = {model: totals(closed_loop(engine, by="campaign", model=model)) for model in models}
    for by, model in product(DIMENSIONS, models):
        assert totals(closed_loop(engine, by=by, model=model)) == expected[model], (by, model)


def test_figures_of_an_activity_and_of_a_person_responsible_open_into_what_they_count(engine: Engine):
    spring_in_three_parts(engine)

    def opened(by: str, row: str, metric: str) -> object:
        return behind(row, metric, Options(**MARCH, by=by), engine, MARA).total  # type: ignore[arg-type]

    for by, row in (("activity", "mailing"), ("responsible", "u-mara"), ("industry", "Food")):
        result = closed_loop(engine, by=by, books=MARA)
        for metric in ("sessions", "people", "leads", "won", "revenue_minor", "cost_minor"):
            assert opened(by, row, metric) == row_of(result, row).values[metric], (by, metric)


def test_a_code_given_to_an_activity_later_moves_its_past_there_and_why_says_so(engine: Engine):
    shelf = spring_in_three_parts(engine)
    shelf.code("spring", "spring", "webinar", learnt=LATER)
    shelf.fact("company_facts", "brewery", unit_id="north", name="Brewery", industry="Drinks", learnt=LATER)
    shelf.store()
    found = why_changed("closed-loop", Options(**MARCH, by="activity"), LEARNT, engine, BOOKS, metric="revenue_minor")
    assert {one.cause.key: one.by_row for one in found.shares if one.by_row} == {
        "codes": {"spring": -16_67, "webinar": 16_67}
    }
    by_industry = why_changed(
        "closed-loop", Options(**MARCH, by="industry"), LEARNT, engine, BOOKS, metric="revenue_minor"
    )
    assert {one.cause.key: one.by_row for one in by_industry.shares if one.by_row} == {
        "companies": {"Food": -100_01, "Drinks": 100_01}
    }
    assert column(closed_loop(engine, by="industry", as_of=LEARNT), "revenue_minor")["Food"] == 100_01


def test_activities_of_another_unit_have_no_names(engine: Engine):
    shelf = spring_in_three_parts(engine)
    shelf.campaign("secret", unit="south", owner="u-south")
    shelf.activity("secret-fair", "secret", "Fair", unit="south")
    shelf.code("secret-fair", "secret", "secret-fair", unit="south")
    shelf.touch("e3s", "visitor:v1", day(3), unit_id="south", utm_campaign="secret-fair", channel="Event")
    shelf.store()
    north_only = Books(currency="EUR", zone="UTC", units={"north": "North"}, sees_all_units=False)
    for by in ("activity", "responsible", "industry"):
        result = closed_loop(engine, by=by, books=north_only)
        assert "secret" not in str(result.to_json()).lower()
        assert "u-south" not in str(result.to_json())
