"""DuckDB and ClickHouse give the same figures of the same books: each report, and the closed loop by each model and
dimension. What the figures have to be is worked out by hand in the other files."""

from collections.abc import Iterator

import pytest

from loopline.attribution.model import MODELS
from loopline.reports.comparable import COMPARABLE
from loopline.reports.dimension import DIMENSIONS
from loopline.reports.options import Options
from loopline.reports.run import settle_for
from loopline.store.engine import Engine
from tests.attribution.shelf import BOOKS, Shelf, day
from tests.engines import empty_duckdb
from tests.reports.late_facts import LATE, early_books, late_facts
from tests.reports.test_every_figure_opens import PERIOD, company

pytestmark = pytest.mark.parametrize("reading_engine", ["clickhouse"], indirect=True, scope="module")
REPORTS = [(key, {"by": report.usual_by}) for key, report in COMPARABLE.items()]
CLOSED_LOOPS = [
    *(("closed-loop", {"model": model}) for model in MODELS),
    *(("closed-loop", {"by": by, "clock": "cohort"}) for by in DIMENSIONS),
]
Asked = tuple[str, dict[str, str]]


def books(engine: Engine) -> Engine:
    """Those in which every figure opens, with facts of every cause of changes, and enough sales to learn from."""
    company(engine)
    early_books(engine, 1)
    late_facts(engine, 1, *LATE)
    shelf = Shelf(engine)
    for number in range(15):
        shelf.won(f"more-{number}", f"p{number}", day(3 + number), 100_03 + number)
        shelf.touch(
            f"before-{number}", f"visitor:v{number}", day(1 + number / 2), channel=("Email", "Event")[number % 2]
        )
    shelf.store()
    return engine


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = empty_duckdb(tmp_path_factory.mktemp("both") / "events.duckdb")
    yield books(engine)
    engine.close()


@pytest.fixture(scope="module")
def clickhouse(reading_engine: Engine) -> Engine:
    return books(reading_engine)


def told(key: str, given: dict[str, str], engine: Engine) -> dict[str, object]:
    report, options = COMPARABLE[key], Options(**PERIOD, **given)  # type: ignore[arg-type]
    result = report.run(report, settle_for(report, options, engine, BOOKS), engine)
    assert any(row.values for row in result.rows), "books in which there is nothing to compare"
    return result.to_json()


def name_of(asked: Asked) -> str:
    key, given = asked
    return " ".join((key, *given.values()))


@pytest.mark.both_engines
@pytest.mark.parametrize("asked", REPORTS, ids=name_of)
def test_each_report_says_the_same(duckdb: Engine, clickhouse: Engine, asked: Asked) -> None:
    assert told(*asked, clickhouse) == told(*asked, duckdb)


@pytest.mark.parametrize("asked", CLOSED_LOOPS, ids=name_of)
def test_each_model_and_dimension_says_the_same(duckdb: Engine, clickhouse: Engine, asked: Asked) -> None:
    assert told(*asked, clickhouse) == told(*asked, duckdb)
