"""A question with its values written into it, in DuckDB's words: to be asked again outside Loopline."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from loopline.lib.times import as_utc
from loopline.store.engine import Value

_NAMED = re.compile(r"'(?:[^']|'')*'|\$([A-Za-z_]\w*)")
"""A text, in which nothing is a name, or the name of a value."""


def written_out(sql: str, values: Mapping[str, Value]) -> str:
    """The statement without `$name`: every value stands where it is named. Raises KeyError for one that is missing."""
    return _NAMED.sub(lambda found: literal(values[found[1]]) if found[1] else found[0], sql)


def literal(value: Value) -> str:
    """The value as SQL says it, of the type that a parameter of it has."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return f"CAST('{value!r}' AS DOUBLE)"
        case int():
            return str(value)
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return f"CAST('{as_utc(value).isoformat()}' AS TIMESTAMPTZ)"
        case date():
            return f"CAST('{value.isoformat()}' AS DATE)"
        case Iterable():
            return f"CAST([{', '.join(literal(one) for one in value)}] AS VARCHAR[])"
