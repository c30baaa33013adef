"""Whose a touchpoint of a table is: by its `who`, which is the id of a person or of an identity such as a browser."""

import duckdb


def tell_whose(memory: duckdb.DuckDBPyConnection, *, with_identities: bool) -> None:
    """The table `whose`: `who` → `walk_no` and `us` (when it converted) of each conversion of its person, and the
    `person_no` of a person who is known by identities, which are numbered from 0.

    Reads `dealt`, and with identities `identities`; then people without a conversion are there, too.
    """
    if not with_identities:
        memory.execute("CREATE VIEW whose AS SELECT person_id AS who, walk_no, us, NULL AS person_no FROM dealt")
        return
    memory.execute(
        """
        CREATE TABLE known AS SELECT identity AS who, min(person_id) AS person_id FROM identities
        WHERE identity IS NOT NULL AND person_id IS NOT NULL
        GROUP BY identity HAVING min(person_id) = max(person_id);
        CREATE TABLE whose AS SELECT k.who AS who, d.walk_no AS walk_no, d.us AS us, p.person_no AS person_no
        FROM known AS k LEFT JOIN dealt AS d ON d.person_id = k.person_id
        JOIN (
            SELECT person_id, row_number() OVER () - 1 AS person_no
            FROM (SELECT DISTINCT person_id FROM known) AS people
        ) AS p ON p.person_id = k.person_id
        """
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
