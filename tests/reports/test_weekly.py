"""The weekly table: each week and channel once, adding up to the books, as packages of marketing-mix models take it."""

import csv
from datetime import date, timedelta
from io import BytesIO, StringIO

import pyarrow.parquet as pq
import pytest
from django.test import Client
from django.urls import reverse

from loopline.access.roles import Role
from loopline.reports.answer import answered
from loopline.reports.catalogue import CATALOGUE
from loopline.reports.change.why import why_changed
from loopline.reports.change.write import change_lines
from loopline.reports.options import Books, OptionError, Options
from loopline.reports.periods import DAY
from loopline.reports.run import settle_for
from loopline.reports.weekly.export import weekly_exported
from loopline.reports.weekly.file import weekly_csv, weekly_parquet
from loopline.reports.weekly.lines import LINES
from loopline.reports.weekly.sums import weeks_of
from loopline.reports.weekly.table import Line, WeeklyTable, weekly_table
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine
from loopline.web.api.metrics import told as catalogue_told
from loopline.web.weekly_line import latest
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, day
from tests.attribution.test_credit_ledger import random_books
from tests.make import make_unit, signed_in_as
from tests.reports.sheets import sheet

DAYS = {"from": "2024-03-01", "to": "2024-03-31"}


def table(engine: Engine, books: Books = BOOKS, **options: object) -> WeeklyTable:
    return weekly_table(Options(**{**MARCH, **options}), engine, books)  # type: ignore[arg-type]


def two_weeks(engine: Engine) -> None:
    """March 2024 begins on a Friday: five weeks, the first of three days. Paid Search has cost, Email has none."""
    shelf = Shelf(engine)
    shelf.campaign("ads", "ads")
    shelf.fact("campaign_facts", "ads", unit_id="north", name="Ads", channel="Paid Search", currency="EUR")
    shelf.cost("c1", "ads", 100_00, date(2024, 2, 28), date(2024, 3, 8))
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), channel="Paid Search")
    shelf.touch("e2", "visitor:v1", day(5), channel="Email")
    shelf.touch("m1", "visitor:v2", day(5), channel="Email", bot_verdict="machine:crawler")
    shelf.lead("l1", "ines", day(6))
    shelf.won("o1", "ines", day(12), 50_01)
    shelf.won("o2", "", day(12), 7)
    shelf.store()


def test_every_week_has_every_channel_and_nothing_is_left_out(engine: Engine) -> None:
    two_weeks(engine)
    found = table(engine)
    assert found.holds
    assert len(found.lines) == 5 * 3
    told = {(one.week.day, one.channel): (one.spend_minor, one.touches, one.leads, one.revenue_minor)
            for one in found.lines if one.week <= date(2024, 3, 11)}  # fmt: skip
    assert told == {
        (26, "Email"): (None, 0, 0, 0), (26, "Paid Search"): (30_00, 1, 0, 0), (26, "Unattributed"): (None, 0, 0, 0),
        (4, "Email"): (None, 1, 0.5, 0), (4, "Paid Search"): (50_00, 0, 0.5, 0), (4, "Unattributed"): (None, 0, 0, 0),
        (11, "Email"): (None, 0, 0, 25_00), (11, "Paid Search"): (0, 0, 0, 25_01),
        (11, "Unattributed"): (None, 0, 0, 7),
    }  # fmt: skip


def test_any_books_add_up(engine: Engine) -> None:
    random_books(engine, 11)
    for options in ({"model": "time_decay"}, {"first": date(2023, 1, 4), "direct": "ignore"}):
        assert table(engine, **options).holds
    with pytest.raises(OptionError, match="Choose another model"):
        table(engine, model="influenced")
    with pytest.raises(OptionError, match="at most 520"):
        table(engine, first=date(1990, 1, 1))


def test_by_unit_each_unit_has_what_it_has_alone(engine: Engine) -> None:
    """Its weeks and sums are those of the table that is asked for it alone; only the channels of others are named."""
    random_books(engine, 11)
    both = Books("EUR", "Europe/Berlin", {"north": "North", "south": "South"})
    found = table(engine, both, by="unit")
    assert found.holds
    assert {one.unit for one in found.lines} == {"North", "South"}
    whole = table(engine, both, by="channel")
    assert sums(found.lines) == sums(whole.lines)
    for key, name in both.units.items():
        alone = table(engine, both, by="channel", unit_ids=frozenset({key}))
        assert sums([one for one in found.lines if one.unit == name]) == sums(alone.lines)
    told = found.to_json()
    assert next(csv.reader(StringIO(weekly_csv(told)))) == [
        "week", "unit", "channel", "spend", "touches", "leads", "revenue",
    ]  # fmt: skip
    assert pq.read_table(BytesIO(weekly_parquet(told))).column_names[:3] == ["week", "unit", "channel"]


