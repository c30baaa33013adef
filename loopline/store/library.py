"""All tables of the event store, found by scanning `store/tables/`."""

from loopline.lib.registry import scan
from loopline.store.schema import Table

TABLES: dict[str, Table] = scan("loopline.store.tables", "TABLE", Table)
