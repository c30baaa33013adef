"""A store of an older Loopline is widened, one of a newer Loopline refused; nothing in it is lost."""

from pathlib import Path

import duckdb
import pytest

from loopline.store.clickhouse_address import read_address
from loopline.store.describe import reference
from loopline.store.engine import Batch, StoreError
from loopline.store.library import TABLES
from loopline.store.schema import SCHEMA_VERSION
from tests.engines import MakeEngine
from tests.store.rows import campaign, campaigns, events

pytestmark = pytest.mark.new_database


def change(url: str, *statements: str) -> None:
    """Change the store behind Loopline's back, as another version of it would have made it."""
    if url.startswith("duckdb"):
        with duckdb.connect(str(Path(url.removeprefix("duckdb:///")))) as connection:
            for statement in statements:
                connection.execute(statement)
        return
    address = read_address(url)
    client = address.client({}, address.database)
    for statement in statements:
        client.command(statement)
    client.close()


def test_opening_again_changes_nothing(make_engine: MakeEngine):
    engine = make_engine()
    engine.write(Batch("t", {"events": events("a")}, {"loader": 3}))
    engine.close()
    again = make_engine()
    again.migrate()
    assert again.rows("SELECT event_id FROM events") == [{"event_id": "a"}]
    assert again.cursor("loader") == 3


def test_missing_tables_and_columns_are_added_and_old_rows_say_nothing_in_them(
    make_engine: MakeEngine, engine_url: str
):
    engine = make_engine()
    old = campaign("c", 1, name="Vår", channel="email", budget_minor=5)
    engine.write(Batch("t", {"campaign_facts": campaigns(old)}))
    engine.close()
    columns = ("channel", "budget_minor")
    change(
        engine_url, "DROP TABLE consent_facts", *(f"ALTER TABLE campaign_facts DROP COLUMN {one}" for one in columns)
    )
    again = make_engine()
    assert again.rows("SELECT name, channel, budget_minor FROM campaign_facts") == [
        {"name": "Vår", "channel": "", "budget_minor": None}
    ]
    assert again.rows("SELECT count(*) AS n FROM consent_facts") == [{"n": 0}]
    again.write(Batch("t2", {"campaign_facts": campaigns(old)}))
    assert again.rows("SELECT max(budget_minor) AS v FROM campaign_facts") == [{"v": 5}]


def test_a_column_whose_old_values_nobody_knows_cannot_be_added(make_engine: MakeEngine, engine_url: str):
    make_engine().close()
    change(engine_url, "ALTER TABLE consent_facts DROP COLUMN is_granted")
    with pytest.raises(StoreError, match=r"consent_facts\.is_granted"):
        make_engine()


@pytest.mark.parametrize("sign", ["version", "column"])
def test_the_store_of_a_newer_loopline_is_refused(make_engine: MakeEngine, engine_url: str, sign: str):
    make_engine().close()
    if sign == "column":
        change(engine_url, "ALTER TABLE events ADD COLUMN from_the_future INTEGER")
    elif engine_url.startswith("duckdb"):
        change(engine_url, f"INSERT INTO schema_version VALUES ({SCHEMA_VERSION + 1}, now())")
    else:
        change(engine_url, f"INSERT INTO schema_version VALUES ({SCHEMA_VERSION + 1})")
    with pytest.raises(StoreError, match="newer"):
        make_engine()


def test_the_reference_names_every_table_and_column():
    page = reference()
    for table in TABLES.values():
        assert f"## `{table.key}`" in page
        for column in table.columns:
            assert f"| `{column.name}` |" in page
