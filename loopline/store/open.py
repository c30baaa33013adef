"""The event store that the configuration names."""

from pathlib import Path

from loopline.lib.config import Config
from loopline.lib.times import Clock, utc_now
from loopline.store.duckdb_engine import DuckDBEngine
from loopline.store.engine import Engine


def open_engine(config: Config, *, clock: Clock = utc_now) -> Engine:
    """Open `EVENTS_URL` with its tables up to date. Raises StoreError when it cannot be used.

    `duckdb:///data/events.duckdb` is a path relative to the working folder, `duckdb:////var/…` an absolute one.
    """
    engine: Engine
    if (path := duckdb_file(config)) is not None:
        engine = DuckDBEngine(path, memory_limit=config.store_memory, clock=clock)
    else:
        from loopline.store.clickhouse_engine import ClickHouseEngine  # so that DuckDB alone does not load its driver

        engine = ClickHouseEngine(config.events_url, clock=clock, kept=config.data / "kept")
    engine.migrate()
    return engine


def duckdb_file(config: Config) -> Path | None:
    """The file of the event store that `EVENTS_URL` names; None where it is no DuckDB file."""
    scheme, _, rest = config.events_url.partition("://")
    return Path(rest.removeprefix("/")) if scheme == "duckdb" else None
