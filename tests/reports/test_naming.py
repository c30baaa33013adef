"""Whose names a report may tell."""

from datetime import UTC, date, datetime

from loopline.reports.dimension import DIMENSIONS
from loopline.reports.naming import Name, names_of
from loopline.reports.options import Books, Options, Scope
from loopline.store.arrow import to_arrow
from loopline.store.engine import Batch, Engine
from loopline.store.library import TABLES

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def campaign(row_id: str, unit_id: str) -> dict[str, object]:
    return {"id": row_id, "version": 1, "occurred_at": DAY, "is_deleted": False, "unit_id": unit_id,
            "name": f"Name of {row_id}", "channel": "Event"}  # fmt: skip


def test_a_campaign_of_another_unit_is_not_named_to_whoever_knows_its_id(engine: Engine) -> None:
    rows = [campaign("own", "north"), campaign("secret", "south")]
    engine.write(Batch("names", {"campaign_facts": to_arrow(TABLES["campaign_facts"], rows)}))
    books = Books(currency="EUR", zone="UTC", units={"north": "North"}, sees_all_units=False)
    scope = Scope(Options(), books, date(2026, 3, 1), date(2026, 3, 31), engine.horizon())
    names = names_of(DIMENSIONS["campaign"], ["own", "secret"], scope, engine)
    assert names["own"] == Name("Name of own", "Event")
    assert names["secret"] == Name("secret")
