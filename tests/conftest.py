"""What all tests share."""

from tests.chromium import browser
from tests.engines import chdb_folder, engine, engine_kind, engine_url, make_engine, reading_engine
from tests.postgres import postgres_url

__all__ = [
    "browser",
    "chdb_folder",
    "engine",
    "engine_kind",
    "engine_url",
    "make_engine",
    "postgres_url",
    "reading_engine",
]
