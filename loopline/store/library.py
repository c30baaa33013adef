"""All tables of the event store, found by scanning `store/tables/`."""

from loopline.lib.registry import scan
from loopline.store.engine import StoreError
from loopline.store.schema import Table

TABLES: dict[str, Table] = scan("loopline.store.tables", "TABLE", Table)


def table_named(key: str) -> Table:
    """The table with this key. Raises StoreError when there is none; so a name that gets into SQL is always ours."""
    if key not in TABLES:
        raise StoreError(f"The event store has no table {key!r}; it has {', '.join(TABLES)}")
    return TABLES[key]


def text_column(key: str, name: str) -> str:
    """The name of a text column of this table. Raises StoreError when there is none."""
    if not any(column.name == name and column.kind == "text" for column in table_named(key).columns):
        raise StoreError(f"{key} has no text column {name!r}")
    return name
