"""What went wrong inside ClickHouse, in words that say what was kept and what to do."""

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError

from loopline.store.engine import QueryTimeoutError, StoreError, StoreFullError

ERRORS = (ClickHouseError, OSError, pa.ArrowException)
TOO_LONG = {159, 160, 209}
"""TIMEOUT_EXCEEDED, TOO_SLOW, SOCKET_TIMEOUT."""
FULL = {243}
"""NOT_ENOUGH_SPACE; other shortages are told by their text."""


def read_error(error: Exception, timeout_s: float) -> StoreError:
    if getattr(error, "code", None) in TOO_LONG:
        return QueryTimeoutError(f"The question took longer than {timeout_s:g} s and was stopped.")
    return StoreError(f"The event store cannot answer: {error}")


def write_error(error: Exception) -> StoreError:
    if getattr(error, "code", None) in FULL or "no space left" in str(error).lower():
        return StoreFullError(
            f"ClickHouse's disk is full: {error}. The batch does not count; free some space, then it can be repeated."
        )
    return StoreError(f"The batch was not stored and does not count; it can be repeated: {error}")
