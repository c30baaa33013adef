"""Records as they should not be: each has its answer, its sentence on the page, and the books balance all the same."""

from datetime import date, timedelta

import pyarrow as pa
import pytest
from django.urls import reverse

from loopline.access.roles import Role
from loopline.attribution.model import MODELS
from loopline.campaigns.models import CostLine
from loopline.reports.behind import MOST_TOUCHES, behind
from loopline.reports.options import Options
from loopline.store.arrow import to_arrow
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Batch, Engine, StoreError
from loopline.store.library import TABLES
from tests.attribution.shelf import BOOKS, LEARNT, MARCH, Shelf, closed_loop, column, day, row_of
from tests.attribution.test_credit_ledger import dealt
from tests.make import make_campaign, make_unit, signed_in_as


def many_touches(engine: Engine, count: int) -> None:
    """One buyer with so many touchpoints, a second apart, the last just before the sale of a million."""
    shelf = Shelf(engine)
    shelf.person("ines", "v1")
    shelf.won("o1", "ines", day(25), 1_000_000_07)
    shelf.store()
    one = {"unit_id": "north", "identity": "visitor:v1", "touch_kind": "entry", "channel": "Email", "kind": "page",
           "is_entry": True, "bot_verdict": "human", "consent": 2, "received_at": day(1),
           "recorded_at": LEARNT}  # fmt: skip
    table = to_arrow(TABLES["events"], [one | {"event_id": "x", "occurred_at": day(1)}])
    table = table.take(pa.array([0] * count, pa.int32()))
    ids = pa.array([f"e{number:08}" for number in range(count)])
    times = pa.array([day(25) - timedelta(seconds=count - number) for number in range(count)])
    for name, values in (("event_id", ids), ("occurred_at", times)):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(name), values.cast(table.schema.field(name).type))
    engine.write(Batch("many", {"events": table}))


@pytest.mark.parametrize(
    "count", [2_000, pytest.param(1_000_000, marks=pytest.mark.slow)], ids=["thousands", "a million"]
)
def test_one_path_may_have_any_number_of_touchpoints(engine: Engine, count: int) -> None:
    many_touches(engine, count)
    for key in ("linear", "position_based"):
        found = dealt(engine, MODELS[key], lookback_days=None)["o1"]
        assert sum(found.values()) == 1_000_000_07, key
    assert column(closed_loop(engine, by="channel", lookback_days=None), "revenue_minor") == {"Email": 1_000_000_07}
    asked = Options(**MARCH, by="channel", lookback_days=None)  # type: ignore[arg-type]
    [record] = behind("Email", "revenue_minor", asked, engine, BOOKS).records
    assert (record.touch_count, len(record.touches), record.credit) == (count, MOST_TOUCHES, 1_000_000_07)


def a_sale(engine: Engine, amount: int | None = 100_00, **row: object) -> Shelf:
    shelf = Shelf(engine)
    shelf.campaign("spring", "spring")
    shelf.person("ines", "v1")
    shelf.touch("e1", "visitor:v1", day(2), utm_campaign="spring")
    shelf.cost("c1", "spring", 10_00, date(2024, 3, 3))
    shelf.won("o1", "ines", day(12), amount, **row)
    return shelf


def test_erasing_people_takes_their_touchpoints_and_leaves_the_totals(engine: Engine) -> None:
    a_sale(engine).store()
    before = closed_loop(engine).totals.values
    for table, name, value in (
        ("events", "identity", "visitor:v1"), ("identity_facts", "id", "visitor:v1"), ("person_facts", "id", "ines"),
    ):  # fmt: skip
        engine.erase(table, name, [value])
    after = closed_loop(engine, order=2)  # another question, because answers are kept for some minutes
    for key in ("revenue_minor", "won", "cost_minor"):
        assert after.totals.values[key] == before[key]
    assert column(after, "revenue_minor") == {"~unattributed": 100_00}
    assert after.balance is not None
    assert after.balance.unattributed_reasons == {"no_identity": 100_00}


def test_a_deleted_campaign_keeps_what_it_earned_and_cost_and_says_so(engine: Engine) -> None:
    shelf = a_sale(engine)
    shelf.fact("campaign_facts", "spring", unit_id="north", name="Spring", channel="Email", is_deleted=True)
    shelf.store()
    found = closed_loop(engine)
    row = row_of(found, "spring")
    assert row.label == "Spring (deleted)"
    assert (row.values["revenue_minor"], row.values["cost_minor"]) == (100_00, 10_00)
    assert any("1 campaign was deleted: what was earned and spent there stays" in words for words in found.minds)


@pytest.mark.parametrize("row", [{}, {"refunded_minor": 150_00, "amount_minor": 100_00}])
def test_a_negative_amount_is_shared_as_a_loss_and_told(engine: Engine, row: dict[str, object]) -> None:
    a_sale(engine, -50_00, **row).store()
    found = closed_loop(engine)
    assert column(found, "revenue_minor") == {"spring": -50_00}
    told = "was refunded by more than its amount" if row else "has a negative amount"
    assert any(f"1 won opportunity {told} (−€50.00)" in words for words in found.minds)


def test_where_more_came_back_than_was_spent_nothing_is_said_per_cost(engine: Engine) -> None:
    shelf = a_sale(engine)
    shelf.cost("c2", "spring", -30_00, date(2024, 3, 4))
    shelf.store()
    found = closed_loop(engine)
    values = row_of(found, "spring").values
    assert (values["cost_minor"], values["romi"], values["cost_per_opportunity_minor"]) == (-20_00, None, None)
    assert any("1 cost line is negative (−€30.00)" in words for words in found.minds)


def test_a_cost_without_days_gets_into_no_books(engine: Engine) -> None:
    shelf = Shelf(engine)
    shelf.cost("c1", "spring", 1, None)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="starts_on"):
        shelf.store()


@pytest.mark.django_db
def test_a_cost_without_days_is_refused_in_words(store: DuckDBEngine) -> None:
    unit = make_unit()
    campaign = make_campaign(unit)
    said = {"amount": "10", "currency": "EUR", "kind": "actual", "category": "media", "starts_on": "", "ends_on": ""}
    answer = signed_in_as(Role.MARKETING, unit).post(reverse("cost_new", args=[campaign.pk]), said)
    assert answer.status_code == 422
    assert "required" in answer.content.decode()
    assert not CostLine.objects.exists()


@pytest.mark.django_db
def test_the_page_says_what_happens_to_unusual_records(store: DuckDBEngine) -> None:
    unit = make_unit()
    a_sale(store, -50_00).store()
    client = signed_in_as(Role.ADMINISTRATOR, unit)
    text = client.get(reverse("closed_loop"), {"period": "all"}).content.decode()
    for words in (
        "refunds larger than the sale are shared along their path", "A sale without one counts nowhere",
        "A sale is won and missing in revenue", "a cost has a first and a last day", "marked as deleted",
        "stay in the totals, unattributed where no touchpoint is left", "stand in the order of their ids",
        "a path may have any length", "whoever earned the sale bears it",
    ):  # fmt: skip
        assert words in text, words
    empty = client.get(reverse("closed_loop"), {"from": "2001-01-01", "to": "2001-01-02"}).content.decode()
    assert "Nothing happened in this period" in empty
