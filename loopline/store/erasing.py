"""Which rows an erasure is about, as SQL for both engines. Names are our own columns, values are parameters."""

from collections.abc import Mapping, Sequence

from loopline.store.engine import StoreError, Value
from loopline.store.library import table_named, text_column


def rows_of(
    table: str, column: str, values: Sequence[str], within: Mapping[str, str] | None = None
) -> tuple[str, dict[str, Value]]:
    """A condition with its parameters: `column` is one of `values`, other columns are what `within` says.

    Raises StoreError for a name that is no text column of the table.
    """
    wheres, given = [f"{text_column(table, column)} IN (SELECT unnest($values))"], dict[str, Value](values=list(values))
    for place, (name, value) in enumerate((within or {}).items()):
        wheres.append(f"{text_column(table, name)} = $within_{place}")
        given[f"within_{place}"] = value
    return " AND ".join(wheres), given


def texts_put(table: str, put: Mapping[str, str]) -> tuple[str, dict[str, Value]]:
    """`a = $put_0, b = $put_1` with its parameters.

    Raises StoreError for a column by which rows lie on the disk or are found: it cannot be written over.
    """
    found_by = {*table_named(table).order_by, *(number.of for number in table_named(table).numbers)}
    if not put or (fixed := put.keys() & found_by):
        raise StoreError(
            f"{table} is found by {', '.join(sorted(fixed)) if put else 'its columns'}: rows can only go whole"
        )
    names = [text_column(table, name) for name in put]
    sets = ", ".join(f"{name} = $put_{place}" for place, name in enumerate(names))
    return sets, {f"put_{place}": put[name] for place, name in enumerate(names)}
