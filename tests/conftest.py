"""What all tests share."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.chromium import browser
from tests.engines import chdb_folder, engine, engine_kind, engine_url, lender, make_engine, reading_engine, store
from tests.postgres import postgres_url
from tests.served_here import served_here

__all__ = [
    "browser",
    "chdb_folder",
    "engine",
    "engine_kind",
    "engine_url",
    "lender",
    "make_engine",
    "postgres_url",
    "reading_engine",
    "served_here",
    "store",
]

# How quick a machine is says nothing about the code: a busy one must not fail a property.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

LONG = ("story/", "backup/", "sync/test_olist", "browser/test_every_page", "browser/test_report_look", "demo/test_fill",
        "attribution/test_credit_ledger", "attribution/test_run_options", "reports/test_sparks", "reports/test_windows",
        "reports/test_behind")  # fmt: skip
"""Files of few, long tests. Two workers share the suite by files: a long one begun last leaves one without work."""


FAULTS = ("backup/test_live", "backup/test_stopped", "collect/test_damage", "collect/test_faults",
          "collect/test_promises", "store/test_duckdb_faults", "story/test_serving")  # fmt: skip
"""They start a whole server again and again."""

ASKING_MUCH = ("attribution/", "reports/", "rules/", "what_if/", "privacy/", "sync/test_olist")
"""ClickHouse thinks about each question of a report or a rule for some tenths of a second."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first. What asks PostgreSQL, or ClickHouse much, is for `make test-databases`, and what kills servers
    for `make test-faults`."""
    items.sort(key=lambda item: not _within(item, LONG))
    for item in items:
        if _is_on_postgresql(item) or (_is_on_clickhouse(item) and _within(item, ASKING_MUCH) and _may_wait(item)):
            item.add_marker(pytest.mark.databases)
        elif _within(item, FAULTS):
            item.add_marker(pytest.mark.faults)


def _within(item: pytest.Item, places: tuple[str, ...]) -> bool:
    return item.nodeid.removeprefix("tests/").startswith(places)


def _may_wait(item: pytest.Item) -> bool:
    return not item.get_closest_marker("both_engines")


def _is_on_postgresql(item: pytest.Item) -> bool:
    return isinstance(item, pytest.Function) and "postgres_url" in item.fixturenames


def _is_on_clickhouse(item: pytest.Item) -> bool:
    given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return "clickhouse" in (given.get("engine_kind"), given.get("reading_engine"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """A worker holds a million objects before its first test, and all of them stay: Python need not look through them
    again and again for what could go, which took a tenth of the time of all tests."""
    gc.disable()
    yield
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_unconfigure() -> None:
    gc.unfreeze()
