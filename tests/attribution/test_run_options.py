"""What a run may be asked to count: whose touchpoints, which kinds, Direct, machines, which conversion. It balances."""

from dataclasses import asdict
from itertools import product

import pytest

from loopline.attribution.conversions import PEOPLE
from loopline.reports.asked import options_from
from loopline.reports.behind import behind
from loopline.reports.options import CONVERSIONS, DIRECTS, OptionError, Options
from loopline.reports.run import run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, closed_loop, column, day, row_of
from tests.attribution.test_credit_ledger import random_books, reasons
from tests.attribution.test_markov import forty_sales


def a_buying_group(engine: Engine) -> Shelf:
    """Ines is the primary contact, Ben another one, Cleo and Dan are colleagues; Dan's company is told by the sale."""
    shelf = Shelf(engine)
    for number, (person, company) in enumerate((("ines", "halden"), ("ben", ""), ("cleo", "halden"), ("dan", "bygg"))):
        shelf.fact("person_facts", person, unit_id="north", canonical_id=person, company_id=company)
        shelf.link(f"visitor:v{number}", person)
        shelf.touch(f"e{number}", f"visitor:v{number}", day(2 + number), channel=person)
    shelf.won("o1", "", day(20), 100_00, lead_id="l1", company_id="bygg")
    for person, is_primary in (("ines", True), ("ben", False)):
        shelf.fact("opportunity_contact_facts", f"o1/{person}", opportunity_id="o1", person_id=person,
                   role="user", is_primary=is_primary)  # fmt: skip
    shelf.lead("l1", "ines", day(10), qualified_at=day(12))
    return shelf


def test_the_primary_contact_all_contacts_or_the_whole_company_may_earn(engine: Engine) -> None:
    a_buying_group(engine).store()

    def shares(people: str) -> dict[str, object]:
        return column(closed_loop(engine, by="channel", people=people), "revenue_minor")

    assert shares("primary") == {"ines": 100_00}
    assert shares("contacts") == {"ines": 50_00, "ben": 50_00}
    assert shares("company") == {"ines": 25_00, "ben": 25_00, "cleo": 25_00, "dan": 25_00}
    leads = column(closed_loop(engine, by="channel", people="company"), "leads")
    assert leads == {"ines": 0.5, "cleo": 0.5}


def test_without_a_primary_contact_all_contacts_may_earn(engine: Engine) -> None:
    shelf = a_buying_group(engine)
    shelf.fact("opportunity_contact_facts", "o1/ines", opportunity_id="o1", person_id="ines", is_primary=False)
    shelf.store()
    assert column(closed_loop(engine, by="channel", people="primary"), "won") == {"ines": 0.5, "ben": 0.5}


def mixed(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), channel="Email")
    shelf.touch("e2", "visitor:v1", day(3), channel="Direct")
    shelf.touch("e3", "person:ines", day(4), channel="Sales", touch_kind="call")
    shelf.touch("e4", "visitor:v1", day(5), channel="Display", bot_verdict="machine:crawler")
    shelf.touch("e5", "person:ines", day(6), channel="Self-reported", touch_kind="self_reported")
    shelf.won("o1", "ines", day(20), 300)
    shelf.store()


@pytest.mark.parametrize(
    ("asked", "shares"),
    [
        ({}, {"Email": 100, "Direct": 100, "Sales": 100}),
        ({"touch_kinds": frozenset({"call"})}, {"Sales": 300}),
        ({"touch_kinds": frozenset({"entry"})}, {"Email": 150, "Direct": 150}),
        ({"direct": "ignore"}, {"Email": 150, "Sales": 150}),
        ({"humans_only": False}, {"Email": 75, "Direct": 75, "Sales": 75, "Display": 75}),
        ({"touch_kinds": frozenset({"meeting"})}, {"~unattributed": 300}),
    ],
)
def test_kinds_direct_and_machines_count_as_asked(
    engine: Engine, asked: dict[str, object], shares: dict[str, int]
) -> None:
    mixed(engine)
    for model in ("linear", "influenced") if len(shares) == 1 else ("linear",):
        assert column(closed_loop(engine, by="channel", model=model, **asked), "revenue_minor") == shares
    assert row_of(closed_loop(engine, by="campaign", **asked), "~total").values["revenue_minor"] == 300


def test_what_only_had_touchpoints_that_were_left_out_says_so(engine: Engine) -> None:
    mixed(engine)
    assert reasons(engine, touch_kinds=frozenset({"meeting"})) == {"o1": "left_out"}


