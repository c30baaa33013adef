"""A long question asked of ClickHouse in steps: a part that is read more than once becomes a table of its session.

ClickHouse takes a question with named parts (CTEs) apart anew wherever a part is named, and the parts of that part with
it, also where it is told to compute the part once. The closed loop names its parts so often that the server thought for
most of a second before it read a row. As steps, each part is thought about once and computed once.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from loopline.store.clickhouse_words import SharedClickHouse


@dataclass(frozen=True, slots=True)
class Step:
    """One statement. `makes` names the table that it makes for those after it; "" for the one that answers."""

    makes: str
    text: str
    places: frozenset[str]
    """Names of the values that it takes."""


def steps_of(query: exp.Query) -> tuple[Step, ...]:
    """The statements of a question that is ClickHouse's already, which is taken apart; the last one answers it."""
    named = query.args.get("with_")
    if named is None or named.recursive:
        return (_step("", query),)
    parts = {part.alias: part.this for part in named.expressions}
    times = Counter(table.name for table in query.find_all(exp.Table) if not table.db)
    kept = {name for name in parts if times[name] > 1}
    query.set("with_", None)
    return (
        *(_step(name, _with_what_it_names(parts[name], parts, kept)) for name in parts if name in kept),
        _step("", _with_what_it_names(query, parts, kept)),
    )


def _with_what_it_names(query: exp.Query, parts: dict[str, exp.Query], kept: set[str]) -> exp.Query:
    """The query with the parts that only it reads before it, in the order in which they build on each other."""
    whole = query.copy()
    own = set(_named(query, parts, kept))
    for name in parts:
        if name in own:
            whole = whole.with_(name, parts[name].copy(), copy=False)
    return whole


def _named(query: exp.Query, parts: dict[str, exp.Query], kept: set[str]) -> Iterator[str]:
    for table in query.find_all(exp.Table):
        if table.name in parts and table.name not in kept and not table.db:
            yield table.name
            yield from _named(parts[table.name], parts, kept)


def _step(makes: str, query: exp.Query) -> Step:
    """Of a query that nobody needs any more: writing it out may change it."""
    places = frozenset(place.name for place in query.find_all(exp.Placeholder))
    text = query.sql(dialect=SharedClickHouse, copy=False)
    return Step(makes, f"CREATE TEMPORARY TABLE {makes} AS {text}" if makes else text, places)
