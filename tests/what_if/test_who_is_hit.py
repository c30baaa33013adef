"""Who is hit by a definition, by how leads came; and the load of each person and territory against what they take."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import Options
from loopline.reports.what_if.came_by import CAME_BY, came_by, last_rows
from loopline.reports.what_if.comparison import Comparison, compare
from loopline.reports.what_if.lead_columns import columns_of
from loopline.store.engine import Engine
from loopline.web.what_if_load import people_loads, territory_loads
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day
from tests.what_if.test_what_if import lead


@pytest.fixture
def march(reading_engine: Engine) -> Engine:
    shelf = Shelf(reading_engine)
    if not reading_engine.rows("SELECT id FROM lead_facts LIMIT 1"):
        for name in ("ann", "bob", "cleo"):
            shelf.person(name, f"v-{name}")
            shelf.lead(f"lead-{name}", name, day(10))
        shelf.touch("a1", "visitor:v-ann", day(1), channel="Email")
        shelf.campaign("fair", "fair-26")
        shelf.touch("a2", "visitor:v-ann", day(9), channel="Partner", utm_source="Halden", utm_campaign="fair-26",
                    country="NO", region="Oslo")  # fmt: skip
        shelf.touch("a3", "visitor:v-ann", day(11), channel="Organic Search", country="SE")
        shelf.touch("b1", "visitor:v-bob", day(2), channel="Paid Search", utm_source="google", country="DE")
        shelf.store()
    return reading_engine


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("channel", {"lead-ann": "Partner", "lead-bob": "Paid Search"}),
        ("partner", {"lead-ann": "Halden", "lead-bob": ""}),
        ("region", {"lead-ann": "Norway, Oslo", "lead-bob": "Germany"}),
    ],
)
def test_the_last_touchpoint_before_a_lead_says_how_it_came(march: Engine, key: str, expected: dict[str, str]) -> None:
    assert came_by(key, Options(**MARCH), march, BOOKS) == expected  # type: ignore[arg-type]
    assert key in CAME_BY


def test_the_last_touchpoint_says_whose_campaign_brought_a_lead(march: Engine) -> None:
    rows = last_rows(DIMENSIONS["campaign"].row, Options(**MARCH, by="campaign"), march, BOOKS)  # type: ignore[arg-type]
    assert rows == {"lead-ann": "fair", "lead-bob": ""}


def found(more: dict[str, dict[str, str]] | None = None) -> Comparison:
    """Over ten weeks: 40 leads of Ana's from Norway pass today and 20 of them would; 10 of nobody's would besides."""
    ana = [lead(n, old=True, new=n % 2 == 0, won=False) for n in range(40)]
    nobody = [replace(lead(n, old=False, new=True, won=False), owner_id="", was_worked=False) for n in range(40, 50)]
    norway = [replace(one, groups=one.groups | {"country": "NO"}) for one in ana]
    return compare(columns_of(norway + nobody), ["asks for something"], 10, more)


def test_a_further_way_is_shown_first_with_those_whose_leads_change_most() -> None:
    [(name, groups), *others] = found({"channel": {f"{n:04}": "Email" for n in range(40)}}).hit
    assert (name, [(one.label, one.old, one.new) for one in groups]) == ("channel", [("Email", 40, 20), ("", 0, 10)])
    assert [one for one, _ in others] == ["origin", "country", "industry", "size"]


def test_each_size_names_the_newest_of_those_who_are_hit() -> None:
    some = [
        replace(one, created_at=day(10) + timedelta(minutes=place), groups=one.groups | {"size": size})
        for size, count in (("1–9 people", 5), ("250–999 people", 2), ("", 1))
        for place, one in enumerate(lead(n, old=True, new=n % 5 > 3, won=False) for n in range(count))
    ]  # fmt: skip
    some = [replace(one, id=f"lead-{number}") for number, one in enumerate(some)]
    [sizes] = [groups for name, groups in compare(columns_of(some), ["x"], 10).hit if name == "size"]
    assert [(one.label, one.old, one.new, one.hit) for one in sizes] == [
        ("1–9 people", 5, 1, ("lead-3", "lead-2", "lead-1")),
        ("250–999 people", 2, 0, ("lead-6", "lead-5")),
        ("", 1, 0, ("lead-7",)),
    ]


def test_each_person_has_the_own_leads_and_a_part_of_nobodys_by_capacity() -> None:
    loads = people_loads(found(), {"ana": "Ana", "ben": "Ben"}, {"ana": 2, "ben": 8})
    told = [(one.name, one.old, one.new, one.capacity, one.is_over) for one in loads]
    assert told == [("Ana", "4.0", "2.2", "2", True), ("Ben", "0.0", "0.8", "8", False)]
    gone = people_loads(found(), {"ben": "Ben"}, {"ben": 8})
    assert [(one.old, one.new) for one in gone] == [("4.0", "3.0")], "Ana left: others take hers"
    assert people_loads(found(), {}, {}) == []


def test_a_territory_can_take_what_its_people_can_take() -> None:
    loads = territory_loads(found(), {"ana": 2, "ben": 8})
    told = [(one.name, one.old, one.new, one.capacity, one.is_over) for one in loads]
    assert told == [("Norway", "4.0", "2.0", "2", False), ("Country not known", "0.0", "1.0", "", False)]
    many = [
        replace(one, groups=one.groups | {"country": f"{chr(65 + n)}{chr(65 + n)}"})
        for n, one in enumerate([lead(n, old=True, new=True, won=False) for n in range(12)])
    ]  # fmt: skip
    assert territory_loads(compare(columns_of(many), ["x"], 10), {})[-1].name == "4 others"
