"""What leads cost sales in time: those it had, and the talks with their people, at the unit's minutes."""

from dataclasses import replace
from datetime import timedelta

from loopline.leads.hand_off_models import HandOffTerms
from loopline.reports.what_if.comparison import Cell, compare
from loopline.reports.what_if.lead_columns import columns_of
from loopline.reports.what_if.outcomes_sql import OUTCOMES
from loopline.store.engine import Engine
from loopline.web.what_if_page import hours
from tests.attribution.shelf import LEARNT, Shelf, day
from tests.what_if.test_what_if import lead


def test_talks_count_for_the_lead_that_their_person_had_then(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.person("ann")
    shelf.person("ann-too", canonical="ann")
    shelf.lead("first", "ann-too", day(2))
    shelf.lead("second", "ann", day(20))
    shelf.lead("of-nobody-called", "bob", day(2))
    for name, identity, at, kind in (
        ("before", "person:ann", day(1), "call"),
        ("c1", "person:ann", day(2), "call"),
        ("c2", "person:ann-too", day(5), "call"),
        ("m1", "person:ann", day(19), "meeting"),
        ("m2", "person:ann-too", day(25), "meeting"),
        ("a visit", "person:ann", day(6), "page"),
        ("of a browser", "visitor:v", day(6), "call"),
    ):
        shelf.touch(name, identity, at, kind=kind, touch_kind=kind if kind != "page" else "entry")
    shelf.touch("later known", "person:ann", day(7), learnt=LEARNT + timedelta(days=1), kind="call", touch_kind="call")
    shelf.store()
    period = {"as_of": LEARNT, "unit": "north", "created_from": day(0), "created_to": day(30)}
    found = {row["lead_id"]: (row["calls"], row["meetings"]) for row in engine.rows(OUTCOMES, period)}
    assert found == {"first": (2, 1), "second": (0, 1), "of-nobody-called": (0, 0)}


def test_a_cell_sums_the_talks_and_its_hours_follow_the_terms_of_the_unit() -> None:
    leads = columns_of([replace(lead(n, old=True, new=False, won=False), calls=n, meetings=2) for n in range(4)])
    [cell] = [one for one in compare(leads, ["x"], 10).cells if one.key == "only_old"]
    assert (cell.worked, cell.calls, cell.meetings) == (4, 6, 8)
    assert hours(cell, HandOffTerms()) == round((4 * 15 + 6 * 20 + 8 * 60) / 60) == 11
    assert hours(cell, HandOffTerms(lead_minutes=0, call_minutes=0, meeting_minutes=30)) == 4
    nothing = Cell("neither", 1, 0, 0, 0, 0, 1, 0, 0, 0, 0)
    assert hours(nothing, HandOffTerms()) == 0