def sums(lines: list[Line]) -> dict[date, tuple[int, int, float, int]]:
    """Week → spend, touches, leads, revenue."""
    found: dict[date, tuple[int, int, float, int]] = {}
    for one in lines:
        spend, touches, leads, revenue = found.get(one.week, (0, 0, 0.0, 0))
        found[one.week] = (
            spend + (one.spend_minor or 0), touches + one.touches, round(leads + one.leads, 3),
            revenue + one.revenue_minor,
        )  # fmt: skip
    return {
        week: (spend, touches, round(leads, 2), revenue) for week, (spend, touches, leads, revenue) in found.items()
    }


def test_the_files_hold_days_and_major_units_and_an_unknown_spend_is_empty(engine: Engine) -> None:
    two_weeks(engine)
    told = table(engine).to_json()
    lines = list(csv.DictReader(StringIO(weekly_csv(told))))
    assert list(lines[0]) == ["week", "channel", "spend", "touches", "leads", "revenue"]
    assert lines[0] == {
        "week": "2024-02-26", "channel": "Email", "spend": "", "touches": "0", "leads": "0", "revenue": "0.00",
    }  # fmt: skip
    read = pq.read_table(BytesIO(weekly_parquet(told))).to_pylist()
    assert read[1] == {
        "week": date(2024, 2, 26), "channel": "Paid Search", "spend": 30.0, "touches": 1, "leads": 0.0, "revenue": 0.0,
    }  # fmt: skip
    assert read[0]["spend"] is None


def test_the_workbook_has_the_lines_of_the_csv_and_the_sums_of_the_weeks(engine: Engine) -> None:
    two_weeks(engine)
    told = table(engine).to_json()
    told["rows"][0]["channel"] = "=cmd()"
    content = weekly_exported(told, "xlsx")
    lines = list(csv.DictReader(StringIO(weekly_csv(told))))
    head, *rows = sheet(content, 1)
    assert head == list(lines[0])
    assert [row[1] for row in rows] == ["=cmd()", *(line["channel"] for line in lines[1:])], "shown, never run"
    assert [tuple(row[2:]) for row in rows] == [
        tuple(None if line[name] == "" else float(line[name]) for name in head[2:])  # type: ignore[index]
        for line in lines
    ]
    *weeks, total = sheet(content, 2)[1:]
    assert total[1:] == [100.00 - 20.00, 2, 1, 50.08]
    assert [sum(column) for column in zip(*(row[1:] for row in weeks), strict=True)] == pytest.approx(total[1:])  # type: ignore[arg-type]


def test_its_weeks_are_a_report_to_mail_whose_total_is_that_of_the_lines(engine: Engine) -> None:
    two_weeks(engine)
    found = weeks_of(table(engine))
    assert [row.label for row in found.rows][:2] == ["25 Mar 2024", "18 Mar 2024"], "newest first"
    assert found.totals.values == {"cost_minor": 80_00, "touches": 2, "leads": 1, "revenue_minor": 50_08}
    assert found.check
    assert found.check.holds


def test_a_week_whose_only_cost_has_no_rate_is_unknown_and_not_zero(engine: Engine) -> None:
    """In its own week only: in others nothing was booked, and beside a known cost the week says that one."""
    two_weeks(engine)
    shelf = Shelf(engine)
    shelf.cost("c2", "ads", None, date(2024, 3, 5), currency="CHF", reporting_minor=None)
    shelf.cost("c3", "ads", None, date(2024, 3, 12), currency="CHF", reporting_minor=None)
    shelf.store()
    for options in ({}, {"by": "unit"}):
        found = table(engine, **options)
        spend = {one.week.day: one.spend_minor for one in found.lines if one.channel == "Paid Search"}
        assert spend == {26: 30_00, 4: 50_00, 11: None, 18: 0, 25: 0}
        assert found.holds


