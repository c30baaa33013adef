"""Records straight from their facts, for the side of a balance or a check that shares no SQL with `attribution`."""


def straight(table: str) -> str:
    """SQL text of a table: the latest version of each record in `table` that is not deleted, with all its columns.

    On purpose not as `attribution.state.latest` tells it: versions are compared in a window instead of aggregated. A
    version that was written twice counts once; numbering only the latest ones costs a third of numbering all.
    """
    return f"""(
    SELECT * FROM (
        SELECT *, row_number() OVER (PARTITION BY id ORDER BY recorded_at DESC) AS place
        FROM (
            SELECT *, max(version) OVER (PARTITION BY id) AS newest FROM {table} WHERE recorded_at <= $as_of
        ) AS versions
        WHERE version = newest
    ) AS numbered
    WHERE place = 1 AND NOT is_deleted
) AS latest"""
