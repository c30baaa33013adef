"""Every figure of every report opens into what it was worked out from; one that does not is named here with why."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from loopline.reports.asked import options_from
from loopline.reports.behind import behind
from loopline.reports.catalogue import REPORTS
from loopline.reports.dimension import OTHERS, TOTAL
from loopline.reports.library import buyers
from loopline.reports.metric import Number
from loopline.reports.opened import Opened
from loopline.reports.options import OptionError, Options
from loopline.reports.run import open_figure, run_report
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, day
from tests.engines import empty_duckdb
from tests.reports.test_budget_planner import MONDAY, two_channels

EXCEPTIONS: dict[tuple[str, str], str] = {}
"""Report and metric → why it does not open: a date, a text. There is none."""
PERIOD = {"first": MONDAY, "last": date(2024, 5, 31), "as_of": LEARNT}
"""Until the day before the books end: there are leads in hand, open opportunities and a pace."""


def company(engine: Engine) -> None:
    """Eight months of leads and costs, forty sales and as many losses, some still open, and the hand-off of March."""
    two_channels(engine)
    shelf = Shelf(engine)
    shelf.fact("company_facts", "halden", unit_id="north", name="Halden", industry="Paper")
    for number in range(40):
        person, at = f"p{number % 30}-{number % 3}", day(number / 4)
        outcome = "won" if number % 2 else "lost"
        stages = {name: at - timedelta(days=days) for name, days in
                  (("qualified_at", 15), ("handed_over_at", 14), ("accepted_at", 13))}  # fmt: skip
        shelf.lead(f"lead-{number}", person, at - timedelta(days=20), owner_id="jonas", **stages)
        sale = {"outcome": outcome, "stage": "proposal", "created_at": at - timedelta(days=5), "company_id": "halden"}
        shelf.won(f"sale-{number}", person, at + timedelta(days=15), 100_01 + number, lead_id=f"lead-{number}",
                  owner_id="jonas", **sale)  # fmt: skip
        shelf.fact("clock_facts", f"clock-{number}", unit_id="north", lead_id=f"lead-{number}", side="sales",
                   kind="answer", owner_id="jonas", started_at=at - timedelta(days=14), due_at=at,
                   stopped_at=at - timedelta(days=13), breached_at=None)  # fmt: skip
        shelf.touch(f"page-{number}", f"person:{person}", at, kind="page", url_path="/pricing", touch_kind="",
                    is_entry=False)  # fmt: skip
    for number in range(5):
        shelf.lead(f"in-hand-{number}", f"p1-{number}", LEARNT - timedelta(days=4 + number))
        shelf.won(f"open-{number}", "p2-1", LEARNT, 500_00, outcome="open", stage="proposal", closed_at=None,
                  created_at=LEARNT - timedelta(days=3))  # fmt: skip
    for key, kind, category, amount in (("plan", "planned", "ads", 9_000_00), ("tool", "actual", "tools", 80_00)):
        shelf.fact("cost_facts", key, unit_id="north", campaign_id="ads" if key == "plan" else "", cost_kind=kind,
                   category=category, amount_minor=amount, currency="EUR", reporting_minor=amount, starts_on=MONDAY,
                   ends_on=date(2024, 3, 31))  # fmt: skip
    shelf.fact("cost_facts", "told", unit_id="north", campaign_id="ads", cost_kind="actual", category="ads",
               platform="google", amount_minor=5_00, currency="EUR", reporting_minor=5_00, claimed_micro=3_000_000,
               claimed_reporting_minor=90_00, starts_on=MONDAY, ends_on=MONDAY)  # fmt: skip
    shelf.touch("answered", "person:p1-1", day(-200), kind="form", touch_kind="form", is_entry=False,
                properties='{"self_reported": "event"}')  # fmt: skip
    shelf.store()


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = empty_duckdb(tmp_path_factory.mktemp("opens") / "events.duckdb")
    company(engine)
    yield engine
    engine.close()


def test_every_figure_opens_or_is_named_with_its_reason(books: Engine) -> None:
    """Every column of every report; of those that open by one and the same question the first three are opened."""
    for key in (key for key in REPORTS if key != "closed-loop"):
        report = REPORTS[key]
        options = Options(**PERIOD, by=report.usual_by)  # type: ignore[arg-type]
        result = run_report(key, options, books, BOOKS)
        opening = report.opening(result.metrics)
        assert {one.key for one in result.metrics} - opening == {of for where, of in EXCEPTIONS if where == key}, key
        told = [(row, one) for one in result.metrics for row in [*result.rows, result.totals]
                if row.values[one.key] is not None]  # fmt: skip
        assert told, f"{key} has something to say of this company"
        first = {one.key: (row, one) for row, one in reversed(told) if one.key in opening}
        for row, metric in [*first.values()] if key in OWN else [*first.values()][-3:]:
            opened = open_figure(key, row.key, metric.key, options, books, BOOKS)
            value = row.values[metric.key]
            assert opened.total in (None, pytest.approx(value)), (key, row.key, metric.key)
            assert opened.items or opened.parts or opened.workings or not value, (key, row.key, metric.key)
            assert {one.key for one in opened.parts} <= opening, (key, metric.key)


OWN = {"budget-planner", "forecast", "coverage", "cost-per-stage", "it-costs", "model-comparison", "platform-claims"}
"""Reports that open each figure in a way of its own."""


def test_what_is_in_the_workings_opens_into_the_same_figure(books: Engine) -> None:
    """From the forecast into the sales of a stage, from a week of the planner into its cost lines and leads."""
    opened = {}
    for key, row, metric in (
        ("forecast", TOTAL, "from_open_minor"), ("forecast", TOTAL, "from_leads_minor"),
        ("forecast", "2024-06-01", "to_come_minor"), ("forecast", TOTAL, "expected_low_minor"),
        ("budget-planner", "Paid Search", "gain"), ("cost-per-stage", "3", "of_stage_before"),
    ):  # fmt: skip
        options = Options(**PERIOD, by=REPORTS[key].usual_by)  # type: ignore[arg-type]
        opened[key, metric] = found = open_figure(key, row, metric, options, books, BOOKS)
        for working in found.workings:
            for step in [*working.steps[:3], *working.steps[-3:]]:
                for of, words in step.leads.items():
                    if (value := step.values[of]) is not None:
                        assert _total(key, words, options, books) == pytest.approx(value), (key, step.label, of)
    assert [one.title for one in opened["forecast", "to_come_minor"].workings] == [
        "Leads that come", "Older leads", "Sales that were won",
    ]  # fmt: skip
    curves, weeks = opened["budget-planner", "gain"].workings
    assert curves.steps[0].values["says"] == pytest.approx(opened["budget-planner", "gain"].total, abs=0.01)
    spend = [step.values["week_spend_minor"] or 0 for step in weeks.steps[:13]]
    result = run_report("budget-planner", Options(**PERIOD, by="channel"), books, BOOKS)  # type: ignore[arg-type]
    assert round(sum(spend) / 13) == result.figure("Paid Search", "spend_minor")


def _total(key: str, words: Any, options: Options, engine: Engine) -> Number:
    if words.get("report") != "closed-loop":
        return open_figure(key, words["row"], words["metric"], options, engine, BOOKS).total
    asked = options_from({**words, "as_of": LEARNT.isoformat()}, BOOKS)
    return behind(words["row"], words["metric"], asked, engine, BOOKS).total


def test_both_engines_open_the_same(engine: Engine) -> None:
    """What is listed by questions of its own: of the forecast, of tools and of stages."""
    company(engine)
    told: list[Opened] = []
    for key, row, metrics in (
        ("forecast", "stage:proposal", ("stage_won", "stage_lost")),
        ("forecast", "won", ("learnt_won", "learnt_won_minor", "older_leads", "older_won", "pace_leads")),
        ("forecast", TOTAL, ("to_come_minor", "expected_high_minor")),
        ("it-costs", "north", ("events_collected",)), ("cost-per-stage", "2", ("period_cost_minor", "of_stage_before")),
    ):  # fmt: skip
        options = Options(**PERIOD, by=REPORTS[key].usual_by)  # type: ignore[arg-type]
        told += [open_figure(key, row, metric, options, engine, BOOKS) for metric in metrics]
    totals = [one.total for one in told]
    assert totals[:7] == [20, 20, 20, sum(100_01 + number for number in range(1, 40, 2)), 220, 20, 31]
    assert [one.count for one in told[:7]] == [20, 20, 20, 20, 220, 20, 31]
    assert told[9].count == totals[9] == 220
    assert {one.kind for one in told[9].items} == {"event"}
    assert (told[10].count, {one.kind for one in told[10].items}) == (63, {"cost"})
    with pytest.raises(OptionError, match="no stage"):
        open_figure("forecast", "won", "stage_won", Options(**PERIOD), engine, BOOKS)  # type: ignore[arg-type]


def test_the_row_for_all_others_opens_into_their_records(
    monkeypatch: pytest.MonkeyPatch, reading_engine: Engine
) -> None:
    shelf = Shelf(reading_engine)
    for number in range(4):
        shelf.won(f"of-{number}", "", day(9), 100_00 * (4 - number), company_id=f"c{number}")
    shelf.store()
    few = replace(buyers.COUNTING, most=2)
    monkeypatch.setitem(REPORTS, "buyers", replace(buyers.REPORT, run=few.run, open=few.open))
    asked = Options(**MARCH, by="company", unit_ids=frozenset({"north"}), as_of=LEARNT)
    result = run_report("buyers", asked, reading_engine, BOOKS)
    opened = open_figure("buyers", OTHERS, "closed_minor", asked, reading_engine, BOOKS)
    assert opened.total == result.figure(OTHERS, "closed_minor") == 300_00
    assert {one.record_id for one in opened.items} == {"of-2", "of-3"}