def test_what_people_say_of_themselves_is_no_touchpoint(engine: Engine) -> None:
    """Nobody is known by it, no company is looking around, and nothing is behind the figure."""
    mixed(engine)
    shelf = Shelf(engine)
    shelf.fact("person_facts", "ole", unit_id="north", canonical_id="ole", company_id="acme")
    shelf.touch("said", "person:ole", day(7), channel="Self-reported", touch_kind="self_reported", is_entry=False)
    shelf.store()
    assert column(closed_loop(engine, by="channel"), "people") == {"Email": 1, "Direct": 1, "Sales": 1}
    assert row_of(closed_loop(engine, by="channel"), "~total").values["people"] == 1
    for row, people in (("~total", ["ines"]), ("Self-reported", [])):
        opened = behind(row, "people", Options(**MARCH, by="channel"), engine, BOOKS)
        assert [one.person_id for one in opened.visitors] == people
        assert opened.total == opened.count == len(people)
    engaged = run_report("company-engagement", Options(**MARCH), engine, BOOKS)
    assert {row.key: (row.values["active_people"], row.values["company_touches"]) for row in engaged.rows} == {
        "": (1, 3)
    }


def test_sessions_stay_what_they_are_whatever_may_earn(engine: Engine) -> None:
    mixed(engine)
    plain = closed_loop(engine, by="channel")
    assert column(closed_loop(engine, by="channel", direct="ignore"), "sessions") == column(plain, "sessions")
    with_machines = closed_loop(engine, by="channel", humans_only=False)
    assert with_machines.machine_sessions == 0
    assert column(with_machines, "sessions")["Display"] == 1


@pytest.mark.parametrize(
    ("conversion", "figure"), [("lead", "leads"), ("qualified", "qualified"), ("opportunity", "opportunities")]
)
def test_a_run_about_one_conversion_counts_it_alone_and_balances_in_records_too(
    engine: Engine, conversion: str, figure: str
) -> None:
    a_buying_group(engine).store()
    result = closed_loop(engine, by="channel", conversion=conversion)
    assert result.totals.values[figure] == 1
    assert asdict(result.balance)["counted"] == {
        "conversion": conversion, "records": 1, "credited": 1, "unattributed": 0,
    }  # fmt: skip
    assert "won" not in result.totals.values
    found = behind("~total", figure, Options(**MARCH, by="channel", conversion=conversion), engine, BOOKS)
    assert found.total == 1


def test_a_model_that_learns_learns_from_the_conversion_the_run_is_about(engine: Engine) -> None:
    """Forty sales but only five leads: about leads it refuses, about sales it does not ask for leads."""
    forty_sales(engine)
    shelf = Shelf(engine)
    for number in range(5, 40):
        shelf.lead(f"l{number}", f"p{number}", day(5), is_deleted=True)
    shelf.store()
    with pytest.raises(OptionError, match="5 leads"):
        closed_loop(engine, by="channel", model="markov", conversion="lead")
    assert closed_loop(engine, by="channel", model="markov", conversion="won").totals.values["won"] == 40


def test_every_choice_balances_for_every_way_to_deal(engine: Engine) -> None:
    random_books(engine, 7)
    models = ("linear", "last_non_direct", "influenced", "primary_campaign")
    choices = enumerate(product(CONVERSIONS, PEOPLE, DIRECTS))
    for number, (conversion, people, direct) in choices:
        result = closed_loop(
            engine, by="channel", model=models[number % 4], conversion=conversion, people=people, direct=direct,
            humans_only=number % 3 > 0, touch_kinds=None if number % 2 else frozenset({"entry", "call"}),
        )  # fmt: skip
        assert result.balance.counted is None or result.balance.counted.holds


def test_options_are_read_from_words_and_refused_in_words() -> None:
    words = {"people": "company", "kinds": "call, entry", "direct": "ignore", "humans": "all", "conversion": "won"}
    options = options_from(words, BOOKS)
    assert options.counts == {
        "conversion": "won", "people": "company", "touch_kinds": ["call", "entry"], "direct": "ignore",
        "humans_only": False, "half_life_days": None, "order": None,
    }  # fmt: skip
    assert options_from({"conversion": "revenue"}, BOOKS).conversion == ""
    assert options_from({"order": "2"}, BOOKS).order == 2
    with pytest.raises(OptionError, match="1, 2 or 3"):
        options_from({"order": "1.5"}, BOOKS)
    for wrong in ({"people": "all"}, {"kinds": "smell"}, {"direct": "maybe"}, {"humans": "some"}, {"conversion": "x"}):
        with pytest.raises(OptionError, match="Choose one of"):
            options_from(wrong, BOOKS)
