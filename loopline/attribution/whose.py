"""Whose a touchpoint of a table is: by its `who`, which is the id of a person or of an identity such as a browser."""

import duckdb


def open_touches(memory: duckdb.DuckDBPyConnection, who: str) -> str:
    """The view `touches` (`who`, `touched_at`, `channel`) and, where `who` is an identity, the view `named` of the
    identities; SQL text of the `person_id` of conversions. Ids that are to be equal are of one kind."""
    if who == "person_id":
        who, person_id = _alike(memory, ("touchpoints", who), ("conversions", "person_id"))
    else:
        who, identity = _alike(memory, ("touchpoints", who), ("identities", "identity"))
        named, person_id = _alike(memory, ("identities", "person_id"), ("conversions", "person_id"))
        memory.execute(f"CREATE VIEW named AS SELECT {identity} AS identity, {named} AS person_id FROM identities")
    memory.execute(f"CREATE VIEW touches AS SELECT {who} AS who, touched_at, channel FROM touchpoints")
    return person_id


def _alike(memory: duckdb.DuckDBPyConnection, *columns: tuple[str, str]) -> list[str]:
    """SQL texts of columns of views: all as texts, where some are texts and others numbers."""
    kinds = [_kind(memory, *column) for column in columns]
    if "VARCHAR" not in kinds or len(set(kinds)) == 1:
        return [name for _, name in columns]
    return [name if kind == "VARCHAR" else _written(name, kind) for (_, name), kind in zip(columns, kinds, strict=True)]


def _kind(memory: duckdb.DuckDBPyConnection, view: str, name: str) -> str:
    told = memory.execute(f"DESCRIBE SELECT {name} FROM {view}").fetchall()
    return str(told[0][1])


def _written(name: str, kind: str) -> str:
    """A number as it is written: without a point where it is whole. A column of whole numbers of which some are missing
    is one of fractions in a data frame."""
    text = f"CAST({name} AS VARCHAR)"
    if kind not in ("DOUBLE", "FLOAT"):
        return text
    whole = f"CAST(TRY_CAST({name} AS BIGINT) AS VARCHAR)"
    return f"CASE WHEN {name} = floor({name}) THEN coalesce({whole}, {text}) ELSE {text} END"


def tell_whose(memory: duckdb.DuckDBPyConnection, *, with_identities: bool, with_everyone: bool) -> None:
    """The table `whose`: `who` → `walk_no` and `us` (when it converted) of each conversion of its person; with everyone
    also those of people without a conversion, and the `person_no` of a person who is known by identities, which are
    numbered from 0.

    Reads `dealt`, and with identities `named`.
    """
    if not with_identities:
        memory.execute("CREATE VIEW whose AS SELECT person_id AS who, walk_no, us, NULL AS person_no FROM dealt")
        return
    memory.execute(
        """
        CREATE TABLE known AS SELECT identity AS who, min(person_id) AS person_id FROM named
        WHERE identity IS NOT NULL AND person_id IS NOT NULL
        GROUP BY identity HAVING min(person_id) = max(person_id)
        """
    )
    people = """
        LEFT JOIN dealt AS d ON d.person_id = k.person_id
        JOIN (
            SELECT person_id, row_number() OVER () - 1 AS person_no
            FROM (SELECT DISTINCT person_id FROM known) AS people
        ) AS p ON p.person_id = k.person_id"""
    joined, person_no = (people, "p.person_no") if with_everyone else ("JOIN dealt AS d USING (person_id)", "NULL")
    memory.execute(
        f"CREATE TABLE whose AS SELECT k.who AS who, d.walk_no AS walk_no, d.us AS us, {person_no} AS person_no "
        f"FROM known AS k {joined}"
    )


def number_of_strangers(memory: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """A number for each `who`, above all `person_no`: as SQL text over `t` (touches), and the join that it needs.

    Ids that are small numbers already are taken as they are.
    """
    [(is_number, least, most)] = memory.execute(
        "SELECT any_value(typeof(who)) LIKE '%INT%', min(who), max(who) FROM touches"
    ).fetchall()
    [(people,)] = memory.execute("SELECT coalesce(max(person_no) + 1, 0) FROM whose").fetchall()
    if is_number and least >= 0 and most < 2**26:
        return f"{people} + t.who", ""
    memory.execute(
        "CREATE TABLE strangers AS SELECT who, row_number() OVER () - 1 AS number "
        "FROM (SELECT DISTINCT who FROM touches) AS everyone"
    )
    return f"{people} + s.number", "LEFT JOIN strangers AS s ON s.who = t.who"