def test_weeks_that_are_not_whole_are_told_with_those_that_are(engine: Engine) -> None:
    two_weeks(engine)
    assert table(engine).warnings == [
        "1 of 5 weeks is not whole: some days are outside of the period or still to come. "
        "Whole weeks: 4 Mar 2024 to 31 Mar 2024."
    ]
    whole = {"first": date(2024, 3, 4), "last": date(2024, 3, 17)}
    assert table(engine, **whole).warnings == []
    few = table(engine, first=date(2024, 3, 5), last=date(2024, 3, 6))
    assert few.warnings == ["The week is not whole: some days are outside of the period or still to come."]
    soon = table(engine, first=date(2024, 3, 4), last=LEARNT.date() + 20 * DAY, as_of=LEARNT)
    assert soon.warnings[0].endswith(f"Whole weeks: 4 Mar 2024 to {sunday_before(LEARNT.date()):%-d %b %Y}.")


def sunday_before(day: date) -> date:
    return day - (day.weekday() + 1) * DAY


def test_commands_get_the_same_lines(engine: Engine) -> None:
    two_weeks(engine)
    told = answered("weekly", DAYS, engine, BOOKS)
    assert told["rows"] == table(engine).to_json()["rows"]
    north = answered("weekly", {**DAYS, "unit": "north"}, engine, BOOKS)
    assert north["rows"] == told["rows"], "everything happened there"
    with pytest.raises(OptionError, match="no business unit “nowhere”"):
        answered("weekly", {"unit": "nowhere"}, engine, BOOKS)


def test_what_is_missing_in_the_sums_is_told(engine: Engine) -> None:
    two_weeks(engine)
    shelf = Shelf(engine)
    shelf.won("o3", "", day(12), 9_00, currency="USD", reporting_minor=None)
    shelf.cost("c2", "ads", 9_00, date(2024, 3, 5), currency="USD", reporting_minor=None)
    shelf.store()
    found = table(engine)
    assert found.holds
    assert [one.key for one in found.unusual] == ["won.without-rate", "cost.cost-without-rate"]
    assert found.to_json()["warnings"] == weeks_of(found).to_json()["warnings"] == found.minds


def test_no_data_at_all_is_no_lines(engine: Engine) -> None:
    found = table(engine)
    assert (found.lines, found.holds) == ([], True)


@pytest.mark.django_db
def test_the_page_and_its_files_are_for_those_who_see_reports(store: DuckDBEngine) -> None:
    unit = make_unit()
    client = signed_in_as(Role.FINANCE, unit)
    assert Client().get(reverse("weekly")).status_code == 302
    assert "Nothing happened in this period" in client.get(reverse("weekly")).content.decode()
    two_weeks(store)
    said = DAYS
    admin = signed_in_as(Role.ADMINISTRATOR, unit)
    assert "Balanced" in admin.get(reverse("weekly"), said).content.decode()
    told = admin.get(reverse("weekly_download", args=["csv"]), said)
    assert told.headers["Content-Type"].startswith("text/csv")
    assert b"Paid Search,30.00,1,0,0.00" in told.content
    assert "Paid Search,30.00" not in client.get(reverse("weekly_download", args=["csv"]), said).content.decode()
    shown = admin.get(reverse("weekly"), said)
    for line, behind in shown.context["lines"]:
        for name in ("revenue_minor", "leads", "cost_minor", "touches"):
            if figure := getattr(line, "spend_minor" if name == "cost_minor" else name):
                opened = admin.get(f"{behind}&metric={name}")
                assert opened.context["opened"].total == figure, (line, name)
                assert f"{behind.replace('&', '&amp;')}&amp;metric={name}" in shown.content.decode()
                if name != "touches":
                    loop = admin.get(opened.context["in_closed_loop"])
                    assert loop.context["found"].total == figure, "with what earned it"
    assert admin.get(reverse("report_behind", args=["weekly"]), said | {"row": "2024-03-04//Fax", "metric": "leads"}
                     ).status_code == 400, "a channel that no line is of"  # fmt: skip
    page = admin.get(f"{behind}&metric=leads").content.decode()
    assert f'href="{reverse("weekly")}?from=2024-03-01' in page, "the way back"
    by_unit = admin.get(reverse("weekly"), said | {"by": "unit"}).content.decode()
    assert "Business unit</th>" in by_unit
    assert admin.get(reverse("weekly"), {"by": "campaign"}).status_code == 400
    assert admin.get(reverse("weekly"), {"model": "influenced"}).status_code == 400
    assert admin.get(reverse("weekly_download", args=["parquet"]), {"model": "x"}).status_code == 400


