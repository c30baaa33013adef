"""Questions about one Arrow table in memory, in the SQL that both engines share, answered by DuckDB.

What an engine answered can be asked further without asking the engine again; the answers agree, because the tests hold
both engines to the same words.
"""

from collections.abc import Mapping

import duckdb
import pyarrow as pa

from loopline.store.arrow import plain
from loopline.store.duckdb_errors import read_error
from loopline.store.engine import Value
from loopline.store.params import wanted


def ask_table(name: str, table: pa.Table, sql: str, params: Mapping[str, Value]) -> pa.Table:
    """The answer of `sql` about `table`, which it calls `name`. Rows stay in their order. Raises StoreError."""
    try:
        with duckdb.connect(":memory:", config={"threads": 2, "python_enable_replacements": "false"}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            connection.register(name, table)
            [statement] = connection.extract_statements(sql)
            answer = connection.sql(statement, params=wanted(params, statement.named_parameters))
            return plain(answer.to_arrow_table())
    except duckdb.Error as error:
        raise read_error(error) from error
