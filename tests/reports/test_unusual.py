"""Records as they should not be are told on every report that rests on them: how many, how much, what to do."""

from datetime import date

from loopline.reports.options import Books, Options
from loopline.reports.run import run_report, unusual_records
from loopline.store.engine import Engine
from tests.attribution.shelf import MARCH, Shelf, closed_loop, day

DOLLARS = {"currency": "USD", "reporting_minor": None}
RATE = "Add the rate under Settings › Exchange rates; the figures follow."
WON = [
    "1 won opportunity has no closing date (€500.00): in no period, so missing in all revenue. Enter the day of the "
    "sale.",
    "1 won opportunity has no amount: counted, and missing in every sum of money. Enter the amount.",
    "2 won opportunities have no exchange rate (£5.00, $1,200.00): counted, and missing in every sum of money. " + RATE,
    "1 won opportunity was refunded by more than its amount (−€50.00): the loss is in the revenue, and whoever "
    "earned the sale bears it. Check the refunds.",
    "1 won opportunity has a negative amount (−€7.00): the loss is in the sums, and whoever earned the sale bears "
    "it. Check the amount.",
    "2 won opportunities are of people who were erased (€90.00): still in all totals; what only their touchpoints "
    "earned is unattributed. Nothing to do.",
]
COST = [
    "1 cost line has no exchange rate ($31.00): missing in cost, so returns look better and costs per lead lower "
    "than they are. " + RATE,
    "1 cost line is negative (−€20.00): counted as money that came back, such as a credit note. Check that it is one.",
]


def unusual_world(engine: Engine) -> None:
    """One of each among sales of March, one usual sale, and the same once more in a unit nobody asks for."""
    shelf = Shelf(engine)
    for unit, times in (("north", 1), ("hidden", 1000)):
        mine = {"unit_id": unit}
        shelf.won(f"usual-{unit}", "", day(3), 100_00 * times, **mine)
        shelf.won(f"undated-{unit}", "", day(3), 500_00 * times, **mine, closed_at=None, created_at=day(1))
        shelf.won(f"unpriced-{unit}", "", day(3), None, **mine)
        shelf.won(f"dollars-{unit}", "", day(4), 1_200_00 * times, **{**mine, **DOLLARS}, lead_id=f"lead-{unit}")
        shelf.lead(f"lead-{unit}", f"gone-{unit}", day(2), **mine)
        shelf.won(f"pounds-{unit}", "", day(4), 5_00, **mine, currency="GBP", reporting_minor=None)
        shelf.won(f"refunded-{unit}", "", day(5), 100_00, **mine, refunded_minor=150_00, reporting_minor=-50_00)
        shelf.won(f"negative-{unit}", "", day(5), -7_00, **mine)
        shelf.won(f"erased-{unit}", f"gone-{unit}", day(6), 90_00 * times, **mine)
        shelf.fact("person_facts", f"gone-{unit}", unit_id=unit, canonical_id=f"gone-{unit}", erased="yes")
        shelf.cost(f"c1-{unit}", "spring", 62_00, date(2024, 3, 31), date(2024, 4, 1), **{**mine, **DOLLARS})
        shelf.cost(f"c2-{unit}", "spring", -20_00, date(2024, 3, 3), **mine)
        shelf.cost(f"c3-{unit}", "spring", 10_00, date(2024, 3, 3), **mine, cost_kind="planned", currency="USD",
                   reporting_minor=None)  # fmt: skip
    shelf.store()


def said(engine: Engine, key: str, **options: object) -> list[str]:
    asked = Options(**{**MARCH, **options})  # type: ignore[arg-type]
    return [one.sentence for one in run_report(key, asked, engine, _BOOKS).unusual]


_BOOKS = Books(currency="EUR", zone="UTC", units={"north": "North"}, sees_all_units=False)


def test_every_report_tells_what_is_unusual_in_what_it_rests_on(engine: Engine) -> None:
    unusual_world(engine)
    assert said(engine, "closed-loop", by="campaign") == [*WON, *COST]
    assert said(engine, "buyers", by="unit") == WON
    assert said(engine, "cost-per-stage") == COST
    plan = said(engine, "plan-and-actual", by="campaign")
    assert plan[:2] == COST
    assert plan[2].startswith("1 planned or committed cost line has no exchange rate ($10.00)")
    opened = said(engine, "pipeline-created", by="campaign")
    assert opened == [one.replace("won opportunit", "new opportunit") for one in WON[1:5]]
    [cohort] = said(engine, "cohort-maturity")
    assert cohort.startswith("1 won opportunity has no exchange rate ($1,200.00)")
    assert said(engine, "funnel", by="month") == []


def test_another_period_tells_only_of_what_is_in_none(engine: Engine) -> None:
    unusual_world(engine)
    april = {"first": date(2024, 4, 2), "last": date(2024, 4, 30)}
    assert said(engine, "closed-loop", by="campaign", **april) == WON[:1]


def test_what_is_told_opens_into_the_records_that_were_counted(engine: Engine) -> None:
    unusual_world(engine)
    for kind, ids in (
        ("won.without-date", ["undated-north"]), ("won.without-rate", ["dollars-north", "pounds-north"]),
        ("won.refunded-beyond", ["refunded-north"]), ("won.negative", ["negative-north"]),
        ("won.erased", ["erased-north", "dollars-north"]), ("cost.cost-without-rate", ["c1-north"]),
        ("cost.negative-cost", ["c2-north"]),
    ):  # fmt: skip
        found, _ = unusual_records("closed-loop", kind, Options(**MARCH), engine, _BOOKS)  # type: ignore[arg-type]
        assert found
        assert [one.record_id for one in found.entries] == ids, kind
        assert found.told.records == len(ids)
    found, _ = unusual_records("buyers", "won.without-amount", Options(**MARCH, by="unit"), engine, _BOOKS)  # type: ignore[arg-type]
    assert found
    assert [(one.adds, one.currency) for one in found.entries] == [(None, "")]


def test_nothing_unusual_is_told_of_usual_books(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.won("o1", "", day(3), 100_00)
    shelf.cost("c1", "spring", 0, date(2024, 3, 3))
    shelf.store()
    assert closed_loop(engine).unusual == []
