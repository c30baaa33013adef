"""An option that a report does not read changes nothing: no chip of its page shows it, and no file says it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from urllib.parse import parse_qs

import pytest

from loopline.access.roles import Role
from loopline.reports.catalogue import REPORTS
from loopline.reports.option_words import FIELDS, options_of
from loopline.reports.options import Options
from loopline.reports.run import run_report
from loopline.store.duckdb_engine import DuckDBEngine
from tests.attribution.shelf import BOOKS, MARCH, Shelf, day
from tests.make import make_unit, signed_in_as

ODD = Options(
    clock="cohort", model="first_touch", lookback_days=1, half_life_days=0.5, order=2, conversion="lead",
    people="company", touch_kinds=frozenset({"call"}), direct="ignore", humans_only=False,
)  # fmt: skip
"""Each of them moves some figure of a report that reads it."""


def books(store: DuckDBEngine) -> None:
    shelf = Shelf(store)
    for number in range(3):
        person = f"p{number}"
        shelf.fact("person_facts", person, unit_id="north", canonical_id=person, company_id="acme")
        shelf.link(f"visitor:v{number}", person)
        for place, (kind, channel, verdict) in enumerate(
            (("entry", f"Email {number}", "human"), ("entry", "Direct", "human"), ("call", "Sales", "human"),
             ("entry", "Display", "machine:crawler"))
        ):  # fmt: skip
            shelf.touch(f"e{number}{place}", f"visitor:v{number}", day(2 + place), channel=channel, touch_kind=kind,
                        kind="page", url_path=f"/{place}", bot_verdict=verdict)  # fmt: skip
        shelf.lead(f"l{number}", person, day(9 + number))
    shelf.won("o1", "p0", day(20), 900, lead_id="l0", company_id="acme")
    shelf.cost("c1", "", 100, date(2024, 3, 3), platform="google")
    shelf.store()


@pytest.mark.parametrize("key", REPORTS)
def test_what_a_report_does_not_read_changes_nothing(store: DuckDBEngine, key: str) -> None:
    books(store)
    report = REPORTS[key]
    asked = Options(**MARCH, by=report.usual_by or "campaign", as_of=datetime(2024, 6, 2, tzinfo=UTC))
    read = {one.name for one in options_of(report)}
    odd = {field: getattr(ODD, field) for name, field in FIELDS.items() if name not in read}
    plain = run_report(key, asked, store, BOOKS).to_json()
    for field, value in odd.items():
        assert run_report(key, replace(asked, **{field: value}), store, BOOKS).to_json() == plain, field


def test_the_odd_options_would_be_seen_where_they_are_read(store: DuckDBEngine) -> None:
    books(store)
    asked = Options(**MARCH, by="channel", as_of=datetime(2024, 6, 2, tzinfo=UTC))
    plain = run_report("closed-loop", asked, store, BOOKS).rows
    for field in ("model", "lookback_days", "conversion", "people", "touch_kinds", "direct", "humans_only"):
        assert run_report("closed-loop", replace(asked, **{field: getattr(ODD, field)}), store, BOOKS).rows != plain


@pytest.mark.django_db
def test_a_figure_opens_in_the_closed_loop_by_what_its_report_read(store: DuckDBEngine) -> None:
    """The half-life of the closed loop is not that of the column, which goes by the usual one."""
    books(store)
    client = signed_in_as(Role.FINANCE, make_unit())
    address = "/reports/library/model-comparison/behind/?from=2024-03-01&to=2024-03-31&metric=by_time_decay&half_life=1"
    page = client.get(f"{address}&people=company&by=channel")
    assert page.status_code == 200
    link = parse_qs(page.context["in_closed_loop"].partition("?")[2])
    assert "half_life" not in link
    assert link["people"] == ["company"]
