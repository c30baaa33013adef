"""The tables of the event store as a page of the reference, so that nobody has to guess what a column means."""

from collections.abc import Iterator

from loopline.store.library import TABLES
from loopline.store.schema import Column, Table


def reference() -> str:
    """Markdown: each table with its columns, types and meanings."""
    return "\n".join(line for table in TABLES.values() for line in _section(table)) + "\n"


def _section(table: Table) -> Iterator[str]:
    yield from (f"## `{table.key}`", "", f"{table.meaning[:1].upper()}{table.meaning[1:]}.", "")
    yield from ("| column | type | meaning |", "|---|---|---|")
    for column in table.columns:
        yield f"| `{column.name}` | {_type(column)} | {column.meaning.replace('|', '/')} |"
    for number in table.numbers:
        yield f"| `{number.name}` | number | {number.meaning} |"
    yield ""


def _type(column: Column) -> str:
    return f"{column.kind} or NULL" if column.nullable else str(column.kind)
