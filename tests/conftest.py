"""What all tests share."""

import pytest
from hypothesis import HealthCheck, settings

from tests.chromium import browser
from tests.engines import chdb_folder, engine, engine_kind, engine_url, make_engine, reading_engine, store
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
    "store",
]

# How quick a machine is says nothing about the code: a busy one must not fail a property.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

LONG = ("story/", "sync/test_olist", "browser/test_every_page", "reports/test_behind", "demo/test_fill")
"""Files of few, long tests. Two workers share the suite by files: a long one begun last leaves one without work."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.removeprefix("tests/").startswith(LONG))