@pytest.mark.parametrize(("channels", "shown"), [(3, 198), (50, 200), (250, 200)])
def test_the_page_lists_whole_weeks(channels: int, shown: int) -> None:
    """But for a week with more channels than the page has lines."""
    mondays = [date(2026, 1, 5) + 7 * week * DAY for week in range(80)]
    lines = [Line(monday, "", f"Channel {one}") for monday in mondays for one in range(channels)]
    found = latest(lines, lambda one: one.week)
    assert len(found) == shown
    assert found[-1] == lines[-1]
    assert channels > shown or found[0].channel == "Channel 0"
    assert latest(lines[:10], lambda one: one.week) == lines[:10]


@pytest.mark.django_db
def test_a_line_opens_whatever_model_and_unit_it_is_told_by(store: DuckDBEngine) -> None:
    """Markov learns from the whole period, in no week alone are there thirty sales; and credit that a touchpoint of
    another unit earned stays with its channel, as in the table."""
    north, south = make_unit("North"), make_unit("South")
    shelf = Shelf(store)
    for number in range(40):
        at = day(2 + number / 2)
        shelf.person(f"p{number}", f"v{number}")
        for channel, unit, before in (("Email", south, 2), ("Event", north, 1)):
            shelf.touch(f"t{number}{channel}", f"visitor:v{number}", at - before * DAY, channel=channel,
                        unit_id=str(unit.pk))  # fmt: skip
        shelf.lead(f"l{number}", f"p{number}", at, unit_id=str(north.pk))
        shelf.won(f"o{number}", f"p{number}", at + DAY, 100_01, unit_id=str(north.pk))
    shelf.store()
    admin = signed_in_as(Role.ADMINISTRATOR, north)
    for said in (DAYS | {"model": "markov"}, DAYS | {"by": "unit"}):
        shown = admin.get(reverse("weekly"), said).context
        for line, behind in shown["lines"][::5]:
            for name in ("revenue_minor", "leads", "touches"):
                opened = admin.get(f"{behind}&metric={name}")
                assert opened.status_code == 200, (line, name)
                assert opened.context["opened"].total == getattr(line, name), (line, name)
                assert not opened.context["in_closed_loop"], "there it would not be the same figure"


def test_commands_are_told_what_changed_line_by_line_and_it_adds_up(engine: Engine) -> None:
    """A late touchpoint takes half of a sale's credit to another channel; a cost is booked; units are told apart."""
    two_weeks(engine)
    since = engine.horizon()
    shelf = Shelf(engine)
    shelf.touch("e3", "visitor:v1", day(9), channel="Event", learnt=since + timedelta(microseconds=1))
    shelf.cost("c3", "ads", 7_00, date(2024, 3, 20), learnt=since + timedelta(microseconds=1))
    shelf.store()
    told = answered("weekly", {**DAYS, "changed_since": since.isoformat()}, engine, BOOKS)
    assert told["change"] == {"cost_minor": 7_00, "revenue_minor": 0, "leads": 0, "touches": 1}
    spends = {one["key"]: one["change"]["cost_minor"] for one in told["causes"]}
    assert spends == {"touchpoints": 0, "costs": 7_00}
    assert told["metric"]["key"] == "cost_minor"
    assert [(row["label"], row["change"]) for row in told["rows"]] == [("18 Mar 2024 · Paid Search", 7_00)]
    scope = settle_for(LINES, Options(**MARCH, by="unit"), engine, BOOKS)  # type: ignore[arg-type]
    by_unit = why_changed("weekly", scope.options, since, engine, BOOKS, metric="revenue_minor")
    assert {row.label.split(" · ")[-1]: row.change for row in by_unit.rows} == {
        "Event": 16_67, "Email": -8_33, "Paid Search": -8_34,
    }  # fmt: skip
    assert change_lines(told)[0] == "Weekly table, 2024-03-01 to 2024-03-31, EUR, model linear"


def test_its_figures_stand_in_the_catalogue_and_mean_there_what_they_mean_here() -> None:
    """A key never means two things: its cost is the cost of the closed loop, not the mean of the budget planner."""
    assert {metric.key for metric in LINES.metrics} == {"cost_minor", "touches", "leads", "revenue_minor"}
    for metric in LINES.metrics:
        assert CATALOGUE[metric.key] is metric
    assert "weekly" in catalogue_told(CATALOGUE["touches"], "EUR")["reports"]
